# A log that a mail or a terminal has cut: each call is read as if it had not been, or is not read at all.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/log" <<'LOG'
[pid 45726] 1771257872.914000 ioctl(4</dev/kvm>, KVM_CREATE_VM, 0) = 25<anon_inode:kvm-vm> <0.000137>
[pid 45726] 1771257872.914200 ioctl(25<anon_inode:kvm-vm>, KVM_CREATE_IRQCHIP, 0) = 0 <0.000050>
[pid 45726] 1771257872.914330 ioctl(25<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0x80000000, memory_size=12884901888, userspace_addr=0xfffc91fc9000} <unfinished ...>
[pid 45730] 1771257872.920000 ioctl(25<anon_inode:kvm-vm>, KVM_CREATE_IRQCHIP, 0) = -1 EEXIST (File exists) <0.000041>
[pid 45726] 1771257872.926330 <... ioctl resumed>) = 0 <0.012000>
[pid 45726] 1771257872.930000 close(25<anon_inode:kvm-vm>) = 0 <0.023000>
[pid 45726] 1771257873.000000 +++ exited with 0 +++
LOG
kvmstall report -qa "$work/log" | tee "$work/whole"
same()
{
	kvmstall report -qa - >"$work/read" 2>&1
	diff "$work/whole" "$work/read" && echo "$1: the same"
}
for width in 61 67 72 73 79 97 113; do
	fold -w $width "$work/log" | same "cut at $width, as a terminal"
	fold -s -w $width "$work/log" | same "cut at $width, format=flowed"
	fold -s -w $width "$work/log" | sed 's/ $//; s/^/> /' | same "cut at $width, quoted"
done
echo '== quoted-printable'
sed 's/=/=3D/g' "$work/log" | fold -w 71 | sed 's/$/=/' | sed 's/>=$/>/; s/\.\.\.>=$/...>/; s/+++=$/+++/' >"$work/qp"
same 'as it is' <"$work/qp"
{
	printf 'Subject: slow\nContent-Transfer-Encoding: quoted-printable\n\nHi,=20\n'
	sed 's/$/\r/' "$work/qp"
} | same 'a whole mail'
echo '== without times of day, and with the output of the program between'
kvmstall report - <<'LOG'
ioctl(25<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=0,
flags=0, guest_phys_addr=0x80000000, memory_size=12884901888,
userspace_addr=0xfffc91fc9000}) = 0 <0.012000>
write(1, "starting\n", 9starting
) = 9 <0.000020>
ioctl(25<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=1,
flags=0, guest_phys_addr=0x80000000, memory_size=12884901888,
userspace_addr=0xfffc91fc9000}) = 0 <0.023000>
LOG
echo '== what is never whole is not stuck'
kvmstall report - <<'LOG'
1 1771257872.914000 ioctl(25<anon_inode:kvm-vm>,
KVM_CREATE_IRQCHIP, 0) = 0 <0.012000>
1 1771257872.934000 ioctl(25<anon_inode:kvm-vm>,
KVM_CREATE_IRQ
LOG
echo '== what strace had shown when it ended is'
kvmstall report - <<'LOG'
1 1771257872.914000 ioctl(25<anon_inode:kvm-vm>, KVM_CREATE_IRQCHIP, 0) = 0 <0.012000>
1 1771257872.934000 ioctl(25<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0}
LOG
