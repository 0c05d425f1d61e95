# What is in /proc/PID/stack.
kvmstall report -a 23-proc-stack.txt
