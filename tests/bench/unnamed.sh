#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# unnamed.sh [ROUNDS] - how much of a VM's start and end is other-sleep, for which no cause has a name
#
# A row a profile of kvmstall repro: the share of all that its calls took, and the functions that slept. Root, KVM, BPF.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
[ "$(id -u)" = 0 ] || { echo "unnamed.sh: not root" >&2; exit 3; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for profile in firecracker qemu crosvm minimal; do
	"$KVMSTALL" trace --json --all -o "$work/trace" -- "$KVMSTALL" repro -p "$profile" -r "${1:-31}" >"$work/out" 2>&1
	# shellcheck disable=SC2016 # jq's
	jq -rs --arg profile "$profile" 'map(select(.type == "stall" and .call != "irqfd_shutdown")) as $calls
		| [$calls[].segments[] | select(.cause == "other-sleep")] as $sleeps
		| "\($profile): \((($sleeps | map(.ns) | add) // 0) * 10000 / ($calls | map(.latency_ns) | add) | round / 100) % of \(
			$calls | map(.latency_ns) | add / 1e6 | round) ms: \($sleeps | group_by(.function)
			| map("\(.[0].function) \(map(.ns) | add / 1e4 | round / 100) ms") | join(", "))"' "$work/trace"
done
