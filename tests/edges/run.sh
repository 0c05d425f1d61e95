#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-edges: what "nothing goes missing" means where it takes longer than CI has time for: namespaces,
# many forks, many overflows of the ring, and kill -9 at any moment of each command. docs/edges.md is $TABLE.
#
# KVMSTALL is the program; TESTS='NAME...' runs only these; POINTS (101) kills a command, FORKS (200003) of COMMAND. PIECES is a
# folder that keeps what they came to, so that the whole may be run in parts (lib/pieces.sh).
# shellcheck disable=SC2016,SC2086,SC2094,SC2154,SC2317 # inner shells have $; pids have no blanks; program and file are both a kind; of lib/suite.sh; run by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=tests/lib/pieces.sh
. "$here/tests/lib/pieces.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
export PATH=$PATH:/usr/sbin:/sbin
static=$(readlink -f "${KVMSTALL_STATIC:-$here/build/static/kvmstall}")
TABLE=$(readlink -f "${TABLE:-$work/edges.md}")
points=${POINTS:-101} forks=${FORKS:-200003}
golden=$here/tests/golden
cd "$work" || exit 1

tests='namespace-same lockdown command-forks-many overflows-trace overflows-export
	kill-trace kill-record kill-flight kill-top kill-export kill-check kill-repro kill-report kill-diff'

# row WHAT FIGURES
row()
{
	note "$2"
	echo "| $1 | $2 |" >>"$rows"
}

# ---- namespaces ---------------------------------------------------------------------------------

# traced NAME COMMAND...: under COMMAND, trace of repro -p firecracker -r 5 as NAME.trace and NAME.repro.
traced()
{
	local name=$1

	shift
	REPRO=$PWD/$name.repro "$@" "$KVMSTALL" trace --json --all -o "$name.trace" -- \
		sh -c 'exec "$0" repro --json --profile firecracker --rounds 5 >"$REPRO"' "$KVMSTALL"
}

# The calls, and how many; what no backend sees of a call that does not sleep is not among them.
calls_of()
{
	jq -r 'select((.type == "call" or .type == "stall") and .vm != null and .comm == "kvmstall") | .call' "$1" | sort | uniq -c
}

# Every call that repro says has slept for a millisecond or more is in the trace.
seen_of()
{
	ndjson -nc --slurpfile trace "$1.trace" --slurpfile repro "$1.repro" 'include "ndjson"; pairs($trace; $repro)' >"$1.pairs"
	none "$1: calls without an object" 'select(.repro.latency_ns >= 1000000 and (.trace | length) == 0) | .repro' "$1.pairs"
	none "$1: losses" 'select(is_loss)' "$1.trace"
}

test_namespace_same()
{
	local name

	unshare --pid --fork --mount-proc true 2>/dev/null || skip "no PID namespaces"
	traced outside env
	traced inside unshare --pid --fork --mount-proc
	traced container unshare --pid --fork --mount-proc --cgroup --ipc --uts --net
	calls_of outside.trace >outside.calls
	for name in outside inside container; do
		calls_of $name.trace | diff outside.calls - || fail "$name: other calls than outside"
		seen_of $name
		[ "$(value 'map(select(.type == "vm" and .event == "born")) | length' $name.trace)" = 5 ] || fail "$name: not 5 VMs"
	done
	row "\`unshare --pid --fork --mount-proc\`, trace of repro -p firecracker -r 5" \
		"$(value 'map(select(is_call)) | length' inside.trace) calls and $(value 'map(select(.type == "stall")) | length' inside.trace) stalls inside, $(value 'map(select(is_call)) | length' outside.trace) and $(value 'map(select(.type == "stall")) | length' outside.trace) outside; the same calls, none of repro's missing"
}

# ---- lockdown -----------------------------------------------------------------------------------

# agrees NAME CHECK TRACE WHY: these exit statuses, and what check calls fatal is what trace says.
agrees()
{
	local why

	grep -qx "$1 $2 $3" out/status || fail "$1: not $2 and $3:" "$(cat out/status out/$1.errors)"
	why=$(jq -r '[.findings[] | select(.severity == "fatal").text][0] // ""' out/$1.check)
	[[ $why == *"$4"* ]] || fail "$1: check says '$why'"
	if [ $3 = 0 ]; then
		some "$1: calls" 'select(is_call and .call == "KVM_SET_USER_MEMORY_REGION")' out/$1.trace
	else
		grep -qF -- "$why" out/$1.errors || fail "$1: check says '$why', and trace" "$(cat out/$1.errors)"
	fi
}

