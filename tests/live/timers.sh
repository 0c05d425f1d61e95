#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Why timers took as long as they did, on this kernel: none fires before it was due as explained, and what is late
# has a reason. A part of run.sh, over what all its captures waited for; alone, it is of 1009 timers (make check-timers).
#
# shellcheck disable=SC2154 # work and here are run.sh's

[ "${BASH_SOURCE[0]}" != "$0" ] || TESTS=timers-1009 exec bash "$(dirname "$0")/run.sh"

tests=${tests/ unexplained/ unexplained timers}

# timers FILE...: each wait for a timer of SRCU or of RCU's kthread, with its explanation or null.
waited_timers()
{
	ndjson -c 'include "ndjson"; select(is_call) | .segments[] | select((.cause | IN("gp-timer", "cb-timer")) or .timer) | .timer' "$@"
}

# explain CNT: the first CNT explained ones of the file "waited".
explain()
{
	local jiffy near

	jiffy=$(jiffy_ns)
	grep -v null waited | head -n "$1" >explained
	[ "$(wc -l <explained)" = "$1" ] || fail "only $(wc -l <explained) of $1 timers are explained, of $(wc -l <waited)"
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
	note "$1 timers, $near within a tick of when they were due: $(tr -s ' \n' ' ' <late)"
}

test_timers()
{
	# shellcheck disable=SC2046 # file names without blanks
	waited_timers $(all_traces) >waited
	explain 101
}

test_timers_1009()
{
	"$KVMSTALL" record -q -o timers.cap -- "$KVMSTALL" repro --rounds 401 >/dev/null 2>recorded || fail "$(cat recorded)"
	"$KVMSTALL" report --all --format json timers.cap >trace 2>/dev/null
	waited_timers trace >waited
	explain 1009
	"$KVMSTALL" report --by timer --format json timers.cap 2>/dev/null | jq -s 'map(.calls) | add' >sum
	[ "$(cat sum)" = "$(grep -vc null waited)" ] || fail "--by timer counts $(cat sum), and the calls have $(grep -vc null waited)"
}
