#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# top.sh [VMS...] - what a 'kvmstall top' on a terminal costs that nobody touches, while so many VMs live and do
# nothing (0 and 211). Root, /dev/kvm, tmux. A line for each: CPU of a second, wake-ups a second, resident memory.
# Nothing is asserted. SECONDS_EACH=23 says for how long; KVMSTALL is the program.
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
kvmstall=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
time=${SECONDS_EACH:-23}
[ $# -gt 0 ] || set -- 0 211
work=$(mktemp -d)
vmms=
trap '[ -z "$vmms" ] || kill "$vmms" 2>/dev/null; on_tmux kill-server 2>/dev/null; rm -rf "$work"' EXIT

on_tmux()
{
	TMUX='' tmux -f /dev/null -S "$work/tmux" "$@"
}

# used PID: ticks of CPU, and how often it went to sleep.
used()
{
	local status

	status=$(awk '/^voluntary/ { print $2 }' "/proc/$1/status")
	awk -v sleeps="$status" '{ sub(/.*\) /, ""); print $12 + $13, sleeps }' "/proc/$1/stat"
}

on_tmux new-session -d -x 80 -y 24 sh
for cnt; do
	if [ "$cnt" != 0 ]; then
		"$kvmstall" repro --profile minimal --vms "$cnt" --life 1h >/dev/null 2>&1 &
		vmms=$!
		sleep $((5 + cnt / 20))
	fi
	on_tmux send-keys -l "$kvmstall top"
	on_tmux send-keys Enter
	sleep 7
	top=$(pgrep -P "$(pgrep -P "$(on_tmux display -p '#{pane_pid}')")")
	read -r cpu sleeps < <(used "$top")
	sleep "$time"
	read -r cpu_then sleeps_then < <(used "$top")
	awk -v vms="$cnt" -v cpu=$((cpu_then - cpu)) -v sleeps=$((sleeps_then - sleeps)) -v time="$time" \
		-v hz="$(getconf CLK_TCK)" -v rss="$(awk '/^VmRSS/ { print $2 }' "/proc/$top/status")" 'BEGIN {
		printf "%5d VMs: %.2f %% of a CPU, %.1f wake-ups a second, %d KB\n", vms, 100 * cpu / hz / time, sleeps / time, rss }'
	on_tmux send-keys q
	[ -z "$vmms" ] || kill "$vmms" 2>/dev/null || true
	vmms=
done
