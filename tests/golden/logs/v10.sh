# A call that had not ended when the log did.
kvmstall report -a v10-stuck-eof.txt
