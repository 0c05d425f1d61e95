#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# replay-of.sh PROGRAM... - how long 'report' takes for one large capture, for each of these builds of kvmstall; the
# first is what the others are compared with. No root.
#
# The capture is of EVENTS (2000003) events, by tests/bench/replay; nothing of it is printed, since no call takes an
# hour. They take turns, so that what else the machine does hits all of them: user and system time, of ROUNDS (31) runs
# the least, the first quarter, the median, and their ratios. On a machine with other work the median is the other
# work's as well; the least is nearly the program's own.
set -euo pipefail

cd "$(dirname "$0")/../.."
O=${O:-build} rounds=${ROUNDS:-31}
# shellcheck source=tests/bench/turns.sh
. tests/bench/turns.sh
[ $# -gt 0 ] || {
	echo "usage: $0 PROGRAM..." >&2
	exit 2
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${MAKE:-make}" -s O="$O" "$O/bench/replay" >&2
"$O/bench/replay" "${EVENTS:-2000003}" 2003 101 "$work/capture"

# cpu_ms PROGRAM: of one run.
cpu_ms()
{
	local TIMEFORMAT='%U %S'

	{ time "$1" report -q --min 1h "$work/capture" >/dev/null; } 2>&1 |
		awk '{ printf "%d\n", 1000 * ($1 + $2) + 0.5 }'
}

# at NUMBER PERCENT: of that program's runs.
at()
{
	quantile "$work/runs.$1" 1 "$2"
}

take_turns cpu_ms "$@"
print_machine
printf '%8s %8s %8s   %-17s   %s\n' 'least ms' '25 %' median 'to those of first' program
number=0
for program; do
	ratios=
	for percent in 0 25 50; do
		ratios+=$(awk -v of="$(at $number $percent)" -v to="$(at 0 $percent)" \
			'BEGIN { printf "%5.2f ", of / to }')
	done
	printf '%8d %8d %8d   %s   %s\n' "$(at $number 0)" "$(at $number 25)" \
		"$(at $number 50)" "$ratios" "$program"
	number=$((number + 1))
done
