# One log, copied by way of what people copy logs by: the same two calls.
log()
{
	cat <<'LOG'
100 1771257872.000000 ioctl(5</dev/kvm>, KVM_CREATE_VM, 0) = 6<anon_inode:kvm-vm> <0.000100>
100 1771257872.000300 ioctl(6<anon_inode:kvm-vm>, KVM_CREATE_IRQCHIP, 0) = 0 <0.000050>
LOG
}
say()
{
	echo "== $1"
	kvmstall report -qa - 2>&1 | tail -n +2
}
log | say 'as it is'
log | sed 's/^/    /' | say 'indented'
log | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g' | say 'a web page'
log | cat -n | say 'cat -n'
log | nl -ba -w1 | say 'nl'
log | grep -n . | say 'grep -n'
log | sed 's/^/> /' | say 'a mail'
log | sed 's/$/\r/' | say 'CRLF'
log | sed 's/^/vmm_1  | /' | say 'docker compose'
log | sed 's/^/2026-11-25T18:30:56.123456789Z stderr F /' | say "a container's log"
log | sed 's/^/Nov 25 18:30:56 host vmm[1234]: /' | say 'a journal'
{ echo '```'; log; echo '```'; } | say 'Markdown'
