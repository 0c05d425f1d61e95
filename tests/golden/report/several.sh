# Files add up; VMs of one file are not those of the other.
kvmstall report --by vm qemu.cap qemu.cap
