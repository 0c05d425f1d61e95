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

# lost WHEN: what was lost since the last time, by kind.
lost()
{
	scrape >/dev/null
	grep '^kvmstall_events_lost_total' "$work/scraped" >"$work/lost"
	awk -v when="$1" 'NR == FNR { before[$1] = $2; next }
		$2 > before[$1] { split($1, part, "\""); text = text ", " $2 - before[$1] " " part[2] }
		END { print "lost " when ": " (text == "" ? "nothing" : substr(text, 3)) }' "$work/lost.before" "$work/lost"
	mv "$work/lost" "$work/lost.before"
}

"$kvmstall" export --listen "unix:$work/sock" --vm-limit "$vms" 2>"$work/err" &
daemon=$!
until scrape >/dev/null 2>&1; do
	sleep 0.1
	kill -0 $daemon || { cat "$work/err" >&2; exit 1; }
done
before=$(rss $daemon)
echo nothing 0 >"$work/lost.before" # awk takes an empty file for the next
at_start=$(lost 'at the start')
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
echo "$at_start"
lost 'while they were there'
wait $repro
sleep 1.1
lost 'when they ended'
kill $daemon
wait $daemon
