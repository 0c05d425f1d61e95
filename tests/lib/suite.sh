# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016 # jq programs have $
#
# suite.sh - the frame of a suite, to be sourced: named tests, quiet when green, a sum line.
#
#     . tests/lib/suite.sh
#     test_NAME() { ...; }                 a test: a function, run with set -e
#     run_test NAME [FUNCTION ARG...]      test_NAME, or that function with these arguments
#     finish                               the sum line, and exit; what a failed test captured is kept
#
# A test runs in a subshell, with a folder of its own as working directory ($work/NAME). It ends
# with "skip WHY", or fails by its exit status; then what it printed is shown. "note" is shown in
# any case: figures.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/kvmstall-test.XXXXXX")
passed=0 failed=0 skipped=0

skip()
{
	echo "$*" >>"$work/skip"
	exit 77
}

# nothing WHY...: the whole suite is skipped.
nothing()
{
	rm -rf "$work"
	echo "skipped everything: $*"
	echo "0 passed, 0 failed, 1 skipped"
	exit 77
}

# What suites need that watch this machine's KVM. $KVMSTALL is asked: a device may be there and not be KVM,
# and root may lack capabilities. Whatever else is wrong with it, the tests will say.
need_kvm_and_bpf()
{
	local why status=0

	[ "$(id -u)" = 0 ] || nothing "not root"
	[ -e /dev/kvm ] || nothing "no /dev/kvm"
	why=$("$KVMSTALL" repro --profile minimal 2>&1 >/dev/null) || status=$?
	[ $status != 3 ] || nothing "no KVM: ${why##*$'\n'}"
	status=0
	why=$("$KVMSTALL" trace -q -d 1ms 2>&1 >/dev/null) || status=$?
	[ $status != 3 ] || nothing "no BPF: ${why##*$'\n'}"
}

note()
{
	echo "    $*" >>"$work/notes"
}

fail()
{
	echo "$*"
	return 1
}

# overdue SECONDS: a test that waits for what never comes would hold all others up. Its children that it
# waits for in the foreground are left, so that one can look at them.
overdue()
{
	read -rt "$1" <> <(:) && return
	echo "not over in $1 s: ended" >>"$work/output"
	kill -TERM "$(cat "$work/pid")"
}

run_test()
{
	local name=$1 status=0 guard

	shift
	[ $# -gt 0 ] || set -- "test_${name//-/_}"
	: >"$work/notes"
	: >"$work/skip"
	mkdir -p "$work/$name"
	overdue "${OVERDUE:-907}" &
	guard=$!
	# Not in a condition: set -e would be off in the whole subshell.
	set +e
	(
		echo "$BASHPID" >"$work/pid"
		cd "$work/$name" || exit 1
		# What a test that fails has started, ends with it.
		trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
		set -e
		"$@"
	) >"$work/output" 2>&1
	status=$?
	kill "$guard" 2>/dev/null
	wait "$guard" 2>/dev/null
	case $status in
	0)
		passed=$((passed + 1))
		echo "ok      $name"
		;;
	77)
		skipped=$((skipped + 1))
		echo "skipped $name: $(cat "$work/skip")"
		;;
	*)
		failed=$((failed + 1))
		echo "FAILED  $name (exit status $status)"
		tail -n 60 "$work/output" | cut -c 1-2000 | sed 's/^/    | /'
		;;
	esac
	cat "$work/notes"
}

finish()
{
	# What failed by chance may not come again.
	if [ -n "${KEEP-}" ] || [ "$failed" != 0 ]; then
		echo "kept: $work"
	else
		rm -rf "$work"
	fi
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
	exit
}

# kernel_is_quiet FILE: since dmesg was put into FILE, the kernel has complained of nothing.
kernel_is_quiet()
{
	dmesg >after || skip "dmesg is not for us"
	if diff "$1" after | grep -E '^> .*(WARNING|BUG:|Oops|INFO: task|rcu:.*stall|general protection)'; then
		fail "the kernel complained"
	fi
}

