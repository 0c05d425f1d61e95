#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Why timers took as long as they did, on this kernel: none fires before it was due as explained, and what is late
# has a reason. A part of run.sh, over what all its captures waited for; alone, it is of 1009 timers of SRCU and of 101 of
# RCU's kthread (make check-timers). TABLE=FILE has the figures, as docs/timers.md has them.
#
# shellcheck disable=SC2154 # work and here are run.sh's

[ "${BASH_SOURCE[0]}" != "$0" ] || TESTS="timers-1009 timers-table" exec bash "$(dirname "$0")/run.sh"

tests=${tests/ unexplained/ unexplained timers}

# waited_timers FILE...: each wait that a timer of SRCU or of RCU's kthread ended, with its explanation or null.
waited_timers()
{
	ndjson -c 'include "ndjson"; select(is_call) | .segments[] | select((.cause | IN("gp-timer", "cb-timer")) or .timer)
		| {of: (if .cause == "rcu" then "rcu" else .cause end), timer}' "$@"
}

# explain CNT KIND: the first CNT explained ones of that kind (a regular expression) of the file "waited".
explain()
{
	local jiffy near

	jiffy=$(jiffy_ns)
	jq -c --arg kind "^($2)\$" 'select(.timer and (.of | test($kind))) | .timer + {of}' waited | head -n "$1" >explained
	[ "$(wc -l <explained)" = "$1" ] || fail "only $(wc -l <explained) of $1 timers ($2) are explained, of $(wc -l <waited) waits"
	jq -c --argjson jiffy "$jiffy" 'select(.late_ns < -$jiffy / 50)' explained >early
	[ ! -s early ] || fail "fired before they were due:" "$(head -n 3 early)"
	# What a timer took is what it was due after, and what it was late: the same clock twice.
	jq -c --argjson jiffy "$jiffy" 'select((.took - .due) * $jiffy - .late_ns | fabs > 1000)' explained >off
	[ ! -s off ] || fail "late by something else than took less due:" "$(head -n 3 off)"
	jq -c --argjson jiffy "$jiffy" 'select(.late == "on-time" and .late_ns > $jiffy / 10
		or .late == "early-tick" and (.late_ns - $jiffy | fabs) > $jiffy / 8)' explained >wrong
	[ ! -s wrong ] || fail "a reason that its figures contradict:" "$(head -n 3 wrong)"
	jq -r .late explained | sort | uniq -c | sort -rn >late
	[ $((100 * $(grep -c '"unexplained"' explained))) -le "$1" ] || fail "late without a reason:" "$(cat late)"
	near=$(jq -c --argjson jiffy "$jiffy" 'select((.late_ns | fabs) <= $jiffy * 9 / 8)' explained | wc -l)
	note "$1 timers ($2), $near within a tick of when they were due: $(tr -s ' \n' ' ' <late)"
}

test_timers()
{
	# shellcheck disable=SC2046 # file names without blanks
	waited_timers $(all_traces) >waited
	explain 101 '.*'
}

# timers_of FILE OPTION...: what a repro with these waits for, added to the file.
timers_of()
{
	"$KVMSTALL" record -q -o timers.cap -- "$KVMSTALL" repro "${@:2}" >/dev/null 2>recorded || fail "$(cat recorded)"
	"$KVMSTALL" report --all --format json timers.cap >trace 2>/dev/null
	waited_timers trace >some
	"$KVMSTALL" report --by timer --format json timers.cap 2>/dev/null | jq -s 'map(.calls) | add // 0' >sum
	[ "$(cat sum)" = "$(grep -vc '"timer":null' some)" ] ||
		fail "--by timer counts $(cat sum), and the calls have $(grep -vc '"timer":null' some)"
	cat some >>"$1"
}

# explained_cnt KIND: of the file "waited".
explained_cnt()
{
	jq -c --arg kind "^($1)\$" 'select(.timer and (.of | test($kind)))' waited | wc -l
}

# The timer of RCU's kthread ends a wait where CPUs are idle: on a busy machine CPUs report first.
test_timers_1009()
{
	local _

	: >waited
	timers_of waited --rounds 401
	for _ in 1 2 3 4 5; do
		[ "$(explained_cnt 'gp-timer|cb-timer')" -lt 1009 ] || break
		timers_of waited --rounds 101
	done
	for _ in 1 2 3 4 5 6 7 8 9 10 11; do
		[ "$(explained_cnt rcu)" -lt 101 ] || break
		timers_of waited --scenario fdtable --rounds 401
	done
	cp waited "$work/timers"
	explain 1009 'gp-timer|cb-timer'
	[ "$(explained_cnt rcu)" -ge 101 ] || too_busy "the kthread's timer ended $(explained_cnt rcu) waits of 101"
	explain 101 rcu
}

# timer_row KIND NAME: of all of that kind.
timer_row()
{
	jq -rs --arg kind "$1" --arg name "$2" --argjson jiffy "$(jiffy_ns)" 'def n(f): map(select(f)) | length;
		def median: sort | .[length / 2 | floor]; def hundredths: . * 100 | round / 100;
		map(select(.of | test($kind))) | length as $waits | map(.timer | select(.)) | length as $explained
		| [$name, $waits, $explained, n((.late_ns | fabs) <= $jiffy * 9 / 8), n(.late == "on-time"), n(.late == "early-tick"),
			n(.late == "softirq"), n(.late | IN("stale-jiffies", "idle-cpu", "no-tick")), n(.late == "unexplained"),
			(map(.into) | median | hundredths), (map(.due) | median | hundredths), (map(.took) | median | hundredths),
			(map(.took) | max | hundredths)] | map(tostring) | "| " + join(" | ") + " |"' "$work/timers"
}

test_timers_table()
{
	[ -n "${TABLE-}" ] || skip 'no TABLE'
	[ -s "$work/timers" ] || fail 'no timers'
	{
		cat <<-END
			# Why timers took as long as they did

			Written by \`TABLE=docs/timers.md make check-timers\` (tests/live/timers.sh): Linux
			$(uname -r), HZ=$("$KVMSTALL" check --json | jq .kernel.hz), $(nproc) CPUs, $(date +%F), load $(cut -d ' ' -f 1 /proc/loadavg) at the end.
			Starts and ends of VMs, for SRCU's timers; tables of descriptors that grow, for the timer of RCU's kthread.

			*waits*: those for a timer; of RCU's, only those of which it is proven that it ended them. *explained*: it is known where in its jiffy the timer was
			armed, when it was due, as the wheel rounds it, and when it fired; of the rest a record is missing. *within a tick*: it fired in the tick that it was due in, or in
			the one after. The next five: why it was late, in the words of \`report --by timer\`. Then in jiffies: where in its jiffy it was
			armed (*into*), what it was due after, and what it took; medians, and the most.

			| timer of | waits | explained | within a tick | on-time | early-tick | softirq | stale-jiffies, idle-cpu, no-tick | unexplained | into | due | took | most |
			|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
		END
		timer_row '^gp-timer$' 'SRCU: a normal grace period'
		timer_row '^cb-timer$' 'SRCU: its callbacks'
		timer_row '^rcu$' "RCU's kthread"
		timer_row . all
	} >table
	cp table "$TABLE"
}
