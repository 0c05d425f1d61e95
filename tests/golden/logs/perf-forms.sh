# perf trace and system call tracepoints in less usual forms.
echo '== A name that two requests share is no device; requests without a name are calls.'
kvmstall report -a - <<'LOG'
     0.000 ( 0.028 ms): qemu/100 ioctl(fd: 5</dev/kvm>, cmd: KVM_CREATE_VM)                   = 6
     1.000 ( 0.028 ms): CPU 0/KVM/101 ioctl(fd: 6<anon_inode:kvm-vm>, cmd: KVM_REGISTER_COALESCED_MMIO, arg: 0x7ffc) = 0
     2.000 (12.028 ms): CPU 1/KVM/102 ioctl(fd: 6<anon_inode:kvm-vm>, cmd: KVM_SET_USER_MEMORY_REGION, arg: 0x7ffc) = 0
    22.000 (12.028 ms): CPU 1/KVM/102 ioctl(fd: 6<anon_inode:kvm-vm>, cmd: (0xae, 0x41, 0x1), arg: 0x7ffc) = 0
    42.000 (12.028 ms): CPU 1/KVM/102 ioctl(fd: 6<anon_inode:kvm-vm>, cmd: (READ|WRITE, 0xae, 0x67, 0x8), arg: 0x7ffc) = 0
    62.000 (12.028 ms): CPU 1/KVM/102 ioctl(fd: 6<anon_inode:kvm-vm>, cmd: 0x4020ae46, arg: 0x7ffc) = 0
    82.000 (         ): CPU 1/KVM/102 ioctl(fd: 6<anon_inode:kvm-vm>, cmd: KVM_CREATE_IRQCHIP) ...
    90.000 ( 8.028 ms): CPU 1/KVM/102  ... [continued]: ioctl())                                          = 0
    92.000 ( 8.028 ms): CPU 1/KVM/102 close(fd: 6<anon_inode:kvm-vm>)                                          = 0
LOG
echo '== --no-comm'
kvmstall report -a - <<'LOG'
     0.000 ( 0.028 ms): 100 ioctl(fd: 5</dev/kvm>, cmd: KVM_CREATE_VM)                   = 6
     1.000 (12.028 ms): 100 ioctl(fd: 6<anon_inode:kvm-vm>, cmd: KVM_SET_USER_MEMORY_REGION, arg: 0x7ffc) = 0
LOG
echo '== One thread; --call-graph; lost events; no end.'
kvmstall report -a - <<'LOG'
     0.000 ( 0.028 ms): ioctl(fd: 5</dev/kvm>, cmd: KVM_CREATE_VM)                   = 6
     1.000 (12.028 ms): ioctl(fd: 6<anon_inode:kvm-vm>, cmd: KVM_SET_USER_MEMORY_REGION, arg: 0x7ffc) = -1 EINVAL (Invalid argument)
                                       __GI___ioctl (/usr/lib/x86_64-linux-gnu/libc.so.6)
                                       kvm_vm_ioctl (/usr/bin/qemu-system-x86_64)
LOST 12 events!
    20.000 (         ): ioctl(fd: 6<anon_inode:kvm-vm>, cmd: KVM_SET_USER_MEMORY_REGION, arg: 0x7ffc) ...
LOG
echo '== raw_syscalls, x86'
kvmstall report -qa - <<'LOG'
        kvmstall 20364 [000] 11788.660010:  raw_syscalls:sys_exit: NR 59 = 0
        kvmstall 20364 [000] 11788.661000: raw_syscalls:sys_enter: NR 16 (5, ae01, 0, 37f, 0, 0)
        kvmstall 20364 [000] 11788.661200:  raw_syscalls:sys_exit: NR 16 = 6
        kvmstall 20364 [000] 11788.662000: raw_syscalls:sys_enter: NR 16 (6, 4040ae79, 7ffe, 0, 0, 0)
        kvmstall 20364 [000] 11788.662010:  raw_syscalls:sys_exit: NR 16 = 0
        kvmstall 20364 [000] 11788.662020: raw_syscalls:sys_enter: NR 9 (0, 2000, 3, 22, ffffffff, 0)
        kvmstall 20364 [000] 11788.662030:  raw_syscalls:sys_exit: NR 9 = 94874688622592
        kvmstall 20364 [000] 11788.662100: raw_syscalls:sys_enter: NR 16 (6, 4020ae46, 7ffe, 0, 0, 0)
        kvmstall 20364 [000] 11788.672100:  raw_syscalls:sys_exit: NR 16 = 0
        kvmstall 20364 [000] 11788.680000: raw_syscalls:sys_enter: NR 3 (6, 0, 0, 0, 0, 0)
        kvmstall 20364 [000] 11788.700000:  raw_syscalls:sys_exit: NR 3 = 0
        kvmstall 20364 [000] 11788.710000: raw_syscalls:sys_enter: NR 16 (5, ae01, 0, 37f, 0, 0)
        kvmstall 20364 [000] 11788.710200:  raw_syscalls:sys_exit: NR 16 = -12
LOG
echo '== raw_syscalls, arm64: 16 is no ioctl'
kvmstall report -qa - <<'LOG'
             vmm-712     [001] .....   101.000001: sys_enter: NR 29 (5, ae01, 0, 0, 0, 0)
             vmm-712     [001] .....   101.000101: sys_exit: NR 29 = 6
             vmm-712     [001] .....   101.000201: sys_enter: NR 16 (6, ae01, 0, 0, 0, 0)
             vmm-712     [001] .....   101.010201: sys_exit: NR 16 = 0
             vmm-712     [001] .....   101.020001: sys_enter: NR 57 (6, 0, 0, 0, 0, 0)
             vmm-712     [001] .....   101.030001: sys_exit: NR 57 = 0
LOG
echo '== sys_enter_close'
kvmstall report -qa - <<'LOG'
             vmm-712     [001] .....   101.000001: sys_ioctl(fd: 5, cmd: ae01, arg: 0)
             vmm-712     [001] .....   101.000101: sys_ioctl -> 0x6
             vmm-712     [001] .....   101.020001: sys_close(fd: 6)
             vmm-712     [001] .....   101.030001: sys_close -> 0x0
         vmm   712 [001]   102.000001: syscalls:sys_enter_ioctl: fd: 0x00000005, cmd: 0x0000ae01, arg: 0x00000000
         vmm   712 [001]   102.000101:  syscalls:sys_exit_ioctl: 0x7
         vmm   712 [001]   102.020001: syscalls:sys_enter_close: fd: 0x00000007
         vmm   712 [001]   102.030001:  syscalls:sys_exit_close: 0x0
LOG
