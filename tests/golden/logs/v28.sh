# Flags by name are arguments.
kvmstall report -f csv v28-symbolic-flags.txt
