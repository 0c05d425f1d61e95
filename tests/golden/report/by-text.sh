# Added up, what costs most first.
for by in vm call cause phase culprit deferral; do
	kvmstall report --by $by -q qemu.cap && echo
done
