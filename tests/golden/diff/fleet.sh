# Two groups of hosts, as a Prometheus knows them: worse, better and the same, in each format.
compare()
{
	kvmstall diff --prometheus <(awk "$@" -f fleet.awk) "${format[@]}" 2>&1 | sed 's,/dev/fd/[0-9]*,FILE,'
	echo "-- ${PIPESTATUS[0]}"
}

for format in text markdown lkml junit json; do
	format=(-f "$format")
	compare -v SLOW=8
done
format=()
compare -v SLOW=0
compare -v SLOW=-0.7 -v FORM=classic
compare -v SLOW=8 -v WARNS=1 -v FORM=none
format=(--min 10ms)
compare -v SLOW=8
# What a mail has of them is no wider than 72 columns.
kvmstall diff -f lkml --prometheus <(awk -v SLOW=8 -f fleet.awk) | awk 'length($0) > 72 { print "too wide: " $0 }'
