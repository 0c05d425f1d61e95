# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2086,SC2094,SC2154 # jq programs have $; pids have no blanks; work is of lib/suite.sh
#
# Whoever shall be seen is seen to the end, or counted as not seen: many processes, many VMs.

tests=${tests/nothing-left/owners-end heirs-end unseen-end entries-of-threads command-forks command-crowd command-goes-on process-ends process-again process-none pid-reused pid-namespace outside-namespace foreign-proc count-after-loss daemon-count birth-lost vmm-32bit others-vms nothing-left}

# vmms ARG...: tests/live/vmms.c, by a name that no other run of this suite has.
vmms=vmms-$$
vmms()
{
	[ -x "$work/$vmms" ] || ${CC:-cc} -O1 -o "$work/$vmms" "$here/tests/live/vmms.c" || return
	"$work/$vmms" "$@"
}

# The VMs of processes that end without a close: each is gone, however many a process had. Only few are
# looked at in the scheduler (tests/lint/loops.sh), the others afterwards.
test_owners_end()
{
	local vms

	for vms in 1 3 11; do
		repeat 3 owners_end $vms
	done
}

# What was lost comes first: it explains the rest. A program that an interrupt finds in another one is not run
# ("missed"): the kernel's chance.
owners_end()
{
	watch trace
	vmms exits 23 $1
	unwatch
	none "losses" 'select(is_loss)' trace
	value 'map(select(.type == "vm" and .vm.comm == "'$vmms'")) | group_by(.vm.id)[]
		| map(.event) | select(.[0] != "found") | tojson' trace | sort | uniq -c >events
	[ "$(sed 's/^ *//' events)" = "$((23 * $1)) [\"born\",\"gone\"]" ] ||
		fail "23 processes with $1 VMs each:" "$(cat events)"
}

# The last descriptor of a VM may be one that a process inherited, and never used. At most four VMs of a process are looked at
# when it ends.
test_heirs_end()
{
	local vms others

	mkfifo open
	vmms forks 1
	: >dots
	watch trace
	others=$(living trace)
	sleep 307 >open &
	for vms in 1 7; do
		vmms left 3 $vms <open >>dots
	done
	until_true 20 are_held 6
	until_true 20 are_living $((others + 24))
	kill $!
	until_true 20 are_living $others
	unwatch
	none "losses" 'select(is_loss)' trace
}

# map_of NAME: the tracer's map, by its id
map_of()
{
	cat "/proc/$watcher/fdinfo/"* 2>/dev/null | awk '$1 == "map_id:" { print $2 }' | while read -r map; do
		bpftool map show id "$map" -j | jq -r --arg name "$1" 'select(.name == $name).id'
	done
}

# forget PID...: the programs do not know any more that these processes have VMs, as if they had not been run.
forget()
{
	local map pid

	map=$(map_of owners)
	for pid; do
		# shellcheck disable=SC2046 # four bytes
		bpftool map delete id "$map" key hex $(printf '%08x' "$pid" | sed 's/\(..\)\(..\)\(..\)\(..\)/\4 \3 \2 \1/') || return
	done
}

# The end of a VM that no program saw is found.
test_unseen_end()
{
	local others holder

	command -v bpftool >/dev/null || skip "no bpftool"
	mkfifo open
	vmms forks 1
	watch trace
	others=$(living trace)
	vmms hold 1 3 <open >dots &
	holder=$!
	sleep 307 >open &
	until_true 20 are_living $((others + 3))
	# shellcheck disable=SC2046 # pids
	forget $(jq -r 'select(.type == "vm" and .vm.comm == "'$vmms'" and .event == "born").vm.pid' trace | sort -u) ||
		fail "the programs' map cannot be changed"
	kill $!
	wait $holder
	until_true 10 are_living "$others"
	unwatch
}

# Threads that the programs have an entry for, though they may be in no call.
entries()
{
	bpftool map dump id "$(map_of tasks)" -j | jq '.[].formatted.key'
}

has_entry()
{
	entries | grep -qx "$1"
}

# Of the threads in the file "threads", none is gone and has an entry: what is made meanwhile is not asked about.
all_are_there()
{
	entries | grep -wFf threads | while read -r tid; do
		[ -e "/proc/$tid" ] || return 1
	done
}

