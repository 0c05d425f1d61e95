# A line that draws each stall, with the account and without; in UTF-8 where the locale is.
kvmstall report -q --timeline qemu.cap
kvmstall report -q --timeline -v --min 80ms reader.cap
LC_ALL=C.UTF-8 kvmstall report -q --timeline --min 7ms qemu.cap
kvmstall report -q --timeline --by vm qemu.cap
kvmstall report -q --timeline -f json qemu.cap
