#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A call that hangs: a page of the guest is withheld for five seconds, a vCPU thread sleeps on it inside
# the SRCU read side, and a memslot update waits. What does trace --stuck say while it does? A part of
# run.sh; alone, it is all that run.sh runs.

# shellcheck disable=SC2154 # work and here are run.sh's, watcher is watch.sh's

[ "${BASH_SOURCE[0]}" != "$0" ] || TESTS='stuck-reader stuck-unseen stuck-stopped stuck-together stuck-in-flight stuck-attached stuck-killed
	stuck-invalidation stuck-dump stuck-dump-pool stuck-callbacks stuck-cycle stuck-rcu' \
	exec bash "$(dirname "$0")/run.sh"

# hang SECONDS [INJECTION]: in $vmm and $reader the process, and its thread that will have held the domain.
hang()
{
	# shellcheck disable=SC2094 # a command's name is no file
	"$KVMSTALL" repro --json --profile minimal --inject "${2-reader}" --hold "$1s" >repro &
	vmm=$!
	until_true 5 is_held $vmm
	reader=$(grep -lx kvmstall-reader /proc/$vmm/task/*/comm | cut -d / -f 5)
}

# Ours; others may have VMs that hang beside it. The last line may not be whole yet.
is_stuck()
{
	jq -c "select(.stuck == true and .tid == $vmm)" trace 2>/dev/null | grep -q .
}

# names_the_reader WHAT FILTER: all of our VMM that FILTER lets through, and there is some, name it.
names_the_reader()
{
	set -- "$1" "select(.tid == $vmm) | $2"
	some "$1" "$2" trace || {
		jq -c 'select(.type == "summary" or .type == "lost" or .tid == '"$vmm"') | del(.waits, .advice)' trace
		return 1
	}
	none "$1, but not the reader $reader" "$2 | select(.cause != \"reader\" or .culprit.kind != \"reader\"
		or .culprit.tid != $reader or .culprit.function != \"handle_userfault\")
		| {cause, latency_ns, segments, culprit}" trace
	none "$1: off balance" "$2 | select(is_off_balance)" trace
}

test_stuck_reader()
{
	local filter="select(.type == \"stall\" and .stuck)"

	watch trace --stuck 1s
	hang 5
	wait $vmm
	unwatch
	names_the_reader "told while it hangs" "$filter"
	# In the first, second and fourth second, or later on a busy machine; and not more often.
	value "map($filter | select(.tid == $vmm) | .latency_ns / 1e9 | log2 | floor) | tojson" trace >ages
	jq -e 'length > 0 and length <= 3 and . == unique' ages ||
		fail "not at doubling intervals: powers of two of seconds are $(cat ages)"
	names_the_reader "told when it is over" 'select(.type == "stall" and (.stuck | not) and .latency_ns > 1e9)'
	some "counted" "$filter | select(.readers.in == 1 and .readers.cpus > 0)" trace
	none "another number of readers" "$filter | select(.readers != null and (.readers.in != 1 or .readers.may_be_leaked))" trace
	# shellcheck disable=SC2016 # jq's
	ndjson -nc --slurpfile trace trace --slurpfile repro repro 'include "inject"; $repro
		| rounds("reader"; $trace | map(select(.stuck | not)); 0)' >rounds
	none "held and said" 'select(.wrong != [])' rounds
	none "not all of it" '.seen[] | select(ns_by("reader", "poll-backoff", "kworker", "wakeup", "runnable") * 100 < .stall_ns * 99)
		| .segments' rounds
	note "$(jq -r '.seen[0] | "\(.latency_ns / 1e6 | floor) ms: \(.segments
		| map(select(.cause == "reader" or .cause == "poll-backoff")) | group_by(.cause)
		| map("\(.[0].cause) \(map(.ns) | add / 1e6 | floor) ms") | join(", "))"' rounds)"
}

# Symptom A5: two threads unmap guest memory, one always before the other has ended, and a memslot update waits for both.
test_stuck_invalidation()
{
	repeat 11 invalidation_hangs
}

# Both have ended once by chance, sooner on an idle machine: after 60 to 600 ms.
invalidation_hangs()
{
	watch trace --stuck 43ms
	"$KVMSTALL" repro --json --profile minimal --inject invalidation --hold 5s >invalidation.repro 2>err &
	vmm=$!
	wait $vmm || { unwatch; skip "not here: $(tail -n 1 err)"; }
	unwatch
	some "told while it hangs" "select(.stuck and .cause == \"invalidation\" and .tid == $vmm)" trace
	# The first scan asks for one of the threads; where it is is known if it has no CPU just then.
	value "map(select(.stuck and .cause == \"invalidation\" and .tid == $vmm)) | [length, (map(select(.culprit.kind == \"waker\"
		and .culprit.comm == \"kvmstall-unmap\" and .culprit.tid != $vmm)) | length)] | tojson" trace >named
	note "$(jq -r '"\(.[1]) of \(.[0]) lines name one of those who unmap"' named)"
	jq -e '.[1] >= 1' named || fail "nobody is named: $(jq -c 'select(.stuck) | {latency_ns, cause, culprit}' trace)"
	none "another is named" "select(.stuck and .cause == \"invalidation\" and .tid == $vmm and .culprit
		and .culprit.comm != \"kvmstall-unmap\") | .culprit" trace
}

# A read lock that was leaked cannot be made without a broken kernel. What is like it for whoever scans: a reader that is no
# thread of the VM's process. It is counted, stays, and nobody is found.
test_stuck_unseen()
{
	[ "$(uname -m)" = x86_64 ] || skip "the reader of chain.c is of x86"
	${CC:-cc} -O1 -pthread -o chain "$here/tests/live/chain.c"
	./chain 1 apart 2>err || skip "not on this kernel: $(cat err)"
	repeat 3 unseen
}

unseen()
{
	"$KVMSTALL" trace --json -o trace -- ./chain 2011 apart
	ndjson -c 'include "ndjson"; select(.type == "stall" and .comm == "chain-first" and .cause == "reader")
		| {culprit, readers}' trace >seen
	none "a reader is named" 'select(.culprit)' seen
	none "another number of readers" 'select(.readers.in != 1)' seen
	[ -s seen ] || too_busy "the reader is not the headline"
	some "the same one for a second" 'select(.readers.state == "stay" and .readers.may_be_leaked and .readers.came == 0)' seen ||
		too_busy "it was not counted again a second later: $(cat seen)"
}

# The end of a VM waits for a thread of KVM's, which is stopped with the VMM: by a signal, or in its cgroup.
test_stuck_stopped()
{
	[ "$(uname -m)" = x86_64 ] || skip "only x86 has such a thread"
	${CC:-cc} -O1 -o stopped "$here/tests/live/stopped.c"
	./stopped 1 2>err || skip "not on this kernel: $(cat err)"
	repeat 3 stopped "stopped by SIGSTOP"
	freezer=$(findmnt -nt cgroup2 -o TARGET | head -n 1)/kvmstall-test-$$
	mkdir "$freezer" || return 0
	repeat 3 stopped frozen "$freezer"
	until_true 10 rmdir "$freezer"
}

stopped()
{
	local how=$1

	shift
	"$KVMSTALL" trace --json --stuck 300ms -o trace -- ./stopped 907 "$@"
	ndjson -c 'include "ndjson"; select(.type == "stall" and .comm == "stopped-closer" and .call == "close" and .cause == "kthread")' trace >seen
	some "while it waits" "select(.stuck and .culprit.halted == \"$how\" and .culprit.comm == \"kvm-nx-lpage-re\")" seen
	some "when it is over" "select((.stuck | not) and .culprit.halted == \"$how\")" seen
}

# Three VMs are held at once, each for far longer than it takes to scan for one reader after the other.
test_stuck_together()
{
	local held named

	# shellcheck disable=SC2016,SC2094 # the inner shell's; a command's name is no file
	timeout -k 5 100 "$KVMSTALL" trace --json -- sh -c 'for vm in 1 2 3; do
		"$0" repro --profile minimal --inject reader --hold 307ms --rounds 11 >repro.$vm & done; wait' \
		"$KVMSTALL" >trace
	held=$(value 'map(select(.cause == "reader" and .stall_ns > 200000000)) | length' trace)
	named=$(value 'map(select(.cause == "reader" and .stall_ns > 200000000
		and .culprit.function == "handle_userfault")) | length' trace)
	note "of $held calls that were held $named name the reader"
	[ "$held" -ge 23 ] || skip "too busy: only $held of 33 calls were held"
	# A CPU that came too late may cost one; to scan for only one VM at a time costs half of them.
	[ $((named * 4)) -ge $((held * 3)) ] || fail "of $held calls only $named name the reader"
}

# Calls that were in flight when the trace started are counted apart: nothing was lost.
test_stuck_in_flight()
{
	hang 10
	until_true 5 grep -q synchronize_srcu /proc/$vmm/task/$vmm/stack
	watch trace --stuck 0
	kill -KILL $vmm # held for as long as it takes to attach
	wait $vmm || true
	unwatch
	value 'map(select(.type == "summary")) | .[0] | .in_flight' trace >in-flight
	# The memslot update; others may have some.
	[ "$(cat in-flight)" -ge 1 ] || fail "$(cat in-flight) calls were in flight"
	none "lost" 'select(.type == "lost" and .where == "no-begin")' trace
}

# It hung before anybody looked.
test_stuck_attached()
{
	repeat 3 stuck_attached
}

stuck_attached()
{
	hang 10
	watch trace --stuck 1s -p $vmm
	until_true 10 is_stuck
	kill -KILL $vmm
	wait $vmm || true
	wait "$watcher" || fail "exit status $?" "$(cat trace.err)"
	names_the_reader "told while it hangs" 'select(.type == "stall" and .stuck)'
	none "complete, without its begin" 'select(.type == "stall" and .stuck and .complete)' trace
	some "the place" 'select(.stuck) | .waits[] | select(.site == "kvm_swap_active_memslots"
		and .domain == "kvm.srcu" and (.stack | length) > 0)' trace
}

test_stuck_killed()
{
	repeat 3 stuck_killed
}

stuck_killed()
{
	watch trace --stuck 1s
	hang 10
	until_true 10 is_stuck
	kill -KILL $vmm
	wait $vmm || true
	unwatch
	names_the_reader "told while it hangs" 'select(.type == "stall" and .stuck)'
	names_the_reader "told when it was killed" 'select(.type == "stall" and (.stuck | not) and .latency_ns > 1e9)'
	none "not killed" "select(.tid == $vmm and .type == \"stall\" and (.stuck | not) and .latency_ns > 1e9
		and (.killed | not))" trace
	some "the end of its VM" "select(.type == \"vm\" and .event == \"gone\" and .vm.pid == $vmm)" trace
}

# ---- trace --dump ----

# chain COMM: in a dump, who COMM's thread waits for, up to where it ends.
chain()
{
	awk -v comm="  $1[" '
		/^who waits for whom$/ { is_here = 1; next }
		/^$/ { is_here = 0 }
		is_here && index($0, comm) == 1 { is_shown = 1 }
		is_shown { print }
		/^  (there it ends|a cycle)/ { is_shown = 0 }' dump
}

# plain_chain COMM: chain, without numbers and where and of what.
plain_chain()
{
	chain "$1" | sed -E 's/[0-9]+/N/g; s/, in .*//; s/ is in .*//; s/ holds .*/ holds/; s/ of (kvmstall|deadlock).*//'
}

# Two are asleep, and the first has the mutex that the second waits for.
is_dumped()
{
	chain kvmstall-second | grep -q . && grep -q "^  slots_lock of kvmstall\[$vmm\]: kvmstall\[$vmm\]$" dump
}

# Does the kernel say which mutex a task waits for? From Linux 6.17 on, without CONFIG_DEBUG_MUTEXES.
knows_mutexes()
{
	bpftool btf dump file /sys/kernel/btf/vmlinux format raw 2>/dev/null | grep -q "'blocked_on'"
}

# reads LABEL REGEX...: the dump has such lines, each after the one before.
reads()
{
	local label=$1 line

	shift
	for line; do
		grep -qE "$line" dump || fail "$label: no line '$line'" "$(cat dump)" || return 1
	done
}

# A thread waits for a reader and has a mutex, which another thread waits for: the dump says who holds whom up.
test_stuck_dump()
{
	repeat 3 stuck_dump
}

stuck_dump()
{
	watch trace --stuck 1s --dump dump
	hang 10 hang
	until_true 20 is_dumped
	kill -KILL $vmm
	wait $vmm || true
	unwatch
	knows_mutexes || note "whose mutex it is, this kernel does not say"
	plain_chain kvmstall-second >said
	cat >expected <<-EOF
		  kvmstall-second[N]
		  <- kvmstall[N] holds
		  <- a grace period of kvm.srcu
		  <- kvmstall-reader[N]
		  <- kvmstall[N] has its userfaultfd; nobody waits for its events
		  there it ends
	EOF
	! knows_mutexes || diff expected said >differs || fail "who waits for whom:" "$(cat differs dump)"
	reads "who they are" "^  <- kvmstall-reader\[$reader\] is in the read side" \
		"^  slots_lock of kvmstall\[$vmm\]: kvmstall\[$vmm\]$" "^  kvmstall-reader\[$reader\]: asleep"
	reads "the host" '^at \[ *[0-9]+\.[0-9]{6}\], in dmesg.s clock' "^kernel $(uname -r) $(uname -m), HZ [0-9]+, taint $(cat /proc/sys/kernel/tainted)$" \
		'^irqfd_shutdown: [0-9]+ running, [0-9]+ pending$'
	reads "the domain" "^  kvm\.srcu of kvmstall\[$vmm\]: gp_seq -?[0-9]+ \(scan [12]\), needed -?[0-9]+$" \
		'^    its grace period is [0-9.]+m?s old$' '^    work process_srcu: '
	reads "stacks" '^      kvm_swap_active_memslots\+0x' '^      handle_userfault\+0x'
	[ "$(awk 'length > 132' dump | wc -l)" = 0 ] || fail "too wide for a mail:" "$(awk 'length > 132' dump)"
}

# Of ours: a dump of the try before may be there.
has_cycle()
{
	chain deadlock >cycle && grep -q "^  deadlock\[$vmm\] is in " cycle && grep -q '^  a cycle: ' cycle
}

# A deadlock that is real, made by a process that waits for itself by way of userfaultfd: locks of the kernel's alone would be
# a bug of it. Reader, holder and who should have served the page are named, and where it goes round.
test_stuck_cycle()
{
	[ "$(uname -m)" = x86_64 ] || skip "the reader of deadlock.c is of x86"
	knows_mutexes || skip "whose mutex it is, this kernel does not say"
	${CC:-cc} -O1 -pthread -o deadlock "$here/tests/live/deadlock.c" || skip "no cc"
	repeat 3 stuck_cycle
}

stuck_cycle()
{
	watch trace --stuck 1s --dump dump
	./deadlock &
	vmm=$!
	until_true 20 has_cycle
	kill -KILL $vmm
	wait $vmm || true
	unwatch
	plain_chain deadlock >said
	cat >expected <<-EOF
		  deadlock[N]
		  <- deadlock-holder[N] holds
		  <- a grace period of kvm.srcu
		  <- deadlock-reader[N]
		  <- deadlock[N] has its userfaultfd; each thread of that process waits
		  a cycle: the last is the one N above it
	EOF
	diff expected said >differs || fail "who waits for whom:" "$(cat differs dump)"
	reads "who they are" "^  <- deadlock-holder\[[0-9]+\] holds slots_lock of deadlock\[$vmm\], in KVM_SET_USER_MEMORY_REGION$" \
		"^  <- deadlock\[$vmm\] has its userfaultfd; .*, in KVM_SET_USER_MEMORY_REGION$" \
		"^  a cycle: the last is the one 4 above it$" "^  slots_lock of deadlock\[$vmm\]: deadlock-holder\[[0-9]+\]$" \
		"^    work process_srcu: " '^  deadlock-reader\[[0-9]+\]: asleep'
}

# is_in_pool: ask for a dump; has one been made that shows what SRCU's work waits in?
is_in_pool()
{
	kill -USR1 "$watcher"
	sleep 0.05
	chain kvmstall | grep -qE '^  <- (its work is|it is over; its callbacks are) queued in pool [0-9]+ of CPU [0-9]+: nr_running '
}

# stamp FILE: the time of a line that we give to the kernel's log.
stamp()
{
	echo "kvmstall test $1 $$" >/dev/kmsg && dmesg | sed -n "s/^\[ *\([0-9.]*\)\] kvmstall test $1 $$\$/\1/p" >"$1"
	[ -s "$1" ]
}

# A thread spins where SRCU's worker is to run, so its pool is kept busy. By signal, and in dmesg's clock.
test_stuck_dump_pool()
{
	repeat 3 stuck_dump_pool
}

stuck_dump_pool()
{
	local spinner

	watch trace --stuck 0 --dump dump
	stamp before || skip "no line of ours in the kernel's log"
	"$KVMSTALL" repro --profile minimal --inject kworker --hold 499ms --rounds 101 >/dev/null &
	spinner=$!
	until_true 2 is_in_pool
	kill -KILL $spinner
	wait $spinner || true
	unwatch
	stamp after || fail "no line of ours in the kernel's log"
	reads "the pool" '^    work process_srcu: (pending in pool [0-9]+ of CPU [0-9]+, queue rcu_gp: |not pending)' \
		'^  pool [0-9]+ of CPU [0-9]+: [0-9]+ workers, nr_running [0-9]+, nr_idle [0-9]+, [0-9]+ pending, ' \
		'^    pending: (process_srcu|srcu_invoke_callbacks)$'
	sed -n 's/^at \[ *\([0-9.]*\)\].*/\1/p' dump | cat before - after | sort -gc ||
		fail "not in dmesg's clock: $(cat before) $(sed -n 2p dump) $(cat after)"
}

# A real-time thread keeps the CPU where SRCU's callbacks are to run: while it does, no record says who was to run them.
# The grace period is over, the callbacks are queued, and trace says where, and who runs there.
test_stuck_callbacks()
{
	[ "$(nproc)" -gt 1 ] || skip "one CPU only"
	repeat 3 stuck_callbacks
}

# Of one that hangs, all that is said is right; and of most, something is.
# shellcheck disable=SC2016,SC2094 # jq programs have $; a command's name is no file
stuck_callbacks()
{
	local rounds=${ROUNDS:-7}

	timeout -k 5 100 "$KVMSTALL" trace --json --stuck 100ms -o trace -- "$KVMSTALL" repro --json --profile minimal --inject kworker \
		--hold 293ms --rounds "$rounds" >repro
	ndjson -nc --slurpfile trace trace --slurpfile repro repro 'include "ndjson"; include "inject"; $repro | injections("kworker")[] | . as $injection
		| [$repro | victims("kworker"; $injection)] as $victims
		| {round, seen: [$trace[] | select(is_stuck and .tid == $injection.victim_tid and .ts_ns >= $victims[0].ts_ns
			and end_ns < $injection.ended_ns and .cause == "kworker")],
		over: [$trace[] | select(is_call and .tid == $injection.victim_tid and .ts_ns >= $victims[0].ts_ns
			and end_ns <= ($victims[0] | end_ns) and .cause == "kworker")], hog: $injection.tid}' >rounds
	none "not where they wait" '.seen[] | select(.waits[-1].ended | .callbacks != "queued" or .cpu != 0) | .waits' rounds
	none "not who runs there" '.hog as $hog | .seen[] | select(.culprit.kind != "cpu" or .culprit.tid != $hog or .culprit.priority != 1
		or (.culprit.late.comm | startswith("kworker/0:") | not)) | [$hog, .culprit]' rounds
	none "nor when it was over" '.hog as $hog | .over[] | select(.culprit.kind == "cpu" and .culprit.tid != $hog) | [$hog, .culprit]' rounds
	never "off balance" 'select((is_call or is_stuck) and is_off_balance)' trace
	note "$(jq -s 'map(select(.seen != [])) | length' rounds) of $rounds that hung were seen, all right; $(jq -s '[.[].over[]
		| select(.culprit.kind == "cpu")] | length' rounds) when they were over"
	[ "$(($(jq -s 'map(select(.seen != [])) | length' rounds) * 4))" -ge $((rounds * 3)) ] || fail "few of $rounds"
}

