# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2154 # $ of inner shells; work is of lib/suite.sh
# shellcheck disable=SC2046,SC2086,SC2089,SC2090,SC2094,SC2217 # words of commands; program and file are both "$KVMSTALL"
# What surrounds a trace is not always kind: signals, descriptors, limits, outputs.

tests="signals-ignored kvm-hangs signal-before-command losses-without-reader closed-descriptors
	taken-away group-memory stacks-cut not-sampled taken-capabilities time-namespace soft-limit variables-unmapped command-unknown
	signals-table output-blocked output-unread output-left output-nonblocking old-recording head-cut old-trace output-given output-removed scan-fails two-recorders no-locks file-limit cpu-limit $tests"

# blocks PID SIGNAL: it is kvmstall (a shell that forks does so as well), and takes that signal as something to read.
blocks()
{
	local mask

	[ "$(readlink "/proc/$1/exe")" = "$KVMSTALL" ] || return 1
	mask=$(awk '/^SigBlk/ {print $2}' "/proc/$1/status")
	((0x$mask >> ($(kill -l "$2") - 1) & 1))
}

# attached PID: it waits, and has attached.
attached()
{
	has_programs "$1" && grep -q poll "/proc/$1/wchan" && sleep 0.1
}

# nohup(1): what was ignored when we were started does not end us. TERM does, to end the test.
test_signals_ignored()
{
	local signal pid

	for command in 'trace --json' 'record -q -o x.cap'; do
		for signal in HUP TERM; do
			# shellcheck disable=SC2086 # two words
			env --default-signal --ignore-signal=$signal "$KVMSTALL" $command >out 2>err &
			pid=$!
			until_true 10 attached $pid
			kill -$signal $pid
			sleep 0.3
			kill -0 $pid || fail "$command: SIG$signal was ignored, and has ended it"
			kill -INT $pid
			wait $pid || fail "$command: exit status $?" "$(cat err)"
		done
		# shellcheck disable=SC2086
		env --default-signal --block-signal=TERM "$KVMSTALL" $command >out 2>err &
		pid=$!
		until_true 10 attached $pid
		kill -TERM $pid
		sleep 0.3
		kill -0 $pid || fail "$command: SIGTERM was blocked, and has ended it"
		kill -HUP $pid
		wait $pid || fail "$command: exit status $?" "$(cat err)"
	done
}

term_early()
{
	local pid

	rm -f started x.cap
	"$KVMSTALL" "$@" -- touch started >out 2>err &
	pid=$!
	until_true 10 blocks $pid TERM
	kill -TERM $pid
	wait $pid && fail "exit status 0, and nothing was done"
	said 'a signal came before'
	[ ! -e started ] || fail "COMMAND was started after the end"
}

# Whoever ends us before COMMAND was started does not want it.
test_signal_before_command()
{
	repeat 5 term_early trace
	repeat 5 term_early record -o x.cap
	[ ! -e x.cap ] || fail "a recording of nothing"
}

# The reader of standard output leaves; what was lost is said all the same.
test_losses_without_reader()
{
	timeout 120 "$KVMSTALL" trace --all -- sh -c '"$0" repro --profile qemu --rounds 11 >repro' "$KVMSTALL" 2>err |
		head -n 1 >out
	grep -qE '^--- [0-9]+ stalls .* lost$' err || fail "no summary:" "$(cat err)"
}

# What is meant for people does not get into a file or socket that took the place of a closed descriptor.
test_closed_descriptors()
{
	status 1 sh -c '"$0" trace -q -d 100ms >&-' "$KVMSTALL"
	said 'cannot write standard output: Bad file descriptor'
	sh -c '"$0" record -d 100ms -o x.cap <&- >&- 2>&-' "$KVMSTALL"
	status 0 "$KVMSTALL" report -q x.cap
	"$KVMSTALL" trace -d 9s >&2 <&- 2>&- &
	until_true 10 attached $!
	[ "$(readlink "/proc/$!/fd/0" "/proc/$!/fd/2")" = $'/dev/null\n/dev/null' ] ||
		fail "0 and 2 are" "$(ls -l /proc/$!/fd)"
	kill -INT $!
	wait $! || true
}

