# Screens in a file; not in the one that is read.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp ../report/qemu.cap "$work/in"
cd "$work" || exit
kvmstall top -b -o out in && head -n 2 out
kvmstall top -b -o in in
echo "exit status $?"
kvmstall top -b -o out nothing
ls
