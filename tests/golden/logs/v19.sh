# strace -ff: a file for each thread is one run.
kvmstall report -a v19-ff.main.txt v19-ff.other.txt v19-ff.vcpu.txt
