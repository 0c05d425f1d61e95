# What a log does not say is not 0: times of day, threads, how long a call has been stuck.
kvmstall report -q 23-proc-stack.txt
kvmstall report -q -f csv 23-proc-stack.txt
kvmstall report -q -f json 23-proc-stack.txt | grep -o '"[a-z_]*":null'
kvmstall report -q -f csv 01-enarx-T-f.txt
echo '== the summary speaks of what the log has'
kvmstall report -f json v09-stuck.txt | tail -n 1 | grep -o '"[a-z_]*":[0-9]*' | grep -E 'calls|stuck|left_out'
kvmstall report 22-hung-task.txt >/dev/null
kvmstall report 10-perf-trace.txt >/dev/null
echo '== nothing comes before a refusal, not even where there is a VM'
kvmstall report -f json - <<'LOG'
1234 1716000000.000000 ioctl(9, KVM_CREATE_VM, 0) = 18
1234 1716000000.001000 ioctl(18, KVM_CREATE_VCPU, 0) = 19
LOG
