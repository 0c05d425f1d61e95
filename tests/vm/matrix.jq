# SPDX-License-Identifier: GPL-2.0-only
# What matrix.sh asks of what guest/matrix.sh brought home.
include "ndjson";

# What is the same on every machine and in every point release.
def row: {kvm: .kernel.kvm, register_dev, features: (.features | map({key: .name, value: .works}) | from_entries),
	backend, facts, facts_missing, status};

# The trace's one object for each call of a profile that repro made: {repro, trace}.
def seen($trace; $repro; $profile): [pairs($trace; [$repro[] | select(.profile == $profile)])
	| select(.trace | length == 1) | .trace = .trace[0]];

# Calls of a profile behind $by, which started a grace period: those whose wait came while its timer was
# armed.
def in_time($trace; $repro; $jiffy; $profile; $by; $call): [seen($trace; $repro; $profile)[]
	| select(.repro.call == $call) | select($call != "KVM_CREATE_VCPU" or .trace.args.id == 0)
	| . as $one | .since = ([$repro[] | select(.type == "call" and .call == $by and .tid == $one.repro.tid
		and .ts_ns < $one.repro.ts_ns).ts_ns] | max)
	| (.trace.segments[0] | if .cause == "run" then .ns else 0 end) as $before
	| select(.since and .repro.ts_ns + $before - .since < $jiffy)];

def is_by($call): .trace | has_cause("gp-timer")
	and (.cause != "gp-timer" or (.culprit.function == "kvm_io_bus_register_dev" and .culprit.call == $call));

# Starter, profile, victim.
def stalls($is_x86): ["KVM_IOEVENTFD", "memslot-create", "KVM_SET_USER_MEMORY_REGION"],
	["KVM_IOEVENTFD", "minimal", "KVM_SET_USER_MEMORY_REGION"],
	(if $is_x86 then ["KVM_CREATE_IRQCHIP", "vcpu-create", "KVM_CREATE_VCPU"]
	else ["KVM_RUN", "vgic-first-run", "KVM_SET_USER_MEMORY_REGION"] end);

def judge_stalls($trace; $repro; $defers; $is_x86; $jiffy):
	stalls($is_x86) as [$by, $profile, $call]
	| seen($trace; $repro; $profile) | map(select(.repro.call == $call)) | length as $all
	| if $all < 5 then "\($profile): \($all) \($call) seen of 5"
	elif $defers then in_time($trace; $repro; $jiffy; $profile; $by; $call)[] | select(is_by($by) | not)
		| "\($profile): \($call) not stalled by \($by): \(.trace | [.cause, .culprit.call, .latency_ns])"
	else .[].trace | select(.cause == "gp-timer" and .culprit.function == "kvm_io_bus_register_dev")
		| "\($profile): \($call) stalled by a registration" end;

def in_time_cnt($trace; $repro; $is_x86; $jiffy): [stalls($is_x86) as [$by, $profile, $call]
	| in_time($trace; $repro; $jiffy; $profile; $by; $call)[]] | length;

# One line for each expectation that does not hold. $defers: what check says of registration.
def wrong($trace; $repro; $defers; $is_x86; $jiffy):
	judge_stalls($trace; $repro; $defers; $is_x86; $jiffy),
	(if $defers and in_time_cnt($trace; $repro; $is_x86; $jiffy) < 3
	then "fewer than 3 calls came within a jiffy of a registration" else empty end),
	(if $is_x86 then empty else $trace[] | select(is_call and .call == "KVM_CREATE_VCPU" and has_cause("gp-timer"))
		| "KVM_CREATE_VCPU stalled" end),
	(if any($repro[]; .type == "call" and .injected == "reader") then empty else "reader: this kernel refused it" end),
	(pairs($trace; [$repro[] | select(.type == "call" and .injected == "reader")]) | .trace[0]
		| select(. == null or (waited_for_cpu | not) and ns_by("reader", "poll-backoff") * 2 < .latency_ns)
		| "reader: \(.cause) \(.latency_ns)"),
	# A holder that is not stalled itself makes no stall of cause lock, and one that is late is no holder.
	(select($defers) | [pairs($trace; [$repro[] | select(.type == "call" and .injected == "lock" and .latency_ns > 3000000)])
		.trace[0]] | select(length > 0 and (any(.[]; . != null and has_cause("lock")) | not))
		| "lock: \(map([.cause, .latency_ns]))");

# What a call's time went to between two moments, by cause, but for its own work.
def spent($from; $to): reduce .segments[] as $seg ({now: .ts_ns, ns: {}}; (.now + $seg.ns) as $next
		| ([$next, $to] | min) as $until | ([.now, $from] | max) as $since
		| if $until > $since then .ns[$seg.cause] += $until - $since else . end | .now = $next) | .ns | del(.run);
def headline: to_entries | max_by(.value).key;

# Of a close, what both have of the time that $mine has. On 6.1 its work is done after the system call's exit
# (fs/file_table.c, fput(): task_work_add()), so the tracepoint backend has each wait in it as a close of its own.
def of_close($mine): spent($mine.ts_ns; $mine | end_ns)
	| if . == {} then {cause: "run", stall_ns: 0} else {cause: headline, stall_ns: add} end;

# Two traces of one workload: their stalls of more than a jiffy.
def common($one; $two): $two[] | select(is_call and is_of_vmm and .stall_ns > 4000000) | . as $mine
	| [$one[] | select(is_call and .tid == $mine.tid and .call == $mine.call
		and .ts_ns < ($mine | end_ns) and $mine.ts_ns < end_ns)]
	| (if $mine.call == "close" then [$mine, .[]] | map(of_close($mine)) else [$mine, .[]] end) as $both
	| {call: $mine.call, cnt: length, causes: [$both[0, 1].cause], stalls: [$both[0, 1].stall_ns]}
	| .miss = (.stalls[0] - (.stalls[1] // 0) | fabs)
	| .off = (.cnt != 1 or .miss > ([.stalls[0] / 20, 100000] | max))
	| .other = (.causes[0] != .causes[1]);
