# A mistyped command is named, and the commands there are.
kvmstall tarce
