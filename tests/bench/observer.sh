#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# observer.sh [--markdown FILE] [--check] - does watching change what is watched?
#
# kvmstall repro runs in small blocks that take turns: without a tracer, with "kvmstall trace -q" beside it
# (attached to all VMs, its output to /dev/null), without again: how far the two without differ is what this
# machine's noise alone does; and beside programs that do nothing, on the same tracepoints (nothing.c): what any
# tracer does that has them. Compared are the share of slow closes of a VM with a PIT (more than two
# jiffies: SRCU's exp_holdoff of 25 us makes that a question of microseconds) and each call's latency.
#
# Where the closing thread runs decides more than that: SRCU's callbacks run on the boot CPU, and a wait that ends
# there comes back within 10 us, one that ends on another CPU after 30. So qemu is measured on each of the two as
# well, and on whatever CPU the scheduler finds, which a process more on the machine moves.
#
# --check: fail where the tracer moves the share of slow closes by more than 5 points, or the median of a
# stalled call by more than 5 %, from both of the others and to the same side. BLOCKS of each side, ROUNDS in a block,
# TRACE_OPTIONS for the tracer (-q), WORKLOADS. Waits up to five minutes for the machine to be idle (MAX_LOAD),
# and before each turn up to ten seconds for nobody else to run.
# shellcheck disable=SC2016 # jq's variables
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
export PATH=$PATH:/usr/sbin:/sbin
rounds=${ROUNDS:-31} blocks=${BLOCKS:-23}
# Name, CPU (-: any), options of repro.
workloads=('pit-close - --scenario pit-close' 'qemu - --profile qemu' 'qemu-boot-cpu 0 --profile qemu' 'qemu-other-cpu 1 --profile qemu')
busy=0
markdown='' check=''

usage()
{
	sed -n '4s/^# //p' "$0" >&2
	exit 2
}

while [ $# -gt 0 ]; do
	case $1 in
	--markdown) [ $# -gt 1 ] || usage; markdown=$(readlink -f "$2"); shift ;;
	--check) check=1 ;;
	*) usage ;;
	esac
	shift
done
[ "$(id -u)" = 0 ] || { echo "observer.sh: not root" >&2; exit 3; }
work=$(mktemp -d "${TMPDIR:-/tmp}/kvmstall-observer.XXXXXX")
trap 'stop_tracer; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/bench/tracer.sh
. "$here/tests/bench/tracer.sh"

wait_for_idle()
{
	local end=$((SECONDS + 300)) max=${MAX_LOAD:-0.5}

	while awk -v max="$max" '{exit !($1 > max)}' /proc/loadavg; do
		if [ $SECONDS -gt $end ]; then
			echo "observer.sh: the load is still $(cut -d ' ' -f 1 /proc/loadavg); what follows is noisy" >&2
			return
		fi
		sleep 5
	done
}

