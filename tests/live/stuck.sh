#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A call that hangs: a page of the guest is withheld for five seconds, a vCPU thread sleeps on it inside
# the SRCU read side, and a memslot update waits. What does trace --stuck say while it does? A part of
# run.sh; alone, it is all that run.sh runs.

# shellcheck disable=SC2154 # work and here are run.sh's, watcher is watch.sh's

[ "${BASH_SOURCE[0]}" != "$0" ] || TESTS='stuck-reader stuck-together stuck-in-flight stuck-attached stuck-killed' \
	exec bash "$(dirname "$0")/run.sh"

# hang SECONDS: in $vmm and $reader the process, and its thread that will have held the domain.
hang()
{
	# shellcheck disable=SC2094 # a command's name is no file
	"$KVMSTALL" repro --json --profile minimal --inject reader --hold "$1s" >repro &
	vmm=$!
	until_true 5 is_held $vmm
	reader=$(grep -lx kvmstall-reader /proc/$vmm/task/*/comm | cut -d / -f 5)
}

# Ours; others may have VMs that hang beside it. The last line may not be whole yet.
is_stuck()
{
	jq -c "select(.stuck == true and .tid == $vmm)" trace 2>/dev/null | grep -q .
}

# names_the_reader WHAT FILTER: all of our VMM that FILTER lets through, and there is some, name it.
names_the_reader()
{
	set -- "$1" "select(.tid == $vmm) | $2"
	some "$1" "$2" trace || {
		jq -c 'select(.type == "summary" or .type == "lost" or .tid == '"$vmm"') | del(.waits, .advice)' trace
		return 1
	}
	none "$1, but not the reader $reader" "$2 | select(.cause != \"reader\" or .culprit.kind != \"reader\"
		or .culprit.tid != $reader or .culprit.function != \"handle_userfault\")
		| {cause, latency_ns, segments, culprit}" trace
	none "$1: off balance" "$2 | select(is_off_balance)" trace
}

test_stuck_reader()
{
	local filter="select(.type == \"stall\" and .stuck)"

	watch trace --stuck 1s
	hang 5
	wait $vmm
	unwatch
	names_the_reader "told while it hangs" "$filter"
	# In the first, second and fourth second, or later on a busy machine; and not more often.
	value "map($filter | select(.tid == $vmm) | .latency_ns / 1e9 | log2 | floor) | tojson" trace >ages
	jq -e 'length > 0 and length <= 3 and . == unique' ages ||
		fail "not at doubling intervals: powers of two of seconds are $(cat ages)"
	names_the_reader "told when it is over" 'select(.type == "stall" and (.stuck | not) and .latency_ns > 1e9)'
	# shellcheck disable=SC2016 # jq's
	ndjson -nc --slurpfile trace trace --slurpfile repro repro 'include "inject"; $repro
		| rounds("reader"; $trace | map(select(.stuck | not)); 0)' >rounds
	none "held and said" 'select(.wrong != [])' rounds
	none "not all of it" '.seen[] | select(ns_by("reader", "poll-backoff", "kworker", "wakeup", "runnable") * 100 < .stall_ns * 99)
		| .segments' rounds
	note "$(jq -r '.seen[0] | "\(.latency_ns / 1e6 | floor) ms: \(.segments
		| map(select(.cause == "reader" or .cause == "poll-backoff")) | group_by(.cause)
		| map("\(.[0].cause) \(map(.ns) | add / 1e6 | floor) ms") | join(", "))"' rounds)"
}

# Three VMs are held at once, each for far longer than it takes to scan for one reader after the other.
test_stuck_together()
{
	local held named

	# shellcheck disable=SC2016,SC2094 # the inner shell's; a command's name is no file
	timeout -k 5 100 "$KVMSTALL" trace --json -- sh -c 'for vm in 1 2 3; do
		"$0" repro --profile minimal --inject reader --hold 307ms --rounds 11 >repro.$vm & done; wait' \
		"$KVMSTALL" >trace
	held=$(value 'map(select(.cause == "reader" and .stall_ns > 200000000)) | length' trace)
	named=$(value 'map(select(.cause == "reader" and .stall_ns > 200000000
		and .culprit.function == "handle_userfault")) | length' trace)
	note "of $held calls that were held $named name the reader"
	[ "$held" -ge 23 ] || skip "too busy: only $held of 33 calls were held"
	# A CPU that came too late may cost one; to scan for only one VM at a time costs half of them.
	[ $((named * 4)) -ge $((held * 3)) ] || fail "of $held calls only $named name the reader"
}

# Calls that were in flight when the trace started are counted apart: nothing was lost.
test_stuck_in_flight()
{
	hang 3
	watch trace --stuck 0
	wait $vmm
	unwatch
	value 'map(select(.type == "summary")) | .[0] | .in_flight' trace >in-flight
	# The memslot update; others may have some.
	[ "$(cat in-flight)" -ge 1 ] || fail "$(cat in-flight) calls were in flight"
	none "lost" 'select(.type == "lost" and .where == "no-begin")' trace
}

# It hung before anybody looked.
test_stuck_attached()
{
	repeat 3 stuck_attached
}

stuck_attached()
{
	hang 10
	watch trace --stuck 1s -p $vmm
	until_true 10 is_stuck
	kill -KILL $vmm
	wait $vmm || true
	unwatch
	names_the_reader "told while it hangs" 'select(.type == "stall" and .stuck)'
	none "complete, without its begin" 'select(.type == "stall" and .stuck and .complete)' trace
	some "the place" 'select(.stuck) | .waits[] | select(.site == "kvm_swap_active_memslots"
		and .domain == "kvm.srcu" and (.stack | length) > 0)' trace
}

test_stuck_killed()
{
	repeat 3 stuck_killed
}

stuck_killed()
{
	watch trace --stuck 1s
	hang 10
	until_true 10 is_stuck
	kill -KILL $vmm
	wait $vmm || true
	unwatch
	names_the_reader "told while it hangs" 'select(.type == "stall" and .stuck)'
	names_the_reader "told when it was killed" 'select(.type == "stall" and (.stuck | not) and .latency_ns > 1e9)'
	none "not killed" "select(.tid == $vmm and .type == \"stall\" and (.stuck | not) and .latency_ns > 1e9
		and (.killed | not))" trace
	some "the end of its VM" "select(.type == \"vm\" and .event == \"gone\" and .vm.pid == $vmm)" trace
}
