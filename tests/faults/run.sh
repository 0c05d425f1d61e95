#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-faults: each command with one thing that fails once: an allocation (alloc.c), a read, write, open, mmap,
# bpf(2) and perf_event_open(2) (strace injects the error); and each map of the programs with room for three.
#
# Of allocations the first and the last one of each call stack that allocates; of system calls every one where a command's
# output is the same each time, and every bpf(2). Where the kernel takes part, runs differ and each takes a second: there an
# allocation of each call stack, and the first and the last system call of each.
#
# A fault may do nothing (status and output as without it), end the command (another status, and a sentence that
# begins with "kvmstall: "), or cost a part of what it does, which a sentence names. Dying of a signal, no end,
# silence, a recording that cannot be read, and programs left in the kernel are failures.
#
# ALL=1: every allocation of what is the same each time. EACH=17: no more than 17 of each kind, spread evenly.
# JOBS run at a time: as many as there are CPUs. TESTS='NAME...' runs only these commands, WHAT='read ...' only what of them fails; PIECES is a folder that keeps what they
# came to, so that the whole may be run in parts (lib/pieces.sh). TABLE is where docs/faults.md goes, made of all of them.
# shellcheck disable=SC2154,SC2317 # of lib/suite.sh; functions run by name
set -u

# Call stacks are known again by their addresses.
[ -n "${FIXED_ADDRESSES-}" ] || FIXED_ADDRESSES=1 exec setarch -R "$0" "$@"
# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=tests/lib/pieces.sh
. "$here/tests/lib/pieces.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
TABLE=$(readlink -f "${TABLE:-$work/table.md}")
golden=$here/tests/golden
export OVERDUE=${OVERDUE:-2707} # hundreds of traces
jobs=${JOBS:-$(nproc)}
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
	[top-play]="top -b --open $golden/report/reader.cap"
	[flight]="record --flight 1M -o recording -- $KVMSTALL repro --profile minimal --rounds 1"
	[export]="export --once"
	[top]="top -b -n 2 -d 100ms"
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
live='trace record flight export top check repro'
steady='report report-all report-json report-csv report-perfetto report-html report-lkml report-timeline report-by
	report-deferral report-strace top-play diff diff-json diff-html diff-lkml diff-junit list-json list-strace'

declare -A errors=([read]=EIO [pread64]=EIO [write]=ENOSPC [openat]=EMFILE [mmap]=ENOMEM [bpf]=ENOMEM
	[perf_event_open]=EMFILE [poll]=EINTR [signalfd4]=EMFILE [pipe2]=EMFILE [clone]=EAGAIN [wait4]=ECHILD)

# run COMMAND [VAR=VALUE...]: into out, err and status.
run()
{
	local words

	read -ra words <<<"${commands[$1]}"
	shift
	status=0
	put_old
	timeout -k 5 60 env "$@" "$KVMSTALL" "${words[@]}" >out 2>err </dev/null || status=$?
}

# What a recording is to replace, which nothing that fails may cost.
put_old()
{
	rm -f traced recording recording.part
	[ ! -s old ] || cp old recording
}

# injected COMMAND SYSCALL N
injected()
{
	local words

	read -ra words <<<"${commands[$1]}"
	status=0
	put_old
	timeout -k 5 60 strace -qq -o /dev/null -e trace="$2" -e signal=none \
		-e inject="$2:error=${errors[$2]}:when=$3" "$KVMSTALL" "${words[@]}" >out 2>err </dev/null || status=$?
}

# What must be the same without a word: all of it, or where the kernel takes part which calls were seen.
essence()
{
	case $1 in
	trace) jq -c 'select(.type | IN("call", "stall")) | select(.comm == "kvmstall") | .call' traced ;;
	record | flight) "$KVMSTALL" report --all --format json recording | jq -c 'select(.type | IN("call", "stall"))
		| select(.comm == "kvmstall") | .call' ;;
	export) awk '/^# TYPE/ { print $3 }' "$2" ;;
	top) sed -nE 's/^(kvmstall top by [a-z]+), .*/\1/p' "$2" ;;
	repro) jq -c 'select(.type == "call") | .call' "$2" ;;
	check) jq -c '[.backend, (.facts | keys)]' "$2" ;;
	# Whether it is the first VM of its process is not known without memory; then it is numbered, to be sure.
	*-strace) sed 's/\]#1 /]   /' "$2" ;;
	*) cat "$2" ;;
	esac >"$3" 2>/dev/null
}

# without_figures TEXT: between line feeds; of its lines some have another figure each time.
without_figures()
{
	printf '\n%s\n' "${1//[0-9]/}"
}

