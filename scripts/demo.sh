#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# demo.sh - make demo: what kvmstall is for, told with figures from this very run.
#
# Watches kvmstall repro, a small VMM, in three acts and says what is seen. On this kernel, where
# kvmstall can attach and registering a device leaves a grace period behind. On a kernel where it leaves
# none: on Linux 6.18 in an emulated VM, where this file runs again as /run-me and does the watching. Without
# KVM, or without the rights to attach: from the recordings in docs/demo.
#
# What an act needs is at times a matter of microseconds, so each is tried several times; one that does not
# come out is told as it came out, and why. Fails only when a program does. POSIX shell and awk: the VM has
# busybox only, and a user perhaps no jq.
#
# KVMSTALL is the program, KVMSTALL_STATIC the same without libraries (made for the VM if need
# be), SERIES the kernel to emulate; DEMO_VM=1 goes to the VM in any case, DEMO_RECORDING=1 takes the
# recordings, of the folder DEMO_RECORDINGS if that is set. "demo.sh record" makes these anew, as root.
set -u

TRIES=${TRIES:-11} # at most
WARM=3 # tries, at least: all that is read and made for the first time is slower
ACTS='devices memslots close'

# ---- watching -----------------------------------------------------------------------------------

# What kvmstall repro does in each act.
options()
{
	case $1 in
	devices) echo --profile minimal --order devices-first ;;
	memslots) echo --profile minimal --order memslots-first ;;
	close) echo --scenario pit-close ;;
	esac
}

# watch KVMSTALL DIR: DIR/ACT.TRY.vmm is what the VMM saw, .trace what kvmstall did, .status how it ended.
watch()
{
	tool=$1 dir=$2
	for name in $ACTS; do
		for try in $(seq "$TRIES"); do
			act=$name.$try
			watch_once trace -v >"$dir/$act.trace" 2>"$dir/$act.errors"
			echo $? >"$dir/$act.status"
			! [ "$try" -ge $WARM ] || ! "is_$name" 2>/dev/null || break
		done
		[ "$name" != devices ] || ran=$(duration "$act" KVM_SET_USER_MEMORY_REGION)
	done
	# Whoever started us may not be root.
	chmod -R a+rwX "$dir"
}

# watch_once COMMAND OPTION...: kvmstall trace or record, of the VMM of $act.
watch_once()
{
	# Others' load on this machine is not the story.
	rt=
	! chrt -f 1 true 2>/dev/null || rt='chrt -f 1'
	# shellcheck disable=SC2046,SC2016,SC2086 # several words; the inner shell's own $0, $@
	VMM=$dir/$act.vmm timeout 60 "$tool" "$@" -- $rt sh -c 'exec "$0" repro "$@" >"$VMM"' "$tool" \
		$(options "${act%.*}")
}

# record KVMSTALL DIR: the recordings, of tries that tell the story.
record()
{
	tool=$1 dir=$2
	for name in $ACTS; do
		for try in $(seq 101); do
			act=$name.$try
			watch_once record -q -o "$dir/$act.kvs" || fail "kvmstall record"
			replay "$act" "$dir/$act.kvs"
			[ "$try" -lt $WARM ] || ! "is_$name" 2>/dev/null || break
		done
		"is_$name" || fail "$name did not come out in $try tries"
		for kind in kvs vmm; do
			mv "$dir/$act.$kind" "$dir/$name.$kind"
		done
		rm -f "$dir/$name".*.*
	done
}

# replay ACT.TRY RECORDING: what trace would have said.
replay()
{
	"$KVMSTALL" report -v "$2" >"$dir/$1.trace" 2>"$dir/$1.errors"
	echo $? >"$dir/$1.status"
}

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# A password is asked for where there is somebody to type it.
can_be_root()
{
	[ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }
}

# choose: where is here, in a VM, or a recording; why, if it is not here.
choose()
{
	where=recording why=
	if [ -n "${DEMO_RECORDING-}" ]; then
		why="DEMO_RECORDING is set"
	elif [ -n "${DEMO_VM-}" ]; then
		where=vm why="DEMO_VM is set"
	elif ! [ -e /dev/kvm ]; then
		why="this machine has no /dev/kvm"
	elif ! can_be_root; then
		why="you are not root, and sudo does not make you"
	else
		choose_as_root
	fi
}

