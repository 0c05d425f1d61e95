# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2154 # $ of inner shells; work is of lib/suite.sh
# What surrounds a trace is not always kind: signals, descriptors, limits, outputs.

tests="signals-ignored signal-before-command losses-without-reader closed-descriptors
	taken-away taken-capabilities soft-limit $tests"

# blocks PID SIGNAL: it takes that signal as something to read.
blocks()
{
	local mask

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
			env --ignore-signal=$signal "$KVMSTALL" $command >out 2>err &
			pid=$!
			until_true 10 attached $pid
			kill -$signal $pid
			sleep 0.3
			kill -0 $pid || fail "$command: SIG$signal was ignored, and has ended it"
			kill -INT $pid
			wait $pid || fail "$command: exit status $?" "$(cat err)"
		done
		# shellcheck disable=SC2086
		env --block-signal=TERM "$KVMSTALL" $command >out 2>err &
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

	rm -f started
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
	set +o pipefail
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

# without PATH COMMAND...: with nothing there.
without()
{
	local path=$1

	shift
	unshare -m sh -c 'mount -t tmpfs none "$0" && exec "$@"' "$path" "$@"
}

test_taken_away()
{
	local usual=0

	"$KVMSTALL" check -j >checked || usual=$?
	[ $usual -le 1 ] || skip "nothing works here"
	agree "all there" $usual 0 env
	agree "files, hard" 3 3 prlimit --nofile=16:16
	[[ $why == *"16 files"* ]]
	agree "files, soft" $usual 0 prlimit --nofile=16:1024
	agree "address space" 3 3 prlimit --as=30000000
	agree "address space" 3 3 prlimit --as=25000000
	unshare -m true 2>unshare.err || skip "no mount namespaces: $(cat unshare.err)"
	agree "/proc" 3 3 without /proc
	[[ $why == */proc/kallsyms* ]]
	agree "/sys" 3 3 without /sys
	[[ $why == *"no /sys"* ]]
	agree "/dev" 1 0 without /dev
	unshare -r true 2>unshare.err || skip "no user namespaces: $(cat unshare.err)"
	agree "user namespace" 3 3 unshare -r
	[[ $why == *"user namespace"* ]]
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
