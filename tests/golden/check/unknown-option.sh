kvmstall check --fix
