# A line longer than 4096 bytes: what follows it is read.
kvmstall report -a v05-long-line.txt
