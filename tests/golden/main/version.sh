# The version is one line with the name of the program in front.
kvmstall --version | sed "s/ .*/ VERSION/"
