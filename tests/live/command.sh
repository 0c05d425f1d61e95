# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2094,SC2154 # jq programs have $; work is of lib/suite.sh
# COMMAND, exit statuses and ends.

# status WANTED COMMAND...: its exit status; what it said goes to out and err.
status()
{
	local wanted=$1 got=0

	shift
	"$@" >out 2>err || got=$?
	[ "$got" = "$wanted" ] || fail "exit status $got instead of $wanted: $*" "$(cat out err)"
}

# said REGEX: on stderr.
said()
{
	grep -qE -- "$1" err || fail "stderr does not say '$1':" "$(cat err)"
}

test_command_status()
{
	status 0 "$KVMSTALL" trace --json -- sh -c 'exit 7'
	[ "$(jq -c 'select(.type == "summary").command_status' out)" = 7 ] ||
		fail "COMMAND exited with 7, and the summary says" "$(cat out)"
	status 0 "$KVMSTALL" trace --json -- true
	[ "$(jq -c 'select(.type == "summary").command_status' out)" = 0 ] || fail "$(cat out)"
	status 0 "$KVMSTALL" trace --json -- sh -c 'kill -KILL $$'
	[ "$(jq -c 'select(.type == "summary").command_status' out)" = 137 ] || fail "$(cat out)"
	status 0 "$KVMSTALL" record -q -o killed.cap -- sh -c 'kill -KILL $$'
	[ "$("$KVMSTALL" report -f json killed.cap | jq -c 'select(.type == "summary").command_status')" = 137 ] ||
		fail "report says another status than trace"
	status 0 "$KVMSTALL" trace -- sh -c 'exit 7'
	said 'exited with 7'
	# shellcheck disable=SC2016 # the inner shell's
	status 0 "$KVMSTALL" trace -- sh -c 'kill -KILL $$'
	said 'killed by signal 9'
}

# What is traced is said at the start, and a filter that matches nothing shows.
test_start_line()
{
	status 0 "$KVMSTALL" trace -d 1ms --vm no-such-vm
	said '^kvmstall: tracing by [a-z]+: --vm no-such-vm matches none of [0-9]+ VMs? now$'
	status 0 "$KVMSTALL" trace -- true
	said "^kvmstall: tracing by [a-z]+: VMs of 'true'\$"
	status 0 "$KVMSTALL" record -d 1ms -o start.cap
	said '^kvmstall: recording by [a-z]+ to start.cap: [0-9]+ VMs?$'
	status 0 "$KVMSTALL" export -l 127.0.0.1:0 -d 1ms
	said '^kvmstall: exporting by [a-z]+: [0-9]+ VMs?, on http://127.0.0.1:[1-9][0-9]*$'
	status 0 "$KVMSTALL" trace -q -d 1ms
	[ ! -s err ] || fail "with --quiet:" "$(cat err)"
}

test_command_missing()
{
	status 1 "$KVMSTALL" trace -- /nonexistent/vmm
	said '/nonexistent/vmm.*No such file'
	status 1 "$KVMSTALL" trace -- /etc/passwd
	said '/etc/passwd.*Permission denied'
}

# A COMMAND that does not start costs no file, and the reason is given once.
test_command_missing_file()
{
	local command

	for command in trace record; do
		echo kept >kept
		status 1 "$KVMSTALL" $command -o kept -- /nonexistent/vmm
		[ "$(cat kept)" = kept ] || fail "$command: the file that was there is lost"
		[ "$(grep -c 'No such file' err)" = 1 ] || fail "$command: not said once:" "$(cat err)"
		status 1 "$KVMSTALL" $command -o new -- /nonexistent/vmm
		[ ! -e new ] || fail "$command: a file was left behind"
	done
}

# beside FILE OPTION...: trace with these options, and with a COMMAND that makes 101 VMs and all the
# time writes lines of its own, both to FILE. Who writes ends by itself: a write that goes from one
# page to the next is cut there by a signal that kills its writer (mm/filemap.c,
# generic_perform_write(), v6.18).
noise='{"type":"noise"}'
beside()
{
	local file=$1

	shift
	rm -f quiet
	NOISE=$noise timeout -k 5 60 "$KVMSTALL" trace "$@" -- sh -c '
		until [ -e quiet ]; do echo "$NOISE"; done &
		"$0" repro --profile minimal --rounds 101 >repro
		: >quiet
		wait' "$KVMSTALL" >"$file"
	[ "$(grep -cxF "$noise" "$file")" -ge 101 ] || fail "COMMAND wrote next to nothing"
}

