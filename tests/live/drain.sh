#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Hosts that start and drain many VMs at once, traced. A part of run.sh; alone, it is all that run.sh runs, with
# VMMS, IRQFDS and MAPPINGS as asked for: make check-drain.

# shellcheck disable=SC2094,SC2154 # a command's name is no file; work and here are run.sh's

[ "${BASH_SOURCE[0]}" != "$0" ] || TESTS='drain create-together' exec bash "$(dirname "$0")/run.sh"

# drain VMMS IRQFDS [MAPPINGS]: tests/live/drain.c, traced
drain()
{
	[ -x "$work/drain-vms" ] || ${CC:-cc} -O1 -pthread -o "$work/drain-vms" "$here/tests/live/drain.c" || return
	[ -x "$work/peak" ] || ${CC:-cc} -O1 -o "$work/peak" "$here/tests/live/peak.c" || return
	timeout -k 5 300 "$work/peak" peak "$KVMSTALL" trace --json --all -- "$work/drain-vms" "$@" >trace
	value 'map(select(.type == "summary"))[0]' trace >summary
}

# Nothing is lost, each account is whole, and who waited for somebody's mutex is told whose it was.
is_whole()
{
	# a kernel need not report each switch (bpf/away.h)
	[ "$(jq '.lost == .losses.missed' summary)" = true ] || fail "lost: $(jq -c .losses summary)"
	# Nor need it be known what the host-wide domain did before somebody in a call waited for it; then nothing of that wait
	# lies before the hole.
	none "incomplete, though it was known before" 'select(is_call and (.complete | not)) | .segments | map(select(.domain == "mmu_notifier"))
		| .[1:] | select(any(.[]; .cause == "unexplained"))' trace
	value 'map(select(is_call and (.complete | not)) | select(any(.segments[]; .cause == "unexplained" and .domain == "mmu_notifier") | not)) | length' \
		trace >incomplete
	[ "$(cat incomplete)" -le "$(jq .losses.missed summary)" ] || fail "$(cat incomplete) accounts are incomplete"
	[ "$(jq .vms summary)" = "$1" ] || fail "$(jq .vms summary) VMs of $1"
	value 'map(select(is_stall)) | (map(ns_by("unexplained")) | add // 0) * 100 <= (map(.stall_ns) | add // 0)' \
		trace >explained
	[ "$(cat explained)" = true ] || fail "more than a hundredth is unexplained"
	none "a lock without its holder" 'select(is_stall and .cause == "lock")
		| select((.lock.held_by // "task") == "task" and (.culprit.kind != "holder" or (.culprit.tid // 0) == 0))
		| {call, culprit}' trace
	# A kworker that got a CPU late: who had it. Nobody had one that was idle, which may take 200 us until it runs who is
	# woken there; and one may have been idle until just then.
	value 'map(select(.call == "irqfd_shutdown" and is_stall and .cause == "wakeup")
			| select(any(.segments[]; .cause == "wakeup" and .ns >= 300000)))
		| length < 7 or (map(select(.culprit == null)) | length) * 7 <= length' trace >named
	[ "$(cat named)" = true ] || fail "kworkers that got a CPU late, and nobody is named"
	never "off balance" 'select(is_stall and is_off_balance)' trace
	# Of kvmstall, since each of the VMMs has less.
	[ "$(cat peak)" -lt 65536 ] || fail "$(cat peak) KiB of memory, 64 MiB or more"
	note "$(value 'map(select(is_stall)) | "\(length) stalls, \(map(select(.cause == "lock")) | length) for a mutex, \(
		map(select(.culprit == null)) | length) without a culprit"' trace), $(($(cat peak) / 1024)) MiB"
}

test_drain()
{
	repeat 3 drain_all "${VMMS:-31}" "${IRQFDS:-7}"
}

drain_all()
{
	drain "$@"
	is_whole "$1"
}

# KVM_CREATE_VM keeps mm_all_locks_mutex, which is the host's, for longer the more mappings its process has.
test_create_together()
{
	repeat 3 create_together
}

create_together()
{
	drain 13 1 "${MAPPINGS:-20011}"
	is_whole 13
	some "a VM that was made after another's" 'select(is_stall and .call == "KVM_CREATE_VM" and .cause == "lock")
		| select(.culprit.call == "KVM_CREATE_VM" and .culprit.tid != .tid)
		| .segments[] | select(.cause == "lock" and (.function | IN("mm_take_all_locks", "kvm_dev_ioctl")))' trace
}

# Every second switch to a task is not reported, by a build that leaves them out, and noticed at its end. Another tracer sees
# the same calls: what each says of them is whole, and the same but for what either does between two readings of a clock.
# shellcheck disable=SC2016 # jq's
test_unseen()
{
	local trace

	grep -q ' __traceiter_sched_exit_tp$' /proc/kallsyms || skip 'before v6.15: the end of a switch is not reported'
	"${MAKE:-make}" -s -j"$(nproc)" -C "$here" O="$work/half" CFLAGS=-O0 BPF_DEFINES=-DKS_UNSEEN=2 "$work/half/kvmstall" >log 2>&1 || fail "$(tail -n 5 log)" || return
	[ -x "$work/drain-vms" ] || ${CC:-cc} -O1 -pthread -o "$work/drain-vms" "$here/tests/live/drain.c" || return
	timeout -k 5 300 "$KVMSTALL" trace --json --all -o whole -- \
		"$work/half/kvmstall" trace --json --all -o half -- "$work/drain-vms" 31 5 || return
	for trace in whole half; do
		never "off balance" 'select(is_call and is_off_balance)' $trace
		none "incomplete" 'select(is_call and .comm == "drain-vms" and (.complete | not)) | .segments
			| map(select(.cause == "unexplained" and .domain == null)) | select(. != [])' $trace
		value 'map(select(is_call and .comm == "drain-vms")) | {calls: length, ns: (map(.latency_ns) | add),
			without_cpu_ns: (map(.stall_ns) | add)}' $trace >$trace.sum
	done
	none "asleep in no function" 'select(is_call and .comm == "drain-vms") | .segments[] | select(.cause == "other-sleep" and .function == null)' half
	[ "$(jq .calls half.sum)" = "$(jq .calls whole.sum)" ] || fail "$(jq .calls half.sum) calls, not $(jq .calls whole.sum)"
	jq -ne 'input as $half | input as $whole | ($half.without_cpu_ns - $whole.without_cpu_ns | fabs) * 101 < $whole.ns' half.sum whole.sum >same ||
		fail "without a CPU for $(jq .without_cpu_ns half.sum) ns, not $(jq .without_cpu_ns whole.sum)"
	note "$(jq .calls half.sum) calls, without a CPU for $(jq '.without_cpu_ns / 1e6 | round' half.sum) ms, and $(jq '.without_cpu_ns / 1e6 | round' whole.sum)"
}
