#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-faults: each command with one thing that fails once: the n-th allocation (alloc.c), the n-th
# read, write, open, mmap, bpf(2) and perf_event_open(2) (strace injects the error); and each map of the programs
# with room for three. Every n where a command's output is the same each time, and every bpf(2); EACH of the
# others, spread evenly, where the kernel takes part.
#
# A fault may do nothing (status and output as without it), end the command (another status, and a sentence that
# begins with "kvmstall: "), or cost a part of what it does, which a sentence names. Dying of a signal, no end,
# silence, a recording that cannot be read, and programs left in the kernel are failures.
#
# TABLE is where docs/faults.md goes. EACH: 31. SAMPLE=1: EACH of all, which takes minutes instead of an hour. TESTS='NAME...' runs only these.
# shellcheck disable=SC2154,SC2317 # of lib/suite.sh; functions run by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
TABLE=${TABLE:-$work/table.md}
golden=$here/tests/golden
each=${EACH:-31}
ours='^kvmstall( [a-z]+)?: '
cd "$work" || exit 1
export LC_ALL=C # no locale is looked for, whose absence is harmless

# What is run, by name. Those of the second list have another output each time.
declare -A commands=(
	[report]="report $golden/report/qemu.cap"
	[report-all]="report -v --all $golden/report/reader.cap"
	[report-json]="report --all -f json $golden/report/stuck.cap"
	[report-csv]="report -f csv $golden/report/qemu.cap"
	[report-perfetto]="report --all -f perfetto $golden/report/stuck.cap"
	[report-html]="report --all -f html $golden/report/stuck.cap"
	[report-lkml]="report -f lkml $golden/report/qemu.cap"
	[report-timeline]="report --timeline --all $golden/report/reader.cap"
	[report-by]="report --by call $golden/report/qemu.cap"
	[report-deferral]="report --by deferral $golden/report/qemu.cap"
	[report-strace]="report --all $golden/logs/kvmtool-run.strace"
	[trace]="trace --json --all -o traced -- $KVMSTALL repro --profile minimal --rounds 1"
	[record]="record -o recording -- $KVMSTALL repro --profile minimal --rounds 1"
	[check]="check --json"
	[repro]="repro --json --profile minimal --rounds 1"
	[diff]="diff $golden/report/qemu.cap $golden/report/reader.cap"
	[diff-html]="diff -f html $golden/report/qemu.cap $golden/report/reader.cap"
	[diff-lkml]="diff -f lkml $golden/report/qemu.cap $golden/report/reader.cap"
	[diff-junit]="diff -f junit $golden/report/qemu.cap $golden/report/reader.cap"
	[list-json]="repro --from $golden/report/json.out --list"
	[list-strace]="repro --from $golden/repro/firecracker.strace --list"
	[diff-json]="diff -f json $golden/report/qemu.cap $golden/report/reader.cap"
)
live='trace record check repro'
steady='report report-all report-json report-csv report-perfetto report-html report-lkml report-timeline report-by
	report-deferral report-strace diff diff-json diff-html diff-lkml diff-junit list-json list-strace'

declare -A errors=([read]=EIO [pread64]=EIO [write]=ENOSPC [openat]=EMFILE [mmap]=ENOMEM [bpf]=ENOMEM
	[perf_event_open]=EMFILE [poll]=EINTR [signalfd4]=EMFILE [pipe2]=EMFILE [clone]=EAGAIN)

# run COMMAND [VAR=VALUE...]: into out, err and status.
run()
{
	local words

	read -ra words <<<"${commands[$1]}"
	shift
	status=0
	rm -f traced recording
	timeout -k 5 60 env "$@" "$KVMSTALL" "${words[@]}" >out 2>err </dev/null || status=$?
}

# injected COMMAND SYSCALL N
injected()
{
	local words

	read -ra words <<<"${commands[$1]}"
	status=0
	rm -f traced recording
	timeout -k 5 60 strace -qq -o /dev/null -e trace="$2" -e signal=none \
		-e inject="$2:error=${errors[$2]}:when=$3" "$KVMSTALL" "${words[@]}" >out 2>err </dev/null || status=$?
}

# What must be the same without a word: all of it, or where the kernel takes part which calls were seen.
essence()
{
	case $1 in
	trace) jq -c 'select(.type | IN("call", "stall")) | select(.comm == "kvmstall") | .call' traced ;;
	record) "$KVMSTALL" report --all --format json recording | jq -c 'select(.type | IN("call", "stall"))
		| select(.comm == "kvmstall") | .call' ;;
	repro) jq -c 'select(.type == "call") | .call' "$2" ;;
	check) jq -c '[.backend, (.facts | keys)]' "$2" ;;
	# Whether it is the first VM of its process is not known without memory; then it is numbered, to be sure.
	*-strace) sed 's/\]#1 /]   /' "$2" ;;
	*) cat "$2" ;;
	esac >"$3" 2>/dev/null
}

