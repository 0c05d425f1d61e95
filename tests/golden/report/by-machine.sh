# The same for programs.
for by in vm cause deferral; do
	kvmstall report --by $by --format json qemu.cap
	kvmstall report --by $by --format csv qemu.cap
done
