# Ioctls that nobody watches are listed where they are slow, under their names.
kvmstall report -a v01-encrypt-op.txt
