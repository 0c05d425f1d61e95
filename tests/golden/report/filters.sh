# As trace's: by name of the process, by process, by length.
kvmstall report -q -n nobody qemu.cap
kvmstall report -q --vm web3 qemu.cap
kvmstall report -q -n kvmstall --min 7ms qemu.cap
kvmstall report -q --all --pid 1 qemu.cap
