# A device, and then a wait as long as a timer's: the timer of call_srcu() only where the kernel can have it. Times of
# strace -ttt are dates; of a log from before September 2025 no kernel deferred. Times since boot say nothing of that.
log()
{
	cat <<LOG
100 $1.000000 ioctl(5, KVM_CREATE_VM, 0) = 6 <0.000100>
100 $1.000300 ioctl(6, KVM_CREATE_IRQCHIP, 0) = 0 <0.000050>
100 $1.000400 ioctl(6, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.008000>
LOG
}
for seconds in 1651457600 1756684799 1756684800 1795652382; do
	echo "== $(date -u -d @$seconds +%F)"
	log $seconds | kvmstall report -q -
done
echo '== perf, up for 17 days'
kvmstall report -q - <<'LOG'
        kvmstall 30150 [001] 1468800.683066: syscalls:sys_enter_ioctl: fd: 0x00000005, cmd: 0x0000ae01, arg: 0x00000000
        kvmstall 30150 [001] 1468800.683295:  syscalls:sys_exit_ioctl: 0x24
        kvmstall 30150 [001] 1468800.683395: syscalls:sys_enter_ioctl: fd: 0x00000024, cmd: 0x0000ae60, arg: 0x00000000
        kvmstall 30150 [001] 1468800.683445:  syscalls:sys_exit_ioctl: 0x0
        kvmstall 30150 [001] 1468800.683545: syscalls:sys_enter_ioctl: fd: 0x00000024, cmd: 0x4020ae46, arg: 0x7ffe0000
        kvmstall 30150 [001] 1468800.691545:  syscalls:sys_exit_ioctl: 0x0
LOG
