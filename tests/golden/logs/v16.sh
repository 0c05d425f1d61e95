# Two VMMs with the same descriptor: threads are of the process that cloned them.
kvmstall report -a v16-two-vmms.txt
