# The metrics are a contract: names, types, labels.
kvmstall export --list | cut -f 1-3
