# 650 ms and 122 s are no timer's.
kvmstall report -a v27-no-upper-bound.txt
