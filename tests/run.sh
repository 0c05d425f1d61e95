#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh SUITE[+SUITE]... [--beside=SUITE,SUITE... SUITE...] - run suites of tests and add them up.
#
# Those of --beside run one by one beside the ones after it, with the CPUs that these leave: what computes, and has
# nothing to do with this kernel, beside what waits for this kernel most of the time. VM+VHOST+EXPORT run at the same
# time: only the last has to do with this kernel, and VMs do not mind who else has the CPUs (tests/vm/run.sh). The last
# is the one that may ask for a password.
#
# A suite is tests/SUITE/suite.sh (or run.sh where there is no such file), for "unit" the
# executables in $O/tests, and for "arm64" the part of the kernel matrix that is always run. Each prints "N passed, N failed, N skipped" as its last line and exits
# with 0, 1, or 77 when it skipped everything. Quiet when green: the output of a suite is kept in
# $O/log/SUITE.log and shown only when it failed (V=1: always, as it comes). The sum is the last line.
#
# KVMSTALL is the program to test, KVMSTALL_STATIC the same without libraries, KVMSTALL_STATIC_ARM64 that
# for arm64, O the build directory, SERIES the kernels for "vm" and "arm64" ("6.12 6.1:arm64"; empty: the
# suites' own choice).
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
export O=${O:-$PWD/build}
export KVMSTALL=${KVMSTALL:-$O/kvmstall} KVMSTALL_STATIC=${KVMSTALL_STATIC:-$O/static/kvmstall}
export SERIES=${SERIES-} MAKE=${MAKE:-make}
unset MAKEFLAGS MFLAGS # a suite that calls make has no part in our caller's job server
sum='^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$'
passed=0 failed=0 skipped=0

# One test program's TAP, counted. One that dies on the way has lost its last tests: a failure.
unit_program()
{
	local program=$1 output status=0 ok bad skip

	output=$(CMOCKA_MESSAGE_OUTPUT=TAP "$program" 2>&1) || status=$?
	skip=$(grep -ciE '^ok.*# skip' <<<"$output")
	ok=$(($(grep -cE '^ok' <<<"$output") - skip))
	bad=$(grep -cE '^not ok' <<<"$output")
	if [ "$status" != 0 ] && [ "$bad" = 0 ] || [ $((ok + bad + skip)) = 0 ]; then
		bad=$((bad + 1))
	fi
	[ "$bad" = 0 ] || printf '%s: exit status %s\n%s\n' "${program##*/}" "$status" "$output"
	((unit_ok += ok, unit_bad += bad, unit_skip += skip)) || true
}

unit_suite()
{
	local source unit_ok=0 unit_bad=0 unit_skip=0

	for source in $(find tests/unit tests/export -name 'test_*.c' | sort); do
		source=${source##*/}
		if [[ ${source%.c} = test_daemon ]] && ! [ -x "$O/tests/test_daemon" ]; then
			echo 'skipped test_daemon: built without export'
			unit_skip=$((unit_skip + 1))
			continue
		fi
		unit_program "$O/tests/${source%.c}"
	done
	echo "$unit_ok passed, $unit_bad failed, $unit_skip skipped"
	[ "$unit_bad" = 0 ]
}

# These need root: they attach BPF programs to this kernel.
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif ! sudo -n true 2>/dev/null && ! sudo -v 2>/dev/null; then
		echo "skipped everything: not root, and sudo does not make us"
		echo "0 passed, 0 failed, 1 skipped"
		return 77
	else
		sudo env KVMSTALL="$KVMSTALL" KVMSTALL_STATIC="$KVMSTALL_STATIC" O="$O" \
			TABLE="${TABLE-}" PROGRAMS="${PROGRAMS-}" WHOLE="${WHOLE-}" KVMSTALL_CACHE="${KVMSTALL_CACHE-}" "$@"
	fi
}

# kernels SUFFIX SCRIPT [DEFAULT]: SCRIPT with those of SERIES that end with SUFFIX ("": have none).
kernels()
{
	local name names=${3-}

	if [ -n "$SERIES" ]; then
		names=
		for name in $SERIES; do
			[ "${name#"${name%%:*}"}" != "$1" ] || names+=" $name"
		done
		[ -n "$names" ] || { echo '0 passed, 0 failed, 0 skipped'; return; }
	fi
	SERIES=$names bash "$2"
}

