# With -o the lines go to a file, to the byte; what is for people beside them does not. A file is
# replaced when there is something to write, and by that only.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
try()
{
	echo "-- $*" | sed "s,$work,WORK,g"
	kvmstall report "$@" 2>&1 | sed "s,$work,WORK,g"
	echo "-- ${PIPESTATUS[0]}"
}
for format in text json csv; do
	kvmstall report -f $format qemu.cap >"$work/expected" 2>"$work/expected.err"
	echo "much more than fits into its place, if it is not emptied: $(seq 3000)" >"$work/out"
	kvmstall report -f $format -o "$work/out" qemu.cap >"$work/stdout" 2>"$work/err"
	cmp "$work/expected" "$work/out"
	cmp "$work/expected.err" "$work/err"
	[ ! -s "$work/stdout" ] || echo "not all went to the file"
done
kvmstall report -q --by call -o "$work/out" qemu.cap
cat "$work/out"
kvmstall report -q -o - qemu.cap | head -n 2

echo kept >"$work/kept"
try -o "$work/kept" /nonexistent
try -o "$work/kept" output.sh
try -o "$work/kept" --by nothing qemu.cap
cat "$work/kept"
try -o "$work/new" /nonexistent
[ ! -e "$work/new" ] || echo "a file was left behind"
try -o /nonexistent/out qemu.cap
try -q -o /dev/full qemu.cap
try -q --by vm -o /dev/full qemu.cap
try -q -o "$work" qemu.cap
cp qemu.cap "$work"
try -o "$work/qemu.cap" qemu.cap "$work/qemu.cap"
cmp qemu.cap "$work/qemu.cap"
# What somebody else writes to is left to him.
exec 3>>"$work/kept"
flock -n 3
try -o "$work/kept" qemu.cap
cat "$work/kept"
# No kernel addresses are in it: who may read a new one is up to umask.
umask 027
kvmstall report -q -o "$work/mode" qemu.cap
stat -c %a "$work/mode"
