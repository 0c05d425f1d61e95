# strace was detached during a call.
kvmstall report -a v24-attach.txt
