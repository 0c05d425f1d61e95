# One dump of a hung task, with what other systems put before its lines: the same call, with the same age.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit
cat >dump <<'LOG'
INFO: task CPU 0/KVM:3543 blocked for more than 122 seconds.
task:CPU 0/KVM       state:D stack:    0 pid: 3543 ppid:  3480 flags:0x00004000
Call Trace:
 <TASK>
 __schedule+0x2cd/0x890
 __synchronize_srcu.part.0+0x86/0xb0
 synchronize_srcu_expedited+0x27/0x40
 install_new_memslots+0x5f/0xa0 [kvm]
 kvm_vm_ioctl+0x395/0xee0 [kvm]
 </TASK>
LOG
say()
{
	echo "== $1"
	sed "s/^/$2/" dump | kvmstall report -q - 2>&1 | sed -n 2,3p
}
say 'dmesg' '[  245.196253] '
say 'dmesg -x' 'kern  :err   : [  245.196253] '
say 'dmesg -r' '<3>[  245.196253] '
say 'dmesg --color=always' '\x1b[32m[  245.196253] \x1b[0m'
say 'dmesg -T, in colour' '\x1b[32m[Wed Nov 25 18:30:56 2026] \x1b[0m\x1b[33m'
say '\/dev\/kmsg' '3,1234,245196253,-;'
say 'syslog' 'Nov 25 18:30:56 host kernel: [  245.196253] '
say 'journalctl -o short-iso-precise' '2026-11-25T18:30:56.123456+0100 host kernel: '
say 'journalctl -o short-monotonic' '[  245.196253] host kernel: '
say 'a quoted mail' '> [  245.196253] '
say 'nothing' ''
say 'dmesg -H' '[  +0.000207] '
say 'dmesg -d' '[245.196253 <    0.000207>] '
say 'dmesg --time-format delta' '[<    0.000207>] '
say 'dmesg -Td' '[Tue Mar  5 03:12:44 2024 <    0.000207>] '
say 'dmesg -Tx' 'kern  :err   : [Tue Mar  5 03:12:44 2024] '
say 'RFC 5424' '<3>1 2024-03-05T03:12:44.123456+01:00 kvm01 kernel - - - '
say 'a level alone' '<3>'
say 'journalctl -o short-full' 'Tue 2024-03-05 03:12:44 CET kvm01 kernel: '
say 'journalctl -o short-unix' '1709604764.123456 kvm01 kernel: '
say 'a table' '| '
say 'a console server' '2024-03-05 03:12:44.123 [kernel] '
say 'a console of Android' '[  245.196253][T3543@C1] '
say 'a number after the time' '[  245.196253,1] '
echo '== scripts/decode_stacktrace.sh of the kernel'
sed 's/+0x[0-9a-f]*\/0x[0-9a-f]*/ (kernel\/x.c:123 include\/y.h:3)/; s/\[kvm\]/kvm/; s/^/[  245.196253] /' dump |
	kvmstall report -q - 2>&1 | sed -n 2,3p
echo '== an address in a sentence is no frame'
sed 's/^ \([_a-z].*\)/ lock is held at: \1/' dump | kvmstall report -q - 2>&1
echo '== drgn says whose it is'
kvmstall report -q - <<'LOG'
>>> prog.stack_trace(3543)
#0  context_switch (./kernel/sched/core.c:5378:2)
#1  __schedule (./kernel/sched/core.c:6765:8)
#2  __synchronize_srcu (./kernel/rcu/srcutree.c:1408:2)
#3  synchronize_srcu (./kernel/rcu/srcutree.c:1486:3)
#4  kvm_swap_active_memslots (./virt/kvm/kvm_main.c:1444:2)
#5  kvm_vm_ioctl (./virt/kvm/kvm_main.c:5200:7)
#6  do_syscall_64+0x80/0x158
#7  0x7f1e5b91a94f
LOG
