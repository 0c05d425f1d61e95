#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: orders of set-up, first untraced for the latencies, then traced for the causes.
# vcpus: irqchip, then vCPUs, whose creation installs the APIC page. memslots: devices before memory, as
# Firecracker on arm64 has it. late: devices registered when memory and vCPUs are there. setup: all that
# Firecracker does on x86.

rounds=${ROUNDS:-31}

# run NAME OPTION...
run()
{
	name=$1
	shift
	kvmstall repro --json "$@" --rounds 3 >/dev/null
	kvmstall repro --json "$@" --rounds "$rounds" >/out/"$name".repro
	# shellcheck disable=SC2016 # the inner shell's
	kvmstall trace --json --all -- sh -c 'name=$1; shift; exec kvmstall repro --json "$@" >/out/$name.traced' sh \
		"$name" "$@" --rounds "$rounds" >/out/"$name".trace || echo "$name: trace failed: $?"
}

kvmstall check --json >/out/check
uname -r >/out/release
run vcpus --scenario vcpu-create
run memslots --profile minimal
run setup --profile firecracker
run late --profile crosvm
exit 0
