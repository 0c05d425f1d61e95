#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# report.sh [--has] - docs/validation.md, from what run.sh measured; --has: is all of it there?
# shellcheck disable=SC2016 # jq programs have $
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/vm/apt.sh
. "$here/../../tests/vm/apt.sh"
# shellcheck source=scripts/lab/plan.sh
. "$here/plan.sh"
cells=$(mktemp)
trap 'rm -f "$cells"' EXIT
declare -A runs=([vcpus]=qemu [memslots]=minimal [late]=crosvm [setup]=firecracker)

for hz in 100 250 1000; do
	for how in 0 1 2 3; do
		dir=$(lab_results amd64 "$LAB_SERIES" "$hz" "$how")
		args=(--argjson hz "$hz" --argjson how "$how")
		for run in "${!runs[@]}"; do
			[ -s "$dir/${runs[$run]}.json" ] || exit 1
			args+=(--slurpfile "$run" "$dir/${runs[$run]}.repro" --slurpfile "${run}_trace" "$dir/${runs[$run]}.trace")
		done
		[ "${1-}" = --has ] || jq -nc "${args[@]}" --arg release "$(cat "$dir/release")" --slurpfile check "$dir/check" -f "$here/report.jq"
	done
done >"$cells"
[ "${1-}" != --has ] || exit 0

names='["waits, expedited", "call_srcu", "waits until vCPUs", "call_srcu_expedited"] as $names'

# rows FILTER: a row for each cell; $how is its behaviour's name.
rows()
{
	jq -r "$names"' | $names[.how] as $how | "| \(.hz) | \($how) |" + ('"$1"' | map(" \(. // "-") |") | add)' "$cells"
}

# over HOW FILTER: FILTER over all cells of the behaviours HOW (a jq array), as text.
over()
{
	jq -rs "def is_how: .how as \$how | $1 | index(\$how); map(select(is_how)) | $2" "$cells"
}

how_names()
{
	jq -nr "$names"' | $names | join(" | ")'
}

# orders FILTER: FILTER over {hz, order, took: [by behaviour]}; "good" are the behaviours that are as good as any.
orders()
{
	jq -rs "$names"' | def good: .took as $took | ($took | min) as $least
			| [range(4) | select($took[.] < ([$least * 1.5, $least + 100] | max))];
		[group_by(.hz)[] | sort_by(.how) as $cells
			| {hz: $cells[0].hz, order: "irqchip, then a vCPU", took: ($cells | map(.irqchip + .vcpu))},
			{hz: $cells[0].hz, order: "device, then memory", took: ($cells | map(.ioeventfd + .memslot))},
			{hz: $cells[0].hz, order: "device, all else is there", took: ($cells | map(.late))}] | '"$1" "$cells"
}

cat <<END
# The report's experiment, repeated

\`make lab\` builds kernels from the distribution's newest linux-source with three tick rates and four ways
of \`kvm_io_bus_register_dev()\` to get rid of the bus that it replaces (scripts/lab/edit.sh): it *waits* for an
expedited grace period, as before 6.18; it defers with *call_srcu*, as since 6.18 (7d9a0273c459); it *waits
until vCPUs* exist and defers then (proposed 2026-02-13); it defers with *call_srcu_expedited* (proposed 2026-03-09).
On each, \`kvmstall repro\` sets VMs up in three orders, untraced for the latencies and traced for the causes.

Kernel $(jq -rs '.[0].release // "none" | sub("-lab.*"; "")' "$cells"), AMD SVM with AVIC as emulated by QEMU (TCG), 2 CPUs, $(date -u +%F).
Emulation makes each call several times slower than hardware does; what waits for timers is as long as anywhere.
Medians of 31 VMs, in microseconds; what kvmstall says is of 31 others.

## What calls take

Reported with HZ=100: KVM_CREATE_VCPU 137 before 6.18 and 25182 since; on arm64 the first memslot 16 and 21021;
registering a device 15-23 and 1-6 there, 6-16 before on x86. With HZ=1000 the loss was "in the order of 1 ms".

| HZ | register_dev | KVM_CREATE_IRQCHIP | first KVM_CREATE_VCPU | most | KVM_IOEVENTFD | first memslot behind it | most | KVM_IOEVENTFD, vCPUs there | all of set-up | close |
|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
$(rows '[.irqchip, .vcpu, .vcpu_max, .ioeventfd, .memslot, .memslot_max, .late, .setup, .close]')

## What kvmstall says

Of the first KVM_CREATE_VCPU and of the memslot behind the devices: the headline causes (how often), whose grace
period it was, how many jiffies its timer took from being armed, and the latency had there been none.

| HZ | register_dev | KVM_CREATE_VCPU: causes | started by | jiffies: least, median, most | without, us | memslot: causes | started by | jiffies | without, us |
|--:|---|---|---|---|--:|---|---|---|--:|
$(rows 'def causes: to_entries | map("\(.key) \(.value)") | join(", ");
	def jiffies: if .cnt == 0 then null else [.min, .median, .max] | map(. * 10 | round / 10 | tostring) | join(", ") end;
	[(.vcpu_said | .causes | causes), (.vcpu_said.culprits | join(", ") | select(. != "") // null),
	(.vcpu_said.jiffies | jiffies), .vcpu_said.without, (.memslot_said | .causes | causes),
	(.memslot_said.culprits | join(", ") | select(. != "") // null), (.memslot_said.jiffies | jiffies), .memslot_said.without]')

## The three questions

**Why is it consistently more than one grace period?** It is not: it is one timer. The grace period that
call_srcu() starts sleeps one jiffy before it first looks, and a timer of one jiffy fires between one and two
jiffies after it was armed, or between two and three when the tick that armed it was late. Here, over all tick rates,
$(over '[1]' '[.[] | .vcpu_said.jiffies, .memslot_said.jiffies] | "\(map(.in_2) | add) of \(map(.cnt) | add) timers took up to two jiffies, the others up to \(map(.max | select(.)) | max * 10 | round / 10)"').
The second grace period that the waiter needs is expedited and costs no timer.

**What does HZ do?** It is the unit: $(over '[1]' 'map("HZ=\(.hz): KVM_CREATE_VCPU \(.vcpu) us, memslot \(.memslot) us") | join("; ")').

**Which behaviour is best for which order of set-up?** What the registration and the call that meets its grace
period take together, in microseconds; *good* is what takes less than half as long again as the least, or 100 us more.

| HZ | order | $(how_names) | good |
|--:|---|--:|--:|--:|--:|---|
$(orders '.[] | "| \(.hz) | \(.order) |" + (.took | map(" \(.) |") | add) + " \(good | map($names[.]) | join(", ")) |"')

Good in so many of the nine: $(orders 'map(good[]) as $all | [range(4) | . as $how | "\($names[$how]) \($all | map(select(. == $how)) | length)"] | join(", ")').

Firecracker's own order on x86 has the PIT before its vCPUs. There a PIT in its default mode inhibits AVIC
(APICV_INHIBIT_REASON_PIT_REINJ), so with AVIC no APIC page is installed and KVM_CREATE_VCPU does not stall, whatever
registration does; the first memslot does ("all of set-up" above). With VMX the page is always there.
END
