# The help of a command, the same whichever way it is asked for.
cmp <(kvmstall help trace) <(kvmstall trace --help)
cmp <(kvmstall help trace) <(kvmstall trace -h)
kvmstall trace --help | head -n 1 | cut -c 1-21
