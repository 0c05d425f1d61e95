# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2154 # inner shells have $; work is of lib/suite.sh
# Captures: what trace and repro say about the same run. Several tests look at each.

# with_core FOLDER/NAME: the program NAME of tests/FOLDER, which uses kvmstall's own parts.
with_core()
{
	local O

	O=$(dirname "$KVMSTALL")
	[ -e "$O/core.a" ] || skip "no core.a beside kvmstall"
	${CC:-cc} -O1 -I"$here/include" -I"$here/src" -o "${1##*/}" "$here/tests/$1.c" "$O/core.a" -ljansson -lzstd -lm 2>cc.err ||
		skip "no C compiler, or no libraries for it"
}

# capture NAME OPTION...: repro with these options under trace --all, as NAME.trace and NAME.repro in
# $work/captures. Options for trace in the array trace_options. Made again where a program was not run because an interrupt
# found it in another one ("missed"): the kernel's chance.
capture()
{
	local try

	for try in 1 2 3; do
		capture_once "$@" || return
		[ "$(jq 'select(.type == "summary").losses.missed' "$work/captures/$1.trace")" != 0 ] || return 0
		echo "$1: try $try missed something"
	done
}

capture_once()
{
	local name=$1

	shift
	mkdir -p "$work/captures"
	# shellcheck disable=SC2016 # the inner shell's
	REPRO=$work/captures/$name.repro timeout -k 5 300 "$KVMSTALL" trace --json --all "${trace_options[@]}" -- \
		sh -c 'exec "$0" repro --json "$@" >"$REPRO"' "$KVMSTALL" "$@" >"$work/captures/$name.trace"
}
trace_options=()

captured()
{
	local kind=$1 name

	shift
	for name; do
		echo "$work/captures/$name.$kind"
	done
}

# Everything that repro can do. The scenarios that this kernel has not are skipped by repro.
profiles='qemu firecracker crosvm minimal memslots-first'
others='pit-close scenarios reader lock normal-gp kworker mmu-notifier'

test_setup()
{
	capture qemu --profile qemu --rounds 7
	capture firecracker --profile firecracker --rounds 7
	capture crosvm --profile crosvm --rounds 5
	capture minimal --profile minimal --rounds 11
	capture memslots-first --profile qemu --order memslots-first --rounds 7
	capture pit-close --scenario pit-close --rounds 7
	capture scenarios --scenario all --rounds 2
	capture reader --profile minimal --inject reader --hold 23ms --rounds 5
	capture lock --profile minimal --inject lock --rounds 5
	capture normal-gp --profile minimal --inject normal-gp --rounds 5
	capture kworker --profile minimal --inject kworker --hold 23ms --rounds 5
	capture mmu-notifier --inject mmu-notifier --rounds 2
	# Every object of every capture is JSON, of a known kind, and says its version.
	# shellcheck disable=SC2046 # file names without blanks
	none "of no known kind" 'select(.v != 1 or (.type | IN("call", "stall", "span", "storm", "vm", "lost", "summary") | not))' \
		$(all_traces)
}

# shellcheck disable=SC2086 # lists of words
all_traces()
{
	captured trace $profiles $others
}
