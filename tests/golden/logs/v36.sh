# A log in a mail.
kvmstall report -a v36-quoted.txt
