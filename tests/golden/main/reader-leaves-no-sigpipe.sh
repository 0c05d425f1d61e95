# Nor is it where our parent ignores SIGPIPE, as service managers do: the status is the command's.
trap '' PIPE
exec 3> >(:)
wait $!
kvmstall --help >&3