# Taken away in a VM, since nobody gets it back. Under integrity all is as without; under confidentiality both refuse.
test_lockdown()
{
	local status=0 usual

	[ -x "$static" ] || skip "no static program"
	OUT=$PWD/out KVMSTALL=$static KVMSTALL_VM_TIMEOUT=600 "$here/tests/vm/run.sh" ${SERIES:-6.18} "$here/tests/vm/guest/lockdown.sh" \
		2>errors || status=$?
	cat errors
	[ $status != 77 ] || skip "no lockdown: $(tail -n 1 errors)"
	[ $status = 0 ]
	usual=$(awk '$1 == "none" { print $2 }' out/status)
	[ $usual -le 1 ] || fail "nothing works there" "$(cat out/none.errors)"
	agrees none $usual 0 ''
	agrees integrity $usual 0 ''
	agrees confidentiality 3 3 'confidentiality: BPF may not read kernel memory'
	agrees unsaid 3 3 'programs on tracepoints'
	row "lockdown of $(cat out/release): integrity; confidentiality; the same, without /sys/kernel/security" \
		"check and trace as without; both refuse by its name; both refuse by what was tried"
}

# ---- COMMAND ------------------------------------------------------------------------------------

test_command_forks_many()
{
	mkfifo go
	# One VM before, one in a child that waits all the time, and three after so many other children.
	"$KVMSTALL" trace --json -o trace -- sh -c '
		"$0" repro --profile minimal >repro
		(read -r _ <go; exec "$0" repro --profile minimal --rounds 3 >repro) &
		"$1" forks $2
		echo >go
		wait
		"$0" repro --profile minimal --rounds 3 >repro' "$KVMSTALL" "$work/vmms" $forks
	[ "$(value 'map(select(.type == "vm" and .event == "born")) | length' trace)" = 7 ] || fail "not 7 VMs:" "$(tail -n 7 trace)"
	[ "$(value 'map(select(.type == "vm" and .event == "gone")) | length' trace)" = 7 ] || fail "not 7 ends:" "$(tail -n 7 trace)"
	none "losses" 'select(is_loss)' trace
	row "$forks forks of COMMAND" "7 of 7 VMs, before, between and after; nothing lost"
}

# ---- the ring -----------------------------------------------------------------------------------

# overflow PID: while it is stopped, more VMs come and go than a ring of 32 KiB has room for.
overflow()
{
	kill -STOP $1
	./ringvms exits 211 1
	kill -CONT $1
}

attached()
{
	has_programs "$1" && grep -q poll "/proc/$1/wchan" && sleep 0.1
}

dots()
{
	[ "$(wc -c <dots)" = "$1" ]
}

# hold MODE PROCESSES: of ringvms, a VM each; until descriptor 5 is closed.
hold()
{
	rm -f open
	mkfifo open
	./ringvms "$1" "$2" 1 <open >dots &
	holder=$!
	exec 5>open
	until_true 20 dots "$2"
}

# VMs of ringvms that live, by trace.
living()
{
	jq -c 'select(.type == "vm" and .vm.comm == "ringvms") | [.vm.id, .event]' trace 2>/dev/null |
		jq -s 'map(if .[1] == "gone" then -1 else 1 end) | add // 0'
}

is_living()
{
	[ "$(living)" = "$1" ]
}

