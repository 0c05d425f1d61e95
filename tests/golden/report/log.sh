# A log of strace: causes are guesses, and everything that names one says so.
log=../diff/x86-after.strace
kvmstall report --format csv $log && echo
for by in call cause deferral; do
	kvmstall report --by $by -q $log && echo
done
