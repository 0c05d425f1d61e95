# Logs of two runs are two, in the order of the command line.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp v19-ff.main.txt "$work/a.strace" && cp v19-ff.main.txt "$work/b.strace" && cd "$work" && kvmstall report -a b.strace a.strace
