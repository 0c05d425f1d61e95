# Nothing can be read before the head is there.
head -c 1000 qemu.cap | kvmstall report -
