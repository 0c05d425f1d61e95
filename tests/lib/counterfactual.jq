# SPDX-License-Identifier: GPL-2.0-only
# without_ns, which trace works out, against what the same call took when there was no grace period.
include "ndjson";

def median: sort | if length == 0 then null else .[length / 2 | floor] end;

# The memslot call that came first behind devices: what trace says of it when it stalled for the timer
# of the grace period that they started.
def worked_out($trace; $repro):
	$repro | memslots_behind_devices | .call as $mine
	| pairs($trace; [$mine]).trace[]
	| select(.cause == "gp-timer" and .culprit.function == "kvm_io_bus_register_dev")
	| {slot: .args.slot, size: .args.size, took: .latency_ns, without: .without_ns};

# The same call of the same profile, in another order or after a pause, as repro measured it.
def measured($repro; $call): [$repro[] | select(.type == "call" and .call == "KVM_SET_USER_MEMORY_REGION"
	and .args.slot == $call.slot and .args.size == $call.size) | .latency_ns] | median;

# Within 20 % or 50 us of each other.
def agree($without; $measured):
	$measured != null and ($without - $measured | fabs) <= ([$measured / 5, 50000] | max);

def counterfactuals($profile; $trace; $own; $first; $gap):
	[worked_out($trace; $own)] | group_by([.slot, .size])[]
	| {$profile, slot: .[0].slot, is_delete: (.[0].size == 0), n: length,
		took: (map(.took) | median), without: (map(.without) | median),
		first: measured($first; .[0]), gap: measured($gap; .[0])}
	| .agrees = (agree(.without; .first) or agree(.without; .gap));

def in_us: if . then (. / 1000 | round | tostring) else "-" end;

def cells: [.profile, "\(.slot)\(if .is_delete then " (delete)" else "" end)", (.n | tostring),
	(.took | in_us), (.without | in_us), (.first | in_us), (.gap | in_us)];
