# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2154 # jq programs have $; work and names are of other parts
# The start of a VM as one figure, and its end.

# Each VM of repro has one start and one end, which agree with what repro itself saw of the VM: no shorter than its calls
# from the second one to KVM_RUN, and no longer than from before the first to after the last.
test_start_truth()
{
	"$KVMSTALL" record -q -o start.kvs -- "$KVMSTALL" repro --rounds 23 --json >start.repro
	"$KVMSTALL" report -q -f json start.kvs >start.trace
	value 'map(select(.type == "span")) | [map(select(.part == "start")), map(select(.part == "end"))]
		| map(length) | tojson' start.trace >found
	[ "$(cat found)" = '[23,23]' ] || fail "starts and ends: $(cat found)"
	none "a sum that is not the whole" 'select(.type == "span")
		| select(([.ns_by_cause[]] | add) + .outside_ns != .latency_ns)' start.trace
	none "a start without its KVM_RUN" 'select(.type == "span" and .part == "start") | select(.ran | not)' start.trace
	none "more with less to wait for" 'select(.type == "span") | select(.without_ns > .latency_ns)' start.trace
	jq -s --slurpfile repro start.repro 'map(select(.type == "span" and .part == "start")) as $starts
		| [$repro[] | select(.type == "call")] | group_by(.round) | to_entries[]
		| (.value | sort_by(.ts_ns)) as $calls | $starts[.key] as $start
		| ($calls[] | select(.call == "KVM_RUN") | .ts_ns) as $run
		| $calls[0] as $create
		| {round: .key, ns: $start.latency_ns, least: ($run - $create.ts_ns - $create.latency_ns),
			most: ($run - $create.ts_ns + ($calls[] | select(.call == "KVM_RUN") | .latency_ns))}
		| select(.ns < .least or .ns > .most)' start.trace >off
	[ ! -s off ] || fail "not what repro saw: $(head -n 3 off)"
}

# A VM that never runs started with its last call that took time; one that exits without closing has an end.
test_start_paused()
{
	"$KVMSTALL" record -q -o paused.kvs -- "$KVMSTALL" repro -p minimal --rounds 7 >/dev/null
	"$KVMSTALL" report -q -f json paused.kvs >paused.trace
	value 'map(select(.type == "span" and .part == "start" and (.ran | not))) | length' paused.trace >found
	[ "$(cat found)" = 7 ] || fail "$(cat found) starts, not 7"
	"$KVMSTALL" report -q -a -f json paused.kvs >paused.calls
	value '. as $all | map(select(.type == "span" and .part == "start"))[] | .vm.id as $id | (.ts_ns + .latency_ns) as $over
		| select([$all[] | select(is_call and .vm.id == $id and .ts_ns + .latency_ns == $over)] | length != 1)' \
		paused.calls >off
	[ ! -s off ] || fail "no call ends with the start: $(head -n 3 off)"
}

# Memory slots before the devices: that is what the start is shorter by.
test_start_report()
{
	"$KVMSTALL" record -q -o order.kvs -- "$KVMSTALL" repro -o devices-first --rounds 7 >/dev/null
	"$KVMSTALL" report -q -f json --by start order.kvs >order.rows
	some "the timer of a start" 'select(.by == "start" and .key == "start: gp-timer")' order.rows
	value 'map({(.key): .sum_ns}) | add | .start > .["start: with no grace period outstanding"]' order.rows >found
	[ "$(cat found)" = true ] || fail "nothing is saved: $(cat order.rows)"
	"$KVMSTALL" report order.kvs 2>&1 >/dev/null | grep -q '^start of 7 VMs: median ' || fail 'not in the summary'
}

tests="$tests start-truth start-paused start-report"
