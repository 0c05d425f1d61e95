# trace_pipe of KVM's tracepoints.
kvmstall report -a 14-trace-pipe-kvm.txt
