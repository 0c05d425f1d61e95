#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# demo.sh - make demo: what kvmstall is for, told with figures from this very run.
#
# Watches kvmstall repro, a small VMM, in three acts and says what is seen. On this kernel, where
# kvmstall can attach and registering a device leaves a grace period behind; else on Linux 6.18 in
# an emulated VM, where this file runs again as /run-me and does the watching. Fails when the story
# does not show. POSIX shell and awk: the VM has busybox only, and a user perhaps no jq.
#
# KVMSTALL is the program, KVMSTALL_STATIC the same without libraries (made for the VM if need
# be), SERIES the kernel to emulate; DEMO_VM=1 goes to the VM in any case.
set -u

TRIES=3
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

# watch KVMSTALL DIR: DIR/ACT.TRY.vmm is what the VMM saw, .trace what kvmstall did.
watch()
{
	tool=$1
	# Others' load on this machine is not the story.
	rt=
	! chrt -f 1 true 2>/dev/null || rt='chrt -f 1'
	for act in $ACTS; do
		for try in $(seq $TRIES); do
			VMM=$2/$act.$try.vmm
			export VMM
			# shellcheck disable=SC2046,SC2016,SC2086 # several words; the inner shell's own $0, $@
			timeout 30 "$tool" trace -v -- $rt sh -c 'exec "$0" repro "$@" >"$VMM"' "$tool" \
				$(options "$act") >"$2/$act.$try.trace" 2>"$2/$act.$try.errors"
		done
	done
	# Whoever started us may not be root.
	chmod -R a+rwX "$2"
}

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# why_not_here: why this kernel cannot tell the story; false if it can.
why_not_here()
{
	if [ -n "${DEMO_VM-}" ]; then
		echo "DEMO_VM is set"
	elif ! [ -e /dev/kvm ]; then
		echo "this machine has no /dev/kvm"
	elif [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
		echo "you are not root, and there is no sudo"
	elif as_root "$KVMSTALL" check >"$dir/check" 2>&1 || [ $? = 1 ]; then
		grep -qE 'register-dev .* defers' "$dir/check" && return 1
		echo "registering a device leaves no grace period behind on $(uname -r)"
	else
		echo "kvmstall cannot attach here (kvmstall check says why)"
	fi
}

watch_in_vm()
{
	[ -x "$KVMSTALL_STATIC" ] || "${MAKE:-make}" -C "$root" static >"$dir/make" 2>&1 ||
		fail "make static" "$dir/make"
	command -v qemu-system-x86_64 >/dev/null || "$root/scripts/deps.sh" test >&2
	# Emulation is too slow for what is 25 us on a real machine.
	OUT=$dir KVMSTALL=$KVMSTALL_STATIC KVMSTALL_VM_APPEND=srcutree.exp_holdoff=1000000 \
		"$root/tests/vm/run.sh" "${SERIES:-6.18}" "$root/scripts/demo.sh" ||
		fail "tests/vm/run.sh ${SERIES:-6.18} exited with $?"
}

# ---- reading what was watched -------------------------------------------------------------------

# fail WHAT [FILE...]: the story does not show.
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

# show TEST: sets act to a try of it that TEST finds good; the last is the best, as all is warm.
show()
{
	for try in $(seq $TRIES -1 1); do
		act=${1#is_}.$try
		"$1" 2>/dev/null && return
	done
	fail "repro $(options "${1#is_}"): not what the story needs in $TRIES tries; the first was" \
		"$dir/$act.errors" "$dir/$act.vmm" "$dir/$act.trace"
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
		awk "BEGIN { exit !($ran_first * 2 < $ran) }"
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
		"Linux $(sed -nE 's/^ *release +([^,]*),.*/\1/p' "$dir/check"), where timers count in jiffies of" \
		"${jiffy:?} ms:"
}

tell_devices()
{
	show is_devices
	title "1. Devices first"
	tell "kvmstall repro, a VMM of the smallest kind, registers a device and then gives its VM memory:"
	calls KVM_IOEVENTFD KVM_SET_USER_MEMORY_REGION
	echo
	tell "The second is slow. strace would say so too; kvmstall trace -v says why:"
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
	show is_memslots
	title "2. Memslots first"
	tell "The same VMM makes the same calls, but memory comes before the device:"
	calls KVM_SET_USER_MEMORY_REGION KVM_IOEVENTFD
	echo
	tell "kvmstall trace saw no timer in either. The memslot update waits for a grace period here too," \
		"but none is under way, and its own is over at once. Two calls have changed places:" \
		"$ran ms have become $ran_first ms."
}

# aside TEXT: where else that close slept for long; emulated VMs do.
aside()
{
	printf '%s\n' "$1" | awk '$1 == "other-sleep" && $3 + 0 > 10 {
		printf " (The %s in %s are another matter: not SRCU.)", $2, $NF; exit }'
}

tell_close()
{
	show is_close
	title "3. The end of a VM with a timer chip (PIT)"
	tell "Nothing is outstanding any more when this VM is closed:"
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
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	trap 'exit 130' INT TERM
	bold='' plain=''
	if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
		bold=$(printf '\033[1m') plain=$(printf '\033[0m')
	fi
	if why=$(why_not_here); then
		tell "($why: watching Linux ${SERIES:-6.18} in an emulated VM instead: a minute)"
		watch_in_vm
	else
		as_root sh "$0" watch "$(readlink -f "$KVMSTALL")" "$dir"
	fi
	jiffy=$(sed -nE 's/.*a jiffy is ([0-9.]+) ms.*/\1/p' "$dir/check")
	holdoff=$(sed -nE 's/.*exp_holdoff=([0-9]+)000 .*/\1/p' "$dir/check")
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
	watch kvmstall /out
	;;
*:watch) watch "$2" "$3" ;;
*) main ;;
esac
