# --since and --until: calls of which a part lies between, by time of day or from the start or the end.
q() { kvmstall report -q "$@" qemu.cap; echo "$*: exit status $?"; }
q --since +130ms
q --until 09:14:49.59
q --since 09:14:49.600 --until -20ms
kvmstall report --by call --since -30ms qemu.cap
kvmstall report -q --format csv --since +10ms ../logs/v01-encrypt-op.txt | cut -d, -f 1,8
# The same of each side.
kvmstall diff --since -30ms qemu.cap qemu.cap
