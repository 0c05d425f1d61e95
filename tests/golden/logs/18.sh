# strace -c.
kvmstall report -a 18-strace-c.txt
