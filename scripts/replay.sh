#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# replay.sh [LOG.strace...] - how well "repro --from" stands for what was recorded: docs/replay.md, to standard output.
#
# Each VMM (QEMU's machines if there is QEMU; the profiles of repro) is run ROUNDS times under record, and ROUNDS times
# under strace and trace; each file is played PLAYS times under trace. Logs that are given have no VMM: what they
# say themselves stands in its place, and they are played ROUNDS times. With STATIC=PROGRAM (one without libraries), a recording and the C that is emitted of it
# are tried on SERIES, in VMs. As root, on a machine that has nothing else to do. KEEP=1 keeps what was captured.
# shellcheck disable=SC2016 # jq programs and inner shells have $
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
[ -z "${STATIC-}" ] || STATIC=$(readlink -f "$STATIC")
ROUNDS=${ROUNDS:-31}
PLAYS=${PLAYS:-3}
SERIES=${SERIES:-6.17 6.18 7.3}
LIFE=${LIFE:-1} # seconds that a QEMU lives
work=$(mktemp -d)
[ -n "${KEEP-}" ] || trap 'rm -rf "$work"' EXIT
cd "$work"
HZ=${HZ:-$({ zcat /proc/config.gz || cat "/boot/config-$(uname -r)"; } 2>/dev/null | sed -n 's/^CONFIG_HZ=//p')}
HZ=${HZ:-250}
export KVMSTALL

# The stalls of a trace: of each call, in how many lives, how long, why, after what.
stalls='
def mode: group_by(.) | max_by(length) | .[0];
def key: .call + (if .args.slot == null then "" else " slot=\(.args.slot)" end);
[.[] | select((.type == "stall" or .type == "call") and (.call | startswith("KVM_")) and .call != "KVM_RUN" and .latency_ns >= 1000000
	and (.cause | IN("gp-timer", "cb-timer", "reader", "poll-backoff", "lock", "unexplained")))]
| group_by(key) | map({key: (.[0] | key), value: {
	share: ([.[].vm.id] | unique | length),
	p50: ([.[].latency_ns] | sort | .[(length - 1) / 2 | floor]),
	why: ([.[] | .cause + (if .culprit.call then " after " + .culprit.call else "" end)] | mode)}}) | from_entries'

