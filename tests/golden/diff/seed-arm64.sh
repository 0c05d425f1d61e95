# arm64: it is the memory slot there.
kvmstall diff arm64-before.strace arm64-after.strace
