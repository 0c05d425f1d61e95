# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2094,SC2154 # jq programs have $; work is of lib/suite.sh
# Is what trace says what repro did?

jiffy_ns()
{
	"$KVMSTALL" check --json | jq '1000000000 / .kernel.hz' || true
}

# paired: pairs of a run's repro and trace objects: {repro, trace: [...]}, one a line.
paired()
{
	ndjson -nc --slurpfile trace "$work/captures/$1.trace" --slurpfile repro "$work/captures/$1.repro" \
		'include "ndjson"; pairs($trace; $repro)'
}

# The memslot call that follows devices within a jiffy finds their grace period in flight: a normal
# one takes longer than that.
test_register_culprit()
{
	local jiffy name seen=0 stalled=0

	jiffy=$(jiffy_ns)
	for name in qemu firecracker minimal; do
		ndjson -nc --argjson jiffy "$jiffy" --slurpfile trace "$work/captures/$name.trace" \
			--slurpfile repro "$work/captures/$name.repro" '
			include "ndjson";
			$repro | memslots_behind_devices
			| select(.call.ts_ns - .starters[0].ts_ns < $jiffy)
			| . + {found: [pairs($trace; [.call]).trace[]]}' >"$name"
		none "$name: not one object of trace for it" 'select(.found | length != 1)' "$name"
		none "$name: neither for gp-timer, nor for want of a CPU" 'select(.found[0] | .cause != "gp-timer" and (waited_for_cpu | not))' "$name"
		jq -c 'select(.found[0].cause == "gp-timer")' "$name" >"$name.stalled"
		none "$name: not the culprit" '. as $hit | select(.found[0].culprit
			| .function != "kvm_io_bus_register_dev" or .tid != $hit.call.tid or .self
			or (.call | IN($hit.starters[].call) | not))' "$name.stalled"
		none "$name: without it as long" 'select(.found[0] | .without_ns + ns_by("gp-timer") > .latency_ns * 1.05)' \
			"$name.stalled"
		seen=$((seen + $(wc -l <"$name"))) stalled=$((stalled + $(wc -l <"$name.stalled")))
	done
	note "$stalled of $seen first memslots behind devices stalled by the call that registered; the others had no CPU"
	[ "$seen" -ge 11 ] || too_busy "only $seen memslots came within a jiffy of devices"
	[ "$stalled" -ge 3 ] || too_busy "only $stalled of $seen memslot calls stalled"
}

test_memslots_first()
{
	local trace=$work/captures/memslots-first.trace

	some "memslots" 'select(.call == "KVM_SET_USER_MEMORY_REGION")' "$trace"
	none "memslots that saw a grace period's timer" \
		'select(.call == "KVM_SET_USER_MEMORY_REGION" and has_cause("gp-timer"))' "$trace"
}

