# Help that was asked for is data: stdout, exit status 0, the same three ways.
cmp <(kvmstall --help) <(kvmstall help)
cmp <(kvmstall --help) <(kvmstall -h)
kvmstall --help | sed 's/^\(  [a-z]*\) .*/\1/'