# agree WHO CHECK TRACE COMMAND...: the exit statuses of both under COMMAND. Whatever makes one fail, the other
# says in the same words: $why.
agree()
{
	local who=$1 of_check=$2 of_trace=$3 got=0

	shift 3
	"$@" "$KVMSTALL" check -j >checked 2>err || got=$?
	[ $got = "$of_check" ] || fail "$who: check ends with $got, not $of_check" "$(cat checked err)"
	got=0
	"$@" timeout 60 "$KVMSTALL" trace -q -d 10ms >out 2>err || got=$?
	[ $got = "$of_trace" ] || fail "$who: trace ends with $got, not $of_trace" "$(cat err)"
	[ "$of_trace" = 0 ] || [ "$of_trace" = "$of_check" ] || fail "$who: the table is wrong"
	why=$(jq -r '[.findings[] | select(.severity == "fatal").text][0] // ""' checked)
	[ "$of_trace" = 0 ] || grep -qF "$why" err || fail "$who: trace says" "$(cat err)" "and check" "$why"
}

# What is taken away, the exit statuses of check and trace (u: as usual), what both say, and how it is taken away: words,
# where "mount" stands for a mount namespace in which the words after it are run first.
taken_table='
all there               | u | 0 |                        | env
files, hard             | 3 | 3 | 16 files               | prlimit --nofile=16:16
files, soft             | u | 0 |                        | prlimit --nofile=16:1024
address space           | 3 | 3 | of address space       | prlimit --as=30000000
less address space      | 3 | 3 | of address space       | prlimit --as=25000000
data                    | 3 | 3 | of data                | prlimit --data=16000000
less data               | 3 | 3 | of data                | prlimit --data=3000000
stack                   | u | 0 |                        | prlimit --stack=262144
less stack              | 3 | 3 |                        | prlimit --stack=65536
locked memory           | u | 0 |                        | prlimit --memlock=0
/proc                   | 3 | 3 | /proc/kallsyms         | mount mount -t tmpfs none /proc
/proc, pids only        | 3 | 3 | /proc/kallsyms         | mount mount -t proc -o subset=pid none /proc
/proc, hidepid          | u | 0 |                        | mount mount -t proc -o hidepid=2 none /proc
/sys                    | 3 | 3 | no /sys                | mount mount -t tmpfs none /sys
types                   | 3 | 3 | types: No such        | mount mount -t tmpfs none /sys/kernel/btf
tracefs and debugfs     | u | 0 |                        | mount umount -Rl /sys/kernel/debug /sys/kernel/tracing
/dev                    | 1 | 0 |                        | mount mount -t tmpfs none /dev
frames of a stack       | 1 | 0 |                        | mount mount --bind frames /proc/sys/kernel/perf_event_max_stack
PID namespace           | u | 0 |                        | unshare --pid --fork --mount-proc
other namespaces        | u | 0 |                        | unshare --cgroup --net --ipc --uts
time namespace          | u | 0 |                        | unshare --time --monotonic 100000
user namespace          | 3 | 3 | user namespace         | unshare -r
perf, by seccomp        | 1 | 0 |                        | strace -qq -f -o /dev/null -e inject=perf_event_open:error=EPERM
bpf(2), by seccomp      | 3 | 3 |                        | strace -qq -f -o /dev/null -e inject=bpf:error=EPERM'

# taken_away NAME CHECK TRACE WHY COMMAND...
taken_away()
{
	local name=$1 check=$2 trace=$3 wanted=$4

	shift 4
	if [ $1 = mount ]; then
		shift
		set -- unshare -m sh -c "$* && exec \"\$@\"" sh
	fi
	"$@" true 2>without.err || { note "not here: $name: $(head -n 1 without.err)"; return 0; }
	agree "$name" "${check/u/$usual}" $trace "$@"
	[[ $why == *"$wanted"* ]] || fail "$name: the reason is" "$why"
}

# make_group BYTES: a control group, $group, that may have so much memory, v1 or v2.
make_group()
{
	local mount=/sys/fs/cgroup limit=memory.max

	[ ! -d $mount/memory ] || mount=$mount/memory limit=memory.limit_in_bytes
	group=$mount/kvmstall-test.$$
	mkdir "$group" 2>/dev/null && echo "$1" 2>/dev/null >"$group/$limit" && return
	rmdir "$group" 2>/dev/null
	return 1
}

