# Only some VMs; and a log, whose causes are guesses.
kvmstall top -b --pid 1 ../report/qemu.cap
kvmstall top -b --comm kvmstall --sort stalls ../report/stop.cap
kvmstall top -b ../report/stuck.cap
kvmstall top -b -q ../logs/22-hung-task.txt
