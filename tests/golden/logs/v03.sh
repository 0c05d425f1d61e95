# strace -r as it is printed: two seconds lie between device and memory slot.
kvmstall report -a v03-r-T-padded.txt
