# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2086,SC2094,SC2154 # jq programs have $; pids have no blanks
# Watching VMs that nobody started for us.

# watch FILE OPTION...: trace --json in the background; its pid in $watcher, once it is attached.
watch()
{
	local file=$1

	shift
	rm -f "$file.err" # of a try before
	"$KVMSTALL" trace --json "$@" >"$file" 2>"$file.err" &
	watcher=$!
	until_true 10 is_attached "$file.err"
}

# is_attached ERRORS: the tracer whose standard error this is has attached, and has found all VMs.
is_attached()
{
	grep -q '^kvmstall: \(tracing\|recording\) by ' "$1"
}

unwatch()
{
	kill -INT $watcher
	wait $watcher || fail "exit status $?" "$(cat ./*.err)"
}

# A VM that was there before: found, and its calls are its own.
test_found_vm()
{
	local pid

	"$KVMSTALL" repro --json --profile minimal --gap 5s >repro &
	pid=$!
	until_true 5 has_vm $pid
	# It has a VM, and gives it memory when we let it.
	kill -STOP $pid
	watch trace --all -p $pid
	"$KVMSTALL" repro --profile minimal >/dev/null
	kill -CONT $pid
	wait $pid
	wait $watcher || fail "exit status $?" "$(cat trace.err)"
	some "the VM" "select(.type == \"vm\" and .event == \"found\" and .vm.pid == $pid and .vm.comm == \"$(basename "$KVMSTALL")\")" trace
	some "its end" "select(.type == \"vm\" and .event == \"gone\" and .vm.pid == $pid)" trace
	some "its memslot" "select(.call == \"KVM_SET_USER_MEMORY_REGION\" and .vm.pid == $pid)" trace
	none "calls that are not of this VM" "select(is_call and (.vm == null or .vm.pid != $pid))" trace
}

# Every VM that was born is gone when its process is, however that ended, and later than it was born.
test_vms_gone()
{
	local trace bad=0

	for trace in $(all_traces); do
		value 'map(select(.type == "vm")) | group_by(.vm.id)[] | select(length != 2 or .[0].event == .[1].event)
			| map({event, vm}) | tojson' "$trace" >unfinished
		none "${trace##*/}: VMs without an end" . unfinished || bad=1
		value 'map(select(.type == "vm")) | group_by(.vm.id)[] | select(length == 2 and .[0].ts_ns >= .[1].ts_ns)
			| map({event, ts_ns}) | tojson' "$trace" >timeless
		none "${trace##*/}: gone when they were born" . timeless || bad=1
	done
	[ "$bad" = 0 ]
}

has_vm()
{
	find "/proc/$1/fd" -lname anon_inode:kvm-vm | grep -q .
}

# The VMM dies in the middle of its wait: the stall is shown, as killed, and the next VM as well.
test_killed()
{
	repeat 3 killed
}

killed()
{
	local pid

	watch trace
	"$KVMSTALL" repro --profile minimal --inject reader --hold 10s >repro &
	pid=$!
	until_true 5 is_held $pid
	until_true 5 grep -q synchronize_srcu /proc/$pid/task/$pid/stack
	sleep 0.1
	kill -KILL $pid
	wait $pid || true
	"$KVMSTALL" repro --profile minimal --rounds 3 >/dev/null
	unwatch
	none "losses" 'select(is_loss)' trace
	some "the killed stall" "select(.type == \"stall\" and .vm.pid == $pid and .killed
		and .call == \"KVM_SET_USER_MEMORY_REGION\" and .latency_ns > 50000000)" trace
	some "the end of its VM" "select(.type == \"vm\" and .event == \"gone\" and .vm.pid == $pid)" trace
	some "stalls of the next VM" "select(.type == \"stall\" and .vm.pid != $pid and (.killed | not))" trace
	never "off balance" 'select(is_call and is_off_balance)' trace
}

