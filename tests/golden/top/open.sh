# One VM: its last stalls, with accounts and strips.
kvmstall top -b --open ../report/reader.cap
COLUMNS=120 kvmstall top -b --open --sort name ../report/qemu.cap
