#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A part of make check-logs: trace --dump of a hang made on purpose, on other kernels and on arm64 (guest/dump.sh): who
# holds whom up, by name, and with stacks. tests/live/stuck.sh asks for more, of this machine.
#
# SERIES is which kernels; KVMSTALL_STATIC and KVMSTALL_STATIC_ARM64 are the programs without libraries.
# shellcheck disable=SC2154,SC2317 # of lib/suite.sh; functions run by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL_STATIC=$(readlink -f "${KVMSTALL_STATIC:-$here/build/static/kvmstall}")
KVMSTALL_STATIC_ARM64=$(readlink -f "${KVMSTALL_STATIC_ARM64:-$here/build/static-arm64/kvmstall}")

# reads WHAT REGEX...: the dump has such lines.
reads()
{
	local what=$1 line

	shift
	for line; do
		grep -qE "$line" "$out/dump" || fail "$what: no line '$line'" "$(cat "$out/dump")" || return 1
	done
}

# chains COMM: who COMM's thread waits for, up to where it ends, in each block that says so.
chains()
{
	awk -v comm="  $1[" '
		/^who waits for whom$/ { is_here = 1; next }
		/^$/ { is_here = 0 }
		is_here && index($0, comm) == 1 { is_shown = 1 }
		is_shown { print }
		/^  (there it ends|a cycle)/ { is_shown = 0 }' "$out/dump"
}

boot()
{
	local tool=$KVMSTALL_STATIC status=0

	[ "$arch" = amd64 ] || tool=$KVMSTALL_STATIC_ARM64
	[ -f "$tool" ] || skip "$series: no program for $arch"
	OUT=$out KVMSTALL=$tool KVMSTALL_VM_TIMEOUT=${KVMSTALL_VM_TIMEOUT:-300} "$here/tests/vm/run.sh" "$series" \
		"$here/tests/vm/guest/dump.sh" 2>errors || status=$?
	cat errors
	[ "$status" != 77 ] || skip "$(tail -n 1 errors)"
	[ "$status" = 0 ] || fail "exit status $status" "$(cat "$out/errors")"
	note "$(cat "$out/release"), in $SECONDS s"
}

dumped()
{
	local vmm reader second machine=x86_64

	[ "$arch" = amd64 ] || machine=aarch64
	[ -s "$out/dump" ] || fail "no dump" "$(cat "$out/errors")"
	read -r vmm reader second <"$out/holders"
	chains kvmstall-second | sed -E 's/, in .*//; s/ is in .*//; s/ holds .*/ holds/; s/ of kvmstall.*//' | tail -n 6 >said
	cat >expected <<-END
		  kvmstall-second[$second]
		  <- kvmstall[$vmm] holds
		  <- a grace period of kvm.srcu
		  <- kvmstall-reader[$reader]
		  <- kvmstall[$vmm] has its userfaultfd; nobody waits for its events
		  there it ends
	END
	diff expected said >differs || fail "who waits for whom:" "$(cat "$out/dump" differs)"
	reads "the host" '^at \[ *[0-9]+\.[0-9]{6}\], in dmesg.s clock' \
		"^kernel $(sed 's/[+.]/\\&/g' "$out/release") $machine, HZ 250, taint $(cat "$out/tainted")$" \
		'^irqfd_shutdown: [0-9]+ running, [0-9]+ pending$'
	reads "who they are" "^  <- kvmstall-reader\[$reader\] is in the read side" \
		"^  slots_lock of kvmstall\[$vmm\]: kvmstall\[$vmm\]$" "^  kvmstall-reader\[$reader\]: (asleep|KVM_RUN on kvmstall\[$vmm\]$)"
	reads "the domain" "^  kvm\.srcu of kvmstall\[$vmm\]: gp_seq -?[0-9]+ \(scan [12]\), needed -?[0-9]+$" \
		'^    its grace period is [0-9.]+m?s old$' '^    work process_srcu: '
	reads "stacks" '^      kvm_swap_active_memslots\+0x' '^      handle_userfault\+0x'
	[ "$(awk 'length > 132' "$out/dump" | wc -l)" = 0 ] || fail "too wide for a mail:" "$(awk 'length > 132' "$out/dump")"
}

# From 6.17 on, the kernel says whose mutex a task waits for.
for series in ${SERIES:-7.3:arm64 7.3}; do
	arch=amd64
	case $series in *:*) arch=${series#*:} ;; esac
	out=$work/$series.out
	mkdir -p "$out"
	SECONDS=0
	run_test "$series-boot" boot
	[ ! -s "$out/release" ] || run_test "$series-dump" dumped
done
finish
