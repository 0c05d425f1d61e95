#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A part of make check-injections: locks of the whole host, each contended on purpose, and what trace says of it. In a
# VM, since it takes CPUs that go and come, and a parameter of KVM's (guest/locks.sh).
#
# Not here, since no call that is watched waits for it itself, or not for long (sources of 6.1, 6.12, 7.3):
# * kvm->slots_arch_lock: kvm_set_memslot() takes it with slots_lock held, so who comes second waits for that one. Alone it is
#   taken for a VM's first shadow root (mmu_first_shadow_root_alloc()), in the KVM_RUN that enters the first guest of a guest:
#   a memory slot that comes in these microseconds would wait for it.
# * cgroup_threadgroup_rwsem, cgroup_mutex: whoever makes or moves a thread. Up to 6.11 that is KVM's own thread
#   (kvm_vm_worker_thread()), for a PIT kthreadd, since then a vCPU in its first KVM_RUN (vhost_task_create()). The call
#   waits for the thread: its cause is kthread.
# * irqbypass' mutex on x86: an irqfd registers there only where an IOMMU posts interrupts (enable_device_posted_irqs of 7.3),
#   which QEMU's TCG has none of. On arm64 each irqfd does: another boot, of arm64.
#
# SERIES is which kernel; KVMSTALL_STATIC and KVMSTALL_STATIC_ARM64 the programs without libraries.
# shellcheck disable=SC2016,SC2154,SC2317 # jq programs have $; functions run by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL_STATIC=$(readlink -f "${KVMSTALL_STATIC:-$here/build/static/kvmstall}")
KVMSTALL_STATIC_ARM64=$(readlink -f "${KVMSTALL_STATIC_ARM64:-$here/build/static-arm64/kvmstall}")
series=${SERIES:-6.18}
out=$work/out

# Emulated CPUs that go and come are slow enough for RCU to complain.
test_boot()
{
	local status=0 name

	mkdir -p "$work/bin"
	for name in chain drain; do
		${CC:-cc} -O1 -static -pthread -o "$work/bin/$name" "$here/tests/live/$name.c" || skip "no static libraries"
	done
	OUT=$out KVMSTALL=$KVMSTALL_STATIC KVMSTALL_VM_TIMEOUT=${KVMSTALL_VM_TIMEOUT:-600} \
		KVMSTALL_VM_APPEND=rcupdate.rcu_cpu_stall_suppress=1 \
		"$here/tests/vm/run.sh" "$series" "$here/tests/vm/guest/locks.sh" "$work/bin/chain" "$work/bin/drain" 2>errors || status=$?
	booted "$status" "$out"
}

# need TRACE: what the guest brought home, and its calls hold together.
need()
{
	[ -s "$out/release" ] || skip 'it did not boot'
	none "off balance" 'select(is_call and is_off_balance)' "$out/$1.trace"
	none "a lock without its holder" 'select(.type == "stall" and .cause == "lock" and .culprit == null and .lock == null)' "$out/$1.trace"
}

# Who writes KVM's parameter has kvm_lock, and is in no call of KVM's.
test_kvm_lock()
{
	local writers found

	need kvm-lock
	writers=$(paste -sd ' ' "$out/kvm-lock.writers")
	jq -c --arg writers "$writers" 'select(.type == "stall" and .call == "KVM_CREATE_VM" and .comm == "kvmstall" and .cause == "lock")
		| {tid: .culprit.tid, right: (.culprit.kind == "holder" and (.culprit.tid | tostring | IN($writers | split(" ")[]))
			and .culprit.call == null and any(.segments[]; .cause == "lock" and .function == "kvm_dev_ioctl"))}' \
		"$out/kvm-lock.trace" >seen
	none "another holder" 'select(.right | not)' seen
	found=$(jq .tid seen | sort -u | wc -l)
	note "$found of $(wc -l <"$out/kvm-lock.writers") writers were waited for"
	[ "$found" -ge 5 ] || fail "only $found writers of $writers were waited for"
}

# The call of the same VM meanwhile: two locks in a row.
test_chain()
{
	need kvm-lock
	some "the root of a chain" 'select(.call == "KVM_CREATE_VCPU" and .comm == "chain-third" and .cause == "lock"
		and .culprit.comm == "chain-second" and .culprit.root.comm == "chain-first" and .culprit.root.call == "KVM_GET_DIRTY_LOG")' \
		"$out/kvm-lock.trace"
}

# A per-CPU rwsem does not say who has it.
test_cpus_read_lock()
{
	need cpus-read-lock
	some "cpus_read_lock" 'select(.type == "stall" and .cause == "lock" and .culprit == null
		and .lock == {kind: "percpu-rwsem", name: null, held_by: "unnamed"}
		and any(.segments[]; .cause == "lock" and .function == "cpus_read_lock"))' "$out/cpus-read-lock.trace"
	note "$(value 'map(select(is_call and .lock.kind == "percpu-rwsem")) | "\(length) calls, \(map(ns_by("lock")) | add / 1e6 | floor) ms"' \
		"$out/cpus-read-lock.trace")"
}

