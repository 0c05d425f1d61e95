# Who started the grace period that a call waited for: of devices that are registered within a millisecond, the first. So
# said kvmstall trace of these VMMs (KVM_CREATE_IRQCHIP), and so it is when the logs are played. After more than that,
# or after a call that took more, the grace period may be over: then the last.
culprits()
{
	kvmstall report --all -q -f json "$@" | jq -r 'select(.cause == "gp-timer") | "\(.call) after \(.culprit.call), begun \(.culprit.age_ns / 1000 | round) us before"'
}
for log in firecracker-1.17-start kvmtool-run; do
	echo "== $log"
	culprits "$log.strace"
done
log()
{
	cat <<LOG
100 7.000000 ioctl(5, KVM_CREATE_VM, 0) = 6 <0.000100>
100 7.000300 ioctl(6, KVM_CREATE_IRQCHIP, 0) = 0 <0.000050>
100 7.000$1 ioctl(6, KVM_CREATE_PIT2, 0x7fffb40b5b68) = 0 <$2>
100 7.010000 ioctl(6, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.008000>
LOG
}
echo '== within a millisecond'
log 400 0.000089 | culprits -
echo '== a long call'
log 400 0.003000 | culprits -
echo '== later'
log 999 0.000999 | culprits -
echo '== waited for: it is over'
{
	log 400 0.000089
	echo '100 7.018100 ioctl(6, KVM_SET_USER_MEMORY_REGION, {slot=1, flags=0, guest_phys_addr=0x10000, memory_size=4096, userspace_addr=0x7f1000}) = 0 <0.003000>'
	echo '100 7.021200 ioctl(6, KVM_IOEVENTFD, 0x7fffb40b5b68) = 0 <0.000020>'
	echo '100 7.021300 ioctl(6, KVM_SET_USER_MEMORY_REGION, {slot=2, flags=0, guest_phys_addr=0x20000, memory_size=4096, userspace_addr=0x7f2000}) = 0 <0.003000>'
} | kvmstall report -q -
