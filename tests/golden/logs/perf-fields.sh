# perf script with other fields than it shows by itself: read, or named for what they lack. Times that are since the
# line before are no times of day.
say()
{
	kvmstall report -qa - 2>&1
	echo "($?)"
}
echo '== -F tid,time,event,trace: no command'
say <<'LOG'
30150 26194.683066: syscalls:sys_enter_ioctl: fd: 0x00000005, cmd: 0x0000ae01, arg: 0x00000000
30150 26194.683295:  syscalls:sys_exit_ioctl: 0x24
30150 26194.683395: syscalls:sys_enter_ioctl: fd: 0x00000024, cmd: 0x0000ae60, arg: 0x00000000
30150 26194.696945:  syscalls:sys_exit_ioctl: 0x0
LOG
echo '== --deltatime'
say <<'LOG'
        kvmstall 30150 [001]     0.000000: syscalls:sys_enter_ioctl: fd: 0x00000005, cmd: 0x0000ae01, arg: 0x00000000
        kvmstall 30150 [001]     0.000229:  syscalls:sys_exit_ioctl: 0x24
        kvmstall 30150 [001]     0.000100: syscalls:sys_enter_ioctl: fd: 0x00000024, cmd: 0x0000ae60, arg: 0x00000000
        kvmstall 30150 [001]     0.013550:  syscalls:sys_exit_ioctl: 0x0
LOG
echo '== --reltime: since the first line'
say <<'LOG'
        kvmstall 30150 [001]     0.000000: syscalls:sys_enter_ioctl: fd: 0x00000005, cmd: 0x0000ae01, arg: 0x00000000
        kvmstall 30150 [001]     0.000229:  syscalls:sys_exit_ioctl: 0x24
        kvmstall 30150 [001]     0.000329: syscalls:sys_enter_ioctl: fd: 0x00000024, cmd: 0x0000ae60, arg: 0x00000000
        kvmstall 30150 [001]     0.013879:  syscalls:sys_exit_ioctl: 0x0
LOG
echo '== -F comm,tid,event,trace: no times'
say <<'LOG'
        kvmstall 30150 syscalls:sys_enter_ioctl: fd: 0x00000005, cmd: 0x0000ae01, arg: 0x00000000
        kvmstall 30150  syscalls:sys_exit_ioctl: 0x24
LOG
echo '== -F comm,tid,cpu,time,event: no arguments'
say <<'LOG'
        kvmstall 30150 [001] 26194.622117: syscalls:sys_enter_ioctl: 
        kvmstall 30150 [001] 26194.622120:  syscalls:sys_exit_ioctl: 
LOG
echo '== perf trace -e syscalls:sys_enter_ioctl,syscalls:sys_exit_ioctl'
say <<'LOG'
     0.000 kvmstall/29172 syscalls:sys_enter_ioctl(fd: 5</dev/kvm>, cmd: KVM_GET_API_VERSION)
     0.024 kvmstall/29172 syscalls:sys_exit_ioctl(__syscall_nr: 16, ret: 12)
LOG
echo '== perf trace -e raw_syscalls:sys_enter, and as older ones print it'
say <<'LOG'
     0.000 kvmstall/29349 raw_syscalls:sys_enter(id: 12, args: 139888711885300)
     0.211 kvmstall/29349 raw_syscalls:sys_enter(id: 9, args: 139888711885420)
LOG
say <<'LOG'
     0.000 syscalls:sys_enter_ioctl:fd: 0x00000005, cmd: 0x0000ae01, arg: 0x00000000
     0.229 syscalls:sys_exit_ioctl:0x24
LOG
