#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Logs of other tools that the tests record themselves, beside a trace of the same run: the same calls in the
# same order, no cause that contradicts it, and latencies that agree within 5 % or 100 us. And a hang: the
# stacks of /proc name the holders that trace does. run.sh knows these tests; make check-logs runs them.

# shellcheck disable=SC2016,SC2094,SC2154 # jq programs have $; work, here, vmm and reader are of the other parts

[ "${BASH_SOURCE[0]}" != "$0" ] || TESTS='logs-strace logs-perf-trace logs-perf-script logs-hang' \
	exec bash "$(dirname "$0")/run.sh"

# Each option alone, with the times that are needed, and the common ones together.
strace_options='-T
-ttt -T
-t -T
-tt -T
-r -T
-f -T
-ff -ttt -T
-f -ttt -T -y -e trace=ioctl,close,clone,clone3
-f -ttt -r -T
-f -ttt -T -y
-f -ttt -T -yy
-f -ttt -T -Y
-f -ttt -T -i
-f -ttt -T -n
-f -ttt -T -k
-f -ttt -T -v
-f -ttt -T -s 0
-f -ttt -T -x
-f -ttt -T -X raw
-f -ttt -T -X verbose
-f -ttt -T --decode-fds=all
-f --absolute-timestamps=unix,ns --syscall-times=ns
-f -tt -T -yy -Y -i -n -v -r -X verbose'

# logs_trace SCRIPT: what it runs is traced, to the file trace. It has $KVMSTALL.
logs_trace()
{
	export KVMSTALL
	timeout -k 5 200 "$KVMSTALL" trace -q --all --json -o trace -- bash -c "$1" >out 2>errors ||
		fail "$(cat errors)"
}

# logs_judge N WHAT REPORT...: what is read of a log, beside the N-th VMM of the trace. Adds to near and judged.
logs_judge()
{
	local n=$1 what=$2

	shift 2
	"$KVMSTALL" report -q --all -f json "$@" >found 2>errors || fail "$what: $(cat errors)"
	jq -L "$here/tests/lib" -nc --slurpfile trace trace --slurpfile found found \
		"include \"logs\"; \$found | run(\$trace; $n)" >judged.json
	jq -e '.is_same and .cnt > 0' judged.json >/dev/null || fail "$what: other calls: $(jq -c '{log, seen}' judged.json)"
	jq -e '.wrong == []' judged.json >/dev/null || fail "$what: $(jq -c .wrong judged.json)"
	near=$((near + $(jq .near judged.json))) judged=$((judged + $(jq .cnt judged.json)))
}

# Most of them: strace's own stops are part of what it measures, and on a busy machine they are long.
logs_agree()
{
	note "$1: $near of $judged latencies within 5 % or 100 us"
	[ $((near * 10)) -ge $((judged * 9)) ] || fail "$1: only $near of $judged latencies agree"
}

test_logs_strace()
{
	command -v strace >/dev/null || skip 'no strace'
	repeat 3 logs_strace
}

logs_strace()
{
	local n near=0 judged=0 options files

	mapfile -t options <<<"$strace_options"
	printf '%s\n' "${options[@]}" >options
	rm -f log.*
	logs_trace 'n=0; while read -ra options; do
		strace "${options[@]}" -o "log.$n" "$KVMSTALL" repro || { echo "${options[*]}" >>refused; }
		n=$((n + 1)); done <options'
	[ ! -e refused ] || skip "this strace does not know: $(paste -sd, refused)"
	for n in "${!options[@]}"; do
		files=("log.$n")
		[ -e "log.$n" ] || files=("log.$n".*)
		logs_judge "$n" "strace ${options[n]}" "${files[@]}"
	done
	logs_agree "strace, ${#options[@]} runs"
}

# Tracepoints of system calls: does this kernel have them, may we use them?
need_perf()
{
	command -v perf >/dev/null || skip 'no perf'
	perf "$@" true >/dev/null 2>errors || skip "perf $1 cannot: $(grep -v '^$' errors | head -n 1)"
}

test_logs_perf_trace()
{
	need_perf trace -o none -e ioctl
	repeat 3 logs_perf_trace
}

logs_perf_trace()
{
	local near=0 judged=0

	logs_trace 'perf trace -o log.0 -e ioctl,close "$KVMSTALL" repro
		perf trace -o log.1 "$KVMSTALL" repro
		perf trace -T -o log.2 -e ioctl,close --no-comm "$KVMSTALL" repro'
	logs_judge 0 'perf trace' log.0
	logs_judge 1 'perf trace of all calls' log.1
	logs_judge 2 'perf trace -T --no-comm' log.2
	logs_agree 'perf trace, 3 runs'
}

test_logs_perf_script()
{
	need_perf record -o none -e syscalls:sys_enter_ioctl
	repeat 3 logs_perf_script
}

logs_perf_script()
{
	local near=0 judged=0

	logs_trace 'perf record -o data.0 -e syscalls:sys_enter_ioctl,syscalls:sys_exit_ioctl \
			-e syscalls:sys_enter_close,syscalls:sys_exit_close "$KVMSTALL" repro
		perf record -g -o data.1 -e syscalls:sys_enter_ioctl,syscalls:sys_exit_ioctl \
			-e syscalls:sys_enter_close,syscalls:sys_exit_close "$KVMSTALL" repro
		perf record -o data.2 -e raw_syscalls:sys_enter,raw_syscalls:sys_exit "$KVMSTALL" repro'
	for n in 0 1 2; do
		perf script -i data.$n >log.$n 2>/dev/null
		logs_judge $n "perf script, recording $n" log.$n
	done
	logs_agree 'perf script, 3 runs'
}

# ---- a hang -------------------------------------------------------------------------------------

# Who waits for whom for long, or as a stack says: "WHO HOLDER", a line for each.
logs_holders()
{
	jq -r "select(.tid as \$tid | [$1] | index(\$tid)) | select(.culprit.tid)
		| select(.latency_ns == null or .latency_ns > 1e9)
		| \"\(.tid) \(.culprit.tid)\"" "$2" | sort -u
}

# The second waits for the mutex, and the first for the reader.
hangs()
{
	second=$(grep -lx kvmstall-second "/proc/$vmm/task"/*/comm | cut -d / -f 5)
	[ -n "$second" ] && grep -q __synchronize_srcu "/proc/$vmm/stack" &&
		grep -q '^[^ ]* kvm_vm_ioctl' <(head -n 1 "/proc/$vmm/task/$second/stack")
}

test_logs_hang()
{
	local task second

	[ -r /proc/self/stack ] || skip 'no /proc/PID/stack'
	watch trace --stuck 1s
	"$KVMSTALL" repro --json --profile minimal --inject hang --hold 5s >repro &
	vmm=$!
	until_true 5 hangs
	for task in "/proc/$vmm/task"/*; do
		echo "$task/stack"
		cat "$task/stack"
	done >stacks
	reader=$(grep -lx kvmstall-reader "/proc/$vmm/task"/*/comm | cut -d / -f 5)
	wait $vmm
	unwatch
	"$KVMSTALL" report -q -f json stacks >found
	logs_holders "$vmm, $second" found >log-holders
	logs_holders "$vmm, $second" trace >trace-holders
	printf '%s\n' "$vmm $reader" "$second $vmm" | sort >true-holders
	diff true-holders log-holders
	some 'stuck, with the reader' "select(.stuck == true and .tid == $vmm and .culprit.tid == $reader)" trace
	diff log-holders trace-holders
}
