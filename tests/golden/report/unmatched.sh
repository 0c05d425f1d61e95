# A name or a process that no VM has: said, and not only an empty table; -q says nothing.
kvmstall report --vm web33 qemu.cap
kvmstall report --by call --pid 7 qemu.cap
kvmstall report -q -n nobody qemu.cap
