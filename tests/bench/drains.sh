#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# drains.sh [--markdown FILE] [RUNS] - hosts that start and drain a hundred VMs at once, and two hundred, traced
#
# A row a run of tests/live/drain.c: what was lost, which accounts have holes, whose waits have a name, what the tool takes.
# MASSKILL: another C program, with VMs and irqfds of each as arguments, that does the like. ROWS=FILE, not of another
# kernel or program: each row goes there at once, and what is there is not made again. Root, KVM, BPF.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/page.sh
. "$here/tests/lib/page.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
ROWS=${ROWS:+$(readlink -f "$ROWS")}
source=$(readlink -f "${MASSKILL:-$here/tests/live/drain.c}")
markdown=''
if [ "${1-}" = --markdown ]; then
	markdown=$(readlink -f "${2:?}")
	shift 2
fi
runs=${1:-7}
[ "$(id -u)" = 0 ] || { echo "drains.sh: not root" >&2; exit 3; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
: "${ROWS:=$work/rows}"
touch "$ROWS"

# named(CAUSES): of the stalls with these headlines, how many say who.
# shellcheck disable=SC2016 # jq's
judge='include "ndjson";
	(map(select(.type == "summary"))[0]) as $summary | map(select(is_stall)) as $stalls
	| def named(causes): [$stalls[] | select((.cause | IN(causes)) and (.lock.held_by // "task") == "task") | .culprit.tid // 0 | . != 0] | "\(map(select(.)) | length) of \(length)";
	"\($summary.lost - $summary.losses.missed) | \($summary.losses.missed) | \($summary.incomplete) of \($summary.calls) | \(
		$stalls | 100 * (map(ns_by("unexplained")) | add // 0) / (map(.stall_ns) | add // 1) | . * 1000 | round / 1000) % | \(
		named("lock", "kthread", "reader", "poll-backoff", "gp-timer", "cb-timer", "invalidation")) | \(
		named("wakeup", "kworker", "runnable"))"'

# row VMS IRQFDS RUN
row()
{
	! grep -q "^| $1 | $2 | $3 |" "$ROWS" || return 0
	./peak kib "$KVMSTALL" trace --json -o trace -- ./drain "$1" "$2" >/dev/null
	echo "| $1 | $2 | $3 | $(jq -rs -L "$here/tests/lib" "$judge" trace) | $(awk '{ printf "%.1f MiB", $1 / 1024 }' kib) |" >>"$ROWS"
	[ -z "${KEEP-}" ] || cp trace "$KEEP/$1-$2-$3.trace"
}

page()
{
	cat <<-END
		# Hosts that drain

		So many processes each make a VM with memory, chips, a vCPU and irqfds, and all are killed at one moment, while a
		\`kvmstall trace\` watches. By \`tests/bench/drains.sh --markdown FILE\`: $(uname -r), HZ=$("$KVMSTALL" check --json | jq .kernel.hz), $(nproc) CPUs, $(date +%F), load $(cut -d ' ' -f 1 /proc/loadavg).

		*lost*: records; *missed*: switches that this kernel did not report, of some threads of the machine that are no VMM's
		(kvmstall-trace(8), LOSSES; its own trace of sched_switch lacks them too); *incomplete*: calls whose account has a hole, each
		for one of those; *unexplained*: of all stalled time; then, of the stalls whose headline is that they waited for somebody, how many
		name him (a lock that readers have, or a spinlock, has nobody's name in the kernel, and is not counted), and of those that
		waited for a CPU: one that was idle for half of the wait, nobody had. *memory*: the most that the tool had at once.

		| VMs | irqfds | run | lost | missed | incomplete | unexplained | somebody, named | a CPU, named | memory |
		|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
	END
	cat "$ROWS"
}

cc -O1 -pthread -w -o drain "$source"
cc -O1 -o peak "$here/tests/live/peak.c"
for run in $(seq "$runs"); do
	row 101 9 "$run"
	row 211 3 "$run"
done
page >page.md
put_page page.md "$markdown"