# What the user was told that is not said without the fault: on stderr, and check's findings.
said_so()
{
	local line usual

	: >said
	usual=$(without_figures "$whole_text")$'\n'
	while IFS= read -r line; do
		[[ $usual != *$'\n'"${line//[0-9]/}"$'\n'* && $line =~ $ours ]] || continue
		echo "${line#"${BASH_REMATCH[0]}"}" >>said
	done <<<"$text"
	if [ "$command" = check ]; then
		findings out | grep -vxFf whole.findings >>said || true
	fi
	[ -s said ]
}

findings()
{
	jq -r '.findings[] | select(.severity | IN("problem", "fatal")) | "\(.name): \(.text)"' "$1" 2>/dev/null
}

# The old one is there, or a whole one; beside it may be a part of one.
is_kept()
{
	cmp -s recording old || "$KVMSTALL" report -q recording >readable 2>&1
}

is_readable()
{
	local got=0

	is_kept || return 1
	[ -e recording.part ] || return 0
	"$KVMSTALL" report -q recording.part >readable 2>&1 || got=$?
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

is_same()
{
	[ "$status" = "$whole_status" ] || return 1
	essence "$command" out is || true
	cmp -s is whole
}

# Is what happened right? $1: what failed. A line in results.
judge()
{
	local text result

	text=$(<err)
	if died_in_libbpf; then
		result=libbpf
	elif [ "$status" -ge 124 ]; then
		result="wrong exit status $status: $(tail -n 3 err)"
	elif is_same; then
		result=harmless
	elif [[ $command =~ ^(record|flight)$ ]] && ! is_readable; then
		result="wrong the old recording is lost, or the new one cannot be read"
	elif [[ $text != "$whole_text" && $text =~ (malformed|damaged) ]]; then
		result="wrong the file is blamed: $text"
	elif said_so; then
		result=ended
		[ "$status" != "$whole_status" ] || result=less
		head -n 1 said >>sentences
	else
		essence "$command" out is || true
		result="wrong silence, exit status $status: $(diff is whole | head -n 3)"
	fi
	[[ $result != wrong* ]] || echo "$1: ${result#wrong }" >>wrong
	echo "${result%% *}" >>results
}

# worker N FUNCTION ARG...: those lines of ../list that are the N-th of $jobs, in a folder of its own.
worker()
{
	local nth=$1 line

	shift
	awk -v nth="$nth" -v jobs="$jobs" 'NR % jobs == nth' ../list >list
	while read -r line; do
		"$@" "$line"
	done <list
}

# sweep WHAT OF FUNCTION ARG...: FUNCTION for each line of ./list, by several processes; and the row. OF: how many there are.
sweep()
{
	local what=$1 of=$2 job

	shift 2
	[ -z "${EACH-}" ] || [ "$(wc -l <list)" -le "$EACH" ] || { thin_out && of+=", a sample"; }
	for ((job = 0; job < jobs; job++)); do
		mkdir -p "$job"
		cp -t "$job" whole whole.findings deaths old
		(cd "$job" && : >results && : >sentences && : >wrong && : >died && : >missed && worker "$job" "$@") &
	done
	wait
	for job in results sentences wrong died missed; do
		cat ./*/"$job" >"$job"
	done
	row "$command" "$what" "$of"
}

thin_out()
{
	awk -v each="$EACH" '{ line[NR] = $0 } END {
		for (i = 0; i < each && i < NR; i++)
			print line[1 + int(i * NR / (NR < each ? NR : each))]
	}' list >thin
	mv thin list
}

# The three that were said most.
most_said()
{
	sed "s,$golden/,,g; s,$KVMSTALL,kvmstall,g; s/|/\\\\|/g" sentences | cut -c 1-90 | sort | uniq -c | sort -rn |
		sed -n '1,3s/^ *[0-9]* //p' | paste -sd ';' | sed 's/;/; /g'
}

# how_many RESULT
how_many()
{
	grep -cx "$1" results || true
}

row()
{
	local of_libbpf cnt missed

	[ -s wrong ] && cut -c 1-300 wrong | head -n 31
	cnt=$(grep -cvx missed results) || true
	missed=$(how_many missed)
	[ $((cnt + missed)) = "$(wc -l <list)" ] || fail "$2: $(wc -l <list) were to fail, and $cnt have"
	deaths_of_libbpf >deaths.new || true
	# the kernel's log forgets
	[ "$(how_many libbpf)" = 0 ] || [ "$(how_many libbpf)" -le $(($(wc -l <deaths.new) - $(wc -l <deaths))) ] || fail "not all of them died in libbpf"
	of_libbpf=$(sort died | uniq -c | sed -E 's/^ *([0-9]+) (.*)/, and \1 of \2/')
	printf '| %s | %s | %s | %s | %s | %s | %s%s | %s |\n' "$1" "$2" "$cnt of $3" "$(how_many harmless)" "$(how_many ended)" \
		"$(how_many less)" "$(how_many wrong)" "$of_libbpf" "$(most_said)" >>"$rows"
	note "$cnt of $3 faults: $(how_many harmless) harmless, $(how_many ended) ended the command, $(how_many less) cost a part"
	[ "$missed" = 0 ] || note "$missed were not met again"
	! is_live || until_true 10 no_new_orphans prog programs || fail "programs are left in the kernel"
	[ ! -s wrong ]
}

# without COMMAND: how it is if nothing fails; the call stacks of its allocations go to ./stacks.
without()
{
	: >stacks
	rm -f old
	: >old
	[[ ! $1 =~ ^(record|flight)$ ]] || "$KVMSTALL" record -q -o old -d 10ms
	for _ in 1 2 3; do
		run "$1" FAULT_LOG="$PWD/log" LD_PRELOAD="$work/alloc.so"
		tr -d '\0' <log >>stacks
		is_live || break # the same each time
	done
	essence "$command" out whole
	[ -s whole ] || fail "$1: nothing is to be lost"
	whole_text=$(<err)
	whole_status=$status
	findings out >whole.findings || true
	! is_live || orphans prog >programs
	deaths_of_libbpf >deaths || true
}

is_live()
{
	is_live_name "$command"
}

is_live_name()
{
	[[ " $live " = *" $1 "* ]]
}

# fail_at COMMAND N: the N-th allocation.
fail_at()
{
	run "$1" FAULT_AT="$2" LD_PRELOAD="$work/alloc.so"
	judge "allocation $2"
}

has_failed()
{
	[ "$(head -c 1 log | tr -d '\0')" = ! ]
}

# fail_stack COMMAND STACK: the first one with this call stack, in one of three runs.
fail_stack()
{
	for _ in 1 2 3; do
		run "$1" FAULT_STACK="$2" FAULT_LOG="$PWD/log" LD_PRELOAD="$work/alloc.so"
		! has_failed || break
	done
	if has_failed; then
		judge "allocation $2"
	else
		echo missed >>results
		echo "$2" >>missed
	fi
}

# fail_stacks COMMAND: one allocation of each of ./stacks; where all who attach do the same, trace has.
fail_stacks()
{
	local of

	sort -u stacks >list
	of="$(wc -l <list) stacks"
	if [ "$1" != trace ] && is_of_now trace-allocation; then
		comm -23 list "$PIECES/trace.stacks" >own
		of+=", $(($(wc -l <list) - $(wc -l <own))) of them as trace's"
		mv own list
	fi
	[ -s list ] || fail "$1 does nothing of its own"
	cp list tried
	sweep allocation "$of" fail_stack "$1"
	[ "$1" != trace ] || comm -23 tried <(sort missed) >"$PIECES/trace.stacks"
}

# allocations COMMAND: the first and the last one of each call stack, or any one.
allocations()
{
	without "$1"
	if is_live; then
		fail_stacks "$1"
	else
		awk -v all="${ALL-}" '
			all || !($0 in first) { print NR }
			!($0 in first) { first[$0] = NR }
			{ last[$0] = NR }
			END {
				for (stack in first)
					if (!all && last[stack] != first[stack])
						print last[stack]
			}' stacks | sort -n >list
		sweep allocation "$(wc -l <stacks)" fail_at "$1"
	fi
}

# fail_call COMMAND SYSCALL N
fail_call()
{
	injected "$@"
	judge "$2 $3"
}

# calls_of SYSCALL: numbers of those in ./calls that main() and what it calls make, all, or the first and the last one of each
# call stack; how many there are to ./of. The first thing that main() does is to ask for its signal mask.
calls_of()
{
	awk -v name="$1(" -v all="$2" '
		function put() {
			if (has_begun && nr) {
				cnt++
				if (all)
					print nr
				if (!(stack in first))
					first[stack] = nr
				last[stack] = nr
			}
			nr = 0
			stack = ""
		}
		/^ > / { sub(/ \[.*/, ""); stack = stack $0; next }
		{ put() }
		/^rt_sigprocmask/ { has_begun = 1 }
		index($0, name) == 1 { nr = ++calls }
		END {
			put()
			print cnt + 0 >"of"
			if (all)
				exit
			for (stack in first) {
				print first[stack]
				if (last[stack] != first[stack])
					print last[stack]
			}
		}' calls | sort -n
}

