# Firecracker 1.17: the first memory slot after KVM_CREATE_IRQCHIP.
kvmstall report firecracker-1.17-start.strace
