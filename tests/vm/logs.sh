#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A part of make check-logs: what report says of a kernel's own dump of a hang, and of trace-cmd's recordings, beside a
# trace of the same run. In a VM: the timeout of hung tasks is lowered, and ftrace used (guest/logs.sh).
#
# SERIES is which kernel; KVMSTALL_STATIC the program without libraries, KVMSTALL that which reads the logs.
# shellcheck disable=SC2016,SC2086,SC2154,SC2317 # jq programs have $; functions run by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
KVMSTALL_STATIC=$(readlink -f "${KVMSTALL_STATIC:-$here/build/static/kvmstall}")
series=${SERIES:-6.18}
out=$work/out

# with_libraries PROGRAM: itself and what it is linked with, as FILE:DEST.
with_libraries()
{
	local path

	command -v "$1" >/dev/null || return 0
	path=$(command -v "$1")
	echo "$path:/usr/bin/$1"
	ldd "$path" | grep -o '/[^ ]*' | while read -r path; do
		echo "$(readlink -f "$path"):$path"
	done
}

test_boot()
{
	local status=0 files

	mapfile -t files < <(with_libraries trace-cmd)
	OUT=$out KVMSTALL=$KVMSTALL_STATIC KVMSTALL_VM_TIMEOUT=${KVMSTALL_VM_TIMEOUT:-600} \
		"$here/tests/vm/run.sh" "$series" "$here/tests/vm/guest/logs.sh" "${files[@]}" 2>errors || status=$?
	cat errors
	[ $status != 77 ] || skip "$(tail -n 1 errors)"
	[ $status = 0 ] || fail "exit status $status"
	note "$(cat "$out/release"), in $SECONDS s"
}

need()
{
	[ -s "$out/release" ] || skip 'it did not boot'
	[ -s "$out/$1" ] || fail "no $1: $(cat "$out/${1%.*}.errors" 2>/dev/null)"
}

# holders FILE...: "WHO HOLDER" of those that hang, as report says; of an older hang there may be others.
holders()
{
	"$KVMSTALL" report -q -f json "$@" | jq -r --arg tids "$(cut -d ' ' -f 1 "$out/holders" | paste -sd ' ')" \
		'select(.culprit.tid and (.tid | tostring | IN($tids | split(" ")[]))) | "\(.tid) \(.culprit.tid)"' | sort
}

# The kernel's own dump has who waits for the mutex, and who has it; the reader's sleep is none of a hung task.
test_hung_task()
{
	need hung
	holders "$out/hung" >found
	diff <(tail -n 1 "$out/holders") found
	note "$(grep -c 'likely owned by' "$out/hung") of its lines say who owns a mutex"
}

test_stacks()
{
	need stacks
	holders "$out/stacks" >found
	diff <(sort "$out/holders") found
}

test_both_are_one_picture()
{
	need hung
	holders "$out/hung" "$out/stacks" >found
	diff <(sort "$out/holders") found
	"$KVMSTALL" report -q -f json "$out/hung" "$out/stacks" | jq -se 'map(select(.stuck and .latency_ns >= 2e9)) | length >= 2'
}

# What trace said while it hung.
test_trace_says_the_same()
{
	local vmm reader

	need holders
	read -r vmm reader <"$out/holders"
	some 'stuck, with the reader' "select(.stuck and .tid == $vmm and .culprit.tid == $reader)" "$out/hang.trace"
	# The registers in the dump say which call it is.
	jq -rs "map(select(.stuck and .tid == $vmm and .culprit.tid == $reader))[0].call" "$out/hang.trace" >traced
	"$KVMSTALL" report -q -f json "$out/hung" | jq -r "select(.tid == $vmm) | .call" >dumped
	diff traced dumped
}

# Emulation is slow: how far latencies are from each other is only noted, a close of another descriptor that takes long
# is in the log, and a call that ran for as long as a timer takes looks like one that slept.
test_trace_cmd()
{
	need syscalls.log
	"$KVMSTALL" report -q --all -f json "$out/syscalls.log" >found
	jq -L "$here/tests/lib" -nc --slurpfile trace "$out/syscalls.trace" --slurpfile found found \
		'include "logs"; $found | run($trace; 0)' >judged.json
	jq -e '(.log | del(.close)) == (.seen | del(.close)) and .log.close >= .seen.close and .cnt > 0
		and (.wrong | map(select(.seen.cause != "run")) == [])' judged.json >/dev/null || fail "$(cat judged.json)"
	note "$(jq -r '"\(.near) of \(.cnt) latencies within 5 % or 100 us"' judged.json)"
}

# A call of KVM's function is one of trace's, or one that it does not watch.
test_trace_cmd_graph()
{
	local calls=0 functions

	need graph.log
	functions=$("$KVMSTALL" report -q --all -f json "$out/graph.log" | jq -s 'map(select(.call == "kvm_vm_ioctl")) | length')
	calls=$(value 'map(select(is_call and (.call | startswith("KVM_")) and .call != "KVM_CREATE_VM")) | length' \
		"$out/graph.trace")
	note "$functions kvm_vm_ioctl, $calls calls on a VM"
	[ "$functions" = "$calls" ]
}

command -v jq >/dev/null || nothing 'no jq'
for name in boot hung-task stacks both-are-one-picture trace-says-the-same trace-cmd trace-cmd-graph; do
	run_test "$name"
done
finish
