# lkvm run: the same.
kvmstall report kvmtool-run.strace
