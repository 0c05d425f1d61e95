# --around: what all VMs did around the second longest stall; filters choose the stall.
kvmstall report -q --around 2,1ms qemu.cap
kvmstall report --around 1,0 --pid 8937 --all qemu.cap
kvmstall report -q --around 29 qemu.cap
