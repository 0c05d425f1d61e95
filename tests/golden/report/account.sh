# -v: the account under each stall. -q: no summary.
kvmstall report -v -q --min 10ms qemu.cap
