#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make soak: export beside VMs that are born and killed and tracers that come and go, for MINUTES (60). A sample
# each EVERY (20) seconds; SAMPLES and CURVES are the files that get them, as CSV and drawn (docs/soak.csv, .svg).
# SOAKED=1 prints the table of the samples that are there.
# The load rests REST (4) times as long as it works, so that others have the machine.
# shellcheck disable=SC2016,SC2086,SC2154,SC2317 # a heading has backquotes; pids have no blanks; of lib/suite.sh; functions run by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
export PATH=$PATH:/usr/sbin:/sbin
minutes=${MINUTES:-60} every=${EVERY:-20} rest=${REST:-4}
samples=$(readlink -f "${SAMPLES:-$work/soak.csv}") curves=$(readlink -f "${CURVES:-$work/soak.svg}")
cd "$work" || exit 1

scrape()
{
	curl -sf -m 30 --unix-socket sock http://localhost/metrics >scraped.new && mv scraped.new scraped
}

metric()
{
	awk -v name="$1" '$1 == name { print $2 }' scraped
}

# in_kernel: VMs that the kernel has, of whomever.
in_kernel()
{
	find /sys/kernel/debug/kvm -mindepth 1 -maxdepth 1 -type d -name '[0-9]*-[0-9]*' | wc -l
}

sample()
{
	local status=/proc/$daemon/status

	scrape || fail "no scrape: $(cat daemon.err)"
	echo "$1,$(awk '/^VmRSS/ { print $2 }' "$status"),$(($(metric kvmstall_history_bytes) >> 10)),$(find "/proc/$daemon/fd" -mindepth 1 |
		wc -l),$(metric kvmstall_vms),$(in_kernel),$(metric kvmstall_vms_seen_total),$(cat tracers),$(awk -F '[ }]' '/^kvmstall_events_lost_total/ { sum += $NF }
		END { print sum + 0 }' scraped),$(metric process_cpu_seconds_total)" >>"$samples"
}

# tracer N COMMAND...: it comes, and goes by itself, by a signal, or is killed.
tracer()
{
	local n=$1 pid

	shift
	"$KVMSTALL" "$@" >tracer.out 2>tracer.err &
	pid=$!
	"$KVMSTALL" repro --profile firecracker --rounds 3 >repro.out 2>repro.err
	case $((n % 3)) in
	0) wait $pid ;;
	1) kill -TERM $pid ;;
	2) kill -KILL $pid ;;
	esac
	wait $pid || true
	echo $(($(cat tracers) + 1)) >tracers
}

# work N: some VMs that end well, some that are killed while they live, and each third time a tracer.
work()
{
	local n=$1 pid

	"$KVMSTALL" repro --profile qemu --rounds 2 >repro.out 2>repro.err
	"$KVMSTALL" repro --profile firecracker --rounds 5 --vms 2 >repro.out 2>repro.err
	"$KVMSTALL" repro --profile minimal --vms 3 --life 5s >repro.out 2>repro.err &
	pid=$!
	sleep 0.3
	pkill -KILL -P $pid
	wait $pid || true
	case $((n % 9)) in
	0) tracer "$n" trace -q -d 500ms ;;
	3) tracer "$n" record -q -d 500ms -o x.cap ;;
	6) tracer "$n" trace -q -- sleep 0.5 ;;
	esac
}

load()
{
	local n=0 began took

	while [ ! -e stop ]; do
		began=${EPOCHREALTIME/./}
		work $n || echo "round $n failed: $(cat repro.err tracer.err)" >>troubles
		took=$((${EPOCHREALTIME/./} - began))
		n=$((n + 1))
		[ -e stop ] || sleep "$(awk -v us="$took" -v rest="$rest" 'BEGIN { s = us * rest / 1000000; print s < 15 ? s : 15 }')"
	done
}

# No more and no less than the kernel has; others may make some meanwhile.
is_count_right()
{
	local before

	before=$(in_kernel)
	scrape
	[ "$(metric kvmstall_vms)" = "$before" ] && [ "$(in_kernel)" = "$before" ]
}