# Advice to swap two calls, followed: QEMU's memory slots come before its devices in the second run, as
# the first one's stalls are told, and none of them stalls behind a device's grace period any more. And
# what KVM refuses is not advised: a vCPU before the irqchip.
test_advice_followed()
{
	local swap='"^KVM_SET_USER_MEMORY_REGION before KVM_(CREATE_IRQCHIP|CREATE_PIT2|IOEVENTFD|REGISTER_COALESCED_MMIO): "'
	local first=$work/captures/qemu.trace then=$work/captures/memslots-first.trace

	[ "$("$KVMSTALL" check --json | jq -r .register_dev)" = defers ] ||
		skip "registering a device leaves no grace period behind on this kernel"
	jq -c "select(.type == \"stall\" and (.advice // \"\" | test($swap)))" "$first" >advised
	[ -s advised ] || too_busy "no stall of 7 rounds came with the advice"
	none "advice without a gain" 'select(.advice | test(": [0-9.]+(ns|us|ms|s) instead of [0-9.]+(ms|s)[;] ") | not)' advised
	none "still stalled" "select(.type == \"stall\" and .call == \"KVM_SET_USER_MEMORY_REGION\")
		| select((.advice // \"\" | test($swap)) or .cause == \"gp-timer\")" "$then"
	none "KVM refuses this" 'select(.advice // "" | test("KVM_CREATE_VCPU before KVM_CREATE_(IRQCHIP|PIT2?)"))' "$first" "$then"
	note "$(wc -l <advised) stalls came with it; $(jq -s 'map(select(.call == "KVM_SET_USER_MEMORY_REGION")) | length' "$then") calls after the swap, none stalled so"
}

# A VM with a PIT waits for a normal grace period of its own when it is closed, if the one before
# ended less than exp_holdoff ago. Tracing lengthens the way between the two: not every time.
test_close_pit()
{
	local name jiffy

	jiffy=$(jiffy_ns)
	for name in pit-close qemu; do
		paired "$name" | jq -c --argjson jiffy "$jiffy" 'select(.repro.call == "close")
			| .trace[0] + {slow: (.repro.latency_ns > 2 * $jiffy)}' >"$name.closes"
		# Who waited for a CPU rather than for a timer tells nothing about timers.
		ndjson -c 'include "ndjson"; .busy = is_busy | .slow = (.slow and (.busy | not))' "$name.closes" >"$name"
		none "$name: slow for no timer" 'select(.slow and (has_cause("gp-timer") and has_cause("cb-timer") | not))' "$name"
		# What it waited for CPUs besides, its own and other threads', is not a timer's.
		none "$name: explained by less than half" 'select(.slow and ns_by("gp-timer", "cb-timer") * 2 <
			.latency_ns - ns_by("run", "runnable", "kworker", "wakeup", "kthread", "other-sleep"))' "$name"
		none "$name: unexplained" 'select(.slow and ns_by("unexplained") * 100 > .latency_ns)' "$name"
		note "$name: $(jq -s 'map(select(.slow)) | length' "$name") of $(wc -l <"$name") closes stalled;" \
			"$(jq -s 'map(select(.busy)) | length' "$name") waited for a CPU for longer than for anything else"
	done
	none "started by somebody else" 'select(.slow and .culprit.self != true)' pit-close
	# Each is slow only if its last wait begins within 25 us of the grace period before: on a busy
	# machine none may, and then nothing was seen of what is tested.
	jq -c 'select(.slow)' pit-close qemu | grep -q . || skip "this machine was too busy for a close to stall"
}

# Calls that stalled: both measured the same, so they agree within 5 % or 100 us. What is left is
# repro off its CPU between the call and its clock: seldom, so one call in 20 may be off; on a busy machine
# more, but never most.
test_agreement()
{
	local name all off

	# shellcheck disable=SC2154 # capture.sh
	for name in $profiles $others; do
		paired "$name" | jq -c 'select((.trace | length) == 1 and .trace[0].type == "stall")
			| {call: .repro.call, repro: .repro.latency_ns, trace: .trace[0].latency_ns}
			| .miss = .repro - .trace
			| .off = (.miss > ([.repro / 20, 100000] | max))'
	done >agreement
	all=$(wc -l <agreement) off=$(jq -r 'select(.off) | "\(.call): \(.trace) for \(.repro) ns, off by \(.miss)"' agreement)
	note "$all stalls; trace says less than repro by $(jq -s 'map(.miss) | sort
		| "\(.[length / 2 | floor] / 1000) us (median), \(max / 1000) us (most)"' agreement)"
	if [ -n "$off" ]; then
		while read -r line; do note "$line"; done <<<"$off"
		[ $(($(wc -l <<<"$off") * 2)) -le "$all" ] || fail "$off"
		[ $(($(wc -l <<<"$off") * 20)) -le "$all" ] || too_busy "$off"
	fi
	[ "$all" -ge 100 ] || fail "only $all stalls in common"
}

# With --all each call of repro is there, once, with its return value; and no others.
test_all_counts()
{
	local name bad=0

	# shellcheck disable=SC2154 # capture.sh
	for name in $profiles $others; do
		paired "$name" >pairs
		none "$name: not there exactly once" 'select(.trace | length != 1)
			| [.repro.tid, .repro.call, .repro.ts_ns, (.trace | length)]' pairs || bad=1
		none "$name: another return value" 'select(.trace | length == 1)
			| select(.repro.ret != .trace[0].ret)' pairs || bad=1
		ndjson -nc --slurpfile trace "$work/captures/$name.trace" \
			--slurpfile repro "$work/captures/$name.repro" 'include "ndjson";
			($repro | map(select(.type == "call" and is_watched).call) | group_by(.) | map({key: .[0], value: length}) | from_entries) as $mine
			| ($trace | map(select(is_call and is_of_vmm).call) | group_by(.) | map({key: .[0], value: length}) | from_entries) as $its
			| $mine + $its | keys[] | select($mine[.] != $its[.]) | "\(.): repro made \($mine[.] // 0), trace shows \($its[.] // 0)"' >counts
		none "$name: calls counted" . counts || bad=1
		ndjson -nc --slurpfile trace "$work/captures/$name.trace" \
			--slurpfile repro "$work/captures/$name.repro" 'include "ndjson";
			[$repro[] | .tid, .pid] as $tids | $trace[] | select(is_call and is_of_vmm) | select(.tid | IN($tids[]) | not)
			| [.tid, .comm, .call, .args, .latency_ns]' >strangers
		none "$name: by no thread of repro" . strangers || bad=1
	done
	[ "$bad" = 0 ]
}

# repro's Firecracker makes the calls of a real one, in its order: firecracker.calls is from an strace of
# Firecracker 1.17's start, KVM's calls that may register, wait or create.
test_firecracker_order()
{
	"$KVMSTALL" repro --profile firecracker --rounds 1 --json >order || fail "repro failed"
	jq -r 'select(.type == "call" and .call != "close") | .call' order |
		diff -u "$here/tests/live/firecracker.calls" - || fail "another order than Firecracker's"
}

# A live trace for Perfetto: its calls are those that repro made, on the same threads, and grace periods are led to by
# whoever started them.
test_perfetto_live()
{
	"$KVMSTALL" trace -q --all -f perfetto -o pftrace -- "$KVMSTALL" repro --json --profile qemu --rounds 3 >repro
	reads_perfetto pftrace repro | tee seen
	! grep ' 0 grace periods' seen || fail "nobody started a grace period"
}

# It is nothing to look at.
test_perfetto_terminal()
{
	local status=0

	script -qec "$KVMSTALL trace -f perfetto -d 100ms" /dev/null >shown || status=$?
	[ $status = 2 ] || fail "exit status $status"
	grep 'not for terminals' shown
}
