# What the live trace printed, line for line, and its summary; times of day are the recorder's.
kvmstall report qemu.cap
