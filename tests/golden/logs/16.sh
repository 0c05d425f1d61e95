# A histogram.
kvmstall report -a 16-funclatency.txt
