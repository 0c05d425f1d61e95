#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Injected truth: repro makes a cause on purpose, and says when and who. Does trace say the same, of
# the call that suffered, in every round? A part of run.sh; alone, it is all that run.sh runs.
# ROUNDS of each injection.

# shellcheck disable=SC2154 # work and here are run.sh's

[ "${BASH_SOURCE[0]}" != "$0" ] || TESTS='inject-reader inject-lock inject-kworker inject-normal-gp
	inject-mmu-notifier inject-none inject-notifier-reader inject-invalidation inject-mmap-lock inject-rcu-holdout inject-rcu-fdtable
	inject-unexplained' exec bash "$(dirname "$0")/run.sh"

rounds=${ROUNDS:-31}
spare=${SPARE:-0} # for those that do not come off

# judge NAME FILTER: $repro | FILTER of inject.jq gives an object a round; a row of the table. Fails at once if
# a round is wrong. Too few that came off (the second thread was late, the VMs' ends did not meet), or too many
# disturbed ones: "repeat" decides.
judge()
{
	local name=$1 all wrong disturbed

	ndjson -nc --argjson jiffy "$(jiffy_ns)" --arg name "$name" \
		--slurpfile trace "$work/captures/inject-$name.trace" \
		--slurpfile repro "$work/captures/inject-$name.repro" "include \"inject\"; \$repro | $2" | head -n "$rounds" >judged
	all=$(wc -l <judged)
	wrong=$(jq -s 'map(select(.wrong | length > 0)) | length' judged)
	disturbed=$(jq -s 'map(select(.wrong == [] and .disturbed)) | length' judged)
	row "$name" "$all" $((all - wrong)) "$wrong" "$disturbed" "$(unexplained "$work/captures/inject-$name.trace")" \
		"$(unreported "$work/captures/inject-$name.trace")"
	jq -c 'select(.wrong | length > 0) | [.round, .wrong]' judged | head -n 7
	# A round that is wrong is wrong on a busy machine, too.
	[ "$wrong" = 0 ] || defect "$wrong of $all rounds are wrong"
	[ $((all * 4)) -ge $((rounds * 3)) ] || fail "only $all of $rounds rounds came off"
	# Right they are, too; but a quarter has to show it in the headline.
	[ $(((all - disturbed) * 4)) -ge "$rounds" ] || fail "in $disturbed rounds CPUs were waited for longer"
}

# "disturbed": right, but not the headline; the machine was too busy.
row()
{
	[ -e "$work/inject-table" ] ||
		note "$(printf '%-14s %6s %6s %6s %10s %12s %12s' injection rounds right wrong disturbed unexplained unreported)"
	touch "$work/inject-table"
	note "$(printf '%-14s %6s %6s %6s %10s %10.3f %% %10.3f %%' "$@")"
	echo "$@" >>"$work/injected"
	[ -z "${ROWS-}" ] || echo "$@" >>"$ROWS"
}

# is_made NAME: ROWS has its row, so it is not made again.
is_made()
{
	[ -s "${ROWS-}" ] && grep -q "^$1 " "$ROWS" && note "$1: in ROWS"
}

