#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-vm: kvmstall on other kernels, with fentry and without, a boot each (guest/observe.sh);
# what it brings home is judged here.
#
# SERIES is which kernels, by default the last before kvm_io_bus_register_dev() deferred, the first
# after, and the newest. KVMSTALL_STATIC is the program without libraries. KEEP=1 keeps what was captured.
# shellcheck disable=SC2016,SC2086,SC2154,SC2317 # jq programs have $; functions run by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
VM_TIMEOUT=124 # of run.sh
# shellcheck disable=SC2154 # suite.sh
KVMSTALL_STATIC=$(readlink -f "${KVMSTALL_STATIC:-$here/build/static/kvmstall}")

# observe SERIES: a VM's life; run.sh's exit status and how long it took are in "boot".
observe()
{
	local out=$work/$1.out status=0

	mkdir -p "$out"
	SECONDS=0
	OUT=$out KVMSTALL=$KVMSTALL_STATIC KVMSTALL_VM_TIMEOUT=${KVMSTALL_VM_TIMEOUT:-600} "$here/tests/vm/run.sh" "$1" \
		"$here/tests/vm/guest/observe.sh" >"$out/errors" 2>&1 || status=$?
	echo "$status $SECONDS" >"$out/boot"
}

# observe_all SERIES...: three at once, of a gigabyte each. A guest's clock does not mind (run.sh).
observe_all()
{
	for series; do
		observe "$series" &
		[ "$(jobs -rp | wc -l)" -lt 3 ] || wait -n
	done
	wait
}

boot()
{
	local status seconds

	read -r status seconds <"$out/boot"
	cat "$out/errors"
	grep -o 'emulator crash.*' "$out/errors" | while read -r line; do note "$line"; done
	# Nothing else to tell a kernel that cannot be had from a program that skips.
	[ "$status" != 77 ] || skip "$(tail -n 1 "$out/errors")"
	[ "$status" != "$VM_TIMEOUT" ] || too_busy "$(tail -n 1 "$out/errors")"
	note "$(cat "$out/release"), booted and observed in $seconds s"
	return "$status"
}

# The best, which is fentry, unless trace found it blind and said so; and tracepoints.
backends()
{
	local backend used

	for backend in fentry tracepoint; do
		used=$(value '.[] | select(.type == "summary").backend' "$out/$backend-vcpu.trace")
		[ "$used" = $backend ] && continue
		grep -q "backend '$backend' attaches, but does not see KVM's calls; using '$used'" \
			"$out/$backend-vcpu.errors" ||
			fail "by $used, not by $backend" "$(cat "$out/$backend-vcpu.errors")"
		note "$backend is blind here, and trace said so: $used took its place"
	done
}

# not_once TRACE REPRO: those of repro's calls that a trace has not once.
not_once()
{
	ndjson -nc --slurpfile trace "$1" --slurpfile repro "$2" 'include "ndjson";
		not_once($trace; $repro) | [.repro.call, .repro.round, .repro.args, .repro.ts_ns, (.trace | length)]'
}

# Every wait is part of the call that repro made.
calls()
{
	local run bad=0

	for run in fentry-vcpu fentry-qemu fentry-minimal tracepoint-vcpu tracepoint-qemu tracepoint-minimal; do
		none "$run: calls without a name" 'select(is_call and (.call | IN("unknown", "ioctl")))
			| [.call, .tid, .comm, .latency_ns, .waits[].site]' "$out/$run.trace" || bad=1
		not_once "$out/$run.trace" "$out/$run.repro" >"$run"
		none "$run: calls of repro that are not there once" . "$run" || bad=1
	done
	[ $bad = 0 ]
}

# The seed's report: vCPU creation installs the APIC page through a private memslot, and waits for
# the grace period that the irqchip's devices left behind.
vcpu_stalls()
{
	local backend trace frames='["kvm_swap_active_memslots", "kvm_alloc_apic_access_page",
		"kvm_arch_vcpu_create", "kvm_vm_ioctl"]'

	for backend in fentry tracepoint; do
		trace=$out/$backend-vcpu.trace
		jq -c 'select(.call == "KVM_CREATE_VCPU" and .cause == "gp-timer")' "$trace" >"$backend"
		note "$backend: $(wc -l <"$backend") of 7 KVM_CREATE_VCPU stalled"
		[ "$(wc -l <"$backend")" -ge 5 ] || fail "$backend: fewer than 5 of 7 stalled for gp-timer" "$(cat "$trace")"
		none "$backend: not the culprit" 'select(.culprit.function != "kvm_io_bus_register_dev"
			or .culprit.call != "KVM_CREATE_IRQCHIP" or .culprit.tid != .tid)' "$backend"
		# The frames in this order, whatever was inlined between them.
		none "$backend: another stack" "select(any(.waits[]; any(.stack[:2][]; test(\"^(__)?synchronize_srcu\"))
			and (.stack as \$all | $frames | map(. as \$one | \$all | index(\$one))
				| all(.[]; . != null) and . == sort)) | not)" "$backend"
		note "$backend: $(value 'map(select(.call == "KVM_CREATE_VCPU" and .args.id == 0).latency_ns / 1000 | round)
			| "KVM_CREATE_VCPU took \(sort | map(tostring) | join(", ")) us"' "$trace")"
	done
	some "the expedited wait by its name" '.waits[] | select(.api == "synchronize_srcu_expedited")' fentry
}

