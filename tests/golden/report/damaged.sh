# A bit that is wrong: one line with the offset of the block that it is in.
{ head -c 4000 qemu.cap && printf X && tail -c +4002 qemu.cap; } | kvmstall report -q -
