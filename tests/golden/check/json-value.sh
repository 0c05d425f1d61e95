# A flag takes no value.
kvmstall check --json=yes