# What the user was told that is not said without the fault: on stderr, and check's findings.
said_so()
{
	: >said
	cmp -s err whole.err || sed -nE "s/$ours//p" err >said
	if [ "$command" = check ]; then
		findings out | grep -vxFf whole.findings >>said || true
	fi
	[ -s said ]
}

findings()
{
	jq -r '.findings[] | select(.severity | IN("problem", "fatal")) | "\(.name): \(.text)"' "$1" 2>/dev/null
}

# Nothing is there, or a recording, which may be cut.
is_readable()
{
	local got=0

	[ -e recording ] || return 0
	"$KVMSTALL" report -q recording >readable 2>&1 || got=$?
	[ "$got" = 0 ] || { [ "$got" = 1 ] && grep -q 'cut at byte' readable; }
}

# libbpf does not survive all that it is refused: the kernel's log says where a process died.
deaths_of_libbpf()
{
	dmesg | grep -oE 'kvmstall\[[0-9]+\]: segfault .* in libbpf\.so[.0-9]*'
}

died_in_libbpf()
{
	[ "$status" = 139 ] || return 1
	deaths_of_libbpf >deaths.new
	! cmp -s deaths deaths.new || return 1
	mv deaths.new deaths
	sed -n '$s/.* in //p' deaths >>died
}

# Is what happened right? $1: what failed.
judge()
{
	essence "$command" out is || true
	if died_in_libbpf; then
		:
	elif [ "$status" -ge 124 ]; then
		echo "$1: exit status $status: $(tail -n 3 err)" >>wrong
	elif [ "$status" = "$whole_status" ] && cmp -s is whole; then
		harmless=$((harmless + 1))
	elif [ "$command" = record ] && ! is_readable; then
		echo "$1: what is recorded cannot be read" >>wrong
	elif grep -qE "$ours.*(malformed|damaged)" err && ! cmp -s err whole.err; then
		echo "$1: the file is blamed: $(cat err)" >>wrong
	elif said_so; then
		if [ "$status" = "$whole_status" ]; then less=$((less + 1)); else ended=$((ended + 1)); fi
		head -n 1 said >>sentences
	else
		echo "$1: silence, exit status $status: $(diff is whole | head -n 3)" >>wrong
	fi
}

# The three that were said most.
most_said()
{
	sed "s,$golden/,,g; s,$KVMSTALL,kvmstall,g; s/|/\\\\|/g" sentences | cut -c 1-90 | sort | uniq -c | sort -rn |
		sed -n '1,3s/^ *[0-9]* //p' | paste -sd ';' | sed 's/;/; /g'
}

row()
{
	local faults_of_libbpf

	[ -s wrong ] && cut -c 1-300 wrong | head -n 31
	faults_of_libbpf=$(sort died | uniq -c | sed -E 's/^ *([0-9]+) (.*)/, and \1 of \2/')
	printf '| %s | %s | %s | %s | %s | %s | %s%s | %s |\n' "$1" "$2" "$3" "$harmless" "$ended" "$less" \
		"$(grep -cE "^[a-z0-9_]+ [0-9]+: " wrong)" "$faults_of_libbpf" "$(most_said)" >>"$TABLE"
	note "$3 faults: $harmless harmless, $ended ended the command, $less cost a part"
	! is_live || until_true 10 no_new_orphans prog programs || fail "programs are left in the kernel"
	[ ! -s wrong ]
}

without()
{
	run "$1" FAULT_COUNT="$PWD/allocations" LD_PRELOAD="$work/alloc.so"
	essence "$command" out whole
	[ -s whole ] || fail "$1: nothing is to be lost"
	mv err whole.err
	whole_status=$status
	findings out >whole.findings || true
	harmless=0 ended=0 less=0
	! is_live || orphans prog >programs
	: >wrong
	: >sentences
	: >died
	deaths_of_libbpf >deaths || true
}

is_live()
{
	grep -qxF "$command" <<<"$live"
}

# numbers WHAT FROM TO: all of them, or $each where the kernel takes part.
numbers()
{
	local what=$1

	shift
	if [ -n "${SAMPLE-}" ] || { is_live && [ "$what" != bpf ]; }; then
		awk -v from="$1" -v to="$2" -v each="$each" 'BEGIN {
			cnt = to - from + 1
			for (i = 0; i < each && i < cnt; i++)
				print from + int(i * cnt / (cnt < each ? cnt : each))
		}'
	else
		seq "$1" "$2"
	fi
}

