# Usage errors name the option and where to read on; exit status 2.
kvmstall trace --zebra