# Before: the very same calls, and no grace period is left behind.
nothing_stalls()
{
	local trace

	for trace in "$out"/*-vcpu.trace "$out"/*-qemu.trace "$out"/*-minimal.trace; do
		some "${trace##*/}: vCPUs" 'select(.call == "KVM_CREATE_VCPU")' "$trace"
		none "${trace##*/}: stalled for gp-timer" 'select(.call | IN("KVM_CREATE_VCPU", "KVM_SET_USER_MEMORY_REGION"))
			| select(.cause == "gp-timer")' "$trace"
	done
	note "KVM_CREATE_VCPU took $(value 'map(select(.call == "KVM_CREATE_VCPU").latency_ns / 1000 | round) | sort
		| map(tostring) | join(", ")' "$out/fentry-vcpu.trace") us"
}

# Memslots behind devices, on kernels that defer.
memslot_stalls()
{
	local backend trace

	for backend in fentry tracepoint; do
		trace=$out/$backend-minimal.trace
		# jq -e goes by the last object alone.
		jq -c 'select(.call == "KVM_SET_USER_MEMORY_REGION" and .cause == "gp-timer")' "$trace" | grep -q . ||
			fail "$backend: no memslot stalled for gp-timer"
		none "$backend: another cause" 'select(.call == "KVM_SET_USER_MEMORY_REGION")
			| select(.cause | IN("gp-timer", "reader", "poll-backoff") | not) | select(waited_for_cpu | not)' "$trace"
		none "$backend: another culprit" 'select(.call == "KVM_SET_USER_MEMORY_REGION" and .cause == "gp-timer")
			| select(.culprit.function != "kvm_io_bus_register_dev" or .culprit.call != "KVM_IOEVENTFD")' "$trace"
	done
}

# What was made again, since a trace lost something, and which of repro's calls are not in that.
made_again()
{
	local trace

	for trace in "$out"/*.trace.lost? "$out"/*.both.lost?; do
		[ -s "$trace" ] || continue
		not_once "$trace" "${trace%.*.lost?}.repro.${trace##*.}" >missing
		note "${trace##*/}: $(value 'map(select(.type == "lost") | "\(.count) \(.where)") | join(", ")' "$trace"), so made again;" \
			"not there once: $(head -n 3 missing | paste -sd ' ')"
	done
}