# Whoever else writes to the same file, each line of either is whole.
test_whole_lines()
{
	beside both --json --all
	grep -vxF "$noise" both >ours || true
	jq -cR 'fromjson? // {torn: .} | select(.torn or (.v != 1))' ours >torn
	[ ! -s torn ] || fail "torn lines:" "$(head -n 7 torn)"
	[ "$(jq -c 'select(.call == "KVM_CREATE_VM")' ours | wc -l)" = 101 ] || fail "not 101 VMs"
	# An account is one piece, and so are the lines of repro.
	beside both --all -v 2>err
	awk -v noise="$noise" '$0 == noise {after = 1; next} after && /^ / {print} {after = 0}' both >torn
	[ ! -s torn ] || fail "torn accounts:" "$(head -n 7 torn)"
	[ "$(grep -c KVM_CREATE_VM both)" = 101 ] || fail "not 101 VMs"
	# Both append: who writes at an offset of its own writes over the other.
	: >both
	rm quiet
	(until [ -e quiet ]; do echo "$noise"; done) >>both &
	"$KVMSTALL" repro --json --profile qemu --rounds 11 >>both
	: >quiet
	wait $!
	grep -vxF "$noise" both | jq -cR 'fromjson? // {torn: .} | select(.torn)' >torn
	[ ! -s torn ] || fail "repro's torn lines:" "$(head -n 7 torn)"
}

# With -o, the two are apart: each file has all of one and nothing of the other.
test_output_file()
{
	local command

	printf 'was here before: %0100000d' 1 >ours
	beside others --json --all -o ours
	none "of no known kind" 'select(.v != 1 or (.type | IN("call", "stall", "span", "storm", "vm", "lost", "summary") | not))' ours
	[ "$(jq -c 'select(.call == "KVM_CREATE_VM")' ours | wc -l)" = 101 ] || fail "not 101 VMs"
	[ "$(jq -c 'select(.type == "summary")' ours | wc -l)" = 1 ] || fail "no summary"
	[ "$(sort -u others)" = "$noise" ] || fail "COMMAND's file has more:" "$(sort -u others | head -n 7)"
	beside others --all -o ours 2>err
	grep -q '^TIME .*CAUSE$' ours
	grep -q KVM_CREATE_VM ours
	said '^--- '
	status 1 "$KVMSTALL" trace --json -o /dev/full -d 100ms
	said "cannot write '/dev/full': No space left on device"
	for command in trace 'record -q' 'top -b -n 1'; do
		# shellcheck disable=SC2086 # words
		status 1 "$KVMSTALL" $command -o '' -d 100ms
		said "cannot open ''"
		[ ! -e .part ] || fail "$command: a file that has no name"
	done
	status 1 "$KVMSTALL" trace --json -o /nonexistent/x -d 100ms
	said "cannot open '/nonexistent/x'"
	status 0 "$KVMSTALL" trace --json-schema -o schema
	jq -e .title schema >title
}

# COMMAND gets what we were started with, whatever we do about signals meanwhile: USR2 (0x800) blocked,
# PIPE (0x1000) ignored or not, CHLD (0x10000) ignored, which must not hide its end from us.
test_command_signals()
{
	local ignored mask

	for ignored in PIPE CHLD HUP XFSZ; do
		for mask in USR2 ''; do
			status 0 env --default-signal --ignore-signal="$ignored" ${mask:+--block-signal="$mask"} \
				grep -E 'Sig(Blk|Ign)' /proc/self/status
			mv out wanted
			status 0 timeout -k 1 30 env --default-signal --ignore-signal="$ignored" \
				${mask:+--block-signal="$mask"} "$KVMSTALL" trace -q -- \
				grep -E 'Sig(Blk|Ign)' /proc/self/status
			grep Sig out >got
			cmp -s wanted got || fail "with $ignored ignored and '$mask' blocked COMMAND gets" \
				"$(cat got)" "instead of" "$(cat wanted)"
		done
	done
}

# COMMAND's children and theirs; not the VMs of others.
test_command_children()
{
	local beside

	"$KVMSTALL" repro --profile minimal --rounds 9973 --gap 3ms >/dev/null &
	beside=$!
	# shellcheck disable=SC2016 # the inner shell's
	"$KVMSTALL" trace --json --all -- sh -c '(("$0" repro --json --rounds 3 >repro) & wait) & wait' \
		"$KVMSTALL" >trace
	kill -0 "$beside" || fail "the repro beside has ended too soon"
	kill "$beside"
	wait "$beside" || true
	some "calls of the grandchild" 'select(is_call and .call == "KVM_SET_USER_MEMORY_REGION")' trace
	none "others' calls and VMs" "select(.vm and .vm.pid != $(jq -s '.[0].pid' repro))" trace
	[ "$(value 'map(select(.type == "vm" and .event == "born")) | length' trace)" = 3 ] || fail "not 3 VMs"
	none "a summary that counts other VMs" 'select(.type == "summary" and .vms != 3)' trace
}

# A signal is the usual end.
test_interrupt()
{
	local signal pid

	for signal in INT TERM; do
		rm -f out # of the one before
		"$KVMSTALL" trace >out 2>err &
		pid=$!
		until_true 10 grep -q TIME out
		"$KVMSTALL" repro --profile minimal --rounds 3 >/dev/null
		kill -$signal $pid
		wait $pid || fail "exit status $? after SIG$signal" "$(cat err)"
		grep -q KVM_SET_USER_MEMORY_REGION out || fail "no stalls" "$(cat out err)"
		said '^--- [0-9]+ stalls in [0-9]+ calls'
	done
	status 0 "$KVMSTALL" trace --duration 100ms
	said '^--- '
}

