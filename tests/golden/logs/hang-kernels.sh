# Kernel stacks of other kernels, architectures and tools; several dumps of one hang are one picture.
echo '== v5.4: no "task:"; dmesg -T; blocked twice, and the age is the last'
kvmstall report -q - <<'LOG'
[Wed Nov 25 18:30:56 2026] INFO: task CPU 0/KVM:3543 blocked for more than 120 seconds.
[Wed Nov 25 18:30:56 2026]       Not tainted 5.4.0-216-generic #236-Ubuntu
[Wed Nov 25 18:30:56 2026] CPU 0/KVM       D    0  3543   3480 0x80004080
[Wed Nov 25 18:30:56 2026] Call Trace:
[Wed Nov 25 18:30:56 2026]  __schedule+0x2e3/0x740
[Wed Nov 25 18:30:56 2026]  __synchronize_srcu.part.0+0x86/0xb0
[Wed Nov 25 18:30:56 2026]  synchronize_srcu+0x57/0xe0
[Wed Nov 25 18:30:56 2026]  install_new_memslots+0x5f/0xa0 [kvm]
[Wed Nov 25 18:30:56 2026]  kvm_set_memory_region+0x361/0x680 [kvm]
[Wed Nov 25 18:30:56 2026]  kvm_vm_ioctl+0x395/0xee0 [kvm]
[Wed Nov 25 18:32:57 2026] INFO: task CPU 0/KVM:3543 blocked for more than 241 seconds.
[Wed Nov 25 18:32:57 2026] CPU 0/KVM       D    0  3543   3480 0x80004080
[Wed Nov 25 18:32:57 2026]  __schedule+0x2e3/0x740
[Wed Nov 25 18:32:57 2026]  __synchronize_srcu.part.0+0x86/0xb0
[Wed Nov 25 18:32:57 2026]  synchronize_srcu+0x57/0xe0
[Wed Nov 25 18:32:57 2026]  install_new_memslots+0x5f/0xa0 [kvm]
[Wed Nov 25 18:32:57 2026]  kvm_set_memory_region+0x361/0x680 [kvm]
[Wed Nov 25 18:32:57 2026]  kvm_vm_ioctl+0x395/0xee0 [kvm]
LOG
echo '== v3.10 in a journal: an address after the state'
kvmstall report -q - <<'LOG'
Nov 25 18:30:56 host kernel: INFO: task qemu-kvm:3543 blocked for more than 120 seconds.
Nov 25 18:30:56 host kernel: qemu-kvm        D ffff8810238fb0c0     0  3543      1 0x00000080
Nov 25 18:30:56 host kernel:  [<ffffffff816ab8a9>] schedule+0x29/0x70
Nov 25 18:30:56 host kernel:  [<ffffffff810b6ad5>] __synchronize_srcu+0x115/0x160
Nov 25 18:30:56 host kernel:  [<ffffffffc04b5a1d>] install_new_memslots+0x4d/0x90 [kvm]
Nov 25 18:30:56 host kernel:  [<ffffffffc04b6a1d>] kvm_vm_ioctl+0x4d/0x90 [kvm]
LOG
echo '== arm64, and who holds the lock as the kernel says; the log of a console'
kvmstall report -q - <<'LOG'
[  245.196253][   T57] INFO: task fc_api:71 blocked in I/O wait for more than 122 seconds.
[  245.196260][   T57] task:fc_api          state:D stack:0     pid:71    tgid:70    ppid:1      task_flags:0x400140 flags:0x00000019
[  245.196265][   T57] Call trace:
[  245.196270][   T57]  __switch_to+0xe8/0x160 (T)
[  245.196271][   T57]  __schedule+0x4fc/0xb20
[  245.196274][   T57]  __mutex_lock.constprop.0+0x2ab/0x480
[  245.196275][   T57]  kvm_vm_ioctl+0x395/0xee0
[  245.196276][   T57]  el0t_64_sync+0x1a0/0x1a8
[  245.196280][   T57] INFO: task fc_api:71 is blocked on a mutex likely owned by task fc_snap:74.
[  245.196281][   T57] task:fc_snap         state:S stack:0     pid:74    tgid:70    ppid:1      task_flags:0x400140 flags:0x00000010
[  245.196282][   T57]  __schedule+0x4fc/0xb20
[  245.196283][   T57]  handle_userfault+0x4fc/0xb20
[  245.196284][   T57]  kvm_vm_ioctl+0x395/0xee0
[  245.196285][   T57]  el0t_64_sync+0x1a0/0x1a8
[  245.196290][   T57] task:fc_main         state:D stack:0     pid:70    tgid:70    ppid:1      task_flags:0x400140 flags:0x00000010
[  245.196291][   T57]  __synchronize_srcu+0x8c/0xc0
[  245.196292][   T57]  kvm_swap_active_memslots+0x4fc/0xb20
[  245.196293][   T57]  kvm_vm_ioctl+0x395/0xee0
LOG
echo '== the owner is not of KVM'
kvmstall report -q - <<'LOG'
[  245.196253] INFO: task fc_api:71 blocked for more than 122 seconds.
[  245.196260] task:fc_api          state:D stack:0     pid:71    tgid:70    ppid:1
[  245.196274]  __mutex_lock.constprop.0+0x2ab/0x480
[  245.196275]  kvm_vm_ioctl+0x395/0xee0
[  245.196280] INFO: task fc_api:71 is blocked on a mutex likely owned by task cat:74.
LOG
echo '== s390, powerpc'
kvmstall report -q - <<'LOG'
[  245.196260] task:CPU 0/KVM       state:D stack:0     pid:71    tgid:70    ppid:1
[  245.196274] ([<0000000012345678>] __schedule+0x2f0/0x7a0)
[  245.196274]  [<00000000123456a8>] __synchronize_srcu+0x2f0/0x7a0
[  245.196274]  [<00000000123456b8>] kvm_swap_active_memslots+0x2f0/0x7a0 [kvm]
[  245.196275]  [<00000000123456c8>] kvm_vm_ioctl+0x395/0xee0 [kvm]
[  245.196260] task:CPU 1/KVM       state:D stack:0     pid:81    tgid:80    ppid:1
[  245.196274] [c000000012345678] [c000000000345678] __schedule+0x2f0/0x7a0 (unreliable)
[  245.196274] [c0000000123456a8] [c0000000003456a8] __synchronize_srcu+0x2f0/0x7a0
[  245.196275] [c0000000123456c8] [c0000000003456c8] kvm_vm_ioctl+0x395/0xee0 [kvm]
LOG
echo '== grep . /proc/70/task/*/stack; an idle vCPU is not stuck'
kvmstall report -q - <<'LOG'
/proc/70/task/70/stack:[<0>] __synchronize_srcu+0x79/0xa0
/proc/70/task/70/stack:[<0>] kvm_swap_active_memslots+0x136/0x190 [kvm]
/proc/70/task/70/stack:[<0>] kvm_vm_ioctl+0x395/0xee0 [kvm]
/proc/70/task/72/stack:[<0>] handle_userfault+0x361/0x680
/proc/70/task/72/stack:[<0>] kvm_arch_vcpu_ioctl_run+0x395/0xee0 [kvm]
/proc/70/task/72/stack:[<0>] kvm_vcpu_ioctl+0x395/0xee0 [kvm]
/proc/70/task/73/stack:[<0>] kvm_vcpu_block+0x5a/0xa0 [kvm]
/proc/70/task/73/stack:[<0>] kvm_vcpu_halt+0x5a/0xa0 [kvm]
/proc/70/task/73/stack:[<0>] kvm_arch_vcpu_ioctl_run+0x395/0xee0 [kvm]
/proc/70/task/73/stack:[<0>] kvm_vcpu_ioctl+0x395/0xee0 [kvm]
LOG
echo '== cat /proc/70/task/*/stack: no names; each is a stack of its own'
kvmstall report -q - <<'LOG'
[<0>] __synchronize_srcu+0x79/0xa0
[<0>] kvm_swap_active_memslots+0x136/0x190 [kvm]
[<0>] kvm_vm_ioctl+0x395/0xee0 [kvm]
[<0>] do_syscall_64+0x5d/0x90
[<0>] entry_SYSCALL_64_after_hwframe+0x6e/0xd8
[<0>] handle_userfault+0x361/0x680
[<0>] kvm_arch_vcpu_ioctl_run+0x395/0xee0 [kvm]
[<0>] kvm_vcpu_ioctl+0x395/0xee0 [kvm]
[<0>] entry_SYSCALL_64_after_hwframe+0x6e/0xd8
LOG
echo '== /proc leaves out the functions of the mutex'
kvmstall report -q - <<'LOG'
/proc/32326/task/32326/stack
[<0>] __synchronize_srcu.part.0+0x81/0xb0
[<0>] kvm_swap_active_memslots+0x136/0x180
[<0>] kvm_set_memory_region+0x47c/0x570
[<0>] kvm_vm_ioctl+0xb28/0x1000
/proc/32326/task/32424/stack
[<0>] kvm_vm_ioctl+0xb19/0x1000
[<0>] __x64_sys_ioctl+0x9b/0x100
[<0>] do_syscall_64+0x71/0x280
[<0>] entry_SYSCALL_64_after_hwframe+0x76/0x7e
LOG
