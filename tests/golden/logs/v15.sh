# strace -n.
kvmstall report -a v15-n.txt
