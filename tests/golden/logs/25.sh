# The first report's perf log.
kvmstall report -a 25-perf-seed-variant.txt
