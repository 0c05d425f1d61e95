#!/bin/bash
# run.sh KERNEL SCRIPT [FILE[:DEST]...] - run SCRIPT as root on another kernel, in a VM.
#
# KERNEL is a series (6.18), with an architecture if not amd64 (6.18:arm64), or the path of a
# kernel image that has KVM built in (./bzImage). SCRIPT and FILEs: see initrd.sh.
# Prints what SCRIPT printed and exits with its status; README.md has the other statuses.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/vm/apt.sh
. "$here/apt.sh"

# What a guest's last words look like when it is QEMU's TCG that went wrong, not the kernel.
emulator_died='double fault|int3: 0000|RIP: .*(do_sync_core|__kmalloc_noprof|text_poke|exc_int3|cmpxchg16b)'

# emulator ARCH: QEMU for it.
emulator()
{
	case $1 in
	amd64) echo qemu-system-x86_64 ;;
	arm64) echo qemu-system-aarch64 ;;
	esac
}

# qemu ARCH: the command line up to the kernel, an argument a line. A guest's time is the instructions that it has
# run, a nanosecond each: however busy this machine is, no CPU of a guest stops, and no time passes without it.
qemu()
{
	emulator "$1"
	case $1 in
	amd64) printf '%s\n' -cpu EPYC,+svm ;;
	arm64) printf '%s\n' -M virt,virtualization=on,gic-version=3 -cpu cortex-a72 ;;
	esac
	if [ "${KVMSTALL_VM_CLOCK-}" = host ]; then
		printf '%s\n' -accel tcg,thread=multi
	else
		printf '%s\n' -accel tcg,thread=single -icount shift=0,sleep=off
	fi
	printf '%s\n' -smp "${KVMSTALL_VM_CPUS:-2}"
	printf '%s\n' -m 1G -display none -monitor none -no-reboot -nic none
}

# console ARCH: the kernel's command line.
console()
{
	local tty=ttyS0

	[ "$1" = amd64 ] || tty=ttyAMA0
	printf 'console=%s quiet panic=-1' $tty
	[ "$1" = arm64 ] || printf ' kvm_amd.avic=1 kvm_amd.force_avic=1'
	printf '%s\n' "${KVMSTALL_VM_APPEND:+ $KVMSTALL_VM_APPEND}"
}

# boot: one boot, to its end or the time limit; QEMU's status. Two serial ports: the console,
# and the one that /out leaves by.
boot()
{
	local command status=0

	mapfile -t command < <(qemu "$arch")
	rm -f "$work/console" "$work/out"
	timeout -k 5 "$limit" "${command[@]}" \
		-serial "file:$work/console" -serial "file:$work/out" \
		-kernel "$vmlinuz" -initrd "$work/initrd" -append "$(console "$arch")" \
		</dev/null >"$work/qemu" 2>&1 &
	pid=$!
	wait "$pid" || status=$?
	pid=
	grep -vE "TCG doesn't support requested feature|terminating on signal 15" "$work/qemu" >&2 || true
	[ -z "${KVMSTALL_VM_LOG-}" ] || cp "$work/console" "$KVMSTALL_VM_LOG"
	return "$status"
}

# told MARKER: what the guest said after it; false if it never did.
told()
{
	local words

	words=$(sed -n "s/\r//g; /^.*KVMSTALL-$1 /{s///p; q}" "$work/console" 2>/dev/null)
	[ -n "$words" ] && echo "$words"
}

# retry QEMU_STATUS: why this boot says nothing about the kernel; false if it does.
retry()
{
	local status=$1

	told DMESG >"$work/verdict" || : >"$work/verdict"
	if [ "$(cat "$work/verdict")" = clean ]; then
		return 1
	elif [ "$status" -gt 128 ] && [ "$status" != 137 ]; then
		echo "emulator crash (QEMU exit $status)"
	elif grep -qE "$emulator_died" "$work/console" 2>/dev/null; then
		echo "emulator crash"
	elif [ "$status" = 0 ] || [ "$status" = 124 ] || [ "$status" = 137 ]; then
		told BEGIN >"$work/began" && return 1
		echo "no boot"
	else
		return 1
	fi
}