# The entry of a thread is used again by its next call, and goes with it.
test_entries_of_threads()
{
	local holder pid

	command -v bpftool >/dev/null || skip "no bpftool"
	mkfifo open
	vmms forks 1
	watch trace
	vmms hold 1 3 <open >dots &
	holder=$!
	sleep 307 >open &
	until_true 20 has_born
	pid=$(born)
	until_true 7 has_entry "$pid" || fail "no entry of thread $pid, which lives:" "$(entries)"
	"$KVMSTALL" repro -p qemu --rounds 23 >/dev/null
	entries >threads
	echo "$pid" >>threads
	kill $!
	wait $holder
	until_true 7 all_are_there || fail "of threads that are gone:" "$(entries)"
	unwatch
}

# The process of the first VM of vmms: a line that is not all there yet is none.
born()
{
	jq -r 'select(.type == "vm" and .vm.comm == "'$vmms'" and .event == "born").vm.pid' trace 2>/dev/null | head -n 1
}

has_born()
{
	[ -n "$(born)" ]
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
		wait' "$KVMSTALL" "$work/$vmms" >trace
	[ "$(value 'map(select(.type == "vm" and .event == "born")) | length' trace)" = 3 ] ||
		fail "not 3 VMs:" "$(tail -n 7 trace)"
	none "losses" 'select(is_loss)' trace
}

# Those for whom there is no room are counted, not forgotten.
test_command_crowd()
{
	# all of them at one time, however long it takes to start one
	KVMSTALL_MAP_MAX=followed=7 "$KVMSTALL" trace --json -- sh -c 'pids=
		for i in 1 2 3 4 5 6 7 8 9 10 11; do sleep 307 & pids="$pids $!"; done
		kill $pids; wait' >trace
	some "that children were lost" 'select(.type == "summary" and .losses.followed == 5)' trace
	some "that children were lost" 'select(.type == "lost" and .where == "followed")' trace
	# room for all, one after another
	KVMSTALL_MAP_MAX=followed=7 "$KVMSTALL" trace --json -- sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11; do sleep 0; done' >trace
	some "no loss" 'select(.type == "summary" and .losses.followed == 0)' trace
}

# A trace ends with COMMAND. What COMMAND leaves behind, such as a VMM that became a daemon, is traced no longer, and that is said.
test_command_goes_on()
{
	local command

	mkfifo go here
	exec 7<>go
	for command in trace 'record -o x.cap'; do
		# shellcheck disable=SC2086 # words
		status 0 "$KVMSTALL" $command -- sh -c 'for i in 1 2 3; do setsid sh -c "echo >here; read -r _ <go; sleep 0" & read -r _ <here; done'
		said "'sh' has ended, and 3 processes that it started go on untraced"
		for _ in 1 2 3; do echo >&7; done
		# shellcheck disable=SC2086
		status 0 "$KVMSTALL" $command -- sh -c 'sleep 0 & sleep 0 & wait'
		! grep untraced err || fail "all of them had ended"
	done
}

# hold_back COMMAND...: a process, in $vmm, that becomes COMMAND once it has read a line of go.
hold_back()
{
	(read -r _ <go; exec "$@" >repro) &
	vmm=$!
}

# -p is of one process: trace ends with it, and has all that it did, whatever shows the end of its VMs; so does top. Where there
# is no descriptor of a process (seccomp, old kernels), too.
test_process_ends()
{
	local backend

	mkfifo go
	for backend in $({ "$KVMSTALL" check --json | jq -r .backend && echo tracepoint; } | sort -u); do
		rm -f err
		hold_back "$KVMSTALL" repro --json --profile firecracker --rounds 3
		"$KVMSTALL" trace --json --all --backend "$backend" -p $vmm -o trace 2>err &
		until_true 20 is_attached err
		echo >go
		wait $! || fail "$backend: exit status $?" "$(cat err)"
		wait $vmm || fail "repro: exit status $?"
		said "process $vmm has ended"
		ndjson -nc --slurpfile trace trace --slurpfile repro repro 'include "ndjson"; pairs($trace; $repro)' >pairs
		none "$backend: not there exactly once" 'select(.trace | length != 1) | [.repro.call, (.trace | length)]' pairs
		[ "$(wc -l <pairs)" -gt 23 ] || fail "$backend: only $(wc -l <pairs) calls"
		[ "$(value 'map(select(.type == "vm").event) | sort | tojson' trace)" = '["born","born","born","gone","gone","gone"]' ] ||
			fail "$backend: not 3 VMs:" "$(jq -c 'select(.type == "vm")' trace)"
	done
	hold_back true
	"$KVMSTALL" top -b -p $vmm >screens 2>err &
	until_true 20 attached $!
	echo >go
	wait $! || fail "top: exit status $?" "$(cat err)"
	said "process $vmm has ended"
	[ -s screens ] || fail "no screen"
	command -v strace >/dev/null || { note "no strace: only with a descriptor"; return; }
	hold_back true
	rm err
	"${without_pidfd[@]}" trace -p $vmm >shown 2>err &
	until_true 20 is_attached err
	echo >go
	wait $! || fail "without a descriptor: exit status $?" "$(cat err)"
}

