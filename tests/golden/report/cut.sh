# A file that is cut: all that is there, then where it ends, and exit status 1.
head -c 6600 qemu.cap | kvmstall report -q --by phase -
