# Texts that people have beside a hang, and that are not read: each is named for what it is, with what it lacks.
for file in named/*; do
	kvmstall report -q "$file" 2>&1
	echo "($?)"
done