run_suite()
{
	local suite=$1 script=tests/$1/suite.sh

	[ -f "$script" ] || script=tests/$suite/run.sh
	case $suite in
	unit) unit_suite ;;
	vm) kernels '' tests/vm/suite.sh ;;
	vhost) kernels '' tests/vm/vhost.sh ;;
	arm64) kernels :arm64 tests/vm/matrix.sh "6.1:arm64 6.18:arm64" ;;
	live | export | kvm | monitoring) as_root bash "$script" ;;
	docs) ${WHOLE:+as_root} bash "$script" ;;
	*) bash "$script" ;;
	esac
}

# The suite's own sum line, corrected where it contradicts its exit status.
count()
{
	local suite=$1 status=$2 took=$3 ok=0 bad=0 skip=0 line

	line=$(tail -n 1 "$O/log/$suite.log" | grep -E "$sum")
	if [ -n "$line" ]; then
		read -r ok _ bad _ skip _ <<<"$line"
	elif [ "$status" = 77 ]; then
		skip=1
	else
		bad=1
	fi
	if [ "$status" != 0 ] && [ "$status" != 77 ] && [ "$bad" = 0 ]; then
		bad=1
	fi
	((passed += ok, failed += bad, skipped += skip)) || true
	echo "$suite: $ok passed, $bad failed, $skip skipped (${took}s)"
	[ "$bad" = 0 ]
}

# Run SUITE; its output, exit status and seconds are in $O/log. With V as it comes, too.
run_logged()
{
	local suite=$1 log=$O/log/$1.log status=0

	SECONDS=0
	rm -f "$O/log/$suite.status"
	if [ -n "${V-}" ]; then
		run_suite "$suite" 2>&1 </dev/null | tee "$log"
		status=${PIPESTATUS[0]}
	else
		run_suite "$suite" >"$log" 2>&1 </dev/null || status=$?
	fi
	echo "$status $SECONDS" >"$O/log/$suite.status"
}

report()
{
	local suite=$1 status=1 took=0

	read -r status took <"$O/log/$suite.status"
	if count "$suite" "$status" "$took"; then
		# Why something was skipped is worth a line even when all is well.
		[ -n "${V-}" ] || grep -iE '^ *skip(ped)?\b' "$O/log/$suite.log"
	else
		[ -n "${V-}" ] || sed 's/^/    /' "$O/log/$suite.log"
	fi
}

# start COMMAND...: in a process group of its own, $!, which ends with this script.
groups=()
trap 'kill -- "${groups[@]/#/-}" 2>/dev/null' EXIT
start()
{
	set -m
	"$@" &
	set +m
	groups+=($!)
}

# Run suites at the same time.
together()
{
	local pids=()

	while [ $# -gt 1 ]; do
		start run_logged "$1"
		pids+=($!)
		shift
	done
	run_logged "$1"
	[ ${#pids[@]} = 0 ] || wait "${pids[@]}"
}

beside()
{
	local suite

	{ chrt --idle --pid 0 "$BASHPID" || renice -n 19 "$BASHPID"; } >/dev/null
	for suite; do
		run_logged "$suite"
	done
}

# Once nothing else of ours runs, those beside it take their share: beside busy loops the CPUs leave nothing. What is
# started while the list is made has the class that its parent had: another round finds it.
catch_up()
{
	local pid

	for _ in 1 2 3; do
		for pid in $(pgrep -g "$beside_group"); do
			chrt --other --all-tasks --pid 0 "$pid" 2>/dev/null || true
		done
	done
}

mkdir -p "$O/log"
others=
for argument in "$@"; do
	case $argument in
	--beside=*)
		others=${argument#*=}
		others=${others//,/ }
		# shellcheck disable=SC2086 # words
		start beside $others
		beside_group=$!
		;;
	*)
		IFS=+ read -ra suites <<<"$argument"
		together "${suites[@]}"
		for name in "${suites[@]}"; do
			report "$name"
		done
		;;
	esac
done
[ -z "$others" ] || catch_up
wait
for name in $others; do
	report "$name"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
