#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make lab: the experiment of the report that kvmstall began with, whole. Kernels with three tick rates,
# each with four ways of kvm_io_bus_register_dev() to get rid of a bus (edit.sh); what calls took there,
# why, and docs/validation.md.
#
# LAB_HZ ("100 250 1000") and LAB_HOW ("0 1 2 3") choose; what was measured before is kept and used again
# (in the cache, lab/results) unless LAB_AGAIN=1. KVMSTALL is the program, without libraries.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
root=$(readlink -f "$here/../..")
# shellcheck source=tests/vm/apt.sh
. "$root/tests/vm/apt.sh"
results=$(vm_cache)/lab/results
export KVMSTALL=${KVMSTALL:-$root/build/static/kvmstall}

# cell HZ HOW
cell()
{
	local hz=$1 how=$2 out=$results/$1-$2 image

	if [ -s "$out/late.trace" ] && [ -z "${LAB_AGAIN-}" ]; then
		return
	fi
	image=$("$here/build.sh" "$hz" "$([ "$how" != 3 ] || echo expedite)")
	rm -rf "$out"
	mkdir -p "$out"
	echo "lab: HZ=$hz, lab_register=$how" >&2
	OUT=$out KVMSTALL_VM_APPEND="kvm.lab_register=$how" KVMSTALL_VM_TIMEOUT=600 \
		"$root/tests/vm/run.sh" "$image" "$here/guest.sh" >&2 || echo "lab: HZ=$hz, lab_register=$how: failed" >&2
}

command -v jq >/dev/null || { echo 'lab: skipped: no jq' >&2; exit 77; }
mkdir -p "$results" "$root/docs"
for hz in ${LAB_HZ:-100 250 1000}; do
	for how in ${LAB_HOW:-0 1 2 3}; do
		cell "$hz" "$how"
	done
done
"$here/report.sh" "$results" >"$root/docs/validation.md.new"
mv "$root/docs/validation.md.new" "$root/docs/validation.md"
