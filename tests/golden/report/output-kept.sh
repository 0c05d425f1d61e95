# What fails on the way, or is killed, costs no file that was there, and leaves none beside it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp qemu.cap "$work"
cd "$work" || exit
echo kept >out
chmod 640 out
try()
{
	echo "-- $*"
	"$@" 2>&1
	echo "-- $? $(tail -n 1 out) $(echo *)"
}
head -c 3000 qemu.cap >cut.cap
printf 'this is not a capture\n' >bad.cap
try kvmstall report -q -o out qemu.cap bad.cap | cut -c 1-70
# The file system is full: so is a file's limit of 1 KiB.
try bash -c 'trap "" XFSZ; ulimit -f 1; kvmstall report -q -a -v -o out qemu.cap'
try bash -c 'trap "" XFSZ; ulimit -f 1; kvmstall diff -o out qemu.cap qemu.cap'
for signal in TERM KILL; do
	mkfifo fifo
	kvmstall report -q -o out fifo &
	pid=$!
	exec 5>fifo
	for _ in {1..1009}; do [ ! -e out.part ] || break; sleep 0.01; done
	cat cut.cap >&5
	kill -$signal $pid
	wait $pid 2>/dev/null
	exec 5>&-
	for _ in {1..1009}; do [ -e out.part ] || break; sleep 0.01; done
	rm fifo
	echo "-- SIG$signal $(cat out) $(echo *)"
done
kvmstall report -q -o out qemu.cap
echo "-- $? $(stat -c %a out) $(head -c 4 out) $(echo *)"
