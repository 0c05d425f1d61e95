#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-rcu: waits for plain RCU in VMs (guest/rcu.sh), for what the machine at hand does not have: KVM_RUN from another
# thread and KVM_CREATE_VM after a move of cgroups (up to 6.12), callbacks that nobody runs (rcu_nocbs), the end of a VM with
# nested paging. And when its grace periods start and end, and which CPU reports last, against kprobes on RCU's own functions; and
# against RCU's own tracepoints, of a kernel of the lab that has them: 7.3-rcu, which `scripts/lab/build.sh amd64 7.3 250 rcu` builds.
#
# SERIES is which kernels, by default 6.1, 6.12, 7.3 and 7.3-rcu. KVMSTALL_STATIC is the program without libraries.
# TABLE=FILE has the figures, as docs/rcu.md has them. KEEP=1 keeps what was captured.
# shellcheck disable=SC2016,SC2154,SC2317 # jq programs have $; suite.sh's; functions run by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL_STATIC=$(readlink -f "${KVMSTALL_STATIC:-$here/build/static/kvmstall}")
O=${O:-$here/build}
gps_min=301
rounds=31

# row TABLE FIELD...: a row of it, for this kernel.
row()
{
	{
		printf '| %s |' "${release:-$series}"
		printf ' %s |' "${@:2}"
		echo
	} >>"$work/rows.$1"
}

boot()
{
	local status=0 kernel=$series append='rcu_nocbs=all rcutree.rcu_normal_wake_from_gp=0'

	if [[ $series == *-rcu ]]; then
		kernel=$(LAB_IS_BUILT=1 "$here/scripts/lab/build.sh" amd64 "${series%-rcu}" 250 rcu 2>errors) ||
			skip "not built: scripts/lab/build.sh amd64 ${series%-rcu} 250 rcu"
		append=kvmstall_oracle
	fi
	OUT=$out KVMSTALL=$KVMSTALL_STATIC KVMSTALL_VM_TIMEOUT=${KVMSTALL_VM_TIMEOUT:-600} \
		KVMSTALL_VM_APPEND="$append rcupdate.rcu_cpu_stall_suppress=1" \
		"$here/tests/vm/run.sh" "$kernel" "$here/tests/vm/guest/rcu.sh" 2>errors || status=$?
	booted "$status" "$out"
}

# need NAME: what the guest brought home, and its calls hold together.
need()
{
	[ -s "$out/release" ] || skip 'it did not boot'
	grep -qx "$1: exit status 0" "$out/status" || fail "$(cat "$out/status" "$out/$1.errors")"
	none "off balance" 'select(is_call and is_off_balance)' "$out/$1.trace"
	none "losses" 'select(.type == "lost" and (.where | IN("ring", "tasks", "domains", "history")))' "$out/$1.trace"
}

# waiters API SITE: the calls of a stream that waited so.
waiters()
{
	echo "select(is_call and any(.waits[]; .api == \"$1\" and (.site // \"\" | test(\"^($2)([.].*)?\$\"))))"
}

# ms FILE: how many objects, and their .ns: the median, and the most.
ms()
{
	jq -rs 'map(.ns) | sort | "\(length) | \(.[length / 2 | floor] / 1e5 | round / 10) | \(last / 1e5 | round / 10)"' "$1"
}

# KVM_RUN comes from another thread than before, in each round.
vcpu_hop()
{
	need hop
	ndjson -c "include \"ndjson\"; $(waiters synchronize_rcu kvm_vcpu_ioctl)" "$out/hop.trace" >waited
	if newer 6.13 "$series"; then
		[ ! -s waited ] || fail "since 6.13 nothing waits" "$(head -n 3 waited)"
		skip 'since Linux 6.13 nothing waits'
	fi
	none "another call" 'select(.call != "KVM_RUN")' waited
	none "another headline" 'select(.cause != "rcu") | select(waited_for_cpu | not) | {cause, segments}' waited
	none "unexplained" 'select(has_cause("unexplained")) | .segments' waited
	[ "$(wc -l <waited)" = "$rounds" ] || fail "$(wc -l <waited) of $rounds waited"
	jq -c '{ns: .stall_ns}' waited >lengths
	row lengths "KVM_RUN from another thread: kvm_vcpu_ioctl" "$(ms lengths)"
	note "$(wc -l <waited) of $rounds: KVM_RUN waits in kvm_vcpu_ioctl, $(jq -rs 'map(.ns) | sort | .[length / 2 | floor] / 1e6' lengths) ms (median)"
}