# The kernel kills who needs more than its control group may have, in the middle of a sentence: both say before what is needed.
test_group_memory()
{
	local group command

	make_group 46137344 || skip "no control group for memory"
	for command in 'check -j' 'trace -d 10ms'; do
		# shellcheck disable=SC2086 # words
		sh -c 'echo $$ >"$0" && exec "$@"' "$group/cgroup.procs" "$KVMSTALL" $command >out 2>err || true
		cat out >>err
		said "45056 KiB of a control group's memory are allowed, and 51200 KiB are needed"
	done
	rmdir "$group"
}

# Stacks of few frames are not known to wait for anything. The kernel's own setting is all tests' here.
test_stacks_cut()
{
	local command max

	for max in 25 26; do
		echo $max >max
		for command in 'check -j' 'trace -d 10ms' 'record -o x.cap -d 10ms'; do
			# shellcheck disable=SC2086 # words
			unshare -m sh -c 'mount --bind max /proc/sys/kernel/perf_event_max_stack && exec "$@"' sh "$KVMSTALL" $command >out 2>err || true
			cat out >>err
			[ $max = 26 ] || said "kernel.perf_event_max_stack=25: stacks have no more frames, and up to 26 say what"
			[ $max = 25 ] || ! grep perf_event_max_stack err || fail "$command: these are enough"
		done
	done
}

# Without a CPU's clock nobody sees who is on it, which both say, and go on.
test_not_sampled()
{
	local command

	command -v strace >/dev/null || skip "no strace"
	for command in 'check -j' 'trace -d 10ms'; do
		# shellcheck disable=SC2086 # words
		strace -qq -f -o /dev/null -e trace=perf_event_open -e signal=none -e inject=perf_event_open:error=EPERM "$KVMSTALL" $command >out 2>err || true
		cat out >>err
		said 'perf_event_open[(]2[)]: Operation not permitted: a reader that is on a CPU is not named'
	done
}

# COMMAND cannot be waited for (seccomp): a trace ends when it may have ended, and says so.
test_command_unknown()
{
	command -v strace >/dev/null || skip "no strace"
	status 0 timeout 60 strace -qq -o /dev/null -e trace=wait4 -e signal=none -e inject=wait4:error=ECHILD \
		"$KVMSTALL" trace --json --all -o trace -- "$KVMSTALL" repro --profile minimal
	said 'cannot find out whether COMMAND has ended: No child processes'
	some "the VM's end" 'select(.type == "vm" and .event == "gone")' trace
	some "no status" 'select(.type == "summary" and .command_status == null)' trace
}

test_taken_away()
{
	local usual=0 name check trace wanted words

	"$KVMSTALL" check -j >checked || usual=$?
	[ $usual -le 1 ] || skip "nothing works here"
	echo 11 >frames
	while IFS='|' read -r name check trace wanted words; do
		[ -n "$words" ] || continue
		read -r name <<<"$name"
		read -r wanted <<<"$wanted"
		# shellcheck disable=SC2086 # words
		taken_away "$name" $check $trace "$wanted" $words
	done <<<"$taken_table"
}

