# A call that was killed after 123 s.
kvmstall report -a v09-stuck.txt