# boots: boot, and once more if the emulator is to blame. Sets status.
boots()
{
	local why

	status=0
	boot || status=$?
	if why=$(retry "$status"); then
		vm_say "$kernel: $why, retry 1"
		[ -z "${KVMSTALL_VM_LOG-}" ] || cp "$work/console" "$KVMSTALL_VM_LOG.1"
		status=0
		boot || status=$?
	fi
}

# output: what the script printed.
output()
{
	# The script may have ended in the middle of a line.
	awk '
		{ sub(/\r$/, "") }
		/^KVMSTALL-BEGIN / { on = 1; next }
		on && match($0, /KVMSTALL-EXIT [0-9]+$/) {
			printf "%s", substr($0, 1, RSTART - 1)
			exit
		}
		on { print }' "$work/console"
}

# files: what the script left in /out, into $OUT.
files()
{
	mkdir -p "$OUT"
	grep -qx none "$work/port" && vm_exit "$VM_TROUBLE" "$kernel: no second serial port for /out"
	gzip -dc "$work/out" 2>"$work/error" | tar -xf - -C "$OUT" --no-same-owner 2>>"$work/error" && return
	sed 's/^/vm: /' "$work/error" >&2
	vm_exit "$VM_TROUBLE" "$kernel: /out did not arrive whole"
}

# last_words STATUS REASON: it did not come to an end of its own.
last_words()
{
	tail -n 40 "$work/console" 2>/dev/null | tr -d '\r' >&2
	vm_exit "$1" "$kernel: $2"
}

# verdict: output and files to the caller, and our exit status.
verdict()
{
	local result=0

	output
	if ! result=$(told EXIT) || ! told OUT >"$work/port"; then
		case $status in
		124 | 137) last_words "$VM_TIMEOUT" "not done after $limit s" ;;
		0) last_words "$VM_DIED" "the guest died" ;;
		*) last_words "$VM_TROUBLE" "QEMU failed ($status)" ;;
		esac
	fi
	[ -z "${OUT-}" ] || files
	if [ "$(told DMESG)" != clean ]; then
		vm_say "$kernel: the kernel complained:"
		sed -n '/KVMSTALL-DMESG dirty/,/KVMSTALL-OUT/{/KVMSTALL/!p}' "$work/console" | tr -d '\r' >&2
		[ "$result" != 0 ] || result=$VM_DIRTY
	fi
	[ -z "${KVMSTALL_VM_VERBOSE-}" ] || vm_say "$kernel: $vmlinuz: script began at $(told BEGIN) s, exit $result"
	exit "$result"
}

# resolve: sets arch, vmlinuz, modules and config (a file to take along) from kernel.
resolve()
{
	local answer release file

	arch=amd64 modules='' config=()
	case $kernel in *:amd64 | *:arm64) arch=${kernel##*:} ;; esac
	if [[ $kernel == */* ]]; then
		vmlinuz=${kernel%":$arch"}
		[ -f "$vmlinuz" ] || vm_exit "$VM_TROUBLE" "no $vmlinuz"
		return
	fi
	answer=$("$here/kernels.sh" "$kernel") || exit
	IFS=$'\t' read -r release vmlinuz modules file <<<"$answer"
	[ -z "$file" ] || config=("$file:boot/config-$release")
}

# shellcheck disable=SC2317 # by trap
clean_up()
{
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	rm -rf "$work"
}

main()
{
	kernel=$1 script=$2
	shift 2
	limit=${KVMSTALL_VM_TIMEOUT:-180}
	resolve
	command -v "$(emulator "$arch")" >/dev/null ||
		vm_exit "$VM_SKIP" "$kernel: skipped: no $(emulator "$arch") on this machine"
	pid='' work=$(mktemp -d)
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	"$here/initrd.sh" "$work/initrd" "$arch" "$modules" "$script" "${config[@]}" "$@"
	boots
	verdict
}

[ $# -ge 2 ] || vm_exit "$VM_TROUBLE" "usage: run.sh SERIES[:ARCH]|KERNEL SCRIPT [FILE[:DEST]...]"
main "$@"
