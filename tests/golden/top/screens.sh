# A screen each 100ms in which something happened, and one at the end; or so many.
kvmstall top -b -d 100ms ../report/qemu.cap
kvmstall top -b -d 100ms -n 1 --sort worst --min 16ms ../report/qemu.cap
