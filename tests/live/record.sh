# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016 # jq programs have $
# Captures as files: does report say what trace said, whatever happened to the file?

# shellcheck disable=SC2154 # run.sh
tests="record-report record-args record-cut record-full record-closed record-stdout record-killed record-flight
	record-anonymous record-anonymous-flight record-flight-lost record-flight-nowhere record-flight-full record-sudo
	record-stop-on record-usage $tests"

# The same session printed as trace does and recorded: the report is the same, byte for byte.
test_record_report()
{
	local format

	for format in text json; do
		# shellcheck disable=SC2016 # the inner shell's
		"$KVMSTALL" record -v -o $format.cap --tee $format -- \
			sh -c '"$0" repro --profile qemu --rounds 7 >repro' "$KVMSTALL" >live 2>live.err
		"$KVMSTALL" report -v --format $format $format.cap >again 2>again.err
		cmp live again || fail "$format: report and live trace differ:" "$(diff live again | head -n 20)"
		diff <(sed '/^kvmstall: recording/d' live.err) again.err ||
			fail "$format: the summaries differ"
		[ "$(wc -l <live)" -ge 7 ] || fail "$format: few stalls" "$(cat live)"
	done
	some "VMs" 'select(.type == "vm" and .event == "born")' live
	note "$(stat -c %s json.cap) bytes for $(jq 'select(.type == "summary").records' live) records"
}

# unpacked CAPTURE: all that it holds, decompressed; its blocks are frames of zstd.
unpacked()
{
	local at

	cat "$1"
	while read -r at; do
		tail -c "+$((at + 1))" "$1" | zstd -dcq 2>/dev/null || true
	done < <(LC_ALL=C grep -obUaP '\x28\xb5\x2f\xfd' "$1" | LC_ALL=C cut -d : -f 1)
}

# no_names CAPTURE: of the VM, its process and the kernel's command line, nowhere.
no_names()
{
	local word cmdline

	for word in strings zstd; do
		command -v $word >/dev/null || skip "no $word"
	done
	unpacked "$1" >bytes
	strings -n 4 bytes >words
	grep -qE 'vm-1comm-[0-9]' words || fail "nothing was unpacked"
	! grep -E 'hidden' words || fail "a name is in the capture"
	! grep -E 'bpf_prog_[0-9a-f]{16}_' words || fail "a BPF program's name is in the capture"
	cmdline=$("$KVMSTALL" report --facts --format json "$1" | jq -r 'select(.key == "kernel.cmdline").value')
	for word in $cmdline; do
		[[ $word = '(left' || $word = 'out)' || " $(cat /proc/cmdline) " = *" $word "* ]] || fail "$word"
	done
	! grep -oE '(BOOT_IMAGE|root)=[^ ]*' <<<"$cmdline" || fail "is of the command line"
}

# What trace says of the session itself, and the report of what was recorded of it, pair by pair: what differs are
# names, and for each there is one other.
test_record_anonymous()
{
	ln -sf "$KVMSTALL" hiddenvmm
	"$KVMSTALL" record -q --anonymous -o anonymous.cap --tee json -- \
		bash -c 'exec -a --id=hidden-vm ./hiddenvmm repro --profile qemu --rounds 7 >repro' >live
	"$KVMSTALL" report -q --format json anonymous.cap >again
	some "the VM's name" 'select(.vm.name == "hidden-vm")' live
	jq -n --slurpfile live live --slurpfile again again '
		def leaves: [paths(scalars) as $path | {path: $path, value: getpath($path)}];
		[$live, $again] | map(leaves) | transpose | map(select(.[0] != .[1]))
		| map([.[0].value, .[1].value, .[0].path == .[1].path]) | unique' >pairs
	jq -e 'all(.[2]) and length > 0' pairs >/dev/null || fail "more than names differ:" "$(cat pairs)"
	# Beside the VM's own, threads of others, who had its CPUs.
	jq -e 'all(.[0] | type == "string")' pairs >/dev/null || fail "not a name:" "$(cat pairs)"
	jq -e 'any(.[0] == "hidden-vm") and any(.[0] | test("hiddenvmm"))' pairs >/dev/null || fail "not the VM's:" "$(cat pairs)"
	jq -e 'all(.[1] | test("(vm|comm)-[0-9]+"))' pairs >/dev/null || fail "no other name:" "$(cat pairs)"
	jq -e '(map(.[0]) | unique | length) == length' pairs >/dev/null || fail "two for one:" "$(cat pairs)"
	no_names anonymous.cap
	note "$(jq length pairs) names replaced, $(wc -l <again) lines the same but for them"
}