# In a time namespace CLOCK_MONOTONIC is another one, and BPF's is the kernel's: what is told of a call is of one clock.
test_time_namespace()
{
	unshare --time --monotonic 100000 true 2>/dev/null || skip "no time namespaces"
	REPRO=$PWD/repro unshare --time --monotonic 100000 "$KVMSTALL" trace --json --all -o trace -- \
		sh -c 'exec "$0" repro --json --profile minimal --rounds 3 >"$REPRO"' "$KVMSTALL"
	REPRO=$PWD/before "$KVMSTALL" repro --json --profile minimal >before
	[ "$(value 'map(select(.type == "vm" and .event == "born")) | length' trace)" = 3 ] || fail "not 3 VMs"
	jq -s 'map(.ts_ns // empty) | min' before >ts
	none "stamps of another clock" "select(.ts_ns > 0 and (.ts_ns - $(cat ts) | fabs) > 5e13) | .ts_ns" trace repro
	"$KVMSTALL" trace --all -o here -- "$KVMSTALL" repro --profile minimal >std
	unshare --time --monotonic 100000 "$KVMSTALL" trace --all -o there -- "$KVMSTALL" repro --profile minimal >std
	# The same hour, or the next one.
	[ $(((24 + $(date +%-H) - 10#$(sed -n '2s/:.*//p' there)) % 24)) -le 1 ] || fail "the time of day" "$(sed -n 2p here there)"
}

# Each capability by itself: only those that check names are missed.
test_taken_capabilities()
{
	local cap usual=0

	command -v setpriv >/dev/null || skip "no setpriv"
	"$KVMSTALL" check -j >checked || usual=$?
	for cap in $(setpriv --list-caps | sed 's/^cap_//' | grep -vxF -e syslog -e sys_admin); do
		agree "$cap" $usual 0 setpriv --bounding-set "-$cap" --inh-caps "-$cap"
	done
	agree syslog 3 3 setpriv --bounding-set -syslog --inh-caps -syslog
	agree "all of them" 3 3 setpriv --bounding-set -all --inh-caps -all
}

# The soft limit of open files is raised; COMMAND gets the one that we got.
test_soft_limit()
{
	status 0 prlimit --nofile=17:1024 "$KVMSTALL" trace -q -o trace -- sh -c 'ulimit -Sn; ulimit -Hn'
	[ "$(cat out)" = $'17\n1024' ] || fail "COMMAND gets" "$(cat out)"
}

# libbpf tries once whether it can map variables. Where that fails it goes on without: they have no address.
test_variables_unmapped()
{
	local command n

	command -v strace >/dev/null || skip "no strace"
	for command in check trace; do
		strace -qq -o calls -e trace=bpf -e signal=none "$KVMSTALL" $command -o out >std 2>err -- $([ $command = check ] || echo true) || true
		n=$(awk '/libbpf_mmap/ { print NR; exit }' calls)
		[ -n "$n" ] || skip "this libbpf does not try"
		got=0
		strace -qq -o calls -e trace=bpf -e signal=none -e inject=bpf:error=ENOMEM:when="$n" "$KVMSTALL" $command -o out >std 2>err -- \
			$([ $command = check ] || echo true) || got=$?
		[ $got -le 3 ] || fail "$command: exit status $got" "$(cat err)"
		[ $command = check ] || said "cannot map the BPF programs' variables: Cannot allocate memory"
	done
}

# ---- signals x states x commands: the table of CONTRIBUTING --------------------------------------

# full_fifo: ./fifo has a reader, $reader, that does not read, and no room.
full_fifo()
{
	rm -f fifo
	mkfifo fifo
	sleep 307 <fifo &
	reader=$!
	dd if=/dev/zero of=fifo bs=4096 count=16 2>dd.err
}

# in_state STATE COMMAND: runs in that state; its pid in $pid.
in_state()
{
	local state=$1 command=$2 where=("$KVMSTALL") more=() std=std

	rm -f kvm std err # what the one before said says nothing of this one
	[ "$command" != record ] || more=(-q -o out)
	[[ $command != t* ]] || more=(-o out)
	[ "$command" != export ] || more=(--textfile . --user 0)
	case $state in
	waiting) where=(env KVMSTALL_KVM_DEVICE="$PWD/kvm" "$KVMSTALL") ;;
	opening) rm -f fifo && mkfifo fifo && more=(-o fifo) ;;
	blocked)
		full_fifo
		more=(-o fifo)
		[ $command != export ] || more=(--once) std=fifo
		;;
	command) more+=(-- sleep 307) ;;
	reading) more=(-) ;;
	making) more=(--rounds 99991) ;;
	esac
	[ "$command" != top ] || more=(-b "${more[@]}")
	env --default-signal "${where[@]}" "$command" "${more[@]}" >$std 2>err < <(exec sleep 307) &
	pid=$!
	case $state in
	waiting) until_true 10 blocks $pid TERM && until_true 10 waits ;;
	opening) until_true 10 blocks $pid TERM ;;
	reading) until_true 10 sleeps_in "$([ $command = top ] && echo poll || echo pipe_read)" ;;
	making) until_true 10 grep -q . std ;;
	*) until_true 10 attached $pid ;;
	esac
}