# VMs that live through 31 overflows, some born in one of them, have each its stall afterwards.
test_overflows_trace()
{
	local tracer i

	cp "$work/vmms" ringvms # so that VMs of others are none of these
	"$KVMSTALL" trace --json --all --ring 32K -o trace 2>err &
	tracer=$!
	until_true 20 attached $tracer
	for _ in $(seq 30); do
		overflow $tracer 5>&-
	done
	kill -STOP $tracer
	./ringvms exits 211 1
	hold later 7 # their births are lost
	kill -CONT $tracer
	until_true 20 is_living 7
	for i in 6 5 4 3 2 1 0; do # one by one: all at once are too many for this ring
		echo -n . >&5
		until_true 20 is_living $i
	done
	exec 5>&-
	wait $holder
	kill -INT $tracer
	wait $tracer || fail "exit status $?" "$(cat err)"
	some "losses" 'select(.type == "summary" and .losses.ring > 0)' trace
	[ "$(value 'map(select(is_call and .call == "KVM_SET_USER_MEMORY_REGION" and .vm.comm == "ringvms")) | map(.vm.id) | unique | length' trace)" = 7 ] ||
		fail "not 7 VMs' stalls" "$(jq -c 'select(.vm.comm == "ringvms" and .call) | [.vm.id, .call]' trace | tail -n 31)"
	row "31 overflows of trace's ring (SIGSTOP), 7 VMs born in the last" \
		"$(value '.[-1].losses.ring' trace) records lost; 7 of 7 VMs known, each one's later call shown, 7 ends"
}

scrape()
{
	curl -sf -m 60 --unix-socket sock http://localhost/metrics >scraped
}

in_kernel()
{
	find /sys/kernel/debug/kvm -mindepth 1 -maxdepth 1 -type d -name '[0-9]*-[0-9]*' | wc -l
}

# The scrape's count is the kernel's, before and after; 77 where others made VMs meanwhile.
is_right()
{
	local before after

	before=$(in_kernel)
	scrape
	after=$(in_kernel)
	[ $before = $after ] || return 77
	[ "$(awk '$1 == "kvmstall_vms" { print $2 }' scraped)" = $before ]
}

# kvmstall_vms after each of 31 overflows, in the first scrape and in one 0.3 s later.
test_overflows_export()
{
	local daemon first=0 second=0 i ret

	command -v curl >/dev/null || skip "no curl"
	[ -d /sys/kernel/debug/kvm ] || skip "no debugfs"
	cp "$work/vmms" ringvms # so that VMs of others are none of these
	"$KVMSTALL" export --listen "unix:$PWD/sock" --ring 32K 2>err &
	daemon=$!
	until_true 20 scrape
	hold hold 7
	for i in $(seq 31); do
		overflow $daemon 5>&-
		is_right && first=$((first + 1)) second=$((second + 1)) && continue
		for _ in $(seq 31); do
			sleep 0.3 # the scan after a loss is 0.1 s after the one before; a Prometheus has a second
			ret=0
			is_right || ret=$?
			[ $ret = 77 ] || break
		done
		[ $ret != 77 ] || continue
		if [ $ret != 0 ]; then # one of others' that ends is not in debugfs any more
			sleep 0.3
			is_right && continue
		fi
		[ $ret = 0 ] || fail "overflow $i: $(grep '^kvmstall_vms ' scraped), and the kernel has $(in_kernel)"
		second=$((second + 1))
	done
	exec 5>&-
	wait $holder
	grep -q '^kvmstall_events_lost_total{where="ring"} [1-9]' scraped || fail "nothing was lost"
	kill $daemon
	wait $daemon || fail "exit status $?" "$(cat err)"
	[ $second -ge 11 ] || skip "others make VMs here all the time"
	row "31 overflows of export's ring (SIGSTOP)" \
		"\`kvmstall_vms\` is the kernel's in the first scrape after $first of them, in the next, 0.3 s later, after $second$([ $second = 31 ] || echo " (others made VMs beside the rest)")"
}

