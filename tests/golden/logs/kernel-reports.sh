# What else the kernel prints stacks in: lockups are calls that run, warnings are of no hang.
for file in kernel/*; do
	echo "== $file"
	kvmstall report "$file" 2>&1
	echo "($?)"
done
