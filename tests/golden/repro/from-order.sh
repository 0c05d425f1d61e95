# An order of one's own: calls are moved or left out, and what KVM would refuse is, before anything is made.
order()
{
	kvmstall repro --from devices-first.list --list --order <(cat) 2>&1 | sed "s,/dev/fd/[0-9]*,FILE,g"
}
list=$(kvmstall repro --from devices-first.list --list)
grep -v RUN <<<"$list" | sed '/IRQFD/d; /KVM_CREATE_VM$/a KVM_IRQFD gsi=5' | order
sed '/PIT2/d' <<<"$list" | order
echo "${list/slot=0/slot=1}" | order
echo hello | order
kvmstall repro --from devices-first.list --list --order no-such-file
kvmstall repro --order no-such-order
printf 'KVM_CREATE_VM\nKVM_CREATE_VCPU id=0\nKVM_CREATE_IRQCHIP\n' | kvmstall repro --from -