# Those of suite.sh, but systemd's for devices of services that others start.
orphans()
{
	comm -23 <(bpftool "$1" list -j | jq '.[] | select(.type // "" | startswith("cgroup_") | not).id' | sort) \
		<(cat /proc/[0-9]*/fdinfo/* 2>/dev/null | awk -v id="$1_id:" '$1 == id { print $2 }' | sort -u)
}

# ---- kill -9 ------------------------------------------------------------------------------------

# What is run; each makes VMs, files or programs all the time. In a session of its own.
run_of()
{
	case $1 in
	trace) echo "trace --json -o out -d 700ms -- $KVMSTALL repro --profile firecracker --rounds 3" ;;
	record) echo "record -q -o out.cap -- $KVMSTALL repro --profile firecracker --rounds 3" ;;
	flight) echo "record -q --flight 1M -o out.cap -- $KVMSTALL repro --profile firecracker --rounds 3" ;;
	top) echo "top -b -d 100ms -n 5 -o out" ;;
	export) echo "export --listen unix:sock --textfile . --user 0 -d 700ms" ;;
	check) echo "check" ;;
	repro) echo "repro --profile qemu --rounds 3 --vms 3" ;;
	report) echo "report -a -v -o out $golden/report/qemu.cap $golden/report/reader.cap" ;;
	diff) echo "diff -o out $golden/report/qemu.cap $golden/report/reader.cap" ;;
	esac
}

# session_of PID: who is in the session that it made.
session_of()
{
	pgrep -s "$1"
}

is_empty()
{
	! session_of "$1"
}

no_kprobes()
{
	! grep -q 'kvmstall' /sys/kernel/tracing/kprobe_events
}

# A recording that was killed is as good as it was at its last flush: it can be read, and says that it is cut.
judge_files()
{
	local status=0

	[ -e out.cap ] || { [ ! -e out.cap.part ] || absent=$((absent + 1)); return 0; }
	"$KVMSTALL" report -q out.cap >report 2>err || status=$?
	case $status in
	0) whole=$((whole + 1)) ;;
	1) grep -q 'cut at byte' err && cut=$((cut + 1)) ;;
	*) fail "the recording cannot be read" "$(cat err)" ;;
	esac
}

# killed COMMAND: at one of $points moments, evenly from its start to its end and in any order.
killed()
{
	local command=$1 name=${1/flight/record --flight} words began whole_us i us pid alive=0 over=0 whole=0 cut=0 absent=0 kind

	read -ra words <<<"$(run_of $command)"
	for kind in prog map link; do
		orphans $kind >$kind
	done
	began=${EPOCHREALTIME/./}
	timeout 60 "$KVMSTALL" "${words[@]}" >std 2>err || true
	whole_us=$((${EPOCHREALTIME/./} - began))
	for i in $(seq 1 $points | shuf); do
		rm -f out out.cap sock
		us=$((whole_us * i / points))
		setsid "$KVMSTALL" "${words[@]}" >std 2>err </dev/null &
		pid=$!
		sleep "$((us / 1000000)).$(printf %06d $((us % 1000000)))"
		if kill -KILL $pid 2>/dev/null; then alive=$((alive + 1)); else over=$((over + 1)); fi
		wait $pid 2>/dev/null || true
		# COMMAND goes on to its end; none waits for a tracer that is no more.
		until_true 20 is_empty $pid || fail "at $us us of $whole_us it leaves" "$(ps -o pid,stat,wchan:30,args -s $pid)"
		judge_files
	done
	for kind in prog map link; do
		until_true 20 no_new_orphans $kind $kind || fail "left in the kernel: $kind" "$(orphans $kind)"
	done
	no_kprobes || fail "kprobes are left" "$(cat /sys/kernel/tracing/kprobe_events)"
	[ $alive -ge $((points / 3)) ] || too_busy "only $alive of $points were killed"
	row "kill -9 at $points moments of \`$name\`" "$alive met it, $over had ended; no program, map, link, kprobe or process is left$([ ${words[0]} != record ] ||
		echo "; $cut recordings cut and readable, $whole whole, the others not begun")"
}

test_kill_trace() { killed trace; }
test_kill_record() { killed record; }
test_kill_flight() { killed flight; }
test_kill_top() { killed top; }
test_kill_export() { killed export; }
test_kill_check() { killed check; }
test_kill_repro() { killed repro; }
test_kill_report() { killed report; }
test_kill_diff() { killed diff; }

command -v jq >/dev/null || nothing "no jq"
need_kvm_and_bpf
${CC:-cc} -O1 -o vmms "$here/tests/live/vmms.c" || nothing "no compiler for vmms.c"
pieces_begin
for name in ${TESTS-$tests}; do
	piece "$name"
done
{
	printf '# Edges\n\nWhat "nothing goes missing" means where it takes longer than `make check` has time for. Made by `make check-edges` (tests/edges/run.sh) on %s.\n\n' \
		"$(pieces_where $tests)"
	echo '| what was done | what was seen |'
	echo '|---|---|'
	pieces_rows $tests
	pieces_note $tests
} >"$TABLE"
finish