balance()
{
	made_again
	none "segments that do not add up" 'select(is_call and is_off_balance)' "$out"/*.trace "$out"/*.both
	# A program that is interrupted by what it watches is not run again. Of a call whose start was not seen so, the
	# end counts as well.
	none "losses" 'select(is_loss)' "$out"/*.trace "$out"/*.both
	note "$(value 'map(select(.type == "lost").count) | add // 0' "$out"/*.trace "$out"/*.both) programs were not run"
}

unexplained()
{
	local backend parts stalled bad=0

	for backend in fentry tracepoint; do
		read -r parts stalled < <(value 'map(select(.type == "stall"))
			| "\(map(ns_by("unexplained")) | add) \(map(.stall_ns) | add)"' "$out/$backend"-*.trace)
		note "$backend: unexplained: $(awk "BEGIN { printf \"%.3f %% of %.1f ms\", 100 * $parts / $stalled, $stalled / 1e6 }") stalled"
		[ $((parts * 100)) -le "$stalled" ] || bad=1
	done
	[ $bad = 0 ] || value 'map(select(.type == "stall" and ns_by("unexplained") > 100000)) | .[:7][] | tojson' \
		"$out"/*-*.trace
	[ $bad = 0 ]
}

# Two backends that watched the same calls at the same time.
agreement()
{
	# Not the kernel's own threads: how each backend counts what these wait for may differ.
	ndjson -nc --slurpfile one "$out/pair.both" --slurpfile two "$out/pair.trace" 'include "ndjson";
		$two[] | select(is_call and .call != "irqfd_shutdown" and .stall_ns > 8000000) | . as $mine
		| [$one[] | select(is_call and .tid == $mine.tid and .call == $mine.call
			and .ts_ns < ($mine | end_ns) and $mine.ts_ns < end_ns)]
		| {call: $mine.call, cnt: length, causes: [$mine.cause, .[0].cause], stalls: [$mine.stall_ns, .[0].stall_ns],
			culprits: [$mine.culprit.call, .[0].culprit.call],
			tie: (length == 1 and (.[0] as $its | all($mine, $its;
				[ns_by($mine.cause), ns_by($its.cause)] | min * 1.25 > max)))}' >pairs
	[ -s pairs ] || fail "no stalls of more than two jiffies"
	none "not the same call" 'select(.cnt != 1)' pairs
	# Two causes of a length may change places.
	none "not the same cause" 'select(.causes[0] != .causes[1] and (.tie | not))' pairs
	none "not the same culprit" 'select(.causes[0] == .causes[1] and .culprits[0] != .culprits[1])' pairs
	note "$(wc -l <pairs) stalls of more than 8 ms seen by both; they differ by $(jq -s 'map((.stalls[0] - .stalls[1]) / 1000
		| fabs | round) | sort | "\(.[length / 2 | floor]) us (median), \(max) us (most)"' -r pairs)"
	note "$(jq -s 'map(select((.stalls[0] - .stalls[1] | fabs) > ([.stalls[0] / 20, 100000] | max))) | length' pairs)" \
		"of them by more than 5 % and 100 us"
	for backend in both trace; do
		note "$backend: $(value 'map(select(.type == "summary"))[0] | .backend, (.ns_by_cause
			| to_entries | map(select(.value > 0) | "\(.key) \(.value / 1000000 | . * 100 | round / 100)") | join(", "))' \
			"$out/pair.$backend" | paste -sd ' ') ms"
	done
}

# Each VM of the recording registered one device, and the callback that this left behind is counted for it.
deferrals()
{
	local backend

	backend=$("$KVMSTALL_STATIC" report -f json "$out/kvs" | jq -r 'select(.type == "summary").backend')
	[ "$backend" != tracepoint ] || skip "$backend sees no callbacks"
	"$KVMSTALL_STATIC" report --by deferral -f json "$out/kvs" >rows
	jq -se 'map(select(.type == "group")) | length == 31 and all(.[]; .callbacks == 1 and .calls == 1)' rows ||
		fail "not one callback for each of 31 VMs" "$(cat rows)"
}

# The recordings of two kernels: what is worse, why, and what could be behind it.
changed()
{
	local status=0

	"$KVMSTALL_STATIC" diff -f json "$work/6.17.out/kvs" "$work/6.18.out/kvs" >verdict || status=$?
	[ $status = 1 ] || fail "exit status $status, not 1" "$(cat verdict)"
	jq -e '.changes[] | select(.call == "KVM_SET_USER_MEMORY_REGION" and .occurrence == 1)
		| .verdict == "worse" and .moved.cause == "gp-timer" and .moved.function == "kvm_io_bus_register_dev"
			and (.explanations | index("kernel.release"))' verdict || fail "not the memory slot" "$(cat verdict)"
	ln -s "$work/6.17.out/kvs" 6.17.kvs
	ln -s "$work/6.18.out/kvs" 6.18.kvs
	"$KVMSTALL_STATIC" diff --format lkml 6.17.kvs 6.18.kvs >mail || [ $? = 1 ]
	awk 'length > 72' mail >wide
	[ ! -s wide ] || fail "too wide for a mail:" "$(cat wide)"
	# Lines are folded.
	tr '\n' ' ' <mail | tr -s ' ' |
		grep -qE 'KVM_SET_USER_MEMORY_REGION [^:]* B: worse: gp-timer \+[0-9.]+ms because of kvm_io_bus_register_dev in KVM_IOEVENTFD' ||
		fail "the memory slot is not in the mail" "$(cat mail)"
	note "$(jq -r '.changes[] | select(.verdict | IN("worse", "better"))
		| "\(.call) \(.verdict) by \(.diff_ns / 1000 | round) us, \(.moved.cause)"' verdict | paste -sd ';')"
}

command -v jq >/dev/null || nothing "no jq"
observe_all ${SERIES:=6.17 6.18 7.3}
for series in $SERIES; do
	out=$work/$series.out
	run_test "$series-boot" boot
	[ -s "$out/release" ] || continue
	run_test "$series-backends" backends
	run_test "$series-calls" calls
	if newer 6.18 "${series%:*}"; then
		run_test "$series-vcpu-stalls" vcpu_stalls
		run_test "$series-memslot-stalls" memslot_stalls
		run_test "$series-deferrals" deferrals
	else
		run_test "$series-nothing-stalls" nothing_stalls
	fi
	run_test "$series-balance" balance
	run_test "$series-unexplained" unexplained
	run_test "$series-agreement" agreement
done
if [ -s "$work/6.17.out/release" ] && [ -s "$work/6.18.out/release" ]; then
	run_test diff-6.17-6.18 changed
fi
finish