# syscalls COMMAND SYSCALL
syscalls()
{
	local words all=yes

	without "$1"
	read -ra words <<<"${commands[$1]}"
	! is_live || [ "$2" = bpf ] || [ ${#stacks[@]} = 0 ] || all=
	strace -qq "${stacks[@]}" -o calls -e trace="$2,rt_sigprocmask" -e signal=none "$KVMSTALL" "${words[@]}" >out 2>&1 </dev/null || true # a file, as then
	calls_of "$2" "$all" >list
	[ "$(cat of)" != 0 ] || return 0
	if [ "$2" = bpf ]; then
		by_kind "$1"
	else
		sweep "$2" "$(cat of)" fail_call "$1" "$2"
	fi
}

# by_kind COMMAND: bpf(2) is many calls: a row for each.
by_kind()
{
	local kind bad=0 status

	mv list numbers
	grep '^bpf(' calls | awk 'NR == FNR { is[$1] = 1; next } is[FNR]' numbers - | paste -d ' ' numbers - >kinds
	sed -E 's/.*bpf\(([A-Z0-9_x]+).*/\1/' kinds | sort -u >names
	while read -r kind; do
		awk -v kind="bpf($kind," '$2 == kind { print $1 }' kinds >list
		set +e
		(set -e; sweep "$kind" "$(wc -l <list)" fail_call "$1" bpf </dev/null)
		status=$?
		set -e
		[ "$status" = 0 ] || bad=1
	done <names
	[ "$bad" = 0 ]
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
	echo "| \`$1\` | ${seen[0]} of 35 | ${seen[1]} of 7 | ${seen[2]} of 7 | ${lost:-nothing} |" >>"$rows"
}

# The document, of all pieces that there are.
put_table()
{
	cat <<-END
		# What happens when something fails

		What each command does when one thing fails once: an allocation, or a system call that returns an error. Made by
		\`make check-faults\` (tests/faults/run.sh) on $(pieces_where "$@"). *Harmless*: exit status and output as
		without it. *Ended*: the command ends with another exit status and a sentence; whole lines or a readable recording are what
		there is until then. *A part*: it goes on, and says what is missing. *Wrong*: silence, a signal, no end, or programs left in
		the kernel; with one of these the suite fails. Where libbpf itself dies of a signal for want of memory, that is its own
		defect, and said beside. The script's list says what each command is: flight is \`record --flight\`, top-play \`top\` of a recording.

		Most allocations are one place's, over and over. Of each *call stack* that allocates, from main() to the allocation, the first and the
		last one fail, and every system call that is named${ALL:+; where "all" is said, every allocation}. A command that attaches has
		another number of either each time: there an allocation of each call stack fails, as many as three runs have shown ("stacks"; what trace does
		in the same way, to attach, fails in trace), the first
		and the last system call of each call stack, and every bpf(2), one row a kind. *A sample*: not all of these, but so many of them, spread evenly.

		| command | what failed | faults | harmless | ended | a part | wrong | what the user was told |
		|---|---|---|---|---|---|---|---|
	END
	pieces_rows "${names[@]}"
	printf '\n## Maps that are full\n\nSeven VMs make 35 calls while a map of the BPF programs has room for three entries.\n\n'
	echo '| map | complete calls | births | ends | losses that the summary counts |'
	echo '|---|---|---|---|---|'
	pieces_rows "${map_names[@]}"
	pieces_note "$@"
}

stacks=() # strace's option that shows them
! strace -V 2>/dev/null | grep -q stack-trace || stacks=(-k)
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

export FAULT_CUTS
FAULT_CUTS=$(nm -S "$KVMSTALL" 2>/dev/null | awk '$4 ~ /^(session_new|session_start|features_probe)$/ { print $1 "-" $2 }' | paste -sd ,)
pieces_begin
# names_of COMMAND: what can fail in it; maps are trace's.
names_of()
{
	local what

	for what in allocation read openat write mmap $(! is_live_name "$1" || echo bpf perf_event_open poll signalfd4 pipe2 clone wait4); do
		echo "$1-$what"
	done
}

# shellcheck disable=SC2086 # words
mapfile -t names < <(for command in $steady $live; do names_of $command; done)
mapfile -t map_names < <(printf 'map-%s\n' tasks vms owners domains followed ended early_stacks)
# shellcheck disable=SC2086
now=$(chosen $steady $live)
# shellcheck disable=SC2086
if [ -n "$(chosen $live)" ] && ! ("$KVMSTALL" trace -q -d 1ms >/dev/null 2>&1); then
	echo "no BPF: $live are left out"
	# shellcheck disable=SC2086
	now=$(chosen $steady)
fi
for command in $now; do
	for name in $(names_of "$command"); do
		[[ " ${WHAT-${name##*-}} " = *" ${name##*-} "* ]] || continue
		case $name in
		*-allocation) piece "$name" allocations "$command" ;;
		*) ! command -v strace >/dev/null || piece "$name" syscalls "$command" "${name##*-}" ;;
		esac
	done
	[ "$command" = trace ] || continue
	for name in "${map_names[@]}"; do
		piece "$name" map_is_full "${name#map-}"
	done
done
put_table "${names[@]}" "${map_names[@]}" >"$TABLE"
finish
