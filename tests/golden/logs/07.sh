# strace -r: times are since the line before. Nothing in it is slow.
kvmstall report -a 07-qemu-r-T.txt
