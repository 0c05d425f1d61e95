# The kernel's log and the stacks of /proc, of one hang: one picture.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit
cat >dmesg.txt <<'LOG'
[  245.196253] INFO: task firecracker:70 blocked for more than 122 seconds.
[  245.196260] task:firecracker     state:D stack:0     pid:70    tgid:70    ppid:1
[  245.196274]  __synchronize_srcu+0x79/0xa0
[  245.196275]  kvm_swap_active_memslots+0x136/0x190 [kvm]
[  245.196276]  kvm_vm_ioctl+0x395/0xee0 [kvm]
LOG
cat >stacks.txt <<'LOG'
/proc/70/task/70/stack
[<0>] __synchronize_srcu+0x79/0xa0
[<0>] kvm_swap_active_memslots+0x136/0x190 [kvm]
[<0>] kvm_vm_ioctl+0x395/0xee0 [kvm]
/proc/70/task/72/stack
[<0>] handle_userfault+0x361/0x680
[<0>] kvm_arch_vcpu_ioctl_run+0x395/0xee0 [kvm]
[<0>] kvm_vcpu_ioctl+0x395/0xee0 [kvm]
LOG
echo '== alone'
kvmstall report -q dmesg.txt
echo '== together'
kvmstall report -q dmesg.txt stacks.txt
echo '== in the other order, packed'
gzip stacks.txt
kvmstall report -q stacks.txt.gz dmesg.txt
