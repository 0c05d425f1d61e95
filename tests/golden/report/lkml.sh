# A report of a regression: what is not known is a gap that has a name, and nothing is wider than 72 columns.
kvmstall report -q -f lkml qemu.cap
kvmstall report -q -f lkml qemu.cap | awk 'length($0) > 72 { print "too wide: " $0 }'
kvmstall report -q -f lkml --by vm qemu.cap
kvmstall report -q -f lkml qemu.cap qemu.cap
