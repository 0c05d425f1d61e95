# Lines of strace in less usual forms, and descriptors that are dup'ed, passed, and closed by others.
echo '== A signal ended it, and a thread that was killed: how long is known of both.'
kvmstall report -qa - <<'LOG'
100 1771257872.000000 ioctl(5</dev/kvm>, KVM_CREATE_VM, 0) = 6<anon_inode:kvm-vm> <0.000100>
100 1771257872.001000 ioctl(6<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = ? ERESTARTSYS (To be restarted if SA_RESTART is set) <0.004000>
100 1771257872.005100 --- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---
100 1771257872.005200 ioctl(6<anon_inode:kvm-vm>, KVM_CREATE_VCPU, 0) = ? <unavailable>
100 1771257873.005200 +++ killed by SIGKILL +++
LOG
echo '== -e raw: clone'\''s flags are a number.'
kvmstall report -qa - <<'LOG'
100 1771257872.000000 ioctl(5, 0xae01, 0) = 6 <0.000100>
100 1771257872.000200 clone3({flags=0x3d0f00, child_tid=0x7f1, parent_tid=0x7f1, exit_signal=0, stack=0x7f0, stack_size=0x7fff00, tls=0x7f}, 0x58) = 101 <0.000050>
101 1771257872.000300 ioctl(6, 0x4040ae79, 0x7ffe) = 0 <0.000020>
101 1771257872.001000 ioctl(6, 0x4020ae46, 0x7ffe) = 0 <0.012000>
LOG
echo '== --secontext'
kvmstall report -qa - <<'LOG'
100 [unconfined_u:unconfined_r:unconfined_t:s0] 1771257872.000000 ioctl(5</dev/kvm> [system_u:object_r:kvm_device_t:s0], KVM_CREATE_VM, 0) = 6<anon_inode:kvm-vm> [system_u:object_r:anon_inodefs_t:s0] <0.000100>
100 [unconfined_u:unconfined_r:unconfined_t:s0] 1771257872.001000 ioctl(6<anon_inode:kvm-vm> [system_u:object_r:anon_inodefs_t:s0], KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.004000>
LOG
echo '== What others put before a line.'
kvmstall report -qa - <<'LOG'
2026-11-25T18:30:56.123456Z 45726 1771257872.001000 ioctl(6<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.004000>
2026-11-25T18:30:56+0100 host strace[77]: 45726 1771257872.011000 ioctl(6<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=1, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.004000>
Nov 25 18:30:56 host strace: 45726 1771257872.021000 ioctl(6<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=2, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.004000>
vmm-1  | 45726 1771257872.031000 ioctl(6<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=3, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.004000>
    45726 1771257872.041000 ioctl(6<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=4, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.004000>
> | 45726 1771257872.051000 ioctl(6<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=5, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.004000>
[2026-11-25 18:30:56] 45726 1771257872.061000 ioctl(6<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=6, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.004000>
vmm.log:17:45726 1771257872.071000 ioctl(6<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=7, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.004000>
LOG
echo '== The begin is not in the log.'
kvmstall report -a - <<'LOG'
45726 1771257872.001000 <... ioctl resumed>) = 0 <4.690000>
45726 1771257872.002000 ioctl(6<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.004000>
LOG
echo '== The VM has several descriptors, one in another process, and lives until the last is closed.'
kvmstall report -qa - <<'LOG'
100 1771257872.000000 ioctl(5, KVM_CREATE_VM, 0) = 6 <0.000100>
100 1771257872.000200 fcntl(6, F_DUPFD_CLOEXEC, 10) = 11 <0.000010>
100 1771257872.000300 close(6) = 0 <0.000010>
100 1771257872.000400 ioctl(11, KVM_IOEVENTFD, {datamatch=0, addr=0x1000, len=4, fd=9, flags=0}) = 0 <0.000010>
100 1771257872.000500 ioctl(11, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.012000>
100 1771257872.100000 sendmsg(8, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[11]}], msg_controllen=24, msg_flags=0}, 0) = 1 <0.000010>
200 1771257872.100100 recvmsg(4, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[7]}], msg_controllen=24, msg_flags=0}, 0) = 1 <0.000010>
200 1771257872.100200 ioctl(7, KVM_IOEVENTFD, {datamatch=0, addr=0x1000, len=4, fd=9, flags=0}) = 0 <0.000010>
200 1771257872.100300 ioctl(7, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.012000>
100 1771257872.200000 close(11) = 0 <0.028000>
LOG
echo '== execve(2) closes them.'
kvmstall report -qa - <<'LOG'
100 1771257872.000000 ioctl(5, KVM_CREATE_VM, 0) = 6 <0.000100>
100 1771257872.000200 execve("/usr/bin/next", ["next"], 0x7ff /* 3 vars */) = 0 <0.000300>
100 1771257872.001000 ioctl(6, TCGETS, 0x7ff) = -1 ENOTTY (Inappropriate ioctl for device) <0.000010>
100 1771257872.002000 ioctl(6, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0, memory_size=4096, userspace_addr=0x7f0000}) = 0 <0.012000>
LOG
echo '== So does close_range(2).'
kvmstall report -qa - <<'LOG'
100 1771257872.000000 ioctl(5, KVM_CREATE_VM, 0) = 6 <0.000100>
100 1771257872.000200 close_range(3, 4294967295, 0) = 0 <0.030000>
100 1771257872.100200 exit_group(0) = ?
100 1771257872.150200 +++ exited with 0 +++
LOG
echo '== -yy -xx: what a descriptor is, is escaped.'
kvmstall report -qa - <<'LOG'
17408 1795652382.465572 ioctl(4<\x2f\x64\x65\x76\x2f\x6b\x76\x6d<char 10:232>>, KVM_CREATE_VM, 0) = 36<\x61\x6e\x6f\x6e\x5f\x69\x6e\x6f\x64\x65\x3a\x6b\x76\x6d\x2d\x76\x6d> <0.000253>
17408 1795652382.466572 ioctl(36<\x61\x6e\x6f\x6e\x5f\x69\x6e\x6f\x64\x65\x3a\x6b\x76\x6d\x2d\x76\x6d>, KVM_CREATE_VCPU, 0) = 37<\x61\x6e\x6f\x6e\x5f\x69\x6e\x6f\x64\x65\x3a\x6b\x76\x6d\x2d\x76\x63\x70\x75\x3a\x30> <0.000153>
17408 1795652382.467572 ioctl(36<\x61\x6e\x6f\x6e\x5f\x69\x6e\x6f\x64\x65\x3a\x6b\x76\x6d\x2d\x76\x6d>, KVM_IRQFD, {fd=40, gsi=5, flags=0}) = 0 <0.000253>
17408 1795652382.468572 ioctl(38<\x2f\x64\x65\x76\x2f\x74\x74\x79>, TCGETS, 0x7ff) = -1 ENOTTY (Inappropriate ioctl for device) <0.012000>
LOG
