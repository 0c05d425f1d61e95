# SPDX-License-Identifier: GPL-2.0-only
# A cell of the lab, from what guest.sh left: what repro measured untraced, in ns, and what trace said of the same.
include "ndjson";

def at($part): sort | if length == 0 then null else .[[(length * $part | ceil) - 1, 0] | max] end;
def spread: {cnt: length, p50: at(0.5), p99: at(0.99), max: max};

# Calls with their place in the life of their VM: which call of all, which of its name, and whether the guest runs.
def lives: map(select(.type == "call")) | group_by([.pid, .round]) | map(sort_by(.ts_ns)
	| reduce .[] as $call ({nth: {}, list: [], runs: false};
		.nth[$call.call] += 1
		| .list += [$call + {place: (.list | length), nth: .nth[$call.call], runs}]
		| .runs = (.runs or $call.call == "KVM_RUN"))
	| .list);

def took(filter): [.[] | select(filter).latency_ns];
def registers: is_registration and .ret >= 0;

# Calls of a life together: as they are, and the sum of the medians of each: what takes the CPUs away for a while now
# here and now there, as others' work does, is not in that.
def together($lives; filter): ([$lives[] | took(filter) | add // 0] | spread)
	+ {typical: ([$lives[][] | select(filter)] | group_by(.place) | map(map(.latency_ns) | at(0.5)) | add // 0)};

# The first call after a registration that waits for a grace period of its VM's domain, in most lives.
def next_wait($lives): [$lives[] | (map(select(registers).place) | min) as $from
		| [.[] | select($from != null and .place > $from and (registers or .call == "close" | not))] as $after
		| pairs($trace; $after) | select(.trace | length == 1)
		| select(.trace[0] | waits_on("kvm.srcu"))]
	| group_by([.repro.call, .repro.nth]) | map(select(length * 2 > ($lives | length)))
	| min_by(.[0].repro.place) // [];

def said: map(.trace[0]) | {cnt: length, causes: (group_by(.cause) | map({key: .[0].cause, value: length}) | sort_by(-.value) | from_entries),
	by: (map(select(.cause == "gp-timer" and .culprit).culprit.call) | group_by(.) | max_by(length) | .[0]?),
	without: (map(.without_ns) | at(0.5))};

($repro | lives) as $lives | ($traced | lives) as $seen | next_wait($seen) as $hits
| ($hits[0].repro // {} | {call, nth}) as $victim
| {arch: $arch, series: $series, release: ($release | rtrimstr("\n")), hz: $hz, seen_hz: $check[0].kernel.hz, how: $how, profile: $profile, date: $date, load: $load[0],
	defers: $check[0].register_dev, backend: $check[0].backend,
	vms: ($lives | length), traced: ($seen | length),
	register: ([$lives[] | took(.call == "KVM_IOEVENTFD" and registers)[]] | spread),
	registers: together($lives; registers),
	running: together($lives; registers and .runs),
	victim: $victim,
	sync: ([$lives[] | took(.call == $victim.call and .nth == $victim.nth)[]] | spread),
	setup: together($lives; .call != "close"),
	close: ([$lives[] | took(.call == "close") | add // 0] | spread),
	said: ($hits | said)}
