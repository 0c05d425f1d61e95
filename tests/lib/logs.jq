# SPDX-License-Identifier: GPL-2.0-only
# What a log says of a run, beside what the trace of it says.

include "ndjson";

# The calls of one VMM, in order; of close, what kind is not in a log.
def calls_of(pid): map(select(is_call and .tid == .vm.pid and (pid == null or .vm.pid == pid))
	| .call |= sub("^close.*"; "close")) | sort_by(.ts_ns);

def abs: if . < 0 then -. else . end;

# 5 % or 100 us
def is_near(a; b): (a - b | abs) as $off | $off <= 100000 or $off * 20 <= b;

# A cause that was inferred must be in the account that was seen.
def contradicts($log; $seen): $log.cause == "gp-timer" and
	([$seen.segments[] | select(.cause == "gp-timer" or .cause == "cb-timer").ns] | add // 0) == 0;

# run(TRACE; N): the log beside the N-th VMM of the trace.
def run($trace; $n): calls_of(null) as $log
	| ($trace | map(select(is_call and .vm != null)) | sort_by(.ts_ns) | map(.vm.pid)
		| reduce .[] as $pid ([]; if index($pid) then . else . + [$pid] end)) as $pids
	| ($trace | calls_of($pids[$n])) as $seen
	| {
		is_same: (($log | map(.call)) == ($seen | map(.call))),
		log: ($log | map(.call) | group_by(.) | map({key: .[0], value: length}) | from_entries),
		seen: ($seen | map(.call) | group_by(.) | map({key: .[0], value: length}) | from_entries),
		near: ([range([$log, $seen] | map(length) | min)
			| select(is_near($log[.].latency_ns; $seen[.].latency_ns))] | length),
		cnt: ($seen | length),
		wrong: [range([$log, $seen] | map(length) | min) | select(contradicts($log[.]; $seen[.]))
			| {log: $log[.] | {call, latency_ns, cause}, seen: $seen[.] | {call, latency_ns, cause, segments}}]
	};