# A stretch begins with VMs whose records have fallen out, by another writer. Every name that there is, is hidden: of the
# host, of VMs, of those that had the CPU, held a mutex or a reader's side, of COMMAND and its folder; in every format.
test_record_anonymous_flight()
{
	local format

	mkdir hidden.d
	ln -sf "$KVMSTALL" hidden.d/hiddenvmm
	ln -sf "$(command -v bash)" hidden.d/hiddenburn
	(cd hidden.d && unshare --uts sh -c 'hostname hiddenhost; exec "$@"' - \
		"$KVMSTALL" record -q --anonymous --flight 64M -o ../flight.cap -- bash -c '
			for _ in 1 2 3; do ./hiddenburn -c "while :; do :; done" & done
			trap "kill \$(jobs -p)" EXIT
			for cause in lock reader normal-gp; do
				(exec -a --id=hidden-vm ./hiddenvmm repro -p minimal --inject $cause --rounds 3 >hidden.out)
			done
			(exec -a ./hiddenvmm ./hiddenvmm repro --profile minimal --rounds 7 >hidden.out)' hidden --hidden)
	"$KVMSTALL" report -q --all --format json flight.cap >again
	some "a VM by its other name" 'select(.vm.name == "vm-1" and (.vm.comm | test("^comm-[0-9]+$")))' again
	some "a start" 'select(.type == "span")' again
	no_names flight.cap
	for format in text csv perfetto html lkml; do
		"$KVMSTALL" report -q -v --all --format $format -o "$format" flight.cap
		! grep -aE 'hidden(-vm|vmm|burn|host|\.)' "$format" || fail "a name is in the report"
	done
	! grep hidden again || fail "a name is in the report"
	note "$(jq -r 'select(.culprit) | .culprit.kind' again | sort | uniq -c | paste -sd ' ' | tr -s ' '): none by its name"
}

# Of a VMM's memory, a capture holds arguments of ioctls and not a byte more: it is made to be sent to others. And an
# argument at the very end of a mapping is one too. Of four words of the argument that are kept, these have two.
test_record_args()
{
	with_core live/args
	"$KVMSTALL" record -q -o args.cap -- ./args make
	[ "$(./args check args.cap)" = "12 calls, 12 arguments, 0 bytes behind them" ] ||
		fail "$(./args check args.cap)"
}

# pseudo-random, and the same every time
random()
{
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	offset=$((1 + seed / 8 % ($1 - 1)))
}

# Cut at 200 offsets: each is known to be cut, and what it shows is how the whole begins. In CSV: in text a storm that is
# cut is summed up at the cut.
test_record_cut()
{
	local size seed=42 offset len

	# shellcheck disable=SC2016 # the inner shell's
	"$KVMSTALL" record -q -o whole.cap -- sh -c '"$0" repro --profile qemu --rounds 7 >repro' "$KVMSTALL"
	size=$(stat -c %s whole.cap)
	"$KVMSTALL" report -q -f csv whole.cap >whole
	for _ in $(seq 61); do
		random "$size"
		head -c "$offset" whole.cap >cut.cap
		status 1 "$KVMSTALL" report -q -f csv cut.cap
		[ "$(wc -l <err)" = 1 ] || fail "not one line at $offset:" "$(cat err)"
		said "cut at byte $offset,"
		len=$(stat -c %s out)
		cmp -n "$len" out whole || fail "cut at $offset, it shows something else"
	done
}

# What cannot be written is said, and what was can be read.
test_record_full()
{
	status 1 "$KVMSTALL" record -o /dev/full -- "$KVMSTALL" repro --profile minimal
	said "cannot write '/dev/full': No space left on device"
	mkdir -p disk
	mount -t tmpfs -o size=8k tmpfs disk || skip "cannot mount"
	status 1 "$KVMSTALL" record -o disk/full.cap -- "$KVMSTALL" repro --profile qemu --rounds 101 || {
		umount disk
		return 1
	}
	cp disk/full.cap .
	umount disk
	said 'No space left on device'
	status 1 "$KVMSTALL" report full.cap
	said 'cut at byte'
}

test_record_closed()
{
	# shellcheck disable=SC2016 # the inner shell's
	"$KVMSTALL" record -o - -- sh -c '"$0" repro --profile qemu --rounds 101' "$KVMSTALL" 2>err | head -c 100 >out
	[ "${PIPESTATUS[0]}" = 1 ] || fail "exit status ${PIPESTATUS[0]}" "$(cat err)"
	said "cannot write standard output: Broken pipe"
}

# COMMAND's output does not get into a capture that goes the same way.
test_record_stdout()
{
	"$KVMSTALL" record -q -o - -- "$KVMSTALL" repro --profile minimal --rounds 3 2>err | "$KVMSTALL" report -q - >out
	grep -q KVM_SET_USER_MEMORY_REGION out
	grep -q KVM_SET_USER_MEMORY_REGION err || fail "COMMAND's output is gone"
}

# holds FILE CALL: a report of what FILE holds so far shows it.
holds()
{
	"$KVMSTALL" report --all "$1" 2>/dev/null | grep -q "$2"
}

# Killed, nothing that was written before is lost.
test_record_killed()
{
	local pid

	"$KVMSTALL" record -o killed.cap 2>err &
	pid=$!
	until_true 10 grep -q recording err
	"$KVMSTALL" repro --profile minimal --rounds 3 >/dev/null
	until_true 10 holds killed.cap KVM_SET_USER_MEMORY_REGION
	kill -KILL $pid
	wait $pid || true
	status 1 "$KVMSTALL" report --all killed.cap
	said 'cut at byte'
	grep -q KVM_SET_USER_MEMORY_REGION out
}

# The flight recorder writes when it is asked to, and once more at the end.
test_record_flight()
{
	local pid

	"$KVMSTALL" record -o flight.cap --flight 30s,64M 2>err &
	pid=$!
	until_true 10 grep -q recording err
	"$KVMSTALL" repro --json --profile minimal --rounds 3 >repro.json
	[ ! -e flight.cap ] || fail "it did not wait"
	kill -USR1 $pid
	until_true 10 grep -q 'wrote .* bytes' err
	grep -q "wrote $(stat -c %s flight.cap) bytes to flight.cap$" err
	"$KVMSTALL" repro --profile minimal --rounds 3 >/dev/null
	kill -INT $pid
	wait $pid || fail "exit status $?" "$(cat err)"
	status 0 "$KVMSTALL" report --all --format json flight.cap
	some "calls" 'select(is_call and .call == "KVM_SET_USER_MEMORY_REGION")' out
	# Up to the very last, though it was a moment ago.
	ndjson -nc --slurpfile trace out --slurpfile repro repro.json 'include "ndjson";
		not_once($trace; $repro)' >missing
	[ ! -s missing ] || fail "not in the dump" "$(cat missing)"
	mv out first
	status 0 "$KVMSTALL" report --all --format json flight.cap.1
	[ "$(grep -c KVM_CREATE_VCPU out)" -gt "$(grep -c KVM_CREATE_VCPU first)" ] ||
		fail "the second one is not of more"
}

# What was lost is said in a dump, too: diff must know.
test_record_flight_lost()
{
	local pid

	"$KVMSTALL" record -o lost.cap --ring 4K --flight 30s,64M 2>err &
	pid=$!
	until_true 10 grep -q recording err
	kill -STOP $pid
	"$KVMSTALL" repro --rounds 7 >/dev/null
	kill -CONT $pid
	kill -USR1 $pid
	until_true 10 grep -q 'wrote .* bytes' err
	kill -INT $pid
	wait $pid || fail "exit status $?" "$(cat err)"
	status 0 "$KVMSTALL" report --format json lost.cap
	some "losses" 'select(.type == "summary" and .losses.ring > 0)' out
}

# Somewhere that it could not write to at the end is told at the beginning.
test_record_flight_nowhere()
{
	status 1 timeout 29 "$KVMSTALL" record -o /nonexistent/x --flight 30s -d 30s
	grep -q "cannot open '/nonexistent/x'" err
	# And that is all: nothing is made, or taken away, before there is something to write.
	ln -s target link
	status 0 "$KVMSTALL" record -q -o link --flight 30s -d 300ms
	[ -L link ]
	[ -s target ]
}

# With sudo, a new file is its caller's; nothing else is: not what standard output happens to be.
test_record_sudo()
{
	export SUDO_UID=4444 SUDO_GID=4445
	status 0 "$KVMSTALL" record -q -o new.cap -d 100ms
	[ "$(stat -c %u:%g:%a new.cap)" = 4444:4445:600 ]
	: >old.cap
	status 0 "$KVMSTALL" record -q -o old.cap -d 100ms
	[ "$(stat -c %u old.cap)" = 0 ]
	"$KVMSTALL" record -q -o - -d 100ms >stdout.cap
	[ "$(stat -c %u stdout.cap)" = 0 ]
}

# A dump that cannot be written is told, by the exit status too; the recording goes on.
test_record_flight_full()
{
	local pid status=0

	ln -s /dev/full full.cap
	"$KVMSTALL" record -o full.cap --flight 30s 2>err &
	pid=$!
	until_true 10 is_attached err
	kill -USR1 $pid
	until_true 10 grep -q 'No space left' err
	kill -0 $pid
	kill -INT $pid
	wait $pid || status=$?
	[ $status = 1 ] || fail "exit status $status" "$(cat err)"
	[ -s full.cap.1 ]
}

test_record_stop_on()
{
	# COMMAND goes on after its end
	# shellcheck disable=SC2016 # the inner shell's
	status 0 timeout 120 "$KVMSTALL" record -o stop.cap --flight 10s --stop-on 20ms -- \
		sh -c 'exec "$0" repro --profile minimal --inject reader --hold 53ms --rounds 11 >repro' "$KVMSTALL"
	said '^kvmstall: stopped: KVM_[A-Z0-9_]+ of kvmstall.* \([a-z-]+\)$'
	status 0 "$KVMSTALL" report --format json --min 1h --stuck 0 stop.cap
	value 'map(select(.type == "stall")) | length == 1 and .[0].stop_on and .[0].latency_ns >= 20000000' out >verdict
	[ "$(cat verdict)" = true ] || fail "not what it stopped for, or more:" "$(cat out)"
}

test_record_usage()
{
	status 2 "$KVMSTALL" record
	said output
	status 2 "$KVMSTALL" record -o x.cap --flight soon
	said "flight.*soon"
	status 2 "$KVMSTALL" record -o x.cap --ring 5000
	said "ring.*a power of two"
	status 2 "$KVMSTALL" record -o x.cap --quiet --min 3ms
	said "min.*quiet"
	status 2 "$KVMSTALL" record -o - --tee text
	said tee
	status 1 "$KVMSTALL" record -o /nonexistent/x.cap -- true
	said '/nonexistent/x.cap'
	[ ! -e x.cap ] || fail "a file was made"
}
