# gzip.
kvmstall report -a v20.gz
