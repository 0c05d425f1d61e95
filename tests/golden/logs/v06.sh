# The same, when it is the first.
kvmstall report -a v06-long-line-first.txt
