# Times of day, over midnight.
kvmstall report -a v30-midnight.txt
