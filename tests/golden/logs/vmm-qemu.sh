# QEMU 10, q35: the same.
kvmstall report qemu-10-q35.strace
