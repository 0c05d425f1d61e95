# Another log of the same thing, and the same log: 0. Several files a side, standard input: likewise.
one=$(mktemp) two=$(mktemp)
trap 'rm -f "$one" "$two"' EXIT
awk -v SEED=2 -v TIMER=4000 -f log.awk >"$one"
awk -v SEED=3 -v TIMER=4000 -f log.awk >"$two"
kvmstall diff "$one" "$two" | tail -n 1
echo "-- ${PIPESTATUS[0]}"
kvmstall diff "$one,$two" "$two,$one" | tail -n 1
echo "-- ${PIPESTATUS[0]}"
kvmstall diff "$two" - <"$one" | tail -n 1
echo "-- ${PIPESTATUS[0]}"
cmp <(kvmstall diff "$one" "$two") <(kvmstall diff "$one" "$two")
