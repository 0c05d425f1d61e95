# SPDX-License-Identifier: GPL-2.0-only
# One cell of the lab, from what guest.sh left: medians in us of what repro measured untraced, and what the
# tool said when it traced the same.

def median: sort | if length == 0 then null else .[length / 2 | floor] end;
def us: if . == null then null else . / 1000 | round end;
def took($runs; $call): [$runs[] | select(.type == "call" and .call == $call and .ret >= 0)];
# The first call of that name in each life of a VM: the one that finds what came before it.
def first($runs; $call): took($runs; $call) | group_by(.round) | map(min_by(.ts_ns).latency_ns);
def stalls($trace; $call): [$trace[] | select((.type == "call" or .type == "stall") and .call == $call)];
def victims($trace; $call): stalls($trace; $call)
	| if $call == "KVM_CREATE_VCPU" then map(select(.args.id == 0)) else . end;

def said($trace; $call; $hz): victims($trace; $call) as $all
	| ($all | map(select(.cause == "gp-timer" and .culprit.self != true))) as $timed
	| ($timed | map((.culprit.age_ns + ([.segments[] | select(.cause == "gp-timer").ns] | add)) * $hz / 1e9)) as $jiffies
	| {cnt: ($all | length), causes: ($all | group_by(.cause) | map({key: .[0].cause, value: length})
			| sort_by(-.value) | from_entries),
		culprits: ($timed | map(.culprit.call) | unique),
		jiffies: {min: ($jiffies | min), median: ($jiffies | median), max: ($jiffies | max),
			in_2: ($jiffies | map(select(. <= 2.05)) | length), cnt: ($jiffies | length)},
		without: ($all | map(.without_ns) | median | us)};

{hz: $hz, how: $how, release: $release, expedited: $check[0].kernel.call_srcu_expedited,
	irqchip: (first($vcpus; "KVM_CREATE_IRQCHIP") | median | us),
	vcpu: (first($vcpus; "KVM_CREATE_VCPU") | median | us), vcpu_max: (first($vcpus; "KVM_CREATE_VCPU") | max | us),
	memslot: (first($memslots; "KVM_SET_USER_MEMORY_REGION") | median | us),
	memslot_max: (first($memslots; "KVM_SET_USER_MEMORY_REGION") | max | us),
	ioeventfd: (took($memslots; "KVM_IOEVENTFD") | map(.latency_ns) | median | us),
	late: (took($late; "KVM_IOEVENTFD") | map(select(.args.flags < 4).latency_ns) | median | us),
	setup: ([$setup[] | select(.type == "call" and .call != "close")] | group_by(.round)
		| map(map(.latency_ns) | add) | median | us),
	close: (took($setup; "close") | map(.latency_ns) | median | us),
	vcpu_said: said($vcpus_trace; "KVM_CREATE_VCPU"; $hz),
	memslot_said: said($memslots_trace; "KVM_SET_USER_MEMORY_REGION"; $hz)}