# A row for each call that stalls in a fifth of the lives, here or there.
rows='
def ms: . / 10000 | round / 100 | tostring + " ms";
def shown($lives): if . == null then "none" else "\(.share) of \($lives), \(.p50 | ms), \(.why)" end;
def differs: [
	(if (($old.share // 0) / $lives_old - ($new.share // 0) / $lives_new | fabs) > 0.1 then "share" else empty end),
	(if $old and $new and (($old.p50 - $new.p50) | fabs) > 1e9 / $hz then "p50" else empty end),
	(if $old and $new and $old.why != $new.why then "cause" else empty end)] | join(", ");
[$before[0], $after[0]] as [$b, $a] | ($b + $a | keys[]) as $key | $b[$key] as $old | $a[$key] as $new
| select((($old.share // 0) / $lives_old) >= 0.2 or (($new.share // 0) / $lives_new) >= 0.2)
| "| \($vmm) | \($by) | \($key) | \($old | shown($lives_old)) | \($new | shown($lives_new)) | \(differs | if . == "" then "same" else . end) |"'
rows=${rows/def differs: /def differs(\$old; \$new): }
rows=${rows/\(differs /\(differs(\$old; \$new) }

# compare VMM BY BEFORE LIVES AFTER LIVES
compare()
{
	jq -s "$stalls" "$3" >before
	jq -s "$stalls" "$5" >after
	jq -rn --arg vmm "$1" --arg by "$2" --argjson hz "$HZ" --argjson lives_old "$4" --argjson lives_new "$6" \
		--slurpfile before before --slurpfile after after "$rows" >compared
	[ -s compared ] || echo "| $1 | $2 | (no call of the start stalls) | none | none | same |" >compared
	cat compared
}

# extra FILE: calls that are made and that the file has not; the list is what was read of it.
extra()
{
	"$KVMSTALL" repro --from "$1" --gaps none --json | jq -r 'select(.type == "call") | .call' | grep ^KVM_ | sort >made
	"$KVMSTALL" repro --from "$1" --list | awk '$1 ~ /^[+@]/ && $3 ~ /^KVM_/ { sub(/REGION2/, "REGION", $3); print $3 }' | sort >has
	comm -23 made has | wc -l
}

# play NAME BY PLAYS FILE...: all under one trace, to NAME.BY.played; a line for the second table. What is not in the
# file is counted for the first one.
play()
{
	local name=$1 by=$2 plays=$3

	shift 3
	: >lines
	plays=$plays "$KVMSTALL" trace -q --json -- sh -c 'for file; do "$KVMSTALL" repro --from "$file" --rounds "$plays" --json >>lines; done' \
		play "$@" >"$name.$by.played" 2>errors || cat errors >&2
	jq -rs --arg name "$name" --arg by "$by" --arg extra "$(extra "$1")" '
		def ms: if . == null then "?" else . / 10000 | round / 100 | tostring + " ms" end;
		def median: sort | .[(length - 1) / 2 | floor];
		def differs: [.[].calls[]] | group_by([.call, .args.slot])
			| map({call: .[0].call, n: (map(.differs) | add), was: (map(.recorded_ns // 0) | median), is: (map(.p50_ns) | median)}) | max_by(.n)
			| if .n > 0 then "\(.call) in \(.n): \(.was | ms), \(.is | ms)" else "" end;
		map(select(.type == "replay")) | .[0] as $first
		| "| \($name) | \($by) | \($first.played) of \($first.played + ([$first.skipped[]] | add // 0)) | \($first.assumed) | \($extra) | " +
		"\(map(.same_stalls) | add) of \(map(.start.n) | add) | \(map(.start_recorded_ns) | median | ms) | \(map(.start.p50_ns) | median | ms) | \(differs) |"' \
		lines >>fidelity
}

STRACE=(strace -f -ttt -T -y -e 'trace=ioctl,close,clone,clone3,dup,dup3,eventfd2,socket')

# of_life N: a trace's objects, with the life's number in place of the VM's, which starts at 1 in each
of_life()
{
	jq -c --argjson life "$1" 'if .vm then .vm.id = $life else . end'
}

# vmm NAME COMMAND: which makes one life.
vmm()
{
	local name=$1 command=$2 life

	for ((life = 1; life <= ROUNDS; life++)); do
		"$KVMSTALL" record -q -o "$name.$life.cap" -- sh -c "$command" 2>errors || cat errors >&2
		"$KVMSTALL" report --all -q -f json "$name.$life.cap" | of_life "$life" >>"$name.recorded"
		"$KVMSTALL" trace -q --json -- "${STRACE[@]}" -o "$name.$life.strace" sh -c "$command" 2>errors >seen || cat errors >&2
		of_life "$life" <seen >>"$name.straced"
	done
	play "$name" record "$PLAYS" "$name".*.cap
	compare "$name" record "$name.recorded" "$ROUNDS" "$name.record.played" $((ROUNDS * PLAYS))
	play "$name" strace "$PLAYS" "$name".*.strace
	compare "$name" strace "$name.straced" "$ROUNDS" "$name.strace.played" $((ROUNDS * PLAYS))
}

table()
{
	echo '| VMM | file | call | recorded: lives, median, cause | played | |'
	echo '| --- | --- | --- | --- | --- | --- |'
	for log in "$@"; do
		name=$(basename "$log" .strace)
		cp "$log" "$name.log"
		"$KVMSTALL" report --all -q -f json "$name.log" >"$name.before" 2>/dev/null
		play "$name" strace "$ROUNDS" "$name.log"
		compare "$name" strace "$name.before" 1 "$name.strace.played" "$ROUNDS"
	done
	for profile in firecracker qemu crosvm minimal; do
		export profile
		vmm "profile-$profile" 'exec "$KVMSTALL" repro -p $profile --life 53ms >/dev/null'
	done
	command -v qemu-system-x86_64 >/dev/null || return 0
	export LIFE
	for machine in pc q35 microvm; do
		export machine
		vmm "qemu-$machine" 'timeout $LIFE qemu-system-x86_64 -accel kvm -cpu host,-arch-capabilities -M $machine -m 128 \
			-smp 2 -display none -nodefaults -nic none >/dev/null; true'
	done
}

# Memory first, and the move that --suggest finds.
orders()
{
	local source file name options

	echo '| calls of | start as it is, median | memory slots first | --suggest |'
	echo '| --- | --- | --- | --- |'
	for source in "$@" 'firecracker' 'firecracker memslots-first' 'minimal'; do
		options=(--from "$source")
		# shellcheck disable=SC2206 # a profile, and its order
		[ -e "$source" ] || { name=($source); options=(--profile "${name[0]}" ${name[1]:+--order "${name[1]}"}); }
		"$KVMSTALL" repro "${options[@]}" --suggest --rounds "$ROUNDS" >suggested
		[ -e "$source" ] || "$KVMSTALL" repro "${options[@]}" --list >"$source.list"
		[ -e "$source" ] && file=$source || file=$source.list
		"$KVMSTALL" repro --from "$file" --order memslots-first --rounds "$ROUNDS" --json | jq -r --arg name "$(basename "$source" .strace)" \
			--arg suggested "$(tail -n 1 suggested)" 'def ms: . / 1e4 | round / 100 | tostring + " ms";
			select(.type == "replay") | "| \($name) | \(.start.p50_ns | ms) | \(.start_other.p50_ns | ms) | \($suggested) |"'
	done
}

# ---- other kernels

guest()
{
	cat <<-'END'
		#!/bin/sh
		uname -r
		kvmstall repro -p firecracker >/dev/null
		kvmstall repro --from start.cap --rounds 31 --gaps none --json | grep '"type":"replay"'
		status=0
		./calls --rounds 31 --fail-above 2 --call KVM_SET_USER_MEMORY_REGION >/dev/null || status=$?
		echo "calls $status"
	END
}

on_other_kernels()
{
	cp profile-firecracker.1.cap start.cap
	"$KVMSTALL" repro --from start.cap --gaps none --emit c >calls.c
	gcc -O2 -static -Wall -Wextra -Werror -o calls calls.c
	guest >guest.sh
	chmod +x guest.sh
	echo '| kernel | memory slot played: stalls, median, p99 | emitted C, limit 2 ms |'
	echo '| --- | --- | --- |'
	for series in $SERIES; do
		KVMSTALL=$STATIC KVMSTALL_VM_TIMEOUT=400 "$here/tests/vm/run.sh" "$series" guest.sh start.cap calls >"guest.$series" 2>errors ||
			cat errors >&2
		jq -rR --slurp '
			split("\n") as $lines | [$lines[] | fromjson? | select(type == "object" and .type == "replay")][0] as $replay
			| ($replay.calls[] | select(.call == "KVM_SET_USER_MEMORY_REGION"))
			| "| \($lines[0]) | \(.stalls) of \(.n), \(.p50_ns / 1e4 | round / 100) ms, \(.p99_ns / 1e4 | round / 100) ms | " +
			(([$lines[] | select(startswith("calls "))][0]) | if . == "calls 0" then "good" elif . == "calls 1" then "bad" else . end) + " |"' "guest.$series"
	done
}

# A history of kernels, the first good and the last bad: which is the first bad one, by the C's exit status?
bisected()
{
	local commits

	git init -q history
	cat >history.sh <<-'END'
		#!/bin/sh
		exec ./calls --rounds 31 --fail-above 2 --call KVM_SET_USER_MEMORY_REGION
	END
	chmod +x history.sh
	for series in $SERIES; do
		echo "$series" >history/kernel
		git -C history add kernel
		git -C history -c user.name=replay -c user.email=replay@localhost commit -qm "$series"
	done
	mapfile -t commits < <(git -C history rev-list HEAD)
	git -C history bisect start HEAD "${commits[-1]}" >/dev/null 2>&1
	export here work STATIC
	git -C history bisect run sh -c 'KVMSTALL=$STATIC KVMSTALL_VM_TIMEOUT=400 "$here/tests/vm/run.sh" "$(cat kernel)" \
		"$work/history.sh" "$work/calls"' 2>&1 | tee bisect.log | sed -n '/is the first bad commit/,$p' | sed -n 's/^    \(.*\)/\1/p' | sed -n 1p
}

echo '| file of | by | played | assumed | not in the file | same calls stall | start recorded | played (median) | differs most: recorded, played |' >fidelity
echo '| --- | --- | --- | --- | --- | --- | --- | --- | --- |' >>fidelity
table "$@" >rows.md
cat <<END
# What repro --from is worth

Made by \`scripts/replay.sh\` on $(date -u +%Y-%m-%d), Linux $(uname -r), HZ=$HZ, $(nproc) CPUs, load average
$(cut -d' ' -f1-3 /proc/loadavg). Each VMM was run $ROUNDS times under \`kvmstall record\`, and $ROUNDS times under strace, with \`kvmstall trace\`
around it; each file was played $PLAYS times under \`kvmstall trace\`. What was recorded is what kvmstall saw of the life that the file is of: strace makes a VMM slow,
and that is what its file says. A call is listed if it stalled for a millisecond in a fifth of the lives, here or there, for a cause that is SRCU's or a lock's: kworker, wakeup and other-sleep are what else the host does. "same": the share of lives in which it stalls within 10 points, the median within a jiffy, and the same cause after the same
call; else what differs: $(grep -c '| same |$' rows.md) of $(grep -cE '^\| (profile|qemu|[a-z]+)-?.* \|$' rows.md) rows are the same. Logs by name are of VMMs that were not run
here: they have one life, whose causes are inferred, and were played $ROUNDS times.

$(cat rows.md)

The files themselves: calls that were played, those some argument of which is assumed, calls that were made and are not in the file, lives in
which just the recording's calls stalled, the VM's start, and the call that most often stalled in one and not in the other. A
close is long where the guest's memory is freed: a replay does not touch its memory.

$(cat fidelity)

## Other orders

Each was played $ROUNDS times in turns with the order as it is.

$(orders "$@")
END
if [ -n "${STATIC-}" ]; then
	cat <<-END

		## On other kernels

		The recording of the profile firecracker, and the C that is emitted of it, without gaps, $ROUNDS rounds in a VM each
		(emulated: slow, and a kworker that has no CPU for a millisecond is a stall as well). Before 6.18 registering a device does not defer; the C's exit status is what \`git bisect run\` would see.

		$(on_other_kernels)

		\`git bisect run\` over ${SERIES// /, }, with that C: the first bad one is $(bisected).
	END
fi
