# SPDX-License-Identifier: GPL-2.0-only
# Distributions of what repro measured, by side: without, with (the tracer), again (without, the control),
# nothing (programs that do nothing).
def quantile($q): sort | if length == 0 then null else .[(length - 1) * $q | round] end;

def ratio($a; $b): if $a == null or $b == null or $b == 0 then null else $a / $b end;

# Closes that took more than two jiffies, in per cent.
def slow_share($jiffy): if length == 0 then null
	else 100 * (map(select(. > 2 * $jiffy)) | length) / length end;

def sides(f): {without: (.without | f), with: (.with | f), again: (.again | f), nothing: (.nothing | f)};

def by_side(filter): . as $calls | {without: null, with: null, again: null, nothing: null} | with_entries(.key as $side
	| .value = [$calls[] | select(.side == $side) | select(filter) | .latency_ns]);

# A row a workload: how many closes were slow.
def shares($jiffy): group_by(.workload)[] | . as $calls
	| by_side(.call == "close") | {workload: $calls[0].workload, n: sides(length), slow: sides(slow_share($jiffy))};

# Stalled: longer than a jiffy, without the tracer as with it; so two humps are not mixed.
def stalled($jiffy): group_by([.workload, .call])[] | . as $calls
	| by_side(.latency_ns > $jiffy) | select([.[] | length] | min >= 31)
	| {workload: $calls[0].workload, call: $calls[0].call, n: sides(length),
		p50: sides(quantile(0.5)), p90: sides(quantile(0.9))};

def all_calls: group_by([.workload, .call])[] | . as $calls | by_side(true)
	| {workload: $calls[0].workload, call: $calls[0].call, n: sides(length),
		p50: sides(quantile(0.5)), p90: sides(quantile(0.9))};

def fixed($digits): if . == null then "-" else (. * pow(10; $digits) | round) as $n
	| if $digits == 0 then "\($n)" else
		(if $n < 0 then "-" else "" end) + ($n | fabs | tostring
		| if length <= $digits then "0" * ($digits + 1 - length) + . else . end
		| .[:-$digits] + "." + .[-$digits:]) end end;

def in_us: if . == null then "-" else . / 1000 | fixed(if . < 100 then 1 else 0 end) end;

def share_cells: [.workload, (.n.without | tostring), (.slow.without | fixed(1)), (.slow.with | fixed(1)),
	(.slow.again | fixed(1)), (.slow.nothing | fixed(1))];

def call_cells: [.workload, .call, (.n.without | tostring), (.p50.without | in_us), (.p50.with | in_us),
	(ratio(.p50.with; .p50.without) | fixed(3)), (ratio(.p50.again; .p50.without) | fixed(3)),
	(ratio(.p50.nothing; .p50.without) | fixed(3)),
	(ratio(.p90.with; .p90.without) | fixed(3)), (ratio(.p90.again; .p90.without) | fixed(3))];

# What the tracer moved, and noise alone did not: it lies outside of both of the others.
def controls: [.without, .again] | sort;

def share_missed: .slow | . as $slow | controls | $slow.with > .[1] + 5 or $slow.with < .[0] - 5;

def median_missed: .p50 | . as $p50 | controls | $p50.with > 1.05 * .[1] or $p50.with < 0.95 * .[0];

# Where the controls differ by more than the goal, little can be said.
def is_noisy: .slow | controls | .[1] - .[0] > 5;
