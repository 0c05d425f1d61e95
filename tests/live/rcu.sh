#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Waits for plain RCU: in KVM's calls, and in the other calls of who has a VM, or is COMMAND. Each is there, by
# its name, with its API and who waited; and nobody else's. A part of run.sh; alone, it is all that run.sh runs.
#
# Who asks RCU and is preempted before it sleeps, for as long as a grace period takes, does not sleep at all: on a
# busy machine one call in some hundreds. So what counts calls is tried again.

# shellcheck disable=SC2154 # work and here are run.sh's

[ "${BASH_SOURCE[0]}" != "$0" ] || TESTS='site-fdtable site-device-close site-vcpu-hop site-cgroup rcu-calls rcu-others rcu-owner rcu-exit rcu-stranger rcu-moved rcu-left' \
	exec bash "$(dirname "$0")/run.sh"

tests=${tests/nothing-left/rcu-calls rcu-others rcu-owner rcu-exit rcu-stranger rcu-moved rcu-left nothing-left}

# fdgrow ARG...: tests/live/fdgrow.c
fdgrow()
{
	[ -x "$work/fdgrow" ] || ${CC:-cc} -O1 -pthread -o "$work/fdgrow" "$here/tests/live/fdgrow.c" || return
	"$work/fdgrow" "$@"
}

# waits_for_rcu SITE: what of a stream of calls waited for RCU, as a jq filter.
waits_for_rcu()
{
	cat <<-END
		select(is_call and any(.waits[]; (.site // "" | test("^($1)([.].*)?$"))
			and (.api | IN("synchronize_rcu", "synchronize_rcu_expedited", "rcu_barrier"))))
	END
}

# Each has time of RCU, or if others had the CPUs, of the wait for one; and nothing unexplained.
rcu_holds_together()
{
	never "off balance" 'select(is_call and is_off_balance)' "$@"
	none "a wait for RCU without its time" "$(waits_for_rcu '.*') | select(has_cause(\"rcu\") | not)" "$@"
	none "another headline" "$(waits_for_rcu '.*') | select(.cause | IN(\"rcu\", \"wakeup\", \"run\") | not) | {call, cause, segments}" "$@"
	rcu_is_split "$@"
	none "unexplained" "$(waits_for_rcu '.*') | select(has_cause(\"unexplained\") or (.complete | not))" "$@"
	none "losses" 'select(is_loss)' "$@"
}

# What it went to is known, where RCU's kthread can be followed: nearly all of it. Who sleeps as the kthread ends its grace
# period, or while it has no CPU, sees none of its steps: on a busy machine one wait in a hundred.
rcu_is_split()
{
	local share

	"$KVMSTALL" trace -vv -- true 2>&1 | grep 'what a wait for RCU goes to is not known' && return
	share=$(ndjson 'include "ndjson"; select(is_call) | .segments[] | select(.cause == "rcu")' "$@" |
		jq -s '(map(select(.part == null).ns) | add // 0) / (map(.ns) | add // 1)')
	jq -en "$share <= 0.1" >/dev/null || fail "$share of the waits for RCU is not split"
}

# rcu_site SCENARIO CALLS SITES API: in each round each of these calls waits for RCU, once.
rcu_site()
{
	local name=$1 calls=$2 where=$3 api=$4 rounds=${ROUNDS:-31} made trace

	capture "site-$name" --scenario "$name" --rounds "$rounds"
	trace=$work/captures/site-$name.trace
	jq -r 'select(.type == "skip") | "\(.call // "repro"): \(.errno // .reason)"' "$work/captures/site-$name.repro" >refused
	[ ! -s refused ] || skip "not on this kernel: $(head -n 1 refused)"
	# A wait is a jiffy at least: where all are shorter, nothing waits.
	made=$(jq -s --arg calls "^($calls)\$" --argjson jiffy "$(jiffy_ns)" '[.[] | select(.type == "call" and (.call | test($calls))
		and .latency_ns > $jiffy)] | length' "$work/captures/site-$name.repro")
	[ "$made" != 0 ] || skip "none of its calls waits on this kernel"
	ndjson -c 'include "ndjson"; '"$(waits_for_rcu "$where") | select(.call | test(\"^($calls)\$\"))" "$trace" >waited
	jq -r .call waited | sort | uniq -c | awk '{ n = $1; sub(/^ *[0-9]+ /, ""); print $0 "\t" n }' >counts
	tr '|' '\n' <<<"$calls" | sed 's/\.\[(\]/ (/; s/\[)\]/)/' | sort | sed "s/\$/\t$rounds/" | diff - counts || fail "not each call of each round"
	none "another API" 'select([.waits[] | select(.api == "'"$api"'")] | length != 1)' waited
	none "without its site's advice" 'select(.stall_ns > 4 * '"$(jiffy_ns)"' and .cause == "rcu" and .advice == null)' waited
	rcu_holds_together "$trace"
	note "$calls: $rounds of $rounds; $(jq -s 'map(.stall_ns) | sort | "\(.[length / 2 | floor] / 1e6) ms (median)"' waited)"
}

