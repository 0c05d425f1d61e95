# No command: the usage on stderr, exit status 2.
cmp <(kvmstall help) <(kvmstall 2>&1 >/dev/null)
kvmstall 2>/dev/null
