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

# until_true SECONDS COMMAND...: as soon as it is.
until_true()
{
	local end=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -le $end ] || fail "not in time: $*" || return 1
		sleep 0.05
	done
}

test_command_status()
{
	status 0 "$KVMSTALL" trace --json -- sh -c 'exit 7'
	[ "$(jq -c 'select(.type == "summary").command_status' out)" = 7 ] ||
		fail "COMMAND exited with 7, and the summary says" "$(cat out)"
	status 0 "$KVMSTALL" trace --json -- true
	[ "$(jq -c 'select(.type == "summary").command_status' out)" = 0 ] || fail "$(cat out)"
	status 0 "$KVMSTALL" trace -- sh -c 'exit 7'
	said 'exited with 7'
	# shellcheck disable=SC2016 # the inner shell's
	status 0 "$KVMSTALL" trace -- sh -c 'kill -KILL $$'
	said 'killed by signal 9'
}

test_command_missing()
{
	status 1 "$KVMSTALL" trace -- /nonexistent/vmm
	said '/nonexistent/vmm.*No such file'
	status 1 "$KVMSTALL" trace -- /etc/passwd
	said '/etc/passwd.*Permission denied'
}

# COMMAND's children and theirs; not the VMs of others.
test_command_children()
{
	local beside

	"$KVMSTALL" repro --profile minimal --rounds 997 --gap 3ms >/dev/null &
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

# The ids of BPF programs that are loaded and that no process holds.
bpf_programs()
{
	comm -23 <(bpftool prog list -j | jq '.[].id' | sort) \
		<(cat /proc/[0-9]*/fdinfo/* 2>/dev/null | awk '$1 == "prog_id:" { print $2 }' | sort -u)
}

no_new_programs()
{
	[ -z "$(comm -13 "$1" <(bpf_programs))" ]
}

# has_programs PID: it holds BPF programs.
has_programs()
{
	find "/proc/$1/fd" -lname 'anon_inode:bpf-prog' | grep -q .
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
	until_true 20 has_programs $pid # attached, and reading
	until_true 20 grep -q poll "/proc/$pid/wchan"
	"$KVMSTALL" repro --profile minimal >/dev/null
	kill -INT $pid
	wait $pid || fail "exit status $?" "$(cat err)"
	some "calls" 'select(is_call)' out
}

# Nothing may stay behind a reader that left: not even once, so before the other tests' remains.
test_reader_leaves()
{
	bpf_programs >before
	set +o pipefail
	timeout 30 "$KVMSTALL" trace -- "$KVMSTALL" repro --profile qemu --rounds 11 2>err | head -n 1 >out
	[ "${PIPESTATUS[0]}" = 0 ] || fail "exit status ${PIPESTATUS[0]}" "$(cat err)"
	[ "$(wc -l <out)" = 1 ]
	if grep -vE '^(---|    [a-z-]+ +[0-9.]+[mu]?s |the stalled calls|cost of)' err; then
		fail "it complained"
	fi
	until_true 10 no_new_programs before
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
