# The end of a VM.
kvmstall report -a v08-close.txt