# A real-time thread has the CPU where RCU's callbacks are to run.
callbacks()
{
	local wrong

	need callbacks
	! grep -q '"type":"skip"' "$out/callbacks.repro" || skip "$(jq -r 'select(.type == "skip").reason' "$out/callbacks.repro" | head -n 1)"
	# Of 41 rounds those count whose grace period was short beside the time that the CPU was kept.
	ndjson -nc --slurpfile trace "$out/callbacks.trace" --slurpfile repro "$out/callbacks.repro" --argjson jiffy 4000000 \
		'include "inject"; $repro | rounds("rcu-callbacks"; $trace; $jiffy)' >all
	note "$(jq -s 'map(select(.disturbed)) | length' all) of $(wc -l <all) grace periods took as long as their callbacks"
	jq -c 'select(.wrong != [] or (.disturbed | not))' all | head -n "$rounds" >judged
	wrong=$(jq -s 'map(select(.wrong != [])) | length' judged)
	jq -c 'select(.wrong != []) | [.round, .wrong]' judged | head -n 7
	[ "$wrong" = 0 ] || fail "$wrong of $(wc -l <judged) rounds are wrong"
	[ "$(wc -l <judged)" = "$rounds" ] || fail "only $(wc -l <judged) of $rounds rounds came off"
	jq -c '.seen[] | {ns: ([.segments[] | select(.part == "callbacks").ns] | add // 0)}' judged >lengths
	row lengths "callbacks that nobody runs for 307 ms: rcuop" "$(ms lengths)"
	note "$(wc -l <judged) rounds, all right"
}

# What a KVM_CREATE_VM waits for while processes are moved from cgroup to cgroup: for a thread of KVM's, which joins its
# cgroups (up to 6.11), or for nothing.
create_vm()
{
	need cgroup
	jq -c 'select(.call == "KVM_CREATE_VM" and .comm == "kvmstall" and .type != "vm") | {cause, latency_ns, culprit, segments}' "$out/cgroup.trace" >made
	note "$(jq -rs 'group_by(.cause) | map("\(.[0].cause) \(length)") | join(", ")' made)"
	head -n 3 made
	tail -n 3 made
}

# While nobody moves processes: before 6.12 a KVM_CREATE_VM waits for that thread, which waits for RCU before it is in its cgroups.
recovery_thread()
{
	cat "$out"/hop.trace "$out"/callbacks.trace >traces
	jq -c 'select(.call == "KVM_CREATE_VM" and .type != "vm" and .culprit.comm == "kvm-nx-lpage-re")' traces >waited
	if newer 6.12 "$series"; then
		[ ! -s waited ] || fail "it is no kthread here, and nothing waits for it" "$(head -n 3 waited)"
		skip 'it is no kthread here, and nothing waits for it'
	fi
	jq -c 'select(.culprit.cause == "rcu") | {ns: ([.segments[] | select(.cause == "kthread").ns] | add)}' waited >lengths
	[ "$(wc -l <lengths)" -ge 11 ] || fail "only $(wc -l <lengths) of $(wc -l <waited) wait for a thread that is known to wait for RCU"
	row lengths 'KVM_CREATE_VM: kthread, ended by kvm-nx-lpage-re (rcu)' "$(ms lengths)"
	note "$(wc -l <lengths) of $(wc -l <waited) that wait for kvm-nx-lpage-re say that this waits for RCU"
}

# Each end of a VM with nested paging waits for callbacks of all CPUs.
ends()
{
	need hop
	ndjson -c "include \"ndjson\"; $(waiters rcu_barrier 'kvm_mmu_uninit_tdp_mmu|kvm_mmu_uninit_vm|kvm_arch_destroy_vm')" "$out/hop.trace" >waited
	none "another call" 'select(.call != "close")' waited
	[ -s waited ] || fail "no end of a VM waits in rcu_barrier()"
	jq -c '{ns: ([.waits[] | select(.api == "rcu_barrier").ns] | add)}' waited >lengths
	row lengths "close of a VM with NPT: rcu_barrier" "$(ms lengths)"
	note "$(wc -l <waited) ends of VMs wait in rcu_barrier, $(jq -rs 'map(.ns) | sort | .[length / 2 | floor] / 1e6' lengths) ms (median)"
}

