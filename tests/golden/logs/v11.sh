# strace -Y: the name of the command.
kvmstall report -a v11-Y-comm.txt