# Its reader thread is in the page fault that holds the VM's SRCU domain.
is_held()
{
	cat /proc/"$1"/task/*/stack | grep -q handle_userfault
}

test_two_traces()
{
	local first

	# All calls: what is a stall to one by a hair is none to the other.
	watch one --all
	first=$watcher
	# What a trace leaves to the kernel to free was an oops in the other one's programs.
	for _ in 1 2 3 4 5 6 7 8 9 10 11; do
		"$KVMSTALL" trace --quiet --duration 10ms >/dev/null
	done
	# shellcheck disable=SC2016 # the inner shell's
	"$KVMSTALL" trace --json -- sh -c '"$0" repro --profile qemu --rounds 3 >repro' "$KVMSTALL" >two
	kill -INT "$first"
	wait "$first"
	for trace in one two; do
		some "$trace: stalls" 'select(.type == "stall" and .call == "KVM_SET_USER_MEMORY_REGION")' $trace
		never "$trace: off balance" 'select(is_call and is_off_balance)' $trace
	done
	# The same stalls. Others may have VMs beside ours; those only the first one sees.
	jq -c 'select(.type == "stall" and (.stuck | not)) | [.tid, .call, .args]' two | sort >second
	jq -c 'select(.type == "stall" or .type == "call") | [.tid, .call, .args]' one | sort >first
	[ -z "$(comm -13 first second)" ] || fail "the first one missed" "$(comm -13 first second)"
}

# By process, by name of the process, by name of the VM. Three VMMs at the same time.
# A VM is called as its process, whatever the thread that made it is called; and those of one process
# differ in text too.
test_vm_names()
{
	command -v cc >/dev/null || skip "no cc"
	cc -pthread -o vmm-of-three "$here/tests/live/maker.c" || fail "maker.c does not build"
	"$KVMSTALL" trace --json --all -- ./vmm-of-three >trace
	[ "$(value 'map(select(.type == "vm" and .event == "born").vm.comm) | unique | .[]' trace)" = vmm-of-three ] ||
		fail "not the name of the process:" "$(jq -c .vm trace)"
	some "the thread" 'select(.call == "KVM_CREATE_VM" and .comm == "maker")' trace
	"$KVMSTALL" record -q -o three.cap -- ./vmm-of-three
	"$KVMSTALL" report -q --all three.cap >all
	awk '$4 == "close" {print $2}' all | sort -u >names
	[ "$(wc -l <names)" = 3 ] || fail "three VMs have other than three names:" "$(cat names)"
	[ "$(grep -cE '^vmm-of-three\[[0-9]+\](#[0-9]+)?$' names)" = 3 ] || fail "$(cat names)"
	status 0 "$KVMSTALL" report -q --by vm --format json three.cap
	[ "$(value 'map([.file, .vm_id]) | unique | length' out)" = 3 ] || fail "$(cat out)"
}

test_filters()
{
	local by=() pids=() file me=$BASHPID

	ln -sf "$KVMSTALL" "vmm-$me"
	# shellcheck disable=SC2093 # in subshells
	("$KVMSTALL" repro --profile minimal --gap 31ms --rounds 9973 >/dev/null) &
	pids+=($!)
	(exec "./vmm-$me" repro --profile minimal --gap 31ms --rounds 9973 >/dev/null) &
	pids+=($!)
	# A name as VMMs have it, where repro does not look.
	(exec -a "--id=prime-$me" "$KVMSTALL" repro --profile minimal --gap 31ms --rounds 9973 >/dev/null) &
	pids+=($!)
	until_true 5 has_vm "${pids[2]}"
	watch process --all -p "${pids[1]}"
	by+=("$watcher")
	watch name-of-process --all -n "vmm-$me"
	by+=("$watcher")
	watch name-of-vm --all --vm "prime-$me"
	by+=("$watcher")
	sleep 0.7
	for file in process name-of-process name-of-vm; do
		until_true 10 grep -q '"type":"\(call\|stall\)"' $file
	done
	kill -INT "${by[@]}"
	wait "${by[@]}"
	kill "${pids[@]}"
	wait "${pids[@]}" || true
	# A VM's own creation is a call of its process, but not of a VM.
	none_but process "${pids[1]}"
	none_but name-of-process "${pids[1]}"
	none_but name-of-vm "${pids[2]}"
	none "the name" 'select(.vm and .vm.name != "prime-'"$me"'")' name-of-vm
}

none_but()
{
	some "by $1: calls" "select(is_call and .vm.pid == $2)" "$1"
	none "by $1: others" "select(is_call or .type == \"vm\") | select((.vm.pid // .tid) != $2)" "$1"
}

# After all of it: no program of ours is loaded, and the kernel did not complain.
test_nothing_left()
{
	command -v bpftool >/dev/null || skip "no bpftool"
	until_true 10 no_new_orphans prog "$work/programs.before" || {
		bpftool prog list | grep -A 3 -wFf <(comm -13 "$work/programs.before" <(orphans prog) | sed 's/$/:/')
		return 1
	}
}

test_kernel_log()
{
	kernel_is_quiet "$work/dmesg.before"
}

# The sums of all intervals are those of the summary: no call is missing, and none counts twice.
test_interval()
{
	local sums

	"$KVMSTALL" trace --json --interval 101ms -- sh -c '"$0" repro --rounds 23 >repro' "$KVMSTALL" >sums
	none "more than sums" 'select(.type | IN("interval", "summary") | not)' sums
	some "an interval" 'select(.type == "interval" and .calls > 0)' sums
	sums=$(value '[map(select(.type == "interval")) | (map(.calls) | add), (map(.stalls) | add)]' sums)
	[ "$sums" = "$(value '[.[] | select(.type == "summary") | .calls, .stalls]' sums)" ] ||
		fail "the intervals have $sums calls and stalls, and the summary others"
	"$KVMSTALL" trace -q --interval 101ms -d 307ms >text
	grep -q '^TIME .* CALL$' text
	status=0
	"$KVMSTALL" trace --interval 99ms 2>err || status=$?
	[ $status = 2 ] && grep -q 'at least 100ms' err
}
