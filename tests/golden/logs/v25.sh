# strace -f -r of one thread: ten seconds lie between device and memory slot.
kvmstall report -a v25-f-r-T-o.txt
