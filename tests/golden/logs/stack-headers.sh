# Stacks of /proc under headers of anybody's own: two threads, never one whose stack is both.
stack()
{
	echo "$1"
	case $2 in
	waits)
		echo '[<0>] __synchronize_srcu+0x79/0xa0'
		echo '[<0>] kvm_swap_active_memslots+0x136/0x190 [kvm]'
		echo '[<0>] kvm_vm_ioctl+0x395/0xee0 [kvm]'
		;;
	reads)
		echo '[<0>] handle_userfault+0x361/0x680'
		echo '[<0>] kvm_arch_vcpu_ioctl_run+0x395/0xee0 [kvm]'
		echo '[<0>] kvm_vcpu_ioctl+0x395/0xee0 [kvm]'
		;;
	esac
}
while read -r header; do
	echo "== ${header//70/TID}"
	{
		stack "$header" waits
		stack "${header//70/72}" reads
	} | kvmstall report -q - 2>&1 | grep STUCK
done <<'HEADERS'
== /proc/70
==> /proc/3/task/70/stack <==
PID 70
70:
--- 70 firecracker ---
70 fc_vcpu 0
Thread 70 (firecracker):
/proc/3/task/70/comm:firecracker
tid=70 comm=firecracker
firecracker(70):
[70] firecracker
at 03:12:44 LWP 70
no number
HEADERS
echo '== a number of the kernel'\''s log is no thread'
kvmstall report -q - <<'LOG' | grep STUCK
[  245.196253] usb 1-1: new high-speed USB device number 12 using xhci_hcd
[  245.197095] Call Trace:
[  245.197194]  __schedule+0x2d0/0x940
[  245.197307]  __synchronize_srcu+0x4f/0xc0
[  245.197402]  kvm_swap_active_memslots+0xe/0x20
[  245.197402]  kvm_vm_ioctl+0xe/0x20
LOG
