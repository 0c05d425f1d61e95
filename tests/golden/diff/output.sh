# With -o the verdict goes to a file, and the exit status is the same.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
try()
{
	kvmstall diff "$@" 2>&1 | sed "s,$work,WORK,g"
	echo "-- ${PIPESTATUS[0]}"
}
for format in text json markdown; do
	kvmstall diff -f $format x86-before.strace x86-after.strace >"$work/expected"
	try -f $format -o "$work/out" x86-before.strace x86-after.strace
	cmp "$work/expected" "$work/out"
done
echo kept >"$work/kept"
try -o "$work/kept" x86-before.strace nothing.kvs
cat "$work/kept"
try -o "$work/new" nothing.kvs x86-before.strace
[ ! -e "$work/new" ] || echo "a file was left behind"
try -o /dev/full x86-before.strace x86-after.strace
try -o /nonexistent/out x86-before.strace x86-after.strace
cp x86-before.strace "$work/log"
try -o "$work/log" x86-before.strace "$work/log"
cmp x86-before.strace "$work/log"
