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
	[ "$(value 'map(select(.type == "summary"))[0].backend' start.trace)" != tracepoint ] ||
		none "a start without its KVM_RUN" 'select(.type == "span" and .part == "start") | select(.ran | not)' start.trace
	none "more with less to wait for" 'select(.type == "span") | select(.without_ns > .latency_ns)' start.trace
	jq -s --slurpfile repro start.repro 'map(select(.type == "span" and .part == "start")) as $starts
		| [$repro[] | select(.type == "call")] | group_by(.round) | to_entries[]
		| (.value | sort_by(.ts_ns)) as $calls | $starts[.key] as $start
		| ($calls[] | select(.call == "KVM_RUN") | .ts_ns) as $run
		| $calls[0] as $create
		| {round: .key, ns: $start.latency_ns,
			least: (if $start.ran then $run - $create.ts_ns - $create.latency_ns else 0 end),
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

# A guest that really runs: whichever backend, its first KVM_RUN is seen, once. What kvmstall repro asks of KVM_RUN is to
# return before the guest is entered, which programs on functions do not see.
test_start_run()
{
	local status=0

	[ "$(uname -m)" = x86_64 ] || skip "its guest's code is x86"
	command -v cc >/dev/null || skip "no cc"
	cc -o halt "$here/tests/live/halt.c" || fail "halt.c does not build"
	./halt || status=$?
	[ "$status" != 77 ] || skip "this KVM does not run it"
	"$KVMSTALL" record -q -o halt.kvs -- ./halt
	"$KVMSTALL" report -q -f json halt.kvs >halt.trace
	value 'map(select(.type == "span")) | map([.part, .ran]) | tojson' halt.trace >found
	[ "$(cat found)" = '[["start",true],["end",false]]' ] || fail "$(cat found)"
}

# The selftest for others: it builds by itself, and says of this kernel what check knows of it.
test_kselftest()
{
	command -v gcc >/dev/null || skip "no gcc"
	gcc -Wall -Wextra -Werror -o ksft "$here/contrib/kselftest/kvm_io_bus_latency.c" || fail "it does not build"
	"$KVMSTALL" check --json >check.json || true
	jq -e '.register_dev != null' check.json >/dev/null || skip "check does not know what kvm_io_bus_register_dev() does"
	repeat 3 kselftest
}

kselftest()
{
	local status=0 expected=0

	[ "$(jq -r .register_dev check.json)" != defers ] || expected=1
	./ksft -r 23 >ksft.tap || status=$?
	grep -qx '1..1' ksft.tap || fail "not TAP: $(cat ksft.tap)"
	grep -qxE "$([ $status = 0 ] || echo 'not ')ok 1 - .*" ksft.tap || fail "status $status and $(cat ksft.tap)"
	[ "$status" = "$expected" ] || too_busy "exit status $status, not $expected: $(cat ksft.tap)"
}

# repro as a test: what takes longer fails it, by its status and in TAP; a bound that nothing reaches passes.
test_fail_above()
{
	local status=0

	"$KVMSTALL" repro -p minimal --rounds 7 --fail-above 1ns >above || status=$?
	[ "$status" = 1 ] || fail "exit status $status, not 1"
	grep -q -- '--- too long: KVM_CREATE_VM 1: 7 of 7 above 1ns' above || fail "$(tail -n 5 above)"
	"$KVMSTALL" repro -p minimal --rounds 7 --fail-above 600s >below || fail "exit status $?, not 0"
	! grep -q 'too long' below || fail "$(grep 'too long' below)"
	"$KVMSTALL" repro -p minimal --vms 3 --rounds 7 --tap --fail-above 600s >tap || fail "exit status $?, not 0"
	awk 'NR == 1 { exit_code = $0 != "TAP version 13" } /^1\.\./ { plan = substr($0, 4) } /^ok / { if ($2 != ++cnt || / of 21 above / == 0) exit_code = 1 }
		!/^(TAP version 13|1\.\.[0-9]+|ok .*)$/ { exit_code = 1 } END { exit exit_code || plan != cnt }' tap || fail "$(cat tap)"
	status=0
	"$KVMSTALL" repro -p minimal --rounds 7 --tap --fail-above 1ns >tap || status=$?
	[ "$status" = 1 ] || fail "exit status $status, not 1"
	grep -q '^not ok 1 - KVM_CREATE_VM 1: 7 of 7 above 1ns, ' tap || fail "$(cat tap)"
}

tests="$tests kselftest fail-above start-run start-truth start-paused start-report"
