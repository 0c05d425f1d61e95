# Names that would drive a terminal, from a command line: in messages they are shown like any others.
kvmstall report "$(printf '/nonexistent/\342\200\256evil\302\233\033[31m')"
echo "exit status $?"
kvmstall "$(printf 're\342\200\256port')" 2>&1 | sed 's/;.*//'