# Others that run right now; we do as well.
others()
{
	local running

	read -r _ _ _ running _ </proc/loadavg
	echo $((${running%/*} - 1))
}

wait_for_turn()
{
	local i

	for ((i = 0; i < 20; i++)); do
		[ "$(others)" -gt 1 ] || return 0
		sleep 0.5
	done
	busy=$((busy + 1))
}

# block SIDE WORKLOAD CPU OPTION...
block()
{
	local side=$1 workload=$2 pin=()

	[ "$3" = - ] || pin=(taskset -c "$3")
	shift 3
	# shellcheck disable=SC2086 # options
	case $side in
	with) start_tracer "$KVMSTALL" ${TRACE_OPTIONS:--q} ;;
	nothing) start_tracer "$work/nothing" ;;
	esac
	sleep 0.2 # what attaching and detaching leave to do, on every side
	"${pin[@]}" "$KVMSTALL" repro --json --rounds "$rounds" "$@" |
		jq -c --arg side "$side" --arg workload "$workload" 'select(.type == "call" and .ret >= 0)
			| {side: $side, workload: $workload, call: .call, latency_ns: .latency_ns}' >>"$work/calls"
	stop_tracer
}

# Sides take turns, and each is as often the first.
measure()
{
	local sides=(without with again nothing) i j workload

	for ((i = 0; i < blocks; i++)); do
		for workload in "${workloads[@]}"; do
			case " ${WORKLOADS-${workload%% *}} " in *" ${workload%% *} "*) ;; *) continue ;; esac
			wait_for_turn
			for ((j = 0; j < 4; j++)); do
				# shellcheck disable=SC2086 # words
				block "${sides[(i + j) % 4]}" $workload
			done
		done
	done
}

observer()
{
	jq -L "$here/tests/lib" -rs --argjson jiffy "$jiffy" "include \"observer\"; $1" "$work/calls"
}

about()
{
	echo "kernel $(uname -r), $(uname -m), HZ=$((1000000000 / jiffy)), $(nproc) CPUs, $(date +%F), load" \
		"$load before and $(cut -d ' ' -f 1-3 /proc/loadavg) after; $blocks blocks of $rounds rounds a side," \
		"$busy turns on a busy machine"
}

table()
{
	{
		echo "$1"
		observer "$2 | @tsv"
	} | column -t -s $'\t'
	echo
}

text()
{
	about
	echo
	echo "Closes of a VM that took more than two jiffies, in per cent:"
	table $'workload\tcloses\twithout\twith\tagain\tnothing' 'shares($jiffy) | share_cells'
	echo "Calls that took more than a jiffy (medians in us; ratios to \"without\"):"
	table $'workload\tcall\tn\twithout\twith\tp50 with\tp50 again\tp50 nothing\tp90 with\tp90 again' 'stalled($jiffy) | call_cells'
	echo "All calls:"
	table $'workload\tcall\tn\twithout\twith\tp50 with\tp50 again\tp50 nothing\tp90 with\tp90 again' 'all_calls | call_cells'
}

rows()
{
	observer "$1 | \"| \(join(\" | \")) |\""
	echo
}

markdown()
{
	echo "# Does watching change what is watched?"
	echo
	echo "\`kvmstall repro\` in blocks that take turns: without a tracer, with \`kvmstall trace ${TRACE_OPTIONS:--q}\`"
	echo "beside it, without again, which is what noise alone does, and beside programs that do nothing, on the same"
	echo "tracepoints (*nothing*: what any tracer does that has them). By \`tests/bench/observer.sh --markdown FILE\`:"
	echo "$(about)."
	echo
	echo "Closes of a VM that took more than two jiffies, in per cent. Goal: with and without differ by less than"
	echo "3 points, where the closing thread is on one CPU."
	echo
	echo "| workload | closes | without | with | again | nothing |"
	echo "|---|--:|--:|--:|--:|--:|"
	rows 'shares($jiffy) | share_cells'
	cat <<-END
		*qemu-boot-cpu* and *qemu-other-cpu* are the same as *qemu*, whose thread may be on any CPU, under taskset. Such a close waits
		for four grace periods. The last is expedited if it is asked for 25 us (srcutree.exp_holdoff) after the end of the one before, or
		later. SRCU's callbacks run on the boot CPU: a thread that is woken there comes back within 10 us, so the close is slow; one
		that is woken on another CPU takes some 30, and its close is fast. So what *qemu* shows is on which CPU the scheduler finds
		room for that thread, and a second process on a machine of two CPUs has a part in that, whatever it does.

	END
	echo "Calls that took more than a jiffy: medians in us, and ratios to *without*. Goal: p50 with within 5 %."
	echo
	echo "| workload | call | n | without | with | p50 with | p50 again | p50 nothing | p90 with | p90 again |"
	echo "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
	rows 'stalled($jiffy) | call_cells'
	echo "All calls. Short ones show what the programs cost."
	echo
	echo "| workload | call | n | without | with | p50 with | p50 again | p50 nothing | p90 with | p90 again |"
	echo "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
	rows 'all_calls | call_cells'
}

"${CC:-cc}" -O1 -I"$here/include" -o "$work/nothing" "$here/tests/bench/nothing.c" -lbpf
jiffy=$("$KVMSTALL" check --json | jq '1000000000 / .kernel.hz')
wait_for_idle
load=$(cut -d ' ' -f 1-3 /proc/loadavg)
measure
text
[ -z "$markdown" ] || markdown >"$markdown"
[ -z "$check" ] || {
	observer '(shares($jiffy) | select(share_missed) | "missed: share of slow closes, \(.workload)"),
		(stalled($jiffy) | select(median_missed) | "missed: median of \(.call), \(.workload)")' >"$work/missed"
	observer 'shares($jiffy) | select(is_noisy) | "too noisy to say more: \(.workload)"'
	cat "$work/missed"
	[ ! -s "$work/missed" ]
}