choose_as_root()
{
	as_root "$KVMSTALL" repro --profile minimal >"$dir/vmm" 2>"$dir/refused"
	case $? in
	0) ;;
	3)
		why=$(sed 's/^kvmstall repro: //; q' "$dir/refused")
		return
		;;
	*) fail "kvmstall repro" "$dir/refused" ;;
	esac
	as_root "$KVMSTALL" check >"$dir/check" 2>&1
	case $? in
	0 | 1) ;;
	3)
		why="kvmstall cannot attach here; kvmstall check says what it lacks"
		return
		;;
	*) fail "kvmstall check" "$dir/check" ;;
	esac
	where=here
	grep -qE 'register-dev .* defers' "$dir/check" ||
		where=vm why="registering a device leaves no grace period behind on $(uname -r)"
}

# False when there is no such kernel, or no QEMU.
watch_in_vm()
{
	[ -x "$KVMSTALL_STATIC" ] || "${MAKE:-make}" -C "$root" static >"$dir/make" 2>&1 ||
		fail "make static" "$dir/make"
	command -v qemu-system-x86_64 >/dev/null || "$root/scripts/deps.sh" test >&2
	OUT=$dir KVMSTALL=$KVMSTALL_STATIC "$root/tests/vm/run.sh" "${SERIES:-6.18}" "$root/scripts/demo.sh"
}

facts()
{
	jiffy=$(sed -nE 's/.*a jiffy is ([0-9.]+) ms.*/\1/p' "$dir/check")
	holdoff=$(sed -nE 's/.*exp_holdoff=([0-9]+)000 .*/\1/p' "$dir/check")
	release=$(sed -nE 's/^ *release +([^,]*),.*/\1/p' "$dir/check")
}

# fact NAME: of the recording.
fact()
{
	"$KVMSTALL" report --facts "$recordings/devices.kvs" | awk -v name="$1" '$1 == name { print $2 }'
}

take_recordings()
{
	for name in $ACTS; do
		cp "$recordings/$name.vmm" "$dir/$name.1.vmm"
		replay "$name.1" "$recordings/$name.kvs"
	done
	says='kvmstall report -v'
	jiffy=$((1000 / $(fact hz)))
	holdoff=$(($(fact srcutree.exp_holdoff) / 1000))
	release=$(fact kernel.release)
}

# ---- reading what was watched -------------------------------------------------------------------

# fail WHAT [FILE...]: something is broken.
fail()
{
	what=$1
	shift
	echo "demo: FAILED: $what" >&2
	for file; do
		echo "--- ${file##*/}" >&2
		cat "$file" >&2
	done
	exit 1
}

# account ACT.TRY CALL CAUSE: the first stall of CALL with this cause in it, as trace -v printed it.
account()
{
	awk -v call="$2" -v cause="$3" '
		/^[^ ]/ { if (found) exit; text = ""; on = $4 == call }
		on { text = text $0 "\n"; if ($1 == cause) found = 1 }
		END { if (!found) exit 1; printf "%s", text }' "$dir/$1.trace"
}

# duration ACT.TRY CALL: what the VMM measured, in ms; false if it made no such call.
duration()
{
	awk -v call="$2" '
		$1 == call || $1 == call "(vm)" { ms = $NF; gsub(/[<>]/, "", ms); ms *= 1000; found = 1; exit }
		END { if (!found) exit 1; printf "%.2f\n", ms }' "$dir/$1.vmm"
}

calls()
{
	for call; do
		printf '    %-28s %6s ms\n' "$call" "$(duration "$act" "$call")"
	done
}

# field REGEX TEXT: what stands after REGEX, up to the next blank, comma or semicolon.
field()
{
	printf '%s\n' "$2" | sed -nE "s/^.*$1([^ ,;]+).*$/\1/p" | head -n 1
}

# timers CAUSE TEXT: how many jiffies that cause took.
jiffies()
{
	printf '%s\n' "$2" | awk -v cause="$1" '$1 == cause { sum += $(NF - 1) } END { printf "%.1f\n", sum }'
}

# tell WORDS...: prose, folded.
tell()
{
	printf '%s\n' "$*" | fold -s -w 96 | sed 's/ $//'
	echo
}

title()
{
	printf '%s%s%s\n\n' "$bold" "$*" "$plain"
}

tries()
{
	seq "$TRIES" | while read -r try; do [ ! -e "$dir/$1.$try.status" ] || echo "$try"; done | tail -n 1
}

