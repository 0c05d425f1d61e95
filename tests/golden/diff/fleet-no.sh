# Groups of hosts that cannot be compared: named, and 3.
compare()
{
	echo "== $*"
	kvmstall diff --prometheus <(awk "$@" -f fleet.awk) 2>&1 | sed -n '/^left out/,$p; /^note/p' | awk '!seen[$0]++'
	echo "-- ${PIPESTATUS[0]}"
}

compare -v SLOW=8 -v HOSTS=4
compare -v SLOW=8 -v STOPPED=7
compare -v SLOW=8 -v STOPPED=1
compare -v SLOW=8 -v RESET=2
compare -v SLOW=8 -v LATE=2
compare -v SLOW=8 -v LOSES=2
compare -v SLOW=8 -v IDLE=2
compare -v SLOW=8 -v MOVED=1
compare -v SLOW=8 -v MIXED=3
compare -v SLOW=8 -v CALLS=3
compare -v SLOW=8 -v HOSTS=13 -v STOPPED=11
kvmstall diff -f json --prometheus <(awk -v NEW=4 -v STOPPED=1 -f fleet.awk) | jq -c '[.verdict, .exit_status, .reasons, .new.left_out]'
kvmstall diff -f junit --prometheus <(awk -v NEW=4 -f fleet.awk) | grep error
