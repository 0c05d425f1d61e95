# perf trace: a VM that starts.
kvmstall report -a v21-perf-trace-s.txt
