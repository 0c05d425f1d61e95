#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# logs.sh [MIB] - how fast report reads a log of strace, and in how much memory. The log is a recording of repro, put
# one after the other with later times until it has MIB (1024). Figures: bytes a second of CPU time, which other work on
# the machine hardly changes, and of wall time; the most memory that was resident.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
kvmstall=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
mib=${1:-1024}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

strace -f -ttt -T -y -o one "$kvmstall" repro >strace.out
awk -v size="$((mib * 1048576))" '
	{ tid[NR] = $1; time[NR] = $2; $1 = $2 = ""; rest[NR] = substr($0, 3) }
	END {
		for (round = 0; written < size; round++)
			for (i = 1; i <= NR && written < size; i++) {
				line = sprintf("%s %.6f %s", tid[i], time[i] + 10 * round, rest[i])
				print line
				written += length(line) + 1
			}
	}' one >log

# The memory that a process has had at most, in KiB: read until it is gone.
most()
{
	local kib=0

	while sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status" >hwm 2>/dev/null && [ -s hwm ]; do
		kib=$(cat hwm)
		sleep 0.1
	done
	echo "$kib" >most
}

bytes=$(stat -c %s log)
TIMEFORMAT='%R %U %S'
{ time { "$kvmstall" report -q log >found & most $! & wait; }; } 2>spent
read -r wall user system <spent
awk -v bytes="$bytes" -v wall="$wall" -v cpu="$user $system" -v kib="$(cat most)" -v stalls="$(($(wc -l <found) - 1))" 'BEGIN {
	split(cpu, part, " ")
	printf "%.0f MB, %d stalls: %.0f MB a second of CPU time, %.0f MB a second; %.1f MiB of memory\n", bytes / 1e6, stalls,
		bytes / 1e6 / (part[1] + part[2]), bytes / 1e6 / wall, kib / 1024
}'
