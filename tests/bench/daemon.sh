#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# daemon.sh [VMS] - the daemon beside so many real VMs (1000) at rest, with series for each: memory,
# and how long scrapes take and how large they are. Goals: 16 MiB, 50 ms, 1 MiB. As root, with KVM.
set -euo pipefail

cd "$(dirname "$0")/../.."
vms=${1:-1000}
kvmstall=${KVMSTALL:-build/kvmstall}
work=$(mktemp -d)
trap 'rm -rf "$work"; kill $(jobs -p) 2>/dev/null || true' EXIT

rss()
{
	awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

# scrape: seconds and bytes
scrape()
{
	curl -s --unix-socket "$work/sock" -o "$work/scraped" -w '%{time_total} %{size_download}\n' http://localhost/metrics
}

"$kvmstall" export --listen "unix:$work/sock" --vm-limit "$vms" 2>"$work/err" &
daemon=$!
until scrape >/dev/null 2>&1; do
	sleep 0.1
	kill -0 $daemon || { cat "$work/err" >&2; exit 1; }
done
before=$(rss $daemon)
"$kvmstall" repro --profile minimal --vms "$vms" --life 41s >/dev/null &
repro=$!
sleep 23
echo "$(uname -r), HZ=$("$kvmstall" check --json | jq .kernel.hz), $(date -u +%F)"
for _ in 1 2 3 4 5 6 7; do
	scrape
	sleep 1.1
done | sort -n | awk '
	{ took[NR] = $1; bytes = $2 }
	END { printf "a scrape takes %.1f ms (median; %.1f at most), %d bytes\n",
		1000 * took[int((NR + 1) / 2)], 1000 * took[NR], bytes }'
echo "VMs with series: $(grep -c '^kvmstall_vm_info' "$work/scraped")"
echo "resident: $before kB without VMs, $(rss $daemon) kB with them"
awk '/^kvmstall_events_lost_total/ && $2 { print "lost: " $2, $1; sum += $2 }
	END { if (!sum) print "lost: nothing" }' "$work/scraped"
wait $repro
kill $daemon
wait $daemon
