# Kernel stacks in the forms of other tools: each waits for the same, and the same thread holds it.
lock()
{
	echo '== a newer kernel, sysrq-w, in a journal'
	kvmstall report -q - <<'LOG'
Nov 25 18:30:56 host kernel: [  T1] sysrq: Show Blocked State
Nov 25 18:30:56 host kernel: [  900.000001] task:fc_api          state:D stack:0     pid:71    tgid:70    ppid:1      task_flags:0x400140 flags:0x00000002
Nov 25 18:30:56 host kernel: [  900.000002] Call Trace:
Nov 25 18:30:56 host kernel: [  900.000003]  <TASK>
Nov 25 18:30:56 host kernel: [  900.000004]  __schedule+0x4fc/0xb20
Nov 25 18:30:56 host kernel: [  900.000005]  ? srso_alias_return_thunk+0x5/0xfbef5
Nov 25 18:30:56 host kernel: [  900.000006]  __mutex_lock.constprop.0+0x2ab/0x480
Nov 25 18:30:56 host kernel: [  900.000007]  kvm_vm_ioctl+0x395/0xee0 [kvm]
Nov 25 18:30:56 host kernel: [  900.000008]  </TASK>
Nov 25 18:30:56 host kernel: [  900.000009] task:firecracker     state:D stack:0     pid:70    tgid:70    ppid:1      task_flags:0x400140 flags:0x00000002
Nov 25 18:30:56 host kernel: [  900.000010]  __synchronize_srcu+0x79/0xa0
Nov 25 18:30:56 host kernel: [  900.000011]  kvm_swap_active_memslots+0x136/0x190 [kvm]
Nov 25 18:30:56 host kernel: [  900.000012]  kvm_set_memory_region+0x361/0x680 [kvm]
Nov 25 18:30:56 host kernel: [  900.000013]  kvm_vm_ioctl+0x395/0xee0 [kvm]
Nov 25 18:30:56 host kernel: [  900.000014] task:fc_vcpu 0       state:D stack:0     pid:72    tgid:70    ppid:1      task_flags:0x400140 flags:0x00000002
Nov 25 18:30:56 host kernel: [  900.000015]  handle_userfault+0x361/0x680
Nov 25 18:30:56 host kernel: [  900.000016]  kvm_mmu_page_fault+0x136/0x190 [kvm]
Nov 25 18:30:56 host kernel: [  900.000017]  kvm_arch_vcpu_ioctl_run+0x395/0xee0 [kvm]
Nov 25 18:30:56 host kernel: [  900.000018]  kvm_vcpu_ioctl+0x395/0xee0 [kvm]
LOG
}

lock
echo '== /proc'
kvmstall report -q - <<'LOG'
/proc/70/task/70/stack
[<0>] __synchronize_srcu+0x79/0xa0
[<0>] kvm_swap_active_memslots+0x136/0x190 [kvm]
[<0>] kvm_vm_ioctl+0x395/0xee0 [kvm]
/proc/70/task/72/stack
[<0>] handle_userfault+0x361/0x680
[<0>] kvm_arch_vcpu_ioctl_run+0x395/0xee0 [kvm]
[<0>] kvm_vcpu_ioctl+0x395/0xee0 [kvm]
/proc/80/task/82/stack
[<0>] handle_userfault+0x361/0x680
[<0>] kvm_arch_vcpu_ioctl_run+0x395/0xee0 [kvm]
LOG
echo '== crash'
kvmstall report -q - <<'LOG'
PID: 70       TASK: ffff8881023a0000  CPU: 1    COMMAND: "firecracker"
 #0 [ffffc90000b1bb28] __schedule at ffffffff81e0d1a4
 #1 [ffffc90000b1bb90] __synchronize_srcu at ffffffff81e0d3b0
 #2 [ffffc90000b1bba8] kvm_swap_active_memslots at ffffffffc0a5d3b0 [kvm]
 #3 [ffffc90000b1bbd8] kvm_vm_ioctl at ffffffffc0a5e3b0 [kvm]

PID: 72       TASK: ffff8881023a4000  CPU: 0    COMMAND: "fc_vcpu 0"
 #0 [ffffc90000b2bb28] __schedule at ffffffff81e0d1a4
 #1 [ffffc90000b2bb90] handle_userfault at ffffffff81e0d3b0
 #2 [ffffc90000b2bba8] kvm_arch_vcpu_ioctl_run at ffffffffc0a5d3b0 [kvm]
LOG
echo '== drgn, and nobody else'
kvmstall report -q - <<'LOG'
#0  context_switch (./kernel/sched/core.c:5244:2)
#1  __schedule (./kernel/sched/core.c:6561:8)
#2  __synchronize_srcu (./kernel/rcu/srcutree.c:1408:2)
#3  kvm_swap_active_memslots (./virt/kvm/kvm_main.c:1686:2)
#4  kvm_vm_ioctl (./virt/kvm/kvm_main.c:5224:7)
LOG
echo '== no KVM in it'
kvmstall report -q - <<'LOG'
[  245.196253] INFO: task cat:3487 blocked for more than 122 seconds.
[  245.197194]  __schedule+0x2d0/0x940
[  245.197307]  nfs_wait_bit_killable+0x4f/0xc0
LOG
