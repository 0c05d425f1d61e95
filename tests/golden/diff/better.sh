# The other way round: exit status 0.
old=$(mktemp) new=$(mktemp)
trap 'rm -f "$old" "$new"' EXIT
awk -v SEED=1 -v TIMER=0 -f log.awk >"$old"
awk -v SEED=2 -v TIMER=4000 -f log.awk >"$new"
kvmstall diff "$new" "$old" | tail -n 1
exit "${PIPESTATUS[0]}"
