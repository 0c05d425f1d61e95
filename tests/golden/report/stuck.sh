# A call that has waited for all of 64 bits of nanoseconds: the next time to report it has no number.
# The file is that of "seed stuck" (tests/fuzz/seed.c).
timeout 60 kvmstall report stuck.cap
timeout 60 kvmstall report --stuck 1ns --format json stuck.cap
