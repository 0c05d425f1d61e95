#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-injections: each cause that can be made on purpose, ROUNDS times, and how often trace said what was made.
# The injections of repro (inject.sh), and programs of this folder that know what they do. A row a cause; TABLE=FILE
# has them as docs/injections.md does. ROWS=FILE, not of another kernel or program: each row goes there at once, and what
# is there is not made again, right or wrong, so a run can be made in pieces. A part of run.sh; alone, it is all that
# run.sh runs.

# shellcheck disable=SC2016,SC2094,SC2154 # jq programs have $; a command's name is no file; work and here are run.sh's

[ "${BASH_SOURCE[0]}" != "$0" ] || ROWS=${ROWS:+$(readlink -f "$ROWS")} ROUNDS=${ROUNDS:-31} SPARE=${SPARE:-31} TESTS="${TESTS:-inject-reader inject-lock inject-kworker inject-normal-gp
	inject-mmu-notifier inject-none inject-notifier-reader inject-invalidation inject-mmap-lock inject-rcu-holdout inject-rcu-fdtable truth-chain truth-chain-to-reader truth-runnable truth-host-lock truth-mmu-lock
	truth-storm-memslots truth-storm-sum truth-storm-routing storm-lines truth-table}" exec bash "$(dirname "$0")/run.sh"

# build NAME: a program of this folder
build()
{
	${CC:-cc} -O1 -pthread -o "$1" "$here/tests/live/$1.c"
}

