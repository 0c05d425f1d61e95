#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vmm-orders.sh - the table of docs/vmm-order.md, to standard output: what the order of calls of each VMM costs on this host,
# and what another order gives. The orders are logs of VMMs (tests/golden/logs), lists (docs/vmm-orders) and repro's
# profiles; each is played ROUNDS times in turns with the same calls, memory slots first, and then with the moves that
# --suggest tries. Needs /dev/kvm and jq; as root the player has real-time priority, so that others' work matters less.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
ROUNDS=${ROUNDS:-31}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
HZ=${HZ:-$("$KVMSTALL" check 2>/dev/null | sed -n 's/.* HZ=\([0-9]*\).*/\1/p' | sed -n 1p)}
first=
! chrt -f 1 true 2>/dev/null || first='chrt -f 1'

played()
{
	# shellcheck disable=SC2086 # words
	$first "$KVMSTALL" repro "$@" --rounds "$ROUNDS" --json
}

# row NAME FILE
row()
{
	played --from "$2" --order memslots-first >"$work/played"
	played --from "$2" --suggest >"$work/suggested"
	jq -rn --arg name "$1" --slurpfile played "$work/played" --slurpfile suggested "$work/suggested" '
		def ms: if . == null then "?" else . / 1e4 | round / 100 | tostring end;
		def call: .call + (if .args.slot == null then "" elif .args.slot < 0 then " slot=last" else " slot=\(.args.slot)" end);
		($played[] | select(.type == "replay")) as $replay
		| ([$replay.calls[] | select(.call | test("MEMORY_REGION|CREATE_VCPU|MSR_FILTER"))] | max_by(.stalls)) as $worst
		| ([$suggested[] | select(.type == "suggestion" and .helps)] | min_by(.after_ns)) as $best
		| (if $worst.stalls * 5 < $worst.n then "| none in a fifth of the starts | | |"
		   else "| \($worst | call) | \($worst.stalls) of \($worst.n), \($worst.p50_ns | ms) | \($worst.other.stalls) of \($worst.other.n), \($worst.other.p50_ns | ms) |" end) as $call
		| "| \($name) \($call) \($replay.start.p50_ns | ms) | \($replay.start_other.p50_ns | ms) | " +
		  (if $best then "\($best.move): \($best.before_ns | ms) → \($best.after_ns | ms) (\($best.low_ns | ms) … \($best.high_ns | ms))" else "none helps" end) + " |"'
}

cat <<END
Made by \`scripts/vmm-orders.sh\`, Linux $(uname -r), HZ=$HZ, $(nproc) CPUs, $(date -u +%Y-%m-%d), $ROUNDS rounds, load average
$(cut -d' ' -f1-3 /proc/loadavg). Milliseconds, medians.

| order of | the call that waits | its stalls, time | with memory first | start | start, memory first | the move that --suggest finds: start, 95 % of the change |
|---|---|---|---|--:|--:|---|
END
row 'Firecracker 1.17 (log)' "$here/tests/golden/logs/firecracker-1.17-start.strace"
row 'QEMU 10 q35 (log)' "$here/tests/golden/logs/qemu-10-q35.strace"
row 'kvmtool (log)' "$here/tests/golden/logs/kvmtool-run.strace"
row 'Cloud Hypervisor (list)' "$here/docs/vmm-orders/cloud-hypervisor.list"
for profile in firecracker qemu crosvm; do
	"$KVMSTALL" repro --profile $profile --list >"$work/$profile.list"
	row "profile $profile" "$work/$profile.list"
done
