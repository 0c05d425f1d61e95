# strace -f without times.
kvmstall report -a 09-s390-pid-notime.txt