# allocations COMMAND: each.
allocations()
{
	local cnt

	without "$1"
	cnt=$((10#$(cat allocations)))
	for n in $(numbers allocation 1 "$cnt"); do
		run "$1" FAULT_AT="$n" LD_PRELOAD="$work/alloc.so"
		judge "allocation $n"
	done
	row "$1" allocation "$(numbers allocation 1 "$cnt" | wc -l) of $cnt"
}

# syscalls COMMAND SYSCALL: each call that main() and what it calls make: the first thing that it does is to
# ask for its signal mask.
syscalls()
{
	local before cnt words

	without "$1"
	read -ra words <<<"${commands[$1]}"
	strace -qq -o calls -e trace="$2,rt_sigprocmask" -e signal=none "$KVMSTALL" "${words[@]}" >/dev/null 2>&1 </dev/null || true
	cnt=$(grep -c "$2(" calls) || true
	before=$(sed '/rt_sigprocmask/,$d' calls | grep -c "$2(") || true
	for n in $(numbers "$2" $((before + 1)) "$cnt"); do
		injected "$1" "$2" "$n"
		judge "$2 $n"
	done
	row "$1" "$2" "$(numbers "$2" $((before + 1)) "$cnt" | wc -l) of $((cnt - before))"
}

# A map of the programs that has room for three: nothing is missing, or a loss is counted.
map_is_full()
{
	local seen lost

	KVMSTALL_MAP_MAX="$1=3" timeout -k 5 60 "$KVMSTALL" trace --json --all -o traced -- "$KVMSTALL" repro --profile minimal --vms 7 \
		--life 200ms >out
	seen=$(value 'map(select(is_call and .comm == "kvmstall" and .complete)) | length' traced)
	seen+=" $(value 'map(select(.type == "vm") | .event) | [map(select(. != "gone")), map(select(. == "gone"))] | map(length) | join(" ")' traced)"
	lost=$(value '.[-1].losses | map_values(select(. > 0)) | to_entries | map("\(.key) \(.value)") | join(", ")' traced)
	[ "$seen" = '35 7 7' ] || [ -n "$lost" ] || fail "35 calls, 7 births and 7 ends became $seen, and nothing is lost"
	read -ra seen <<<"$seen"
	echo "| \`$1\` | ${seen[0]} of 35 | ${seen[1]} of 7 | ${seen[2]} of 7 | ${lost:-nothing} |" >>maps
	cat maps >>"$work/maps"
}

introduce()
{
	cat >"$TABLE" <<-END
		# What happens when something fails

		What each command does when one thing fails once: an allocation, or a system call that returns an error. Made by
		\`${SAMPLE:+SAMPLE=1 }${EACH:+EACH=$EACH }make check-faults\` (tests/faults/run.sh) on $(uname -r), $(date +%F). *Harmless*: exit status and output as
		without it. *Ended*: the command ends with another exit status and a sentence; whole lines or a readable recording are what
		there is until then. *A part*: it goes on, and says what is missing. *Wrong*: silence, a signal, no end, or programs left in
		the kernel; with one of these the suite fails. Where libbpf itself dies of a signal for want of memory, that is its own
		defect, and said beside.

		| command | what failed | faults | harmless | ended | a part | wrong | what the user was told |
		|---|---|---|---|---|---|---|---|
	END
}

# The programs' maps, when there is no room: what of 35 calls of 7 VMs was still seen, and what was counted as lost.
conclude()
{
	[ -s "$work/maps" ] || return 0
	{
		printf '\n## Maps that are full\n\nSeven VMs make 35 calls while a map of the BPF programs has room for three entries.\n\n'
		echo '| map | complete calls | births | ends | losses that the summary counts |'
		echo '|---|---|---|---|---|'
		cat "$work/maps"
	} >>"$TABLE"
}

${CC:-cc} -O1 -shared -fPIC -o alloc.so "$here/tests/faults/alloc.c" || nothing "no compiler for alloc.c"
# chosen NAME...: those of TESTS.
chosen()
{
	local name

	for name; do
		case " ${TESTS-$name} " in
		*" $name "*) echo "$name" ;;
		esac
	done
}

# shellcheck disable=SC2086 # words
steady=$(chosen $steady) live=$(chosen $live)
if [ -n "$live" ] && ! ("$KVMSTALL" trace -q -d 1ms >/dev/null 2>&1); then
	echo "no BPF: $live are left out"
	live=
fi
introduce
for command in $steady $live; do
	run_test "$command-allocation" allocations "$command"
	command -v strace >/dev/null || continue
	for call in read openat write mmap; do
		run_test "$command-$call" syscalls "$command" "$call"
	done
done
for command in $live; do
	for call in bpf perf_event_open poll signalfd4 pipe2 clone; do
		! command -v strace >/dev/null || run_test "$command-$call" syscalls "$command" "$call"
	done
done
if grep -q trace <<<"$live"; then
	for map in tasks vms owners domains followed ended early_stacks; do
		run_test "map-$map" map_is_full $map
	done
fi
conclude
finish
