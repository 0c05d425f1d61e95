# A timer more: exit status 1, the cause and its culprit, in each format.
old=$(mktemp) new=$(mktemp)
trap 'rm -f "$old" "$new"' EXIT
awk -v SEED=1 -v TIMER=0 -f log.awk >"$old"
awk -v SEED=2 -v TIMER=4000 -f log.awk >"$new"
for format in text markdown json; do
	kvmstall diff -f "$format" "$old" "$new" | sed "s,$old,BASE,; s,$new,NEW,"
	echo "-- ${PIPESTATUS[0]}"
done
