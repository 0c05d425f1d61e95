# One dump of a hung task as journals, containers and dmesg --json keep it: the same call each time.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/dump" <<'LOG'
INFO: task CPU 0/KVM:3543 blocked for more than 122 seconds.
"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
task:CPU 0/KVM       state:D stack:0     pid:3543  ppid:3480  flags:0x00004002
Call Trace:
 <TASK>
 __schedule+0x201/0x690
 __synchronize_srcu.part.0+0x83/0xb0
 kvm_swap_active_memslots+0x12b/0x1b0 [kvm]
 kvm_vm_ioctl+0x4b2/0xa50 [kvm]
LOG
say()
{
	echo "== $1"
	kvmstall report -q - 2>&1 | sed -n 2,3p
}
escaped()
{
	sed 's/\\/\\\\/g; s/"/\\"/g; s/</\\u003c/g' "$work/dump"
}
escaped | sed 's/.*/{"__CURSOR":"s=1","__MONOTONIC_TIMESTAMP":"245196253","_TRANSPORT":"kernel","MESSAGE":"&"}/' |
	say 'journalctl -o json'
escaped | sed 's/.*/{ "MESSAGE" : "&", "_SOURCE_MONOTONIC_TIMESTAMP" : "245196253" }/' | say 'the same, with spaces'
escaped | sed 's/.*/{"log":"&\\n","stream":"stderr","time":"2026-11-25T18:30:56.1Z"}/' | say "a container's log"
{
	printf '{\n   "dmesg": [\n'
	escaped | sed 's/.*/      {\n         "pri": 3,\n         "time":   245.196253,\n         "msg": "&"\n      },/'
	printf '   ]\n}\n'
} | say 'dmesg --json'
sed 's/.*/__CURSOR=s=1\n_TRANSPORT=kernel\nMESSAGE=&\n/' "$work/dump" | say 'journalctl -o export'
sed 's/.*/Tue 2024-03-05 03:12:44.123456 CET [s=1;i=1]\n    _TRANSPORT=kernel\n    MESSAGE=&/' "$work/dump" |
	say 'journalctl -o verbose'
echo '== others are named'
printf '{"timestamp":1234567890,"samples":[{"comm":"qemu"}]}\n' | kvmstall report -q - 2>&1
