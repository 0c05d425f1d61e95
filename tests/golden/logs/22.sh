# Hung tasks in dmesg.
kvmstall report -a 22-hung-task.txt
