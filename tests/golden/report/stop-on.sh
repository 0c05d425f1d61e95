# What the recording stopped for is shown, though --stuck and --min would leave it out; once in all.
command -v jq >/dev/null || { echo 'no jq' >&2; exit 77; }
kvmstall report --min 1h stop.cap
kvmstall report --quiet --min 1h --stuck 0 --format json stop.cap | jq -c 'select(.stop_on) | {type, call, stuck, cause}'
kvmstall report --quiet --min 1h --stuck 0 --pid 1 stop.cap
