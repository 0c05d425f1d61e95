# Trouble is 2, whatever it is: 1 would say that something is worse.
try()
{
	kvmstall diff "$@"
	echo "-- $?"
}

try
try x86-before.strace
try x86-before.strace x86-after.strace more
try x86-before.strace nothing.kvs
try x86-before.strace x86-stack.perf
try x86-before.strace,, x86-after.strace
try x86-before.strace /dev/null
try seed.sh x86-after.strace
try x86-before.strace log.awk
try --min-effect 5 x86-before.strace x86-after.strace
try --min-effect=-5% x86-before.strace x86-after.strace
try --alpha 1 x86-before.strace x86-after.strace
try --format yaml x86-before.strace x86-after.strace
kvmstall diff x86-before.strace x86-after.strace >/dev/full
