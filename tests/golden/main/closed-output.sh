# So is an output that is closed.
kvmstall --help >&-
