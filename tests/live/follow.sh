# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2094,SC2154 # jq programs have $; work is of lib/suite.sh
#
# Whoever shall be seen is seen to the end, or counted as not seen: many processes, many VMs.

tests=${tests/nothing-left/owners-end command-forks command-crowd pid-reused nothing-left}

# vmms ARG...: tests/live/vmms.c
vmms()
{
	[ -x "$work/vmms" ] || ${CC:-cc} -O1 -o "$work/vmms" "$here/tests/live/vmms.c" || return
	"$work/vmms" "$@"
}

# The VMs of processes that end without a close: each is gone, however many a process had. Only few are
# looked at in the scheduler (tests/lint/loops.sh), the others afterwards.
test_owners_end()
{
	local vms

	for vms in 1 3 11; do
		watch trace
		vmms exits 23 $vms
		unwatch
		value 'map(select(.type == "vm" and .vm.comm == "vmms")) | group_by(.vm.id)[]
			| map(.event) | tojson' trace | sort | uniq -c >events
		[ "$(sed 's/^ *//' events)" = "$((23 * vms)) [\"born\",\"gone\"]" ] ||
			fail "23 processes with $vms VMs each:" "$(cat events)"
		none "losses" 'select(.type == "lost" and .where != "no-begin")' trace
	done
}

# A child of COMMAND stays in its set, however many others come and go, and though it does nothing itself.
test_command_forks()
{
	vmms forks 1
	mkfifo go
	timeout 120 "$KVMSTALL" trace --json -- sh -c '
		(read -r _ <go; exec "$0" repro --profile minimal --rounds 3 >repro) &
		"$1" forks 20011
		echo >go
		wait' "$KVMSTALL" "$work/vmms" >trace
	[ "$(value 'map(select(.type == "vm" and .event == "born")) | length' trace)" = 3 ] ||
		fail "not 3 VMs:" "$(tail -n 7 trace)"
	none "losses" 'select(.type == "lost" and .where != "no-begin")' trace
}

# Those for whom there is no room are counted, not forgotten.
test_command_crowd()
{
	KVMSTALL_FOLLOWED_MAX=7 "$KVMSTALL" trace --json -- sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11; do sleep 1 & done; wait' >trace
	some "that children were lost" 'select(.type == "summary" and .losses.followed == 5)' trace
	some "that children were lost" 'select(.type == "lost" and .where == "followed")' trace
	# room for all, one after another
	KVMSTALL_FOLLOWED_MAX=7 "$KVMSTALL" trace --json -- sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11; do sleep 0; done' >trace
	some "no loss" 'select(.type == "summary" and .losses.followed == 0)' trace
}

# A stranger that gets the process id of a child of COMMAND that has ended is a stranger.
test_pid_reused()
{
	local last=/proc/sys/kernel/ns_last_pid pid stranger

	[ -w $last ] || skip "no $last"
	"$KVMSTALL" trace --json -- sh -c 'sh -c "echo \$\$" >pid; touch ended; until [ -e over ]; do sleep 0.1; done' >trace &
	until_true 20 [ -e ended ]
	pid=$(cat pid)
	for _ in $(seq 101); do
		echo $((pid - 1)) >$last || skip "$last is not for us"
		"$KVMSTALL" repro --profile minimal >repro &
		stranger=$!
		wait $stranger
		[ $stranger != "$pid" ] || break
	done
	touch over
	wait
	[ $stranger = "$pid" ] || skip "no process got the id $pid again"
	none "a stranger's VM" 'select(.type == "vm" or is_call)' trace
}