sleeps_in()
{
	grep -q "$1" "/proc/$pid/wchan"
}

waits()
{
	sleeps_in poll
}

is_gone()
{
	! kill -0 "$pid" || [ "$(awk '/^State/ {print $2}' "/proc/$pid/status")" = Z ]
}

# STATE COMMAND, and what INT, TERM, HUP and USR1 do: an exit status; +: it goes on
signals_table='
waiting trace   3   3   3   138
waiting top     3   3   3   138
waiting record  3   3   3   +
waiting export  0   0   +   138
opening trace   1   1   1   138
opening top     1   1   1   138
opening record  1   1   1   +
attached trace  0   0   0   138
attached top    0   0   0   138
attached record 0   0   0   +
attached export 0   0   +   138
command trace   0   0   0   138
command record  0   0   0   +
blocked trace   1   1   1   138
blocked record  1   1   1   +
blocked export  1   1   1   138
reading report  130 143 129 138
reading top     0   0   0   138
making repro    130 143 129 138'

test_signals_table()
{
	local row signals=(INT TERM HUP USR1) i state command wanted signal got

	while read -ra row; do
		[ ${#row[@]} = 6 ] || continue
		state=${row[0]} command=${row[1]}
		for i in 0 1 2 3; do
			signal=${signals[i]} wanted=${row[i + 2]} got=0
			in_state $state $command
			kill -$signal $pid
			if [ $wanted = + ]; then
				sleep 0.3
				! is_gone || fail "$command, $state: SIG$signal ended it" "$(cat err)"
				kill -TERM $pid
			fi
			until_true 10 is_gone || fail "$command, $state: SIG$signal does not end it"
			wait $pid || got=$?
			[ $wanted = + ] || [ $got = $wanted ] ||
				fail "$command, $state: after SIG$signal its status is $got, not $wanted" "$(cat err)"
			[ $state != blocked ] || [ $signal = USR1 ] || said 'nobody reads it'
			kill $(jobs -p) 2>/dev/null || true # who does not read
		done
	done <<<"$signals_table"
	# COMMAND, and who writes to standard input
	pgrep -x sleep -a | awk '/ 307$/ {print $1}' | while read -r pid; do
		[ "$(readlink "/proc/$pid/cwd")" != "$PWD" ] || kill "$pid"
	done
}

# --duration ends what waits for a reader as well, and the rest is said.
test_output_blocked()
{
	local command

	for command in 'trace --json' 'record -q'; do
		rm -f fifo
		mkfifo fifo
		# shellcheck disable=SC2086 # words
		status 1 timeout -k 1 60 "$KVMSTALL" $command -o fifo -d 300ms
		said "cannot open 'fifo': nobody reads it"
		full_fifo
		# shellcheck disable=SC2086
		status 1 timeout -k 1 60 "$KVMSTALL" $command -o fifo -d 300ms -- sh -c '"$0" repro >repro' "$KVMSTALL"
		said "cannot write 'fifo': nobody reads it, and [1-9][0-9]* bytes are left"
		# Standard output, which is COMMAND's as well: not made non-blocking for it.
		got=0
		# shellcheck disable=SC2086
		timeout -k 1 60 "$KVMSTALL" $command -o - -d 300ms -- sh -c '"$0" repro >repro; grep flags /proc/self/fdinfo/1 >flags' \
			"$KVMSTALL" >fifo 2>err || got=$?
		[ $got = 1 ] || fail "exit status $got" "$(cat err)"
		said "cannot write standard output: nobody reads it"
		kill "$reader"
	done
}

# unread STATUS KIND COMMAND...: in a folder of its own; what it says goes to err there.
unread()
{
	local wanted=$1 kind=$2

	shift 2
	mkdir "$BASHPID"
	cd "$BASHPID" || return
	mkfifo fifo
	status "$wanted" timeout -k 1 60 "$here/tests/live/unread.py" full "$kind" "$@"
}

unread_output()
{
	unread 1 "$1" "$KVMSTALL" trace --json --all -d 300ms -- sh -c '"$0" repro --profile qemu --rounds 11 >repro; sleep 1' "$KVMSTALL"
	said "cannot write standard output: nobody reads it, and [1-9][0-9]* bytes are left"
}

# all_of PID...: each of these has succeeded.
all_of()
{
	local pid

	for pid; do
		wait "$pid"
	done
}

# The same where it is no FIFO, and has room for a part of a line: a terminal whose output was stopped (^S), a socket.
# Nor does standard error hold it: what would be said there is given up. All at once, as they wait for two seconds.
test_output_unread()
{
	local pids=() kind command

	command -v python3 >/dev/null || skip "no python3"
	for kind in tty socket tcp; do
		unread_output $kind &
		pids+=($!)
	done
	unread 0 tty sh -c '"$0" trace -o trace -d 300ms 2>&1' "$KVMSTALL" &
	pids+=($!)
	for command in trace record; do
		unread 1 tty sh -c '"$0" "$1" -q -o fifo -d 300ms 2>&1' "$KVMSTALL" $command &
		pids+=($!)
	done
	all_of "${pids[@]}"
}

# A reader that leaves is no error, though it has not read all that was there: what a socket has for that is ECONNRESET.
test_output_left()
{
	local kind

	command -v python3 >/dev/null || skip "no python3"
	for kind in tty socket tcp; do
		status 0 timeout -k 1 60 "$here/tests/live/unread.py" leaves $kind "$KVMSTALL" trace --json --all -- \
			sh -c '"$0" repro --profile qemu --rounds 11 >repro' "$KVMSTALL"
		! grep 'cannot write' err || fail "$kind: it complained"
		status 0 timeout -k 1 60 "$here/tests/live/unread.py" leaves $kind env --ignore-signal=PIPE \
			"$KVMSTALL" report -a -v "$here/tests/golden/report/reader.cap"
		! grep 'cannot write' err || fail "$kind: report complained"
	done
}

# nonblocking COMMAND...: its standard output has O_NONBLOCK.
nonblocking()
{
	python3 -c 'import os, sys
os.set_blocking(1, False)
os.execv(sys.argv[1], sys.argv[1:])' "$@"
}

# Standard output may have been made non-blocking by others (ssh, node): full is not failed.
test_output_nonblocking()
{
	local what

	command -v python3 >/dev/null || skip "no python3"
	"$KVMSTALL" record -q -o x.cap -- sh -c '"$0" repro --profile qemu --rounds 101 >repro' "$KVMSTALL"
	for what in 'report -q -a -f json x.cap' 'trace -q -a --json -- sh -c "$0"' 'record -q --ring 64K -o - -- sh -c "$0"'; do
		# shellcheck disable=SC2086
		case $what in
		report*) nonblocking "$KVMSTALL" $what ;;
		*) nonblocking "$KVMSTALL" ${what% \"*} "'$KVMSTALL' repro --profile qemu --rounds 101 >/dev/null" ;;
		esac 2>err | (sleep 1 && cat) >got.json
		[ "${PIPESTATUS[0]}" = 0 ] || fail "$what: exit status ${PIPESTATUS[0]}" "$(cat err)"
		case $what in
		record*) "$KVMSTALL" report -q got.json >out ;;
		*)
			[ "$(stat -c %s got.json)" -gt 65536 ] || fail "$what: too little"
			jq -ce . got.json >whole || fail "$what: torn"
			;;
		esac
	done
}