without_pidfd=(strace -qq -o /dev/null -e trace=pidfd_open -e signal=none -e inject=pidfd_open:error=ENOSYS "$KVMSTALL")

# Another process that gets its id is another: the trace ends all the same.
test_process_again()
{
	local last=/proc/sys/kernel/ns_last_pid

	in_namespace true 2>/dev/null || skip "no PID namespaces"
	in_namespace sh -c "cat $last >last && echo 101 >$last" 2>/dev/null || skip "$last is not for us"
	same_id_again "$KVMSTALL"
	command -v strace >/dev/null || { note "no strace: only with a descriptor"; return; }
	same_id_again "${without_pidfd[@]}"
}

# same_id_again TRACER...: a process that it watches ends, and another one has its id until the trace is over.
same_id_again()
{
	local status=0

	rm -f trace
	in_namespace bash -c 'sleep 307 &
		pid=$!
		timeout -k 1 120 "$@" trace -q -o trace -p $pid &
		tracer=$!
		until grep -q TIME trace; do kill -0 $tracer || exit; sleep 0.1; done
		kill -KILL $pid
		wait $pid
		echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
		sleep 307 &
		[ $! = $pid ] || { kill $tracer; exit 77; }
		wait $tracer
		status=$?
		kill $pid && exit $status' bash "$@" 2>err || status=$?
	[ $status != 77 ] || skip "no process got the id again"
	[ $status = 0 ] || fail "$*: exit status $status" "$(cat err)"
}

