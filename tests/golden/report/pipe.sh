# From standard input.
kvmstall report -q --by phase - <qemu.cap
