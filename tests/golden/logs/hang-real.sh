# The kernel's own dump of a hang (6.18, its timeout lowered), and the stacks of /proc of the same moment, of
# repro --inject hang under trace: tests/vm/guest/logs.sh. The registers say which ioctl it is; /proc leaves out the
# scheduler's functions, and the task has not moved: it has waited for as long as the dump says.
echo '== the dump'
kvmstall report hang-6.18.dmesg.txt
echo '== with the stacks'
kvmstall report hang-6.18.dmesg.txt hang-6.18.stacks.txt
echo '== in the other order'
kvmstall report -q hang-6.18.stacks.txt hang-6.18.dmesg.txt
echo '== registers of crash; those of an exception in the kernel are not the call'
kvmstall report -q - <<'LOG'
PID: 70       TASK: ffff8881023a0000  CPU: 1    COMMAND: "firecracker"
 #0 [ffffc90000b1bb28] __schedule at ffffffff81e0d1a4
 #1 [ffffc90000b1bb90] __synchronize_srcu at ffffffff81e0d3b0
 #2 [ffffc90000b1bba8] kvm_swap_active_memslots at ffffffffc0a5d3b0 [kvm]
 #3 [ffffc90000b1bbd8] kvm_vm_ioctl at ffffffffc0a5e3b0 [kvm]
 #4 [ffffc90000b1bf50] entry_SYSCALL_64_after_hwframe at ffffffff820000e6
    RIP: 00007f1e5b91a94f  RSP: 00007ffd2c8b5a10  RFLAGS: 00000246
    RAX: ffffffffffffffda  RBX: 0000000000000006  RCX: 00007f1e5b91a94f
    RDX: 00007ffd2c8b5a80  RSI: 000000004020ae46  RDI: 0000000000000006
    RBP: 0000000000000000   R8: 0000000000000000   R9: 0000000000000000
    ORIG_RAX: 0000000000000010  CS: 0033  SS: 002b

PID: 72       TASK: ffff8881023a4000  CPU: 0    COMMAND: "fc_api"
 #0 [ffffc90000b2bb28] __schedule at ffffffff81e0d1a4
 #1 [ffffc90000b2bb90] __mutex_lock at ffffffff81e0d3b0
 #2 [ffffc90000b2bba8] kvm_vm_ioctl at ffffffffc0a5d3b0 [kvm]
    [exception RIP: copy_user_generic+1]
    RDX: 0000000000000000  RSI: 000000004040ae79  RDI: 0000000000000006
    ORIG_RAX: ffffffffffffffff  CS: 0010  SS: 0018
LOG
