# The same for a pull request.
kvmstall diff --format markdown x86-before.strace x86-after.strace