# What fails does not cost the recording that was there; what does not, replaces it, in its mode.
test_old_recording()
{
	"$KVMSTALL" record -q -o x.cap -- "$KVMSTALL" repro >repro
	cp x.cap kept
	chmod 640 x.cap
	status 1 "$KVMSTALL" record -q -o x.cap -- /nonexistent/vmm
	cmp x.cap kept
	[ ! -e x.cap.part ]
	status 1 bash -c 'ulimit -f 7; "$0" record -q -o x.cap -- "$0" repro --profile qemu --rounds 101' "$KVMSTALL"
	said "cannot write 'x.cap': File too large.*can be read: '.*x.cap.part'"
	cmp x.cap kept
	status 1 "$KVMSTALL" report -q x.cap.part
	said 'cut at byte [0-9]*, without an end'
	"$KVMSTALL" record -q -o x.cap 2>err &
	until_true 10 attached $!
	kill -KILL $!
	wait $! || true
	cmp x.cap kept
	ln -s x.cap link
	status 0 "$KVMSTALL" record -q -o link -- "$KVMSTALL" repro
	[ -L link ]
	[ ! -L x.cap ]
	[ ! -e x.cap.part ]
	[ "$(stat -c %a x.cap)" = 640 ]
	! cmp -s x.cap kept || fail "nothing was recorded"
	status 0 "$KVMSTALL" report -q x.cap
	status 0 "$KVMSTALL" record -q -o /dev/null -d 100ms
	[ -c /dev/null ]
}

