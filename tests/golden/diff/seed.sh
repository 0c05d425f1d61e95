# The seed: what two lines of strace a side can say, and how many would do. Exit status 3.
kvmstall diff x86-before.strace x86-after.strace
