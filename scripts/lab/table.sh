#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# table.sh - docs/lab.md, from the cells that run.sh measured.
# shellcheck disable=SC2016 # jq programs have $
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/vm/apt.sh
. "$here/../../tests/vm/apt.sh"
# shellcheck source=scripts/lab/plan.sh
. "$here/plan.sh"
cells=$(mktemp) native=$(mktemp)
trap 'rm -f "$cells" "$native"' EXIT

# cell DIR ARCH SERIES HZ HOW PROFILE: what was measured, or why not.
cell()
{
	local why

	if [ -s "$1/$6.json" ]; then
		cat "$1/$6.json"
		return
	fi
	why=$(cat "$1/reason" 2>/dev/null) || why='not run'
	jq -nc --arg arch "$2" --arg series "$3" --argjson hz "$4" --arg how "$5" --arg profile "$6" --arg why "$why" \
		'{arch: $arch, series: $series, hz: $hz, how: $how, profile: $profile, missing: $why}'
}

lab_boots | while read -r arch series hz how; do
	for profile in $(lab_profiles "$arch"); do
		cell "$(lab_results "$arch" "$series" "$hz" "$how")" "$arch" "$series" "$hz" "$how" "$profile"
	done
done >"$cells"
cat "$(lab_dir)"/results/native/*.json >"$native" 2>/dev/null || true

# part FILTER: of table.jq, over all cells.
part()
{
	jq -rs -L "$here" --slurpfile native "$native" "include \"table\"; $1" "$cells"
}

cat <<END
# Who needs the deferral, and who pays for it

Since 6.18 (7d9a0273c459) \`kvm_io_bus_register_dev()\` does not wait for a grace period any more to free the bus that it
replaces: it defers with \`call_srcu()\`. Registration is fast, and whoever waits next for that domain pays. Two changes of
that were proposed: wait as before *until vCPUs exist*, and defer then (2026-02-13); defer with *call_srcu_expedited()* (2026-03-09).

\`make lab\` measures what each loses and gains. It takes Debian's kernels 6.17, 6.18 and 7.3, and builds 7.3 for both architectures
with three tick rates, with a parameter that chooses between the four ways (scripts/lab/edit.sh), so two rows of "7.3" differ
by nothing else. On each, \`kvmstall repro\` sets VMs up as VMMs do, untraced for the latencies and traced for the causes
(scripts/lab/guest.sh). A cell is measured once and kept; what could not be had is *missing*, with the reason.

$(part '[.[] | select(.missing | not)] as $all | "\($all | length) of \(length) cells, \($all | map(.date) | unique | join(", ")); kernels \($all | map(.release | sub("-lab.*"; "")) | unique | join(", ")).
Medians and 99th percentiles (of fewer than 101, that is the longest) over \($all | map(.vms) | unique | map(tostring) | join(", ")) VMs, causes of \($all | map(.traced) | unique | map(tostring) | join(", ")) others, in microseconds; of several calls together (all registrations, set-up) the sum of the median of each. The machines are emulated (QEMU TCG, 2 CPUs: AMD SVM with AVIC,
or Arm EL2): [what that distorts](#what-emulation-distorts). The load of the host after each boot was \($all | map(.load) | min) to \($all | map(.load) | max): where it was
more than 2, other work took CPUs away, which shows in the long tails and in whatever computes or waits for a CPU, and not in medians of what waits for a timer."')

## In short

**Who needs the deferral:** a VMM that registers devices while its guest runs, as crosvm does when a guest activates a driver: the vCPU
waits for each of them. What all registrations of a running guest take together:

$(part needs)

**Who pays for it:** whoever changes memory slots or creates vCPUs after a device. What the memory slot takes that follows one device:

$(part pays)

**Which is least, or within a tenth of that, in the whole of a VM's set-up**, of all profiles, tick rates and architectures that have all four:

$(part wins)

## What each loses and gains

Against 7.3 as is, in microseconds: the whole of a VM's set-up (all calls but its close).

| | HZ | set up as | as is | waiting as before 6.18 | waiting until vCPUs exist | call_srcu_expedited |
|---|--:|---|--:|--:|--:|--:|
$(part 'gains("setup")')

The same of its registrations alone: the ioeventfds, and the irqchip and PIT of x86.

| | HZ | set up as | as is | waiting as before 6.18 | waiting until vCPUs exist | call_srcu_expedited |
|---|--:|---|--:|--:|--:|--:|
$(part 'gains("registers")')

The distribution's kernels beside each other, HZ=250: 6.17 waits, 6.18 and 7.3 defer.

| | set up as | | 6.17 | 6.18 | 7.3 |
|---|---|---|--:|--:|--:|
$(part 'beside')

## All cells

*Registration* is one KVM_IOEVENTFD; *all of a VM's* are with the irqchip and PIT of x86. *Next wait* is the first call after
a registration that waits for a grace period of the VM's domain; *none*: no call of this profile does. *Causes* are its headline causes, and how often.
On arm64 only the vGIC and ioeventfds register, and the list of crosvm's calls is scripts/lab/crosvm-arm64.list; QEMU's on arm64
are missing: repro has no list of them.
$(part tables)

## What emulation distorts

The same profiles on $(jq -rs 'if length == 0 then "a machine'"'"'s own KVM: missing" else "\(.[0].release)'"'"'s own KVM (x86, HZ=\(.[0].hz), not emulated, but paravirtual)" end' "$native"), and on the emulated machine with
Debian's kernel of the same series and tick rate. What is computing takes many times longer under emulation; what waits for a timer does not. So
registration and what expedited grace periods take are overstated here, each alike for all kernels, and what a jiffy costs is not.
Under emulation most of a set-up is computing; natively the waits are nearly all of it.

| set up as | | native, p50 | p99 | emulated, p50 | p99 | times |
|---|---|--:|--:|--:|--:|--:|
$(part 'distortion($native)')
END
