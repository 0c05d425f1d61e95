#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# start.sh [PROGRAM...] - what it costs until 'trace' is attached, for each of these builds of kvmstall,
# build/kvmstall by default; the first is what the others are compared with. Root, /dev/kvm.
#
# They take turns, so that what else the machine does hits all of them; a median and a ratio are printed, and
# nothing is asserted. ROUNDS=31 sets how many. "attached": from the start to the first instruction of
# COMMAND, which is run when the programs are attached; "CPU": user and system, of the whole run;
# "resident" then, and the peak.
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${ROUNDS:-31}
# shellcheck source=tests/bench/turns.sh
. "$here/tests/bench/turns.sh"
[ $# -gt 0 ] || set -- "$here/build/kvmstall"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export work

# What COMMAND does, as a child of kvmstall; its shell is loaded within what is measured.
cat >"$work/command" <<'END'
#!/bin/sh
date +%s%N >"$work/now"
grep -E '^Vm(RSS|HWM)' "/proc/$PPID/status" >"$work/status"
END
chmod +x "$work/command"

# one_run PROGRAM: a line "attached_us cpu_us resident_kb peak_kb".
one_run()
{
	local before cpu
	local TIMEFORMAT='%U %S'

	before=$(date +%s%N)
	cpu=$({ time "$1" trace -q -- "$work/command" >/dev/null 2>"$work/err"; } 2>&1) || {
		cat "$work/err" >&2
		return 1
	}
	awk -v before="$before" -v now="$(cat "$work/now")" -v cpu="$cpu" '
		/^VmRSS/ { rss = $2 }
		/^VmHWM/ { peak = $2 }
		END {
			split(cpu, part, " ")
			printf "%d %d %d %d\n", (now - before) / 1000, (part[1] + part[2]) * 1e6, rss, peak
		}' "$work/status"
}

take_turns one_run "$@"
print_machine
printf '%-10s %8s %8s %8s %9s %9s   %s\n' '' 'median' '10 %' '90 %' 'to first' '' program
number=0
for program; do
	runs=$work/runs.$number
	number=$((number + 1))
	column=0
	for what in 'attached ms 1000' 'CPU ms 1000' 'resident MB 1024' 'peak MB 1024'; do
		read -r name unit scale <<<"$what"
		column=$((column + 1))
		awk -v name="$name" -v unit="$unit" -v scale="$scale" -v program="$program" \
			-v median="$(quantile "$runs" $column 50)" -v low="$(quantile "$runs" $column 10)" \
			-v high="$(quantile "$runs" $column 90)" -v first="$(quantile "$work/runs.0" $column 50)" '
			BEGIN {
				printf "%-10s %8.1f %8.1f %8.1f %9.2f %9s   %s\n", name, median / scale, low / scale,
					high / scale, first ? median / first : 0, unit, program
			}'
	done
done
