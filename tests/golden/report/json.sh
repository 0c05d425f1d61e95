# The objects of trace --json.
kvmstall report --format json qemu.cap