# Nobody has such an id, or a thread has it.
test_process_none()
{
	local command

	hang 10
	for command in trace 'top -b'; do
		status 1 "$KVMSTALL" $command -p 4194305 # PID_MAX_LIMIT is one less
		said "cannot watch process 4194305: No such process"
		status 1 "$KVMSTALL" $command -p "$reader"
		said "cannot watch process $reader: it is a thread of process $vmm"
	done
	kill -KILL $vmm
	wait $vmm || true
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

# in_namespace COMMAND...: as the first process of a PID namespace's shell, with a /proc of it.
in_namespace()
{
	unshare --pid --fork --mount-proc "$@"
}

# ids_are FILE LAST: VMs, and calls by whoever made them, are of ids up to that; but kworkers are outside.
ids_are()
{
	never "$1: ids above $2" "select(.type == \"vm\" or (is_call and .call != \"irqfd_shutdown\")) | select(.vm.pid > $2 or .tid > $2) | {type, call, tid, vm}" "$1"
}

# In a PID namespace COMMAND's, -p's and our own process ids mean what they mean there.
test_pid_namespace()
{
	in_namespace true 2>/dev/null || skip "no PID namespaces"
	mkfifo go
	repeat 3 pid_namespace
	in_namespace "$KVMSTALL" check >check || true
	grep -q '^  --  pid-ns' check || fail "check says nothing of the namespace:" "$(cat check)"
}

pid_namespace()
{
	local trace

	in_namespace "$KVMSTALL" trace --json --all -o command -- "$KVMSTALL" repro --profile firecracker --rounds 3 >repro
	# COMMAND makes a namespace of its own
	in_namespace "$KVMSTALL" trace --json --all -o nested -- \
		unshare --pid --fork "$KVMSTALL" repro --profile firecracker --rounds 3 >repro
	rm -f by-pid.err
	in_namespace sh -c '(read -r _ <go; exec "$0" repro --profile firecracker --rounds 3 >repro) & vmm=$!
		"$0" trace --json --all -p $vmm >by-pid 2>by-pid.err & tracer=$!
		until grep -q " tracing by " by-pid.err; do kill -0 $tracer || exit; sleep 0.1; done
		echo >go
		wait $vmm
		wait $tracer' "$KVMSTALL"
	for trace in command nested by-pid; do
		none "$trace: losses" 'select(is_loss)' $trace
		[ "$(value 'map(select(.type == "vm" and .event == "born")) | length' $trace)" = 3 ] ||
			fail "$trace: not 3 VMs:" "$(tail -n 3 $trace)"
		some "$trace: stalls" 'select(.type == "stall" and .call == "KVM_SET_USER_MEMORY_REGION")' $trace
		never "$trace: off balance" 'select(is_call and is_off_balance)' $trace
		none "$trace: incomplete" 'select(is_call and .complete == false)' $trace
		ids_are $trace 99
	done
}

# Who is outside of the tracer's namespace has no id there, and gets one that nobody has.
test_outside_namespace()
{
	local own

	in_namespace true 2>/dev/null || skip "no PID namespaces"
	mkfifo go
	in_namespace sh -c '"$0" trace --json --all >trace 2>err & tracer=$!
		until grep -q " tracing by " err; do kill -0 $tracer || exit; sleep 0.1; done
		echo >go
		read -r _ <go
		kill -INT $tracer
		wait $tracer' "$KVMSTALL" &
	read -r _ <go
	"$KVMSTALL" repro --json --profile firecracker --rounds 3 >repro
	echo >go
	wait $! || fail "exit status $?"
	own=$(jq -s '.[0].pid' repro)
	some "the VM" "select(.type == \"vm\" and .event == \"born\" and .vm.pid == $((own + 4194304)))" trace
	some "its calls" "select(is_call and .tid == $((own + 4194304)))" trace
	none "ids of the first namespace" "select(.tid == $own or .vm.pid == $own)" trace
}

# has_child PID: $child, by our ids.
has_child()
{
	child=$(tr -d ' ' <"/proc/$1/task/$1/children")
	[ -n "$child" ]
}

# /proc may be another namespace's, in which we are not: that is no word about ours.
test_foreign_proc()
{
	local ours

	in_namespace true 2>/dev/null || skip "no PID namespaces"
	unshare --pid --fork --kill-child --mount-proc sleep 307 &
	until_true 10 has_child $!
	trap 'kill -KILL $child' EXIT # the first of its namespace
	until_true 10 grep -q sleep "/proc/$child/comm"
	for ours in 'unshare --pid --fork' env; do
		# shellcheck disable=SC2086 # words
		$ours nsenter -t $child -m "$KVMSTALL" trace --json --all -o "$PWD/trace" -- "$KVMSTALL" repro --profile minimal --rounds 3 >repro
		[ "$(value 'map(select(.type == "vm" and .event == "born")) | length' trace)" = 3 ] || fail "$ours: not 3 VMs:" "$(tail -n 3 trace)"
		some "$ours: a stall" 'select(.type == "stall")' trace
	done
}

# overflow: while the tracer $watcher is stopped, more VMs come and go than its ring has room for.
overflow()
{
	kill -STOP $watcher
	vmms exits 23 1
	"$@"
	kill -CONT $watcher
}

# hold FIFO: in $holders one more process that has three VMs until the FIFO is closed.
hold()
{
	vmms hold 1 3 <"$1" >>dots &
	holders+=($!)
	until_true 20 are_held ${#holders[@]}
}

are_held()
{
	[ "$(wc -c <dots)" = "$1" ]
}

# living FILE: how many VMs of vmms are alive, by what trace said.
living()
{
	jq -c 'select(.type == "vm" and .vm.comm == "'$vmms'") | [.vm.id, .event]' "$1" 2>/dev/null |
		jq -s 'map(if .[1] == "gone" then -1 else 1 end) | add // 0'
}

are_living()
{
	[ "$(living trace)" = "$1" ]
}

# Records of births and ends are lost, many times. Afterwards it is known who lives.
test_count_after_loss()
{
	local holders=()

	vmms forks 1
	mkfifo open
	: >dots
	watch trace --ring 4K
	sleep 1000 >open &
	local opener=$!
	overflow hold open
	for _ in $(seq 29); do
		overflow true
	done
	overflow hold open
	until_true 20 are_living 6
	kill $opener
	wait "${holders[@]}"
	until_true 20 are_living 0
	overflow true # the last loss, and the end of the trace right after
	unwatch
	some "losses" 'select(.type == "summary" and .losses.ring > 0)' trace
	are_living 0 || fail "$(living trace) VMs live on"
}

# vms_of_daemon: how many VMs there are, by a scrape.
vms_of_daemon()
{
	curl -s --unix-socket sock http://localhost/metrics | awk '$1 == "kvmstall_vms" { print $2; found = 1 } END { exit !found }'
}

# No more VMs than the kernel has, of whomever.
is_count_right()
{
	[ "$(vms_of_daemon)" -le "$(find /proc/[0-9]*/fd -lname anon_inode:kvm-vm 2>/dev/null | wc -l)" ]
}

# The same for kvmstall_vms, of a daemon that has dropped its privileges.
test_daemon_count()
{
	"$KVMSTALL" export --help >/dev/null 2>&1 || skip "no export here"
	command -v curl >/dev/null || skip "no curl"
	vmms forks 1
	"$KVMSTALL" export --listen "unix:$PWD/sock" --ring 4K 2>err &
	watcher=$!
	until_true 20 vms_of_daemon
	for _ in $(seq 31); do
		overflow true
	done
	until_true 20 is_count_right
	kill $watcher
	wait $watcher || fail "exit status $?" "$(cat err)"
	! grep 'cannot find out' err || fail "$(cat err)"
}

# A VM of COMMAND whose birth was lost is known from its next call on, and its calls are shown. Others' VMs fill the ring as well.
birth_lost()
{
	local vmm

	rm -f go pid
	mkfifo go
	watch trace --all --ring 16K -- sh -c 'read -r _ <go
		"$1" exits 101 1
		echo $$ >pid
		exec "$0" repro --profile minimal --gap 3s >repro' "$KVMSTALL" "$work/$vmms"
	kill -STOP $watcher
	echo >go
	until_true 20 test -s pid
	vmm=$(cat pid)
	until_true 20 has_vm "$vmm"
	kill -CONT $watcher
	wait $watcher
	some "losses" 'select(.type == "summary" and .losses.ring > 0)' trace
	none "its birth: this try shows nothing" "select(.type == \"vm\" and .event == \"born\" and .vm.pid == $vmm)" trace
	some "its VM" "select(.type == \"vm\" and .event == \"found\" and .vm.pid == $vmm)" trace
	some "its memslot" "select(.call == \"KVM_SET_USER_MEMORY_REGION\" and .vm.pid == $vmm)" trace
	some "its end" "select(.type == \"vm\" and .event == \"gone\" and .vm.pid == $vmm)" trace
}

test_birth_lost()
{
	vmms forks 1
	repeat 5 birth_lost
}

# The calls of a 32-bit VMM have other numbers.
test_vmm_32bit()
{
	local event call status=0

	${CC:-cc} -O1 -pthread -o vmm32 "$here/tests/live/vmm32.c"
	./vmm32 || status=$?
	[ $status != 77 ] || skip "no 32-bit system calls"
	[ $status = 0 ]
	"$KVMSTALL" trace --json --all -o trace -- ./vmm32
	for event in born gone; do
		[ "$(value "map(select(.type == \"vm\" and .event == \"$event\")) | length" trace)" = 1 ] || fail "its VM is not $event:" "$(cat trace)"
	done
	for call in KVM_CREATE_VM KVM_SET_USER_MEMORY_REGION close; do
		some "$call" "select(is_call and .call == \"$call\" and .complete)" trace
	done
	# 41 is socket(2) of a 64-bit task
	some "dup(2)" 'select(is_call and .call == "dup" and has_cause("rcu"))' trace
	none "another call" 'select(is_call and .comm == "vmm32" and .call != "dup" and (.call | test("^(KVM_|close$)") | not))' trace
	never "off balance" 'select(is_call and is_off_balance)' trace
}

# COMMAND may be the client of a daemon that has the VMs, and a name may be wrong: nothing is shown, and that is said.
test_others_vms()
{
	local command

	mkfifo go over
	for command in trace 'record -o x.cap'; do
		(read -r _ <go && "$KVMSTALL" repro --profile minimal --rounds 3 >repro && echo >over) &
		# shellcheck disable=SC2086 # words
		status 0 "$KVMSTALL" $command -- sh -c 'echo >go; read -r _ <over'
		said "none of [1-9][0-9]* VMs born meanwhile is of 'sh', or of a process that it started"
	done
	status 0 "$KVMSTALL" trace --comm no-such -- "$KVMSTALL" repro --profile minimal --rounds 3
	said '^kvmstall: --comm no-such matched none of [1-9][0-9]* VMs$'
}
