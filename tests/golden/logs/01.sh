# strace -T without times of day: durations are there, the order is not.
kvmstall report -a 01-enarx-T-f.txt