counts_by_call()
{
	ndjson -r 'include "ndjson"; '"$(waits_for_rcu 'expand_files|alloc_fd')"' | .call' "$1" | sort | uniq -c | tr -s ' '
}

# COMMAND and its children, though none of them ever has a VM.
test_rcu_calls()
{
	repeat 5 rcu_calls
}

rcu_calls()
{
	fdgrow 0
	# shellcheck disable=SC2094 # the argument is no file
	"$KVMSTALL" trace --json --all -- sh -c "'$work/fdgrow' 7; :" >trace
	[ "$(counts_by_call trace)" = " 7 dup
 7 eventfd2
 7 openat
 7 socket" ] || fail "not 7 of each:" "$(counts_by_call trace)"
	none "a VM of nobody" 'select(is_call and .vm)' trace
	rcu_holds_together trace
}

# What a VMM does besides: each by its name, with advice of its own.
test_rcu_others()
{
	${CC:-cc} -O1 -pthread -o rcuwaits "$here/tests/live/rcuwaits.c"
	./rcuwaits 1 2>refused || skip "not on this kernel: $(cat refused)"
	repeat 5 rcu_others
}

rcu_others()
{
	local place where='__(x64|arm64|do)_sys_membarrier sync_runqueues_membarrier_state|membarrier_register_.* netdev_run_todo'

	"$KVMSTALL" trace --json --all -o trace -- ./rcuwaits 7
	for place in $where; do
		ndjson -r 'include "ndjson"; '"$(waits_for_rcu "$place")"' | .call' trace
	done | sort | uniq -c | tr -s ' ' >counts
	[ "$(cat counts)" = " 7 close
 14 membarrier" ] || fail "not 7 of each:" "$(cat counts)"
	none "without its site's advice" 'select(is_call and .cause == "rcu" and .stall_ns > 4 * '"$(jiffy_ns)"'
		and (.advice // "" | test("membarrier|network device") | not))' trace
	rcu_holds_together trace
}

# Who has a VM, found by itself.
test_rcu_owner()
{
	repeat 5 rcu_owner
}

rcu_owner()
{
	fdgrow 0
	watch trace --all
	fdgrow 7 vm
	unwatch
	[ "$(counts_by_call trace)" = " 7 dup
 7 eventfd2
 7 openat
 7 socket" ] || fail "not 7 of each:" "$(counts_by_call trace)"
	none "of no VM" "$(waits_for_rcu 'expand_files|alloc_fd') | select(.vm.comm != \"fdgrow\")" trace
	rcu_holds_together trace
}

# Since v6.10 the end of a device waits, if it is of a kind that has something to release.
device_waits()
{
	# shellcheck disable=SC2094 # the argument is no file
	"$KVMSTALL" repro --json --scenario device-close --rounds 3 >repro
	jq -c --argjson jiffy "$(jiffy_ns)" 'select(.call == "close (device)" and .latency_ns > $jiffy)' repro >device-slow
	[ -s device-slow ] || skip "the end of a device waits for nothing on this kernel"
}

# What a process leaves open waits in its exit.
test_rcu_exit()
{
	repeat 5 rcu_exit
}

rcu_exit()
{
	device_waits
	fdgrow 0
	watch trace --all
	for _ in 1 2 3 4 5 6 7; do fdgrow 0 exit; done
	unwatch
	ndjson -c 'include "ndjson"; '"$(waits_for_rcu kvm_device_release) | [.call, .args.via]" trace | sort | uniq -c | tr -s ' ' >counts
	[ "$(cat counts)" = ' 7 ["close","exit"]' ] || fail "not 7 exits:" "$(cat counts)"
	rcu_holds_together trace
}

# Nobody's business: the same calls of a process that has no VM.
test_rcu_stranger()
{
	fdgrow 0
	watch trace --all
	fdgrow 7
	unwatch
	never "of a stranger" 'select(is_call and .comm == "fdgrow")' trace
	none "for RCU" "$(waits_for_rcu 'expand_files|alloc_fd')" trace
}

# What a test needs that keeps RCU's kthread from a CPU: $kthread, the caller's, and fdgrow.
needs_rcu_kthread()
{
	if ! command -v chrt || ! command -v taskset; then skip "no chrt or taskset"; fi >/dev/null
	[ "$(nproc)" -gt 1 ] || skip "one CPU only"
	kthread=$(pgrep -x 'rcu_preempt|rcu_sched') || skip "RCU's kthread is not known by name here"
	[ "$(chrt -p "$kthread" | sed -n 's/.*policy: //p')" = SCHED_OTHER ] || skip "RCU's kthread is real-time here"
	fdgrow 0
}

# RCU's kthread wants the CPU that a real-time thread has, and gets another one in the end: who had the first is the culprit.
test_rcu_moved()
{
	local kthread

	needs_rcu_kthread
	repeat 5 rcu_moved
}

# cpus_of TID: those that it may be on, or all if another run of this test has it on one just now.
cpus_of()
{
	local cpus

	cpus=$(taskset -c -p "$1" | sed 's/.*: //')
	[[ $cpus == *[-,]* ]] || cpus=$(cat /sys/devices/system/cpu/online)
	echo "$cpus"
}

# wants_cpu TID: it is ready to run, in each of some looks.
wants_cpu()
{
	local stat _

	for _ in 1 2 3 4 5; do
		read -r stat <"/proc/$1/stat"
		[[ $stat = *') R '* ]] || return
		sleep 0.02
	done
}

rcu_moved()
(
	cpus=$(cpus_of "$kthread")
	trap 'taskset -c -p "$cpus" "$kthread" >/dev/null; kill $(jobs -p) 2>/dev/null || :; wait' EXIT
	watch trace --all
	taskset -c -p 0 "$kthread" >/dev/null
	taskset -c 1 "$work/fdgrow" 1 # it is on that CPU from now on
	# Who is woken while there is no call is seen in its last queue alone; and somebody always asks RCU for something.
	"$KVMSTALL" repro --profile minimal --inject reader --hold 3s >/dev/null &
	until_true 5 pgrep -g 0 -r D -x kvmstall
	# shellcheck disable=SC2016 # the inner shell's
	chrt -f 50 taskset -c 0 bash -c 'end=$((${EPOCHREALTIME/./} + 900000))
		while [ ${EPOCHREALTIME/./} -lt $end ]; do :; done' &
	hog=$!
	chrt -f 1 taskset -c 1 "$work/fdgrow" 1 vm &
	grow=$!
	until_true 5 wants_cpu "$kthread"
	taskset -c -p 1 "$kthread" >/dev/null
	kill -0 "$hog" || fail "the real-time thread was over too early" || return
	wait "$grow"
	unwatch
	some "who had the CPU that RCU's kthread wanted" "select(is_call and .comm == \"fdgrow\" and .culprit.kind == \"cpu\"
		and .culprit.late.tid == $kthread and .culprit.tid == $hog and .culprit.priority == 50)" trace
	rcu_holds_together trace
)

# Where several CPUs are waited for, the one that a thread keeps is named, and none that is idle.
test_rcu_left()
{
	[ "$(nproc --all)" -le 16 ] || skip "more CPUs than a leaf of RCU's tree has: a record is of the first leaf alone"
	can_hold_rcu_out
	with_core lib/holdouts
	repeat 5 rcu_left
}

# shellcheck disable=SC2016,SC2094 # jq's; the arguments are no files
rcu_left()
{
	"$KVMSTALL" record -q -o left.cap -- "$KVMSTALL" repro --json --profile minimal --inject rcu-holdout --rounds 31 >repro
	./holdouts left.cap >left
	jq -c --slurpfile repro repro '. as $left | $repro[] | select(.type == "inject" and .began_ns <= $left.ts_ns and $left.ts_ns < .ended_ns)
		| $left + {kept: (.detail | capture("CPU (?<cpu>[0-9]+)").cpu | tonumber), by: .tid}
		| select((.kept as $kept | .cpus | index($kept)) and (.cpus | length > 1))' left >several
	[ -s several ] || fail "never several CPUs" || return
	jq -c 'select(.cpu == .leaves)' several >leaves
	[ ! -s leaves ] || defect "the CPU that the kthread leaves is named: $(head -n 3 leaves)"
	# A task that was there may leave its CPU before it is read who it is.
	jq -c 'select(.tid == 0)' several >idle
	[ $(($(wc -l <idle) * 10)) -le "$(wc -l <several)" ] ||
		defect "no task is named where one keeps a CPU: $(wc -l <idle) of $(wc -l <several); $(head -n 1 idle)"
	note "$(jq -s 'map(select(.tid == .by)) | length' several) of $(wc -l <several): the one that kept a CPU"
}
