# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# record and diff: what moved, how sure, why; and nothing where nothing did. Sourced by run.sh.

# record FILE ORDER: 31 lives of a VM.
diff_record()
{
	"$KVMSTALL" record -o "$1" -q -- "$KVMSTALL" repro --order "$2" --rounds 31 >/dev/null
}

# verdict FILE FILTER: of the first memory slot.
diff_memslot()
{
	jq -e ".changes[] | select(.call == \"KVM_SET_USER_MEMORY_REGION\" and .occurrence == 1) | $2" "$1"
}

# status FILE OPERAND...: diff's output as JSON into FILE, its exit status on stdout.
diff_status()
{
	local out=$1 status=0

	shift
	"$KVMSTALL" diff -f json "$@" >"$out" || status=$?
	echo $status
}

# diff_changes FILE: what is not the same.
diff_changes()
{
	jq -c '[.changes[] | select(.verdict | IN("same", "rare") | not) | [.call, .verdict, .diff_ns, .moved.cause]]' "$1"
}

# Devices before the memory slot: what its first call finds in flight is their grace period.
test_diff_regression()
{
	repeat 3 regression
}

regression()
{
	diff_record base.kvs memslots-first
	diff_record new.kvs devices-first
	[ "$(diff_status there base.kvs new.kvs)" = 1 ] || fail 'not exit status 1'
	diff_memslot there '.verdict == "worse"'
	diff_memslot there '.p_corrected < 0.01'
	diff_memslot there '.moved.cause == "gp-timer" and .moved.function == "kvm_io_bus_register_dev"'
	note "memory slot: $(diff_memslot there '"\(.diff_ns / 1000 | floor) us, p = \(.p_corrected)"')"
	diff_memslot there '.base.samples == 31 and .new.samples == 31'

	[ "$(diff_status back new.kvs base.kvs)" = 0 ] || fail "back: $(diff_changes back)"
	jq -e '.verdict == "better"' back
	diff_memslot back '.verdict == "better"'
}

# A recording against itself, and output that is the same every time.
test_diff_self()
{
	diff_record one.kvs devices-first
	[ "$(diff_status first one.kvs one.kvs)" = 0 ] || fail "$(cat first)"
	jq -e '.verdict == "same"' first
	diff_status second one.kvs one.kvs
	cmp first second
	"$KVMSTALL" diff one.kvs one.kvs | tail -n 1
}

# What the real strace prints is read: every call of repro that report knows; of the others, those that take a millisecond,
# as the first of the log is made to.
test_diff_strace()
{
	command -v strace >/dev/null || skip 'no strace'
	strace -f -ttt -T -e trace=ioctl -e inject=ioctl:delay_enter=5003:when=1 -o log.strace "$KVMSTALL" repro --rounds 7 --json >repro.json
	"$KVMSTALL" report -q -a -f json log.strace >calls
	jq -r '.call // empty | select(. != "KVM_RUN" and . != "close")' repro.json | sort | uniq -c >made
	jq -r --slurpfile made repro.json '($made | map(.call)) as $made | .call // empty | select(IN($made[]))' calls | sort | uniq -c >found
	diff made found
	jq -c --slurpfile made repro.json '($made | map(.call)) as $made | select(.call and (.call | IN($made[]) | not))' calls >others
	none 'not of repro, and short' 'select(.latency_ns < 1000000)' others
	some 'one that is made to take a while' 'select(.call == "KVM_GET_API_VERSION")' others
	[ "$(diff_status out log.strace log.strace)" != 2 ] || fail 'trouble'
	jq -e '.base.vms == 7 and .base.inferred' out
}

# Recordings of the same thing, AA (7) times two: hardly ever worse or better. Two runs on a machine that does
# other work are not quite the same thing, and chance has its part: how seldom is a benchmark's to say (AA=101),
# and that it is not most of the time, a test's.
test_diff_aa()
{
	repeat 3 aa
}

aa()
{
	local tries=${AA:-7} try moved=0 status

	for ((try = 1; try <= tries; try++)); do
		diff_record a.kvs devices-first
		diff_record b.kvs devices-first
		status=$(diff_status out a.kvs b.kvs)
		[ "$status" != 2 ] || fail "trouble in try $try"
		if jq -e '.verdict | IN("worse", "better")' out >/dev/null; then
			moved=$((moved + 1))
			note "try $try: exit status $status: $(diff_changes out)"
		fi
	done
	note "worse or better in $moved of $tries"
	[ $((moved * 2)) -lt "$tries" ] || fail "worse or better in $moved of $tries"
}
