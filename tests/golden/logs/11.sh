# perf script of KVM's tracepoints.
kvmstall report -a 11-perf-script-kvm-tp.txt