# until_true SECONDS COMMAND...: as soon as it is. The bound is for what never comes: on a busy machine all
# takes many times as long.
until_true()
{
	local end=$((SECONDS + 6 * $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -le $end ] || fail "not in time: $*" || return 1
		sleep 0.05
	done
}

# ---- time and chance ----------------------------------------------------------------------------

# jiffies: busy ones and all, of all CPUs since boot.
jiffies()
{
	awk '/^cpu / { for (i = 2; i <= 9; i++) all += $i; print all - $5 - $6, all; exit }' /proc/stat
}

# Others keep this machine's CPUs busy: how long something takes says little. Asked when a test has nothing
# running: whatever runs now, for a third of the CPUs' time in one of three looks, is not ours.
is_crowded()
{
	local busy all busy_then all_then

	for _ in 1 2 3; do
		read -r busy all < <(jiffies)
		sleep 0.3
		read -r busy_then all_then < <(jiffies)
		[ $(((busy_then - busy) * 3)) -le $((all_then - all)) ] || return 0
	done
	return 1
}

# too_busy WHY...: skipped where others are to blame, else failed.
too_busy()
{
	! is_crowded || skip "this machine was too busy: $*"
	fail "$*"
}

# defect WHAT...: what no load explains. It fails the test, in whichever try of "repeat" it is seen.
defect()
{
	echo "$*"
	exit 99
}

# repeat TRIES COMMAND...: a test whose outcome hangs on time or chance too. It passes when one try does. When
# none does, it fails; but on a crowded machine, where nothing was to be seen, it is skipped, with what the last try said. A
# defect fails it at once.
repeat()
{
	local tries=$1 try status

	shift
	for ((try = 1; try <= tries; try++)); do
		set +e
		(set -e; "$@") >"$work/try" 2>&1
		status=$?
		set -e
		cat "$work/try"
		[ $status != 0 ] || return 0
		[ $status != 77 ] && [ $status != 99 ] || exit $status
	done
	too_busy "not in $tries tries; the last: $(tail -n 1 "$work/try" | cut -c 1-300)"
}

# ---- BPF that outlives its user -----------------------------------------------------------------

# orphans KIND: ids of the BPF programs (prog), maps (map) or links that no process holds. What others load
# and hold meanwhile is none of them.
orphans()
{
	comm -23 <(bpftool "$1" list -j | jq '.[].id' | sort) \
		<(cat /proc/[0-9]*/fdinfo/* 2>/dev/null | awk -v id="$1_id:" '$1 == id { print $2 }' | sort -u)
}

# no_new_orphans KIND FILE: none but those in FILE.
no_new_orphans()
{
	[ -z "$(comm -13 "$2" <(orphans "$1"))" ]
}

# has_programs PID: it holds BPF programs.
has_programs()
{
	find "/proc/$1/fd" -lname 'anon_inode:bpf-prog' | grep -q .
}

# ---- NDJSON, with jq (lib/ndjson.jq) ------------------------------------------------------------

ndjson()
{
	jq -L "$here/tests/lib" "$@"
}

# none WHAT FILTER FILE...: no object that FILTER lets through; else fails and shows them.
none()
{
	local what=$1 filter=$2 found

	shift 2
	found=$(ndjson -c "include \"ndjson\"; $filter" "$@") || return 1
	[ -n "$found" ] || return 0
	echo "$what:"
	head -n 7 <<<"$found"
	return 1
}

# never WHAT FILTER FILE...: none, whatever the load.
never()
{
	none "$@" || exit 99
}

# some WHAT FILTER FILE...: at least one.
some()
{
	local what=$1 filter=$2 found

	shift 2
	found=$(ndjson -c "include \"ndjson\"; $filter" "$@") || return 1
	[ -n "$found" ] || fail "none is there: $what"
}

# updates N: a list for repro, of a VM that makes and deletes a memory slot by turns.
updates()
{
	awk -v cnt="$1" 'BEGIN {
		print "+0us t0 KVM_CREATE_VM"
		for (i = 0; i < cnt; i++)
			print "+0us t0 KVM_SET_USER_MEMORY_REGION slot=1 gpa=0x0 size=" (i % 2 ? "0x0" : "0x200000")
		print "+0us t0 close"
	}'
}

# newer THAN SERIES: is a kernel that new, or the same?
newer()
{
	[ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

# booted STATUS OUT: what tests/vm/run.sh said is in "errors", and what it brought home in OUT.
booted()
{
	cat errors
	[ "$1" != 77 ] || skip "$(tail -n 1 errors)"
	[ "$1" = 0 ] || fail "exit status $1"
	note "$(cat "$2/release"), in $SECONDS s"
}

# value FILTER FILE...: FILTER over all objects of all files, as an array.
value()
{
	local filter=$1

	shift
	ndjson -rs "include \"ndjson\"; $filter" "$@"
}