# A wait for RCU's kthread that its timer alone ended: none fired before it was due, and what is late has a reason.
timers()
{
	local all

	cat "$out"/hop.trace "$out"/callbacks.trace >traces
	[ ! -s "$out/oracle.kvs" ] || "$O/kvmstall" report -q --all --format json "$out/oracle.kvs" >>traces
	ndjson -c 'include "ndjson"; select(is_call) | .segments[] | select(.cause == "rcu" and .part == "timer") | .timer' traces >waited
	grep -v null waited >explained
	all=$(wc -l <waited)
	[ "$(wc -l <explained)" -ge 11 ] || fail "only $(wc -l <explained) of $all waits for the kthread's timer are explained"
	jq -c 'select(.late_ns < -80000)' explained >early
	[ ! -s early ] || fail "fired before they were due:" "$(head -n 3 early)"
	jq -c 'select(.late == "unexplained")' explained >unnamed
	[ $((100 * $(wc -l <unnamed))) -le "$(wc -l <explained)" ] || fail "late without a reason:" "$(head -n 3 unnamed)"
	row timers "$all" "$(wc -l <explained)" "$(jq -rs 'def n(f): map(select(f)) | length;
		"\(n(.fqs == "first-fqs")) | \(n(.fqs == "next-fqs")) | \(n(.late == "on-time")) | \(n(.late == "early-tick")) | \(n(.late == "idle-cpu")) | \(n(.late | IN("stale-jiffies", "no-tick", "softirq"))) | \(n(.late == "unexplained"))"' explained)"
	note "$(wc -l <explained) of $all waits for the kthread's timer are explained: $(jq -r .late explained | sort | uniq -c | tr -s ' \n' ' ')"
}

# What RCU's functions did, or its tracepoints say, as JSON, in us: a grace period a line. The kthread itself reports for CPUs that
# it has found idle; an interrupt may report for its CPU on top of the kthread, in a softirq, which the flags say. What
# a reader reports that was preempted is of no CPU.
probed()
{
	awk 'function reporter() { return $1 ~ /^rcu_(preempt|sched)-/ && flags !~ /^..[hsH]/ ? "null" : cpu }
	{
		match($0, /[0-9]+\.[0-9][0-9][0-9][0-9][0-9][0-9]: /)
		us = substr($0, RSTART, RLENGTH - 2)
		sub(/\./, "", us)
		rest = substr($0, RSTART + RLENGTH)
		match($0, /\[[0-9]+\] *[^ ]+/)
		cpu = substr($0, RSTART + 1, RLENGTH) + 0
		flags = substr($0, RSTART, RLENGTH)
		sub(/.* /, "", flags)
		event = substr(rest, 1, index(rest, ":") - 1)
		split(substr(rest, length(event) + 3), field, " ")
		if (event == "rcu_grace_period" && field[3] == "start") { start = us; gps = "" }
		if (event == "rcu_quiescent_state_report" && field[3] ~ />0$/ && field[4] == 0 && field[7] == 0) {
			gps = field[2]
			last = field[3] == "0>0" ? "null" : reporter()
			at = us
		}
		if (event == "rcu_grace_period" && field[3] == "end" && start && gps == field[2])
			printf "{\"seq\":%s,\"start\":[%s,%s],\"end\":[%s,%s],\"cpu\":%s,\"last\":%s}\n", gps, start, start, us, us, last, at
		if (event == "init") { init = us; gps = "" }
		if (event == "inited") inited = us
		if (event == "report") { sub(/.*gps=/, "", rest); gps = rest; last = reporter() }
		if (event == "reported") at = us
		if (event == "cleanup") cleanup = us
		if (event == "cleaned" && init && gps != "")
			printf "{\"seq\":%s,\"start\":[%s,%s],\"end\":[%s,%s],\"cpu\":%s,\"last\":%s}\n", gps, init, inited, cleanup, us, last, at
	}' "$1"
}

