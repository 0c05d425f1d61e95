# Texts that people have beside a hang and that are not read: each is named for what it is.
name()
{
	echo "== $1"
	kvmstall report -q - 2>&1
	echo "($?)"
}
name 'ps: where it sleeps' <<'LOG'
    PID STAT WCHAN                            COMMAND
   3480 Sl   do_poll.constprop.0              qemu-system-x86
   3543 D    __synchronize_srcu               CPU 0/KVM
LOG
name 'offcputime -f of bcc, and perf-tools' <<'LOG'
CPU 0/KVM;entry_SYSCALL_64_after_hwframe;do_syscall_64;kvm_vm_ioctl;kvm_swap_active_memslots;__synchronize_srcu;schedule 12034
CPU 1/KVM;entry_SYSCALL_64_after_hwframe;do_syscall_64;kvm_vcpu_ioctl;kvm_vcpu_block;schedule 934
LOG
name 'offcputime of bcc' <<'LOG'
Tracing off-CPU time (us) of all threads by kernel stack for 10 secs.

    finish_task_switch
    schedule
    __synchronize_srcu
    kvm_vm_ioctl
    -                CPU 0/KVM (3543)
        12034
LOG
name 'funcslower of bcc' <<'LOG'
Tracing function calls slower than 1 ms... Ctrl+C to quit.
COMM           PID    LAT(ms)             RVAL FUNC
firecracker    19916     4.52                0 kvm_vm_ioctl
LOG
name 'syscount of bcc' <<'LOG'
Tracing syscalls, printing top 10... Ctrl+C to quit.
[18:30:56]
SYSCALL                   COUNT        TIME (us)
ioctl                       120          12034.5
LOG
name 'perf sched timehist' <<'LOG'
           time    cpu  task name                       wait time  sch delay   run time
                        [tid/pid]                          (msec)     (msec)     (msec)
--------------- ------  ------------------------------  ---------  ---------  ---------
   26194.683066 [0001]  kvmstall[30150]                     0.000      0.000      0.229
LOG
name 'sysdig' <<'LOG'
1234 18:30:56.123456789 1 qemu-system-x86 (3480) > ioctl fd=11(<f>anon_inode:kvm-vm) request=4020AE46 argument=7FFE
1236 18:30:56.130456789 1 qemu-system-x86 (3480) < ioctl res=0
LOG
name 'a letter' <<'LOG'
Our VMs hang; please help.
LOG
name 'a log of a container' <<'LOG'
{"log":"100 1771257872.000000 ioctl(5, KVM_CREATE_VM, 0) = 6 <0.000100>\n","stream":"stderr","time":"2026-11-25T18:30:56.1Z"}
LOG
echo '== UTF-16, as some shells redirect'
printf '\377\3761\0000\0000\000 \000' | kvmstall report -q - 2>&1
