# strace -ff names its files after threads: theirs are the calls. A thread that was quiet has an empty one.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp v19-ff.main.txt "$work/o.10" && cp v19-ff.vcpu.txt "$work/o.11" && : >"$work/o.12"
cd "$work" && kvmstall report -a o.10 o.11 o.12
