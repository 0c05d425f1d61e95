#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh - KVM's own selftests, each under "trace --json": callers that know nothing of kvmstall and do
# what no VMM does. Every line must be whole, every sum exact, nothing lost, and what is unexplained at
# most 1 % of the time stalled. How long something took is not looked at.
#
# KVMSTALL is the program. PROGRAMS=all runs all of them, each for LIMIT (19) seconds at most (make
# check-kvm); else some that are quick and reach different calls, for 7. TESTS='NAME...' runs only these.
# KEEP=1 keeps what was traced. SELFTESTS is a folder of programs, instead of those that build.sh makes.
# shellcheck disable=SC2016,SC2094,SC2154 # jq programs have $; work is of lib/suite.sh
# shellcheck disable=SC2317 # tests are called by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
KSFT_SKIP=4
TIMED_OUT=124
quick='coalesced_io_test guest_print_test hardware_disable_test kvm_binary_stats_test kvm_create_max_vcpus
	memslot_perf_test set_memory_region_test steal_time apic_bus_clock_test hwcr_msr_test kvm_clock_test
	max_vcpuid_cap_test recalc_apic_map_test set_boot_cpu_id sync_regs_test userspace_io_test
	userspace_msr_exit_test xapic_ipi_test arch_timer hypercalls psci_test vgic_init smccc_filter'
cd "$work" || exit 1

# ---- one program ---------------------------------------------------------------------------------

# traced PROGRAM: its JSON is in the file trace, what was said in said; sets status, COMMAND's.
traced()
{
	"$KVMSTALL" trace --json -o trace -- setsid -w bash "$here/tests/kvm/bounded.sh" "$limit" "$1" \
		>said 2>&1 || fail "kvmstall: exit status $?" "$(tail -n 5 said)"
	status=$(jq 'select(.type == "summary").command_status' trace) || fail "a line is not JSON"
}

bare()
{
	bare_status=0
	setsid -w bash "$here/tests/kvm/bounded.sh" "$limit" "$1" >/dev/null 2>&1 || bare_status=$?
}

# Losses are counted for the whole host: a call that was in flight when the programs were attached is one
# (no-begin), and so is one whose process died (no-end), or a wait longer than what is remembered of its
# domain (history), whoever's it was.
is_by_others()
{
	jq -se 'map(select(.type == "lost").where) | length > 0 and all(.[]; IN("no-begin", "no-end", "history"))' \
		trace >/dev/null
}

others_have_vms()
{
	find /proc/[0-9]*/fd -lname 'anon_inode:kvm-*' 2>/dev/null | grep -q .
}

# traced_alone PROGRAM: traced; sets forgiven, the losses that others' VMs can have made. They come and go:
# not seeing any is no proof, so what may be theirs has to happen three times.
traced_alone()
{
	local try others=''

	forgiven='[]'
	for try in 1 2 3; do
		! others_have_vms || others=$try
		traced "$1"
		! others_have_vms || others=$try
		is_by_others || return 0
		[ -z "$others" ] || break
	done
	[ -z "$others" ] || { forgiven='["no-begin", "no-end", "history"]' && touch forgiven; }
}

# What must be true of every trace, whatever the program did. "missed" is the kernel's chance: a program that an
# interrupt finds in another one is not run.
check_trace()
{
	[ "$(tail -n 1 trace | jq -r .type)" = summary ] || fail "the last line is no summary"
	[ -z "$(tail -c 1 trace)" ] || fail "the last line is cut"
	none "a call whose segments are not its latency" 'select(is_call and is_off_balance)' trace
	none "something was lost" "select(.type == \"summary\") | .losses
		| delpaths($forgiven + [\"missed\"] | map([.])) | select(([.[]] | add) != 0)" trace
}

why_skipped()
{
	grep -iE 'skip' said | tail -n 1 | cut -c 1-80
}

# A program that fails by chance fails without a tracer, too, or passes once.
check_status()
{
	local try

	for try in 1 2 3; do
		case $status in
		0 | "$TIMED_OUT") return ;;
		"$KSFT_SKIP") skip "this KVM cannot: $(why_skipped)" ;;
		esac
		bare "$1"
		[ "$bare_status" = 0 ] || skip "fails without a tracer, too (exit status $bare_status)"
		[ "$try" = 3 ] || traced "$1"
	done
	fail "exit status $status only with a tracer, 3 times of 3:" "$(grep -v '^---' said | tail -n 20)"
}

run_program()
{
	[ -x "$1" ] || skip "not built with this compiler"
	traced_alone "$1"
	check_trace
	check_status "$1"
}

# ---- all of them ---------------------------------------------------------------------------------

# The objects of all traces, those of programs that were skipped, too.
traces()
{
	find "$work" -mindepth 2 -name trace -exec cat {} +
}

# Of the time stalled, in all programs.
test_unexplained()
{
	local programs vms stalls stalled_ns unexplained_ns forgiven

	traces >all
	forgiven=$(find "$work" -mindepth 2 -name forgiven | wc -l)
	[ "$forgiven" = 0 ] || note "beside VMs of others, whose calls in flight were lost in $forgiven programs"
	programs=$(find "$work" -mindepth 2 -name trace | wc -l)
	read -r vms stalls stalled_ns unexplained_ns < <(ndjson -rn 'include "ndjson";
		reduce inputs as $line ({}; if $line.type == "summary" then .vms += $line.vms
			elif $line | is_call then .stalls += 1 | .ns += $line.stall_ns
				| .unexplained += ($line | ns_by("unexplained")) else . end)
		| "\(.vms // 0) \(.stalls // 0) \(.ns // 0) \(.unexplained // 0)"' all)
	note "$programs programs, $vms VMs, $stalls stalls of $((stalled_ns / 1000000)) ms, $((unexplained_ns / 1000)) us unexplained"
	[ "$vms" -gt 0 ] || fail "no program made a VM that was seen"
	[ $((unexplained_ns * 100)) -le "$stalled_ns" ] || fail "more than 1 % is unexplained"
}

test_kernel_log()
{
	kernel_is_quiet "$work/dmesg.before"
}

# wanted NAME: is it to be run?
wanted()
{
	local list=${TESTS-}

	if [ -z "$list" ]; then
		[ "${PROGRAMS-}" != all ] || return 0
		list=$quick
	fi
	[[ " ${list//[[:space:]]/ } " = *" $1 "* ]]
}

for tool in jq pgrep; do
	command -v $tool >/dev/null || nothing "no $tool"
done
need_kvm_and_bpf
programs=${SELFTESTS:-$(bash "$here/tests/kvm/build.sh" 2>why)} || nothing "$(tail -n 1 why)"
limit=${LIMIT:-$([ "${PROGRAMS-}" = all ] && echo 19 || echo 7)}

dmesg >dmesg.before 2>/dev/null
mapfile -t list <"$programs/programs"
for program in "${list[@]}"; do
	name=${program##*/}
	! wanted "$name" || run_test "$name" run_program "$programs/$program"
done
run_test unexplained
run_test kernel-log
finish
