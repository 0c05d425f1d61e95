# perf trace: a guest that runs.
kvmstall report -a 10-perf-trace.txt