# Each grace period that the recording has whole: RCU starts it and ends it in the time in which the kthread is seen to run for
# that, and the CPU that reported last is the one that is named, or of several that were left when the timer woke the kthread one.
# Where none is, the kthread itself has seen idle CPUs, or a CPU reported while it looked for them: no record says that.
oracle()
{
	local all wrong

	[ -s "$out/oracle.kvs" ] || skip "these functions cannot be probed here"
	[ ! -s "$out/oracle.lost" ] || fail "$(cat "$out/oracle.lost")"
	${CC:-cc} -O1 -I"$here/include" -I"$here/src" -o gps "$here/tests/vm/gps.c" "$O/core.a" -ljansson -lzstd -lm
	./gps "$out/oracle.kvs" >seen
	probed "$out/oracle.events" >said
	jq -nc --slurpfile seen seen --slurpfile said said '
		($said | map({key: (.seq / 4 | floor | tostring), value: .}) | from_entries) as $by
		| $seen[] | . as $gp | $by[.gp | tostring] as $its
		| def within($its; $mine): $its != null and $its[0] >= ($mine[0] / 1000 | floor) and $its[1] <= $mine[1] / 1000;
		{gp, cpus, late, $its, width: ((.start[1] - .start[0]) + (.end[1] - .end[0]) | . / 2000 | round),
			wrong: [(if within($its.start; $gp.start) | not then "start" else empty end),
				(if within($its.end; $gp.end) | not then "end" else empty end),
				(if $its == null or ($its.cpu == null and .cpus != [])
					or (([$its.cpu // empty] - .cpus) != [] and (.cpus != [] or $its.last < (.end[0] / 1000 | floor))) then "last" else empty end)]}
		| .unnamed = ($its != null and $its.cpu != null and .cpus == [])' >judged
	all=$(wc -l <judged)
	wrong=$(jq -s 'map(select(.wrong != [])) | length' judged)
	jq -c 'select(.wrong != [])' judged | head -n 7
	note "$all grace periods, $wrong otherwise than RCU's functions say; $(jq -s 'map(select(.cpus != [])) | length' judged) ended by" \
		"the report of a CPU, $(jq -s 'map(select(.late)) | length' judged) of them after the timer, and $(jq -s 'map(select(.unnamed)) | length' judged) by one that came in a look; start and end are known to $(jq -rs 'map(.width) | sort | "\(.[length / 2 | floor]) us (median), \(last) us (most)"' judged)"
	row oracle "$(cat "$out/oracle.by")" "$all" "$((all - wrong))" "$(jq -rs '(map(select(.cpus != [])) | length | tostring) + " | " + (map(select(.late)) | length | tostring) + " | " +
		(map(select(.unnamed)) | length | tostring) + " | " +
		(map(.width) | sort | "\(.[length / 2 | floor]) | \(last)")' judged)"
	[ "$wrong" = 0 ] || fail "$wrong of $all are otherwise"
	[ "$all" -ge "$gps_min" ] || fail "only $all of $gps_min grace periods"
}

# What docs/rcu.md is.
table()
{
	[ -n "${TABLE-}" ] || skip 'no TABLE'
	{
		cat <<-'END'
			# Plain RCU's waits in VMs, and RCU's own word for it

			Written by `TABLE=docs/rcu.md make check-rcu` (tests/vm/rcu.sh): QEMU's TCG, 2 CPUs, `-cpu EPYC` with nested paging, HZ=250. Times are
			those of a machine that runs an instruction a nanosecond, on one CPU at a time.

			## Waits, by what trace says

			*cases* is in how many calls; times in ms.

			| kernel | wait | cases | median | most |
			|---|---|--:|--:|--:|
		END
		[ ! -e "$work/rows.lengths" ] || cat "$work/rows.lengths"
		cat <<-'END'

			## Timers of RCU's kthread

			Waits that nothing but the kthread's timer ended: its look then found that all CPUs were idle. *explained*: it is known where in
			its jiffy the timer was armed, when it was due, when it fired, and if late, why, as `report --by timer` has it; the rest was woken by
			somebody else. *first*, *next*: by rcutree.jiffies_till_first_fqs, or after a look of no avail, where the records tell. How late timers
			are on an emulated CPU says nothing of others.

			| kernel | waits | explained | first | next | on-time | early-tick | idle-cpu | other reasons | unexplained |
			|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
		END
		[ ! -e "$work/rows.timers" ] || cat "$work/rows.timers"
		cat <<-'END'

			## Against RCU's own functions

			While a table of descriptors grows under `kvmstall record`, kprobes are on `rcu_gp_init()`, `rcu_gp_cleanup()` and
			`rcu_report_qs_rnp()`; or where the kernel has them (CONFIG_RCU_TRACE: one of the lab), RCU's own tracepoints
			`rcu_grace_period` and `rcu_quiescent_state_report` are on. Of each grace period that the recording has whole: the kthread's sleeps and wake-ups leave an interval for
			its start and one for its end, in which these functions must be entered and left, or the tracepoint must lie; and the last report
			must come from the CPU that is named. *by a CPU*: one is named. *late*: of these, the CPU reported when the timer had woken the
			kthread, and before it looked for idle CPUs. *unnamed*: none is named, and a CPU reported while the kthread looked, which an
			emulated CPU may be long at; in all others without a name the kthread itself reported, for idle CPUs. *width*: of those
			intervals, in us.

			| kernel | by | grace periods | agree | by a CPU | late | unnamed | width, median | most |
			|---|---|--:|--:|--:|--:|--:|--:|--:|
		END
		[ ! -e "$work/rows.oracle" ] || cat "$work/rows.oracle"
	} >"$TABLE"
}

command -v jq >/dev/null || nothing 'no jq'
for series in ${SERIES:-6.1 6.12 7.3 7.3-rcu}; do
	out=$work/$series.out
	mkdir -p "$out"
	SECONDS=0
	run_test "$series-boot" boot
	[ -s "$out/release" ] || continue
	release=$(cat "$out/release")
	names='vcpu-hop callbacks create-vm recovery-thread ends timers oracle'
	[[ $series != *-rcu ]] || names=oracle
	for name in $names; do
		run_test "$series-$name" "${name//-/_}"
	done
done
run_test table table
finish