# cut_head BYTES ARG...: a recording that no more is written of; ./x.cap is as it was.
cut_head()
{
	local bytes=$1

	shift
	rm -rf .cap.before && mkdir .cap.before
	[ ! -e x.cap ] || cp x.cap .cap.before
	# a pipe has no size
	prlimit --fsize="$bytes" "$KVMSTALL" record -q -o x.cap "$@" -d 10ms 2>&1 | cat >err
	[ "${PIPESTATUS[0]}" = 1 ] || fail "it has succeeded" "$(cat err)"
	said "cannot write 'x.cap': File too large"
	! grep 'can be read' err || fail "$bytes bytes cannot be"
	[ ! -e x.cap.part ] || fail "x.cap.part of $(stat -c %s x.cap.part) bytes"
	[ -e .cap.before/x.cap ] || [ ! -e x.cap ] || fail "x.cap of $(stat -c %s x.cap) bytes"
	[ ! -e .cap.before/x.cap ] || cmp x.cap .cap.before/x.cap
}

# Of a recording that is cut in its head nothing can be read: it is none.
test_head_cut()
{
	local bytes

	for bytes in 7 101; do
		cut_head $bytes
		cut_head $bytes --flight 1M
	done
	"$KVMSTALL" record -q -o x.cap -d 10ms
	for bytes in 7 101; do
		cut_head $bytes
		cut_head $bytes --flight 1M
	done
}

# A trace replaces a file with its first lines, and one that fails before does not.
test_old_trace()
{
	echo kept >x
	chmod 640 x
	status 1 "$KVMSTALL" trace -q -o x -- /nonexistent/vmm
	bash -c 'ulimit -f 0; "$0" trace -q -o x -d 10ms 2>&1 || true' "$KVMSTALL" | cat >err
	said "cannot write 'x': File too large"
	[ "$(cat x)" = kept ] || fail "the old file is lost"
	[ ! -e x.part ]
	"$KVMSTALL" trace -a -o x 2>err &
	until_true 10 grep -q '^TIME' x
	[ ! -e x.part ]
	[ "$(stat -c %a x)" = 640 ]
	kill -KILL $!
	wait $! || true
	grep -q '^TIME' x
}

# /dev/stdout, and what else stands for a descriptor, is that one: what others write to it stays, and comes in order.
test_output_given()
{
	local command

	"$KVMSTALL" record -q -o x.cap -- "$KVMSTALL" repro --profile minimal
	for command in 'trace -q -o /dev/stdout -- true' 'record -q -o /dev/fd/1 -- true' 'report -q -o /proc/self/fd/1 x.cap' \
		'top -b -n 1 -o /dev/stdout x.cap' 'report -q -o /dev/fd/7 x.cap'; do
		# shellcheck disable=SC2086 # words
		{ echo before && "$KVMSTALL" $command && echo after; } >out 7>&1
		[ "$(head -c 6 out) $(tail -c 6 out)" = "before after" ] || fail "$command:" "$(cut -c 1-97 out | cat -v | head)"
		[ "$(wc -c <out)" -gt 20 ] || fail "$command: nothing"
	done
	status 1 "$KVMSTALL" report -q -o /dev/fd/77 x.cap
	said "cannot open '/dev/fd/77': Bad file descriptor"
	"$KVMSTALL" report -q -o >(cat >piped) x.cap
	until_true 10 grep -q KVM_ piped
}

# A file that others removed meanwhile is no recording of that name.
test_output_removed()
{
	local got=0

	"$KVMSTALL" record -q -o x.cap 2>err &
	until_true 10 attached $!
	"$KVMSTALL" repro --profile minimal >repro
	until_true 10 [ -s x.cap ]
	rm x.cap
	kill -INT $!
	wait $! || got=$?
	[ $got = 1 ] || fail "exit status $got"
	said "cannot write 'x.cap': it was removed meanwhile$"
}

