# strace -f -o without times.
kvmstall report -a 04-firecracker-f-o.txt
