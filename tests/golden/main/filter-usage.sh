# Filters that nothing can match.
kvmstall trace --comm abcdefghijklmnop
kvmstall trace --vm ''
kvmstall report --comm '' nothing.cap