# Without descriptors or memory for it no call that is stuck is found, which is said, and once.
test_scan_fails()
{
	local pid

	command -v strace >/dev/null || skip "no strace"
	"$KVMSTALL" trace --stuck 200ms 2>err &
	pid=$!
	until_true 10 attached $pid
	strace -qq -o calls -p $pid -e trace=bpf -e signal=none -e inject=bpf:error=EMFILE &
	until_true 10 grep -q 'cannot scan for calls that still wait, nor for readers: Too many open files' err
	until_true 10 failed_again
	kill -INT $pid
	wait $pid || fail "exit status $?" "$(cat err)"
	[ "$(grep -c 'cannot scan' err)" = 1 ] || fail "not once" "$(cat err)"
}

failed_again()
{
	[ "$(grep -c INJECTED calls)" -ge 3 ]
}

# Two recorders do not write one file: the second one does not start.
test_two_recorders()
{
	local old

	for old in no yes; do
		[ $old = no ] || [ -s x.cap ]
		"$KVMSTALL" record -q -o x.cap 2>first.err &
		until_true 10 attached $!
		status 1 "$KVMSTALL" record -q -o x.cap -d 100ms
		said "another process writes to it"
		kill -INT $!
		wait $! || fail "exit status $?" "$(cat first.err)"
		status 0 "$KVMSTALL" report -q x.cap
	done
}

# Where a file cannot be locked (NFS), a second recorder would not be noticed: that is said, and once.
test_no_locks()
{
	command -v strace >/dev/null || skip "no strace"
	for _ in 1 2; do # a new file, and one that is there
		strace -qq -o /dev/null -e trace=flock -e signal=none -e inject=flock:error=ENOLCK "$KVMSTALL" record -o x.cap -d 10ms 2>err
		[ "$(grep -c "cannot lock 'x.cap': No locks available: nobody else may write to it" err)" = 1 ] || fail "not once:" "$(cat err)"
		status 0 "$KVMSTALL" report -q x.cap
	done
}

# A file that grows too large is an error, not a signal.
test_file_limit()
{
	status 1 bash -c 'ulimit -f 7; "$0" record -q -o x.cap -- "$0" repro --profile qemu --rounds 101' "$KVMSTALL"
	said "cannot write 'x.cap': File too large.*can be read"
	status 1 "$KVMSTALL" report -q x.cap
	said 'cut at byte [0-9]*, without an end'
	status 1 bash -c 'ulimit -f 2; "$0" trace -a -q -o x -- "$0" repro --profile qemu --rounds 101' "$KVMSTALL"
	said "cannot write 'x': File too large"
}

# The limit of CPU time is an end as TERM is one, and is named.
test_cpu_limit()
{
	local command

	for command in 'record -o x.cap' 'trace --all -o trace' 'export --textfile . --user 0'; do
		# shellcheck disable=SC2086 # words
		env --default-signal prlimit --cpu=599:601 "$KVMSTALL" $command 2>err &
		until_true 10 attached $!
		kill -XCPU $!
		wait $! || fail "$command: exit status $?" "$(cat err)"
		said 'the limit of CPU time is reached'
	done
	status 0 "$KVMSTALL" report -q x.cap
}

# On a host whose KVM hangs, so does the VM that kvmstall makes of its own: what else there is, is traced.
test_kvm_hangs()
{
	command -v strace >/dev/null || skip "no strace"
	# Each process waits before its first ioctl of /dev/kvm: kvmstall's VM for longer than it is waited for.
	status 0 strace -qq -f -o /dev/null -P /dev/kvm -e trace=ioctl -e signal=none \
		-e inject=ioctl:delay_enter=5000000:when=1 "$KVMSTALL" trace --json --all -o trace -- "$KVMSTALL" repro --profile minimal
	said "KVM does not answer: a VM of kvmstall's own.* has not ended after 3s"
	some "the VM of repro" 'select(.type == "vm" and .event == "born")' trace
	some "its end" 'select(is_call and .call == "close")' trace
	none "kvmstall's own VM" 'select(.type == "vm" and .event == "existed")' trace
}
