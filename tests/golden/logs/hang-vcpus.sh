# vCPUs in dumps of a hang where no grace period is waited for: they looked like nobody's hang, or a lock that nobody has.
echo "== a vCPU's mutex, and the vCPU that has it"
kvmstall report -q - <<'LOG'
/proc/28641/task/28641/stack
[<0>] kvm_vcpu_ioctl+0x87/0x950
[<0>] __x64_sys_ioctl+0x9b/0x100
[<0>] do_syscall_64+0x71/0x280
[<0>] entry_SYSCALL_64_after_hwframe+0x76/0x7e
/proc/28641/task/28644/stack
[<0>] xfer_to_guest_mode_handle_work+0x75/0xa0
[<0>] kvm_arch_vcpu_ioctl_run+0xda4/0x1d50
[<0>] kvm_vcpu_ioctl+0x117/0x950
[<0>] __x64_sys_ioctl+0x9b/0x100
LOG
echo '== of two, nobody says which'
kvmstall report -q - <<'LOG'
/proc/28641/task/28641/stack
[<0>] kvm_vcpu_ioctl+0x87/0x950
/proc/28641/task/28644/stack
[<0>] kvm_arch_vcpu_ioctl_run+0xda4/0x1d50
[<0>] kvm_vcpu_ioctl+0x117/0x950
/proc/28641/task/28645/stack
[<0>] kvm_arch_vcpu_ioctl_run+0xda4/0x1d50
[<0>] kvm_vcpu_ioctl+0x117/0x950
LOG
echo '== a page that a handler withholds, and nobody else waits'
kvmstall report -q - <<'LOG'
/proc/28642/task/28642/stack
[<0>] handle_userfault+0x366/0x840
[<0>] __handle_mm_fault+0xa1e/0xf40
[<0>] kvm_arch_vcpu_ioctl_run+0xda4/0x1d50
[<0>] kvm_vcpu_ioctl+0x117/0x950
LOG
echo '== an rwsem, and who the kernel says has it'
kvmstall report -q - <<'LOG'
[  245.196253] INFO: task fc_api:71 blocked for more than 10 seconds.
[  245.196300] task:fc_api          state:D stack:0     pid:71    tgid:71    ppid:1      flags:0x00080000
[  245.196310] Call Trace:
[  245.196320]  __schedule+0x2cd/0x890
[  245.196330]  rwsem_down_write_slowpath+0x3f8/0x7a0
[  245.196335]  mmu_notifier_register+0x1/0x20
[  245.196340]  kvm_dev_ioctl+0x395/0xee0 [kvm]
[  245.196360] INFO: task fc_api:71 <writer> blocked on an rw-semaphore likely owned by task fc_main:70 <reader>
LOG
