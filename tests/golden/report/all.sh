# With --all, --min still says how long; and what never slept is neither a stall nor a call that slept.
command -v jq >/dev/null || { echo 'no jq' >&2; exit 77; }
kvmstall report --all --min 100us qemu.cap
kvmstall report --quiet --all --format json qemu.cap |
	jq -sc '{calls: map(select(.type == "call" or .type == "stall")) | length,
		slept: map(select(.type == "stall")) | length, summary: (.[-1] | {calls, stalls})}'
kvmstall report --quiet --all --by call qemu.cap | head -n 3
