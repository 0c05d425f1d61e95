#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: VMs set up as VMMs do, first untraced for the latencies, then traced for the causes. LAB_PROFILES is
# which ("qemu,crosvm"). qemu: irqchip, then vCPUs, whose creation installs the APIC page. minimal: a device before
# memory. crosvm: devices while the guest runs; repro has that of x86, for arm64 it is a list.

rounds=${LAB_ROUNDS:-31}
traced=${LAB_TRACED:-31}

# options PROFILE
options()
{
	case $1 in
	crosvm) [ "$(uname -m)" = x86_64 ] && echo --profile crosvm || echo --from "${LAB_LISTS:-/test}/crosvm-arm64.list" ;;
	*) echo --profile "$1" ;;
	esac
}

# run NAME OPTION...
run()
{
	name=$1
	shift
	kvmstall repro --json "$@" --rounds 3 >/dev/null || return
	kvmstall repro --json "$@" --rounds "$rounds" >"$out/$name.repro" || return
	# shellcheck disable=SC2016 # the inner shell's
	kvmstall trace --json --all -- sh -c 'out=$1; shift; exec kvmstall repro --json "$@" >"$out"' sh \
		"$out/$name.traced" "$@" --rounds "$traced" >"$out/$name.trace"
}

out=${LAB_OUT:-/out}
kvmstall check --json >"$out/check"
uname -r >"$out/release"
for profile in $(echo "$LAB_PROFILES" | tr , ' '); do
	# shellcheck disable=SC2046 # words
	run "$profile" $(options "$profile") || echo "$profile: exit status $?"
done
exit 0