# A call that is no call of KVM's, and waits for RCU, whose kthread gets no CPU for most of a second.
test_stuck_rcu()
{
	local kthread

	needs_rcu_kthread
	repeat 5 stuck_rcu
}

# It ends by itself: no signal would reach it, nor "timeout" get a CPU, of the same priority on the same CPU.
hog_boot_cpu()
{
	# shellcheck disable=SC2016 # the inner shell's
	exec chrt -f 50 taskset -c 0 bash -c 'end=$((${EPOCHREALTIME/./} + 800000))
		while [ ${EPOCHREALTIME/./} -lt $end ]; do :; done'
}

# shellcheck disable=SC2094 # the argument is no file
stuck_rcu()
(
	cpus=$(cpus_of "$kthread") hog=
	trap 'taskset -c -p "$cpus" "$kthread" >/dev/null; wait $hog' EXIT
	watch trace --stuck 100ms --all
	taskset -c -p 0 "$kthread" >/dev/null
	hog_boot_cpu &
	hog=$!
	taskset -c 1 "$work/fdgrow" 3 vm
	unwatch
	some "a call that waits for RCU and is not over" 'select(is_stuck and (.call | IN("eventfd2", "dup", "openat", "socket"))
		and .cause == "rcu" and .vm.comm == "fdgrow" and any(.waits[]; .site | test("^(expand_files|alloc_fd)")))' trace
	never "of a stranger" 'select(is_stuck and .cause == "rcu" and .comm != "fdgrow" and .vm == null)' trace
	some "who has the CPU that RCU's kthread wants" "select(is_stuck and .culprit.kind == \"cpu\" and .culprit.priority == 50
		and .culprit.late.tid == $kthread)" trace
	never "off balance" 'select((is_call or is_stuck) and is_off_balance)' trace
)
