# check takes no operands: a file name after it is a mistake, not something to ignore.
kvmstall check capture.ks