# A program that did not end as it should is no matter of chance.
check_watching()
{
	for name in $ACTS; do
		for try in $(seq "$(tries "$name")"); do
			act=$name.$try
			if [ "$(cat "$dir/$act.status")" != 0 ] || grep -q 'killed by signal' "$dir/$act.errors"; then
				fail "kvmstall, in act \"$name\", exit status $(cat "$dir/$act.status")" \
					"$dir/$act.errors" "$dir/$act.vmm" "$dir/$act.trace"
			fi
		done
	done
}

# show ACT: sets act to a try of it that shows its story, the latest one; false if there is none.
show()
{
	for try in $(seq "$(tries "$1")" -1 1); do
		act=$1.$try
		"is_$1" 2>/dev/null && return
	done
	act=$1.$(tries "$1")
	return 1
}

# untold CALL WHY...: what came out instead, in the last try.
untold()
{
	call=$1
	shift
	tell "That did not come out this time, in $(tries "${act%.*}") tries. In the last one"
	if ! duration "$act" "$call" >/dev/null; then
		tell "kvmstall repro did not get as far as $call:"
		sed 's/^/    /' "$dir/$act.vmm" "$dir/$act.errors"
		echo
		return
	fi
	calls "$call"
	echo
	cause=$(awk -v call="$call" '$4 == call { sub(/.*(ns|us|ms|s)  /, ""); print; exit }' "$dir/$act.trace")
	case $cause in
	'') tell "and kvmstall saw no stall in it. $*" ;;
	run* | kworker* | wakeup*)
		tell "and kvmstall says that most of it was \"$cause\": this machine was too busy with other work" \
			"for the timer to matter." ;;
	other-sleep*) tell "and kvmstall says \"$cause\", which is not SRCU. $*" ;;
	*) tell "and kvmstall says \"$cause\". $*" ;;
	esac
}

is_devices()
{
	text=$(account "$act" KVM_SET_USER_MEMORY_REGION gp-timer) &&
		ran=$(duration "$act" KVM_SET_USER_MEMORY_REGION) &&
		[ "$(printf '%s\n' "$text" | sed -nE '1s/.*  ([a-z-]+): GP .*/\1/p')" = gp-timer ] &&
		culprit=$(field 'culprit: ' "$text") && [ "$culprit" = kvm_io_bus_register_dev ] &&
		without=$(field 'outstanding grace period: ' "$text") && [ -n "$without" ]
}

# Less than half is a story; what else there was to do on this machine is not told here.
is_memslots()
{
	ran_first=$(duration "$act" KVM_SET_USER_MEMORY_REGION) && grep -q '^--- .* by ' "$dir/$act.errors" &&
		awk '/^[0-9]/ && $4 ~ /^KVM_(SET_USER_MEMORY_REGION|IOEVENTFD)$/ && / (gp|cb)-timer: / { exit 1 }' \
			"$dir/$act.trace" &&
		awk "BEGIN { exit !($ran_first * 2 < ${ran:-0}) }"
}

is_close()
{
	text=$(account "$act" close cb-timer) && duration "$act" close >/dev/null &&
		[ "$(jiffies gp-timer "$text")" != 0.0 ]
}

# ---- the story ----------------------------------------------------------------------------------

introduce()
{
	title "kvmstall: which call of a VM stalls, and why"
	tell "A vCPU reads its VM's lists of memory and devices without a lock. So whoever replaces such a" \
		"list must wait until nobody can still be reading the old one. That time is called a grace" \
		"period; SRCU is the part of Linux that tells when it is over. What it costs a VM, on" \
		"Linux $release, where timers count in jiffies of" \
		"${jiffy:?} ms:"
}

tell_devices()
{
	title "1. Devices first"
	tell "kvmstall repro, a VMM of the smallest kind, registers a device and then gives its VM memory:"
	if ! show devices; then
		untold KVM_SET_USER_MEMORY_REGION "The grace period that the device had left behind was over by then."
		ran=$(duration "$act" KVM_SET_USER_MEMORY_REGION)
		return
	fi
	calls KVM_IOEVENTFD KVM_SET_USER_MEMORY_REGION
	echo
	tell "The second is slow. strace would say so too; $says says why:"
	printf '%s\n\n' "$text"
	tell "$(field 'culprit: kvm_io_bus_register_dev in ' "$text") put a new list of devices in place and" \
		"left the old one to call_srcu(), which frees it after a grace period: an unhurried one, that" \
		"goes on only when a timer fires. $(field ' ([^ ]+) before|started by [^ ]+ ' "$text") later the memslot" \
		"update needs a grace period as well. It asks for a fast one, but the one under way has to end" \
		"first: asleep for $(printf '%s\n' "$text" | awk '$1 == "gp-timer" { print $2; exit }'), or" \
		"$(jiffies gp-timer "$text") jiffies, until that timer fired (one set for the next jiffy fires" \
		"within two, or three when a tick is late). Without it: $without."
}