# A module that comes later is waited for; one that does not, is exit status 3.
test_waits_for_kvm()
{
	local pid

	export KVMSTALL_KVM_DEVICE=$PWD/kvm
	status 3 timeout 20 "$KVMSTALL" trace -d 2100ms
	said 'KVM was never there'
	status 0 "$KVMSTALL" trace -- true # with COMMAND, nothing waits
	"$KVMSTALL" trace --json --all >out 2>err &
	pid=$!
	until_true 10 grep -q 'waiting for its module' err
	touch kvm
	until_true 20 is_attached err
	"$KVMSTALL" repro --profile minimal >/dev/null
	kill -INT $pid
	wait $pid || fail "exit status $?" "$(cat err)"
	some "calls" 'select(is_call)' out
}

# Nothing may stay behind a reader that left: not even once, so before the other tests' remains.
test_reader_leaves()
{
	# COMMAND writes elsewhere: it is not the one to be ended by the pipe.
	orphans prog >before
	# shellcheck disable=SC2016 # the inner shell's
	timeout 120 "$KVMSTALL" trace -- sh -c '"$0" repro --profile qemu --rounds 11 >repro' "$KVMSTALL" 2>err |
		head -n 1 >out
	[ "${PIPESTATUS[0]}" = 0 ] || fail "exit status ${PIPESTATUS[0]}" "$(cat err)"
	[ "$(wc -l <out)" = 1 ]
	# The first line and the summary are said all the same.
	if grep -vE '^kvmstall: tracing by ' err | grep -E '^kvmstall'; then
		fail "it complained"
	fi
	until_true 10 no_new_orphans prog before
}

test_usage()
{
	status 2 "$KVMSTALL" trace --nonsense
	said nonsense
	status 2 "$KVMSTALL" trace --min fast
	said 'min.*fast|fast.*min'
	status 2 "$KVMSTALL" trace --ring 5000
	said ring
	status 2 "$KVMSTALL" trace --backend kprobes
	said kprobes
	status 2 "$KVMSTALL" trace --pid 0
	said pid
	status 2 "$KVMSTALL" repro --profile vmware
	said vmware
}

# capabilities FILE FIELD: a set of /proc/PID/status, as a number.
capabilities()
{
	echo $((16#$(awk -v field="$2:" '$1 == field { print $2 }' "$1")))
}

# COMMAND keeps what its tracer gives up, and waits here for that to happen: 0x8000b is SYS_PTRACE, FOWNER,
# DAC_OVERRIDE and CHOWN, for a file that is yet to get its name.
test_privileges_dropped()
{
	local looks='until grep -q "^NoNewPrivs:.1" /proc/$PPID/status; do sleep 0.1; done
		cat /proc/$PPID/status >tracer; cat /proc/self/status >command'
	local ours

	ours=$(capabilities /proc/self/status CapPrm)
	status 0 "$KVMSTALL" record -q -o caps.kvs -- sh -c "$looks"
	[ "$(capabilities tracer CapPrm)" = $((ours & 0x8000b)) ] || fail "record keeps" "$(grep ^Cap tracer)"
	[ "$(capabilities command CapPrm)" = "$ours" ] || fail "COMMAND lost" "$(grep ^Cap command)"
	status 0 "$KVMSTALL" trace -q -- sh -c "$looks"
	[ "$(capabilities tracer CapEff)" = $((ours & 0x80000)) ] || fail "trace keeps" "$(grep ^Cap tracer)"
	[ "$(capabilities tracer CapBnd)" = 0 ] || fail "trace could get back" "$(grep ^Cap tracer)"
	[ "$(capabilities command CapEff)" = "$ours" ] || fail "COMMAND lost" "$(grep ^Cap command)"
}

# Before the first byte is there, and what is refused is: tests/unit/cmd/test_sandbox.c.
test_report_confined()
{
	local command pid

	mkfifo pipe
	exec 8<>pipe
	for command in 'report -q -o made' 'diff'; do
		# shellcheck disable=SC2086 # words
		"$KVMSTALL" $command pipe pipe >out 2>err &
		pid=$!
		until_true 10 grep -q '^Seccomp:.2' "/proc/$pid/status"
		kill "$pid"
		wait "$pid" || true
	done
	exec 8<&-
}

test_privilege()
{
	local as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

	command -v setpriv >/dev/null || skip "no setpriv"
	# The program's folder may be closed to others.
	mkdir -p "$work/nobody"
	chmod 755 "$work" "$work/nobody"
	install -m 755 "$KVMSTALL" "$work/nobody/kvmstall"
	status 3 "${as_nobody[@]}" "$work/nobody/kvmstall" trace
	said 'root'
	[ ! -s out ] || fail "it printed" "$(cat out)"
	status 3 "${as_nobody[@]}" "$work/nobody/kvmstall" check
	status 3 env KVMSTALL_DISABLE=tp_btf,fentry "$KVMSTALL" trace
	said 'kvmstall check'
	status 3 env KVMSTALL_DISABLE=fentry "$KVMSTALL" trace --backend fentry
}
