# With -o the findings go to a file. Which there are is this host's business.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kvmstall check -o "$work/text"
grep -cE '^(kernel|full|degraded|cannot)' "$work/text"
kvmstall check --json --output "$work/json"
grep -o '^{"type":"check","v":1' "$work/json"
kvmstall check -o /dev/full
echo "-- $?"
kvmstall check -o /nonexistent/file