# Of all stalled time in these traces, in per cent.
unexplained()
{
	value 'map(select(.type == "stall")) | 100 * (map(ns_by("unexplained")) | add // 0)
		/ (map(.stall_ns) | add // 1)' "$@"
}

# The part of it that is in calls with a hole, where nothing is missing but switches that the kernel did not report.
# shellcheck disable=SC2016 # jq's
unreported()
{
	value '(map(select(.type == "summary")) | all(.lost == .losses.missed)) as $others
		| map(select(.type == "stall")) | 100 * (map(select((.complete | not) and $others) | ns_by("unexplained")) | add // 0)
		/ (map(.stall_ns) | add // 1)' "$@"
}

inject()
{
	! is_made "$1" || return 0
	repeat 3 inject_once "$@"
}

inject_once()
{
	capture "inject-$1" --profile minimal --inject "$1" --rounds $((rounds + spare))
	judge "$1" "$2"
}

# shellcheck disable=SC2016 # jq's
test_inject_reader()
{
	inject reader 'rounds($name; $trace; $jiffy)'
}

# shellcheck disable=SC2016 # jq's
test_inject_lock()
{
	inject lock 'rounds($name; $trace; $jiffy)'
}

# shellcheck disable=SC2016 # jq's
test_inject_kworker()
{
	inject kworker 'rounds($name; $trace; $jiffy)'
}

# shellcheck disable=SC2016 # jq's
test_inject_normal_gp()
{
	inject normal-gp 'rounds($name; $trace; $jiffy)'
}

# shellcheck disable=SC2016 # jq's
test_inject_none()
{
	inject none 'rounds_none($trace)'
}

# can_make INJECTION: repro can on this kernel, or the test is skipped. Where no guest has touched its memory, EPT, NPT and
# stage 2 unmap it at once, so that nobody waits for it.
can_make()
{
	local status=0

	"$KVMSTALL" repro --profile minimal --inject "$1" >/dev/null 2>why || status=$?
	[ "$status" != 3 ] || skip "$(tail -n 1 why)"
}

can_hold_rcu_out()
{
	can_make rcu-holdout
	"$KVMSTALL" trace -vv -- true 2>&1 | grep 'what a wait for RCU goes to is not known' >/dev/null || return 0
	skip 'RCU has a kthread that is not found'
}

# A memory slot waits for invalidations, not for SRCU.
# shellcheck disable=SC2016 # jq's
test_inject_invalidation()
{
	local rounds=${ROUNDS:-11}

	can_make invalidation
	inject invalidation 'rounds($name; $trace; $jiffy)'
}

# Who registers with an address space waits for a thread that changes it.
# shellcheck disable=SC2016 # jq's
test_inject_mmap_lock()
{
	local rounds=${ROUNDS:-11}

	inject mmap-lock 'rounds($name; $trace; $jiffy)'
}

# Who waits for RCU waits for a CPU that stays inside a reader: which, and whose.
# shellcheck disable=SC2016 # jq's
test_inject_rcu_holdout()
{
	local rounds=${ROUNDS:-11}

	can_hold_rcu_out
	inject rcu-holdout 'rounds($name; $trace; $jiffy)'
}

# A table of descriptors grows.
# shellcheck disable=SC2016 # jq's
test_inject_rcu_fdtable()
{
	local rounds=${ROUNDS:-11}

	inject rcu-fdtable 'rounds($name; $trace; $jiffy)'
}

# A reader of the host-wide domain is in another process.
# shellcheck disable=SC2016 # jq's
test_inject_notifier_reader()
{
	local rounds=${ROUNDS:-11}

	can_make notifier-reader
	inject notifier-reader 'rounds($name; $trace; $jiffy)'
}

# A fleet a round: its VMs end with their processes, all at once.
# shellcheck disable=SC2016 # jq's, and the inner shell's
test_inject_mmu_notifier()
{
	! is_made mmu-notifier || return 0
	repeat 3 fleets
}

# shellcheck disable=SC2016 # jq's, and the inner shell's
fleets()
{
	local captures=$work/captures

	mkdir -p "$captures"
	LEFT=$((rounds + spare)) REPRO=$captures/inject-mmu-notifier.repro timeout -k 5 300 "$KVMSTALL" trace --json --all -- \
		sh -ec 'while [ "$LEFT" -gt 0 ]; do
			"$0" repro --json --profile minimal --inject mmu-notifier --vms 17
			LEFT=$((LEFT - 1))
		done >"$REPRO"' "$KVMSTALL" >"$captures/inject-mmu-notifier.trace"
	judge mmu-notifier 'rounds_mmu_notifier($trace; $jiffy)'
	some "another VM, named" '.seen[] | select(.culprit.vm and .culprit.vm != .vm.id)' judged
	note "$(jq -rs '[.[].seen[]] | "\(length) slow ends of VMs: \(map(select(.culprit.vm
		and .culprit.vm != .vm.id)) | length) behind another VM, \(map(select(.culprit.self)) | length
		) behind their own grace period"' judged)"
}

# Of all stalled time, over all profiles and injections.
test_inject_unexplained()
{
	local profile traces=() share

	for profile in firecracker qemu crosvm minimal; do
		capture "profile-$profile" --profile "$profile" --rounds 11
	done
	capture profile-memslots-first --profile qemu --order memslots-first --rounds 11
	traces=("$work"/captures/inject-*.trace "$work"/captures/profile-*.trace)
	share=$(unexplained "${traces[@]}")
	note "$(printf 'unexplained: %.3f %% of the stalled time in %d runs' "$share" ${#traces[@]})"
	for profile in "${traces[@]}"; do
		echo "${profile##*/}: $(unexplained "$profile") %"
	done
	jq -en "$share <= 1" >/dev/null
}
