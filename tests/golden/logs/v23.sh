# perf script of probes in another group.
kvmstall report -a v23-perf-group.txt