# each NAME TRUTH COMMAND...: so many runs of COMMAND under trace. TRUTH, of all objects of one, is a list of what is
# wrong, or null: what it should make did not come about. "~" begins what only a busy machine is to blame for, or a
# kernel that did not report a switch of the calls in question (bpf/away.h): they say that they are incomplete.
each()
{
	local name=$1 truth=$2 i

	shift 2
	! is_made "${name#truth-}" || return 0
	mkdir -p "$work/captures"
	: >rounds
	for i in $(seq $((rounds + spare))); do
		[ "$(wc -l <rounds)" -lt "$rounds" ] || break
		TRUTH=$PWD/known timeout -k 5 100 "$KVMSTALL" trace -j -a -o trace -- "$@" 2>err || fail "$(cat err)" || return 1
		[ -e known ] || echo '{}' >known
		ndjson -nc --argjson round "$i" --slurpfile trace trace --slurpfile known known \
			"include \"ndjson\"; (\$trace | any(.[]; .type == \"summary\" and .losses.missed > 0 and .incomplete > 0)) as \$missed
			| \$trace | ($truth) | select(. != null) | map(if \$missed then \"~ \(.)\" else . end) | {round: \$round, wrong: .}" >>rounds
		cat trace >>"$work/captures/$name.trace"
	done
	all=$(wc -l <rounds)
	wrong=$(jq -s 'map(select(.wrong | any(startswith("~") | not))) | length' rounds)
	disturbed=$(jq -s 'map(select(.wrong != [])) | length' rounds)
	row "${name#truth-}" "$all" $((all - wrong)) "$wrong" $((disturbed - wrong)) "$(unexplained "$work/captures/$name.trace")" \
		"$(unreported "$work/captures/$name.trace")"
	jq -c 'select(.wrong | any(startswith("~") | not)) | [.round, .wrong]' rounds | head -n 7
	[ "$wrong" = 0 ] || fail "$wrong of $all rounds are wrong" || return 1
	[ $((all * 4)) -ge $((rounds * 3)) ] || fail "only $all of $rounds rounds came off"
}

# Three calls, two locks, and a user fault in the first: who holds up whom, and the first by what. On a busy machine the third
# may come before the second has its lock, and waits for nobody then.
test_truth_chain()
{
	build chain
	./chain 1 2>err || skip "not on this kernel: $(cat err)"
	each truth-chain 'map(select(is_call)) as $calls
		| ($calls | map(select(.comm == "chain-first" and .call == "KVM_GET_DIRTY_LOG"))[0]) as $first
		| ($calls | map(select(.comm == "chain-second" and .call == "KVM_CREATE_PIT2"))[0]) as $second
		| ($calls | map(select(.comm == "chain-third" and .call == "KVM_CREATE_VCPU"))[0]) as $third
		| if ($second.ts_ns >= ($first | end_ns)) or ($third.ts_ns >= ($second | end_ns)) or ($third.ts_ns < ($second | slept_ns)) then null else [
			(if $first.cause != "other-sleep" or ($first.segments | any(.function == "handle_userfault") | not)
				then "the first: \($first.segments)" else empty end),
			($second | select(.cause != "lock" or .culprit.function != "kvm->slots_lock" or .culprit.tid != $first.tid
				or .culprit.call != "KVM_GET_DIRTY_LOG" or .culprit.root) | "the second: \(.cause) \(.culprit)"),
			($third | select(.cause != "lock" or .culprit.function != "kvm->lock" or .culprit.tid != $second.tid
				or .culprit.root.tid != $first.tid or .culprit.root.links != 1 or .culprit.root.deadlock)
				| "the third: \(.cause) \(.culprit)")] end' ./chain 307
}

# The same, and the first waits for a grace period, which a reader holds: from one end to the other.
test_truth_chain_to_reader()
{
	build chain
	./chain 1 reader 2>err || skip "not on this kernel: $(cat err)"
	each truth-chain-to-reader 'map(select(is_call)) as $calls
		| ($calls | map(select(.comm == "chain-first" and .call == "KVM_SET_USER_MEMORY_REGION"))[0]) as $first
		| ($calls | map(select(.comm == "chain-second" and .call == "KVM_CREATE_PIT2"))[0]) as $second
		| ($calls | map(select(.comm == "chain-third" and .call == "KVM_CREATE_VCPU"))[0]) as $third
		| ([$first, $second, $third | select(.cause | IN("kworker", "wakeup", "runnable", "run"))]) as $disturbed
		| if ($second.ts_ns >= ($first | end_ns)) or ($third.ts_ns >= ($second | end_ns)) or ($third.ts_ns < ($second | slept_ns)) then null
		# for want of a CPU the grace period makes no progress, and who has the lock comes late to let go
		elif $disturbed != [] then [$disturbed[] | "~ \(.comm): \(.cause)"]
		else [
			($first | select((.cause | IN("reader", "poll-backoff") | not) or .culprit.comm != "chain-reader" or .culprit.call != "KVM_TRANSLATE"
				or .culprit.function != "handle_userfault" or all(.segments[]; .cause != "reader" or .gp == null))
				| "the first: \(.cause) \(.culprit)"),
			($second | select(.cause != "lock" or .culprit.function != "kvm->slots_lock" or .culprit.tid != $first.tid
				or .culprit.call != $first.call or .culprit.cause != $first.cause or .culprit.root)
				| "the second: \(.cause) \(.culprit)"),
			($third | select(.cause != "lock" or .culprit.function != "kvm->lock" or .culprit.tid != $second.tid
				or .culprit.cause != "lock" or .culprit.root.tid != $first.tid or .culprit.root.links != 1
				or .culprit.root.cause != $first.cause or .culprit.root.deadlock)
				| "the third: \(.cause) \(.culprit)")] end' ./chain 307 reader
}

# A real-time thread takes the CPU from a call, where the kernel lets it: without preemption of the kernel, later. The
# call is long enough without a guest's second table only (can_make).
test_truth_runnable()
{
	can_make invalidation
	build hog
	./hog 2>err || skip "$(cat err)"
	each truth-runnable '$known[0] as $hog | map(select(is_call and .call == "KVM_SET_USER_MEMORY_REGION"))[0] as $call
		| [foreach $call.segments[] as $segment ({to: $call.ts_ns}; {from: .to, to: (.to + $segment.ns), cause: $segment.cause})] as $parts
		# what the call did when its CPU was taken, and then
		| ($parts | map(select(.from < $hog.begin_ns and .to >= $hog.begin_ns))[0]) as $before
		| ($parts | map(select(.from < $hog.end_ns and .to >= $hog.end_ns))[0]) as $after
		| if $before == null or $after == null or ($before.cause | IN("run", "runnable") | not) then null
		elif $after.cause != "runnable" or ($hog.end_ns - $after.from) * 10 < ($hog.end_ns - $hog.begin_ns) * 9
			then ["\($after.cause), not runnable, when the CPU was taken: \($parts)"]
		elif $call.cause != "runnable" or ($call | ns_by("runnable")) > 2 * ($hog.end_ns - $hog.begin_ns)
			then ["~ others had the CPU for longer"]
		else [$call | select(.culprit.kind != "cpu" or .culprit.comm != "hog-realtime" or (.culprit.realtime | not))
			| "culprit \(.culprit)"] end' \
		sh -c './hog "$TRUTH"'
}

# Mutexes of the host, that VMs which are made together wait for: each holder is one of them.
test_truth_host_lock()
{
	build drain
	each truth-host-lock '(map(select(is_stall and .comm == "drain" and .cause == "lock"
			and (.lock.held_by // "task") == "task"))) as $calls
		| (map(select(is_call and .comm == "drain").tid) | unique) as $tids
		| if $calls == [] then null else [$calls[] | select(.culprit.kind != "holder" or .culprit.tid == .tid
			or (.culprit.tid | IN($tids[]) | not) or .culprit.root.deadlock) | "\(.call): \(.culprit)"] end' ./drain 7 1 20011
}

# Who spins for kvm->mmu_lock, in one run many times: the kernel does not keep who has it.
test_truth_mmu_lock()
{
	can_make invalidation
	build mmulock
	each truth-mmu-lock 'map(select(is_call and .call == "KVM_CLEAR_DIRTY_LOG" and .latency_ns > 200000)) as $calls
		| if $calls == [] then null else [
			(if all($calls[]; .cause != "lock") then "no call waited for it: \([$calls[] | [.cause, .latency_ns]])" else empty end),
			($calls[] | select(.cause == "lock" and .lock != {kind: "spinlock", name: "kvm->mmu_lock", held_by: "unnamed"}) | "\(.lock)"),
			# a virtual machine may have no CPU while its call has one
			($calls[] | select(.cause != "lock") | "~ \(.cause)")] end' ./mmulock 101
}

# storm_of CALL COUNT: one storm, of so many calls, whose sum is theirs, and what the program itself measured within a
# twentieth. A call that the program was late to read its clock for is left out of that: it had no CPU then.
storm_of()
{
	cat <<-END
		(map(select(.type == "storm" and .over and .call == "$1"))) as \$storms
		| (map(select(is_call and .call == "$1")) | sort_by(.ts_ns) | map(.latency_ns)) as \$seen
		| (\$known | map(select(.type == "call" and .call == "$1")) | sort_by(.ts_ns) | map(.latency_ns)) as \$made
		| ([\$seen, \$made] | transpose | map(select(.[1] - .[0] < 100000))) as \$timely
		| (\$known | map(select(.type == "call" and .call == "$1").ts_ns) | sort
			| [.[1:], .[:-1]] | transpose | map(.[0] - .[1]) | max) as \$pause
		| [(if (\$storms | map(.calls) | add) == $2 and (\$storms | length) > 1 and \$pause > 500000000
				then "~ storms of \(\$storms | map(.calls)) calls, as the program had no CPU for a while"
			elif (\$storms | map(.calls)) != [$2] then "storms of \(\$storms | map(.calls)) calls, not one of $2" else empty end),
			(if (\$storms | map(.latency_ns) | add) != (\$seen | add) then "its sum is not its calls'" else empty end),
			(if (\$seen | length) != (\$made | length) then "not the same calls" else empty end),
			(if any([\$seen, \$made] | transpose[]; .[0] > .[1]) then "longer than the program has it" else empty end),
			(if (\$timely | map(.[0]) | add) * 20 < (\$timely | map(.[1]) | add) * 19
				then "~ \(\$timely | map(.[0]) | add) ns, not \(\$timely | map(.[1]) | add)" else empty end),
			(if (\$timely | length) * 20 < (\$made | length) * 19 then "~ only \(\$timely | length) in time" else empty end)]
	END
}

# A VM with so many irqfds, and as many tables of its interrupts.
routings()
{
	awk -v cnt="$1" 'BEGIN {
		print "+0us t0 KVM_CREATE_VM\n+0us t0 KVM_CREATE_IRQCHIP"
		for (i = 0; i < cnt; i++)
			print "+0us t0 KVM_IRQFD gsi=" i % 16 " flags=0"
		for (i = 0; i < cnt; i++)
			print "+0us t0 KVM_SET_GSI_ROUTING nr=24"
		print "+0us t0 close"
	}'
}

test_truth_storm_memslots()
{
	updates 4006 >list
	each truth-storm-memslots "$(storm_of KVM_SET_USER_MEMORY_REGION 4006)" \
		sh -c '"$0" repro --json --from list >"$TRUTH"' "$KVMSTALL"
}

# The same of as many as a guest makes that boots from flash, a few times.
test_truth_storm_sum()
{
	local rounds=3 spare=3

	updates 20011 >list
	each truth-storm-sum "$(storm_of KVM_SET_USER_MEMORY_REGION 20011)" \
		sh -c '"$0" repro --json --from list >"$TRUTH"' "$KVMSTALL"
}

test_truth_storm_routing()
{
	routings 521 >list
	each truth-storm-routing "$(storm_of KVM_SET_GSI_ROUTING 521)" \
		sh -c '"$0" repro --json --from list >"$TRUTH"' "$KVMSTALL"
}

# As text: a line for the storm, and few others, whatever the machine does to some of its calls.
test_storm_lines()
{
	routings 521 >list
	repeat 7 storm_lines
}

storm_lines()
{
	"$KVMSTALL" trace -o trace -- "$KVMSTALL" repro --from list >/dev/null
	[ "$(grep -c ' 521 x KVM_SET_GSI_ROUTING .* storm of [^ ]*: ' trace)" = 1 ] || too_busy "no storm of all: $(grep ' x ' trace)"
	[ "$(wc -l <trace)" -le 20 ] || too_busy "$(wc -l <trace) lines"
	note "$(wc -l <trace) lines, one of them for 521 calls"
}

# What a table has of them: all rows, after the rounds.
test_truth_table()
{
	[ -n "${TABLE-}" ] || skip 'no TABLE'
	{
		cat <<-END
			# Causes made on purpose, and what kvmstall said

			Each cause is made $rounds times (storm-sum: 3) while \`kvmstall trace\` watches; whoever makes it says when, and whose call suffers, and that
			is what the trace is judged by (tests/lib/inject.jq). Written by \`TABLE=docs/injections.md make check-injections\`: Linux
			$(uname -r), HZ=$("$KVMSTALL" check --json | jq .kernel.hz), $(nproc) CPUs, $(date +%F), load $(cut -d " " -f 1 /proc/loadavg) at the end.

			*rounds*: in so many it came about; *right*: cause, times and culprit are those that were made, down to who held up whom;
			*by the way*: right, but the call waited for a CPU for longer, which is its headline then, or the program that made it was late
			itself (a storm's sum is within a twentieth of what the program measured otherwise); *unexplained*: of all stalled time; *unreported*:
			the part of it that is in calls which say that they are incomplete, for a switch that this kernel did not report.

			| cause | rounds | right | by the way | unexplained | unreported |
			|---|--:|--:|--:|--:|--:|
		END
		# of several tries the last
		tac "${ROWS:-$work/injected}" | awk '!seen[$1]++' | tac |
			awk '{ printf "| %s | %s | %s | %s | %.3f %% | %.3f %% |\n", $1, $2, $3, $5, $6, $7 }'
	} >"$TABLE"
}
