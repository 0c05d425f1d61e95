# A stranger's numbers: each ends with a sentence, and nothing is made.
bad()
{
	kvmstall repro --from <(printf 'KVM_CREATE_VM\n'; "$@") 2>&1 | sed "s,'/dev/fd/[0-9]*',FILE,"
}
bad echo KVM_SET_USER_MEMORY_REGION slot=1000000000 gpa=0 size=0x1000
bad echo KVM_SET_USER_MEMORY_REGION slot=0 gpa=0 size=0x10000000000
bad sh -c 'yes KVM_IRQFD gsi=5 | head -n 131072'
bad echo KVM_CREATE_VCPU id=4294967295
bad echo +2h KVM_CREATE_IRQCHIP
bad echo KVM_OPEN /etc/passwd
kvmstall repro --from <(printf '{"type":"group","v":1}\n') 2>&1 | sed "s,'/dev/fd/[0-9]*',FILE,"
kvmstall repro --from <(printf '1 ioctl(4, KVM_GET_CLOCK, 0x7) = 0 <0.1>\n') 2>&1 | sed "s,'/dev/fd/[0-9]*',FILE,"
kvmstall repro --from ../report/nothing.cap
kvmstall repro --from devices-first.list --profile minimal
kvmstall repro --from devices-first.list --devices 3
kvmstall repro --from devices-first.list --gaps half