tell_memslots()
{
	title "2. Memslots first"
	tell "The same VMM makes the same calls, but memory comes before the device:"
	if ! show memslots; then
		untold KVM_SET_USER_MEMORY_REGION "It took less than half of the time in no try."
		return
	fi
	calls KVM_SET_USER_MEMORY_REGION KVM_IOEVENTFD
	echo
	tell "${says% -v} saw no timer in either. The memslot update waits for a grace period here too," \
		"but none is under way, and its own is over at once. Two calls have changed places:" \
		"$ran ms have become $ran_first ms."
}

# aside TEXT: where else that close slept for long; emulated VMs do.
aside()
{
	printf '%s\n' "$1" | awk '($1 == "other-sleep" || $1 == "kthread") && $3 + 0 > 10 {
		printf " (The %s in %s are another matter: not SRCU.)", $2, $NF; exit }'
}

tell_close()
{
	title "3. The end of a VM with a timer chip (PIT)"
	tell "Nothing is outstanding any more when this VM is closed:"
	if ! show close; then
		untold close "Closing a VM with a PIT is slow when one grace period begins within $holdoff us of the" \
			"end of another: here none did, so SRCU hurried with all of them."
		return
	fi
	calls close
	echo
	printf '%s\n\n' "$text" | grep -vE '^    wait [0-9.]+(ns|us) |^     {4}|^    (under|run|advice):? '
	tell "This time the call stalls itself. To take the PIT apart, KVM waits for several grace periods in" \
		"a row. SRCU hurries with the first; the last begins within $holdoff us of the end of another, and" \
		"that (srcutree.exp_holdoff) makes it an unhurried one: one timer until it is over (gp-timer," \
		"$(jiffies gp-timer "$text") jiffies), a second one until the callback that wakes the waiter may run" \
		"(cb-timer, $(jiffies cb-timer "$text")). Two jiffies each if no tick is late: $((4 * jiffy)) ms for" \
		"every such VM that ends.$(aside "$text")"
}

main()
{
	root=$(cd "$(dirname "$0")/.." && pwd)
	KVMSTALL=${KVMSTALL:-$root/build/kvmstall}
	KVMSTALL_STATIC=${KVMSTALL_STATIC:-$root/build/static/kvmstall}
	recordings=${DEMO_RECORDINGS:-$root/docs/demo}
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	trap 'exit 130' INT TERM
	bold='' plain=''
	if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
		bold=$(printf '\033[1m') plain=$(printf '\033[0m')
	fi
	says='kvmstall trace -v'
	choose
	if [ $where = vm ]; then
		tell "($why: watching Linux ${SERIES:-6.18} in an emulated VM instead: a minute)"
		watch_in_vm || where=recording why="no VM could be emulated (exit status $?)"
	fi
	[ $where != here ] || as_root sh "$0" watch "$(readlink -f "$KVMSTALL")" "$dir" || fail "watching"
	if [ $where = recording ]; then
		take_recordings
		tell "($why: this is a recording, docs/demo, as kvmstall report shows it.)"
	else
		facts
	fi
	check_watching
	introduce
	tell_devices
	tell_memslots
	tell_close
	tell "To watch the VMs of this host: kvmstall trace. To see what its kernel means for them: kvmstall" \
		"check. Other VMMs, orders and causes to try: kvmstall repro --help."
}

case $0:${1-} in
/run-me:*)
	kvmstall check >/out/check 2>&1
	TRIES=3 watch kvmstall /out
	;;
*:watch) watch "$2" "$3" ;;
*:record)
	root=$(cd "$(dirname "$0")/.." && pwd)
	KVMSTALL=${KVMSTALL:-$root/build/kvmstall}
	mkdir -p "$root/docs/demo"
	record "$KVMSTALL" "$root/docs/demo"
	;;
*) main ;;
esac
