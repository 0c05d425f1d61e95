# A full disk is an error, though the command itself had none.
kvmstall --help >/dev/full
