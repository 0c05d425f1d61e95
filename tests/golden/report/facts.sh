# The fingerprint: what could explain a difference.
kvmstall report --facts qemu.cap
