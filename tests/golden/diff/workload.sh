# Other calls: 3, even where what they have in common is the same.
log=$(mktemp) less=$(mktemp)
trap 'rm -f "$log" "$less"' EXIT
awk -v SEED=2 -v TIMER=4000 -f log.awk >"$log"
grep -v IRQCHIP "$log" >"$less"
kvmstall diff "$log" "$less" | tail -n 2
echo "-- ${PIPESTATUS[0]}"
grep -E 'CREATE_VM,' "$log" >"$less"
kvmstall diff "$log" "$less" | tail -n 3
exit "${PIPESTATUS[0]}"
