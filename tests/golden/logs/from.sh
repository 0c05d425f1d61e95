# --from: a log that is mostly something else, and one that is not what it is said to be.
log()
{
	cat <<'LOG'
x 5 [000] 1.500000: probe:kvm_vm_ioctl: (ffffffffc0a5e000)
x 5 [000] 1.600000: probe:kvm_vm_ioctl__return: (ffffffff81e0d1a4 <- ffffffffc0a5e000)
x 5 [000] 1.700000: probe:kvm_vm_ioctl: (ffffffffc0a5e000)
5 1771257872.001000 ioctl(6<anon_inode:kvm-vm>, KVM_CREATE_IRQCHIP) = 0 <0.004000>
LOG
}

echo '== auto'
log | kvmstall report -qa -
echo '== strace'
log | kvmstall report -qa --from strace -
log | kvmstall report -a --from strace -
echo '== each of the others'
for format in perf perf-trace stacks function-graph; do
	log | kvmstall report -qa --from "$format" -
done
echo '== a capture is none'
kvmstall report --from strace ../report/qemu.cap
kvmstall report --from other /dev/null