# middle COLUMN FROM TO: the median of the samples in this stretch, in percent of all.
middle()
{
	awk -F , -v c="$1" -v from="$2" -v to="$3" 'NR > 1 { v[NR - 2] = $c; n = NR - 1 }
		END { for (i = int(n * from / 100); i < int(n * to / 100); i++) print v[i] }' "$samples" | sort -n |
		awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# is_flat NAME COLUMN MORE: the last third is no more than MORE above the second.
is_flat()
{
	local two three

	two=$(middle "$2" 33 66) three=$(middle "$2" 66 100)
	note "$1: $two in the second third, $three in the last"
	[ "$three" -le $((two + $3)) ] || fail "$1 grew from $two to $three"
}

test_soak()
{
	local end holder load

	: >troubles
	"$KVMSTALL" export --listen "unix:$PWD/sock" 2>daemon.err &
	daemon=$!
	until_true 20 scrape
	echo 0 >tracers
	echo seconds,rss_kb,history_kb,fds,vms,vms_in_kernel,vms_seen,tracers,lost,cpu_s >"$samples"
	mkfifo open
	"$work/vmms" hold 7 1 <open >held.out &
	holder=$!
	exec 5>open
	load 5>&- &
	load=$!
	SECONDS=0 end=$((minutes * 60))
	while [ $SECONDS -lt $end ]; do
		sample $SECONDS
		sleep "$every"
	done
	touch stop
	cat troubles
	wait $load
	until_true 5 is_count_right || fail "$(metric kvmstall_vms) VMs, and the kernel has $(in_kernel)"
	[ "$(metric kvmstall_vms)" -ge 7 ] || fail "seven VMs live, and it says $(metric kvmstall_vms)"
	exec 5>&-
	wait $holder
	until_true 5 is_count_right || fail "$(metric kvmstall_vms) VMs, and the kernel has $(in_kernel)"
	sample $SECONDS
	note "$(metric kvmstall_vms_seen_total) VMs, $(cat tracers) tracers in $minutes minutes, $(grep -c . troubles) rounds of the load failed: $(tail -n 1 "$samples")"
	kill -TERM $daemon
	wait $daemon || fail "exit status $?" "$(cat daemon.err)"
	"$here/tests/edges/curves.sh" "$samples" >"$curves"
	is_flat "memory without history, in kB" "$(without_history)" 512
	is_flat "descriptors" 4 2
}

# A column more: memory that is not history. Its number.
without_history()
{
	awk -F , -v OFS=, 'NR == 1 { print $0, "rest_kb"; next } { print $0, $2 - $3 }' "$samples" >with_rest
	mv with_rest "$samples"
	echo 11
}

# in_stretch COLUMN FROM TO: its values, by size.
in_stretch()
{
	awk -F , -v c="$1" -v from="$2" -v to="$3" 'NR > 1 && $1 >= from && $1 < to { print $c }' "$samples" | sort -g
}

median()
{
	in_stretch "$@" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# How much a counter grew.
growth()
{
	in_stretch "$@" | sed -n '1p;$p' | awk 'NR == 1 { low = $1 } { high = $1 } END { print high - low }'
}

# table: medians of stretches of ten minutes, as docs/soak.md has them.
table()
{
	local from to right

	echo '| minutes | resident, kB | of that history, kB | rest, kB | descriptors | `kvmstall_vms` is the kernel'"'"'s | VMs seen | tracers | lost | CPU, s |'
	echo '|---|---|---|---|---|---|---|---|---|---|'
	for ((from = 0; from < minutes * 60; from += 600)); do
		to=$((from + 600))
		right=$(awk -F , -v from=$from -v to=$to 'NR > 1 && $1 >= from && $1 < to { n++; same += $5 == $6 } END { print same " of " n }' "$samples")
		echo "| $((from / 60)) to $((to / 60)) | $(median 2 $from $to) | $(median 3 $from $to) | $(median 11 $from $to) | $(median 4 $from $to) | $right |" \
			"$(growth 7 $from $to) | $(growth 8 $from $to) | $(growth 9 $from $to) | $(growth 10 $from $to) |"
	done
}

if [ -n "${SOAKED-}" ]; then
	table
	exit
fi
[ -d /sys/kernel/debug/kvm ] || nothing "no debugfs"
command -v curl >/dev/null || nothing "no curl"
need_kvm_and_bpf
${CC:-cc} -O1 -o vmms "$here/tests/live/vmms.c" || nothing "no compiler for vmms.c"
OVERDUE=$((minutes * 120 + 900)) run_test soak
finish
