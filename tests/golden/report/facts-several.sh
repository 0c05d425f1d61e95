# Of several files, each fact says whose it is, and so does JSON.
kvmstall report --facts qemu.cap stop.cap | grep -E '^FILE|kernel.release|hz'
kvmstall report --facts --format json qemu.cap stop.cap | grep -F '"hz"'
