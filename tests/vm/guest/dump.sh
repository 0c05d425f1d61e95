#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest, for ../dump.sh: a reader withheld, who waits for it, and who waits for that one's mutex; trace dumps it.
set -eu

# tid_of NAME PID: its thread that is called so.
tid_of()
{
	grep -lx "$1" "/proc/$2/task"/*/comm 2>/dev/null | head -n 1 | cut -d / -f 5
}

# seen: all three are there; who they are.
seen()
{
	vmm=$(pidof kvmstall | tr ' ' '\n' | while read -r pid; do
		[ -z "$(tid_of kvmstall-second "$pid")" ] || echo "$pid"
	done)
	[ -n "$vmm" ] || return
	reader=$(tid_of kvmstall-reader "$vmm")
	[ -n "$reader" ] || return
	printf '%s %s %s\n' "$vmm" "$reader" "$(tid_of kvmstall-second "$vmm")" >/out/holders
}

uname -r >/out/release
cat /proc/sys/kernel/tainted >/out/tainted
kvmstall repro --profile minimal >/dev/null # the first time all is slow here
kvmstall trace -q --json --stuck 1s --dump /out/dump -o /out/trace -- \
	kvmstall repro --json --profile minimal --inject hang --hold 10s >/out/repro 2>/out/errors &
until seen; do
	kill -0 $!
	sleep 0.3
done
wait $!