test_barrier_mutex()
{
	need barrier-mutex
	some "the end of a VM" 'select(.type == "stall" and .call == "close")' "$out/barrier-mutex.trace"
	ndjson -c 'include "ndjson"; select(is_call) | .segments[] | select(.cause == "lock" and .function == "rcu_barrier")' \
		"$out/barrier-mutex.trace" >seen
	note "$(jq -rs '"\(length) waits for the mutex of rcu_barrier(), \(map(.ns) | add // 0 | . / 1e6 | floor) ms"' seen)"
	[ -s seen ] || fail 'no two VMs ended together'
}

# memory.high of a cgroup: the call is over, and its process is not let go. The cgroup's own account has all of it, and
# what its allocations took inside.
test_memory_high()
{
	local seen all

	need memory-high
	grep -q '^high [1-9]' "$out/memory-high.events" || skip "$(cat "$out/memory-high.events") is no memory.high"
	some "a call of KVM's that memory.high held up" 'select(.type == "stall" and .cause == "other-sleep" and (.call | startswith("KVM_"))
		and any(.segments[]; (.function // "") | test("^(__)?mem_cgroup_handle_over_high$")))' "$out/memory-high.trace"
	seen=$(value 'map(select(is_call) | .segments[] | select((.function // "") | test("mem_cgroup_handle_over_high")).ns) | add / 1e6 | floor' \
		"$out/memory-high.trace")
	all=$(sed -n 's/^some .*total=\([0-9]*\)...$/\1/p' "$out/memory-high.pressure")
	note "$seen ms in the trace, ${all:-?} ms by memory.pressure"
}

# cpu.max of a cgroup: before v6.18 who is in a call loses its CPU, and nobody else is to blame. Since then the wait is on the
# way back to user space, and has a line of its own.
test_cpu_quota()
{
	need cpu-quota
	grep -q '^nr_throttled [1-9]' "$out/cpu-quota.stat" || fail "$(grep nr_throttled "$out/cpu-quota.stat")"
	jq -c 'select(.throttled)' "$out/cpu-quota.trace" >throttled
	none "somebody is blamed for a quota" 'select(.culprit or (.cause | IN("runnable", "wakeup") | not))' throttled
	note "$(wc -l <throttled) calls for want of quota, $(value 'map(ns_by("runnable")) | add // 0 | . / 1e6 | floor' throttled) ms;" \
		"$(sed -n 's/^throttled_usec \(.*\)...$/\1/p' "$out/cpu-quota.stat") ms by cpu.stat"
	if [ -e "$out/cpu-quota.by-task" ]; then
		some "a wait without quota" 'select(.type == "stall" and .comm == "kvmstall" and .cause == "runnable"
			and .latency_ns == .stall_ns)' throttled
	else
		some "a call without quota" 'select(.type == "stall" and .comm == "kvmstall" and (.call | startswith("KVM_")))' throttled
	fi
}

# irqbypass' mutex, which is the host's: another VMM's KVM_IRQFD has it, or the kworker that shuts an irqfd of a VM down.
# The CPUs of a guest that counts its time run by turns: too seldom one is interrupted while it has the mutex.
test_irqbypass()
{
	local status=0

	[ -x "$KVMSTALL_STATIC_ARM64" ] || skip "no program for arm64: make static-arm64"
	mkdir -p "$out"
	OUT=$out KVMSTALL=$KVMSTALL_STATIC_ARM64 KVMSTALL_VM_TIMEOUT=${KVMSTALL_VM_TIMEOUT:-600} \
		KVMSTALL_VM_CLOCK=host KVMSTALL_VM_APPEND=rcupdate.rcu_cpu_stall_suppress=1 \
		"$here/tests/vm/run.sh" "$series:arm64" "$here/tests/vm/guest/irqbypass.sh" 2>errors || status=$?
	cat errors
	[ "$status" != 77 ] || skip "$(tail -n 1 errors)"
	[ "$status" = 0 ] || fail "exit status $status"
	none "off balance" 'select(is_call and is_off_balance)' "$out/irqbypass.trace"
	jq -c 'select(.call == "KVM_IRQFD" and .cause == "lock" and any(.segments[]; .function == "irq_bypass_register_consumer"))
		| {culprit, lock}' "$out/irqbypass.trace" >seen
	note "$(cat "$out/release-arm64"): $(wc -l <seen) KVM_IRQFD waited, $(cat "$out/irqbypass.tries") tries"
	[ -s seen ] || too_busy "no KVM_IRQFD waited for another"
	none "another holder" 'select(.lock != null or .culprit.kind != "holder" or .culprit.tid == 0
		or ((.culprit.call == "KVM_IRQFD" or (.culprit.comm | startswith("kworker/"))) | not))' seen
}

command -v jq >/dev/null || nothing 'no jq'
for name in boot kvm-lock chain cpus-read-lock barrier-mutex memory-high cpu-quota irqbypass; do
	run_test "$name"
done
finish
