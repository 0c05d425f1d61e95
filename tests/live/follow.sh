# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2094,SC2154 # jq programs have $; work is of lib/suite.sh
#
# Whoever shall be seen is seen to the end, or counted as not seen: many processes, many VMs.

tests=${tests/nothing-left/owners-end nothing-left}

# vmms ARG...: tests/live/vmms.c
vmms()
{
	[ -x "$work/vmms" ] || ${CC:-cc} -O1 -o "$work/vmms" "$here/tests/live/vmms.c" || return
	"$work/vmms" "$@"
}

# The VMs of processes that end without a close: each is gone, however many a process had. Only few are
# looked at in the scheduler (tests/lint/loops.sh), the others afterwards.
test_owners_end()
{
	local vms

	for vms in 1 3 11; do
		watch trace
		vmms exits 23 $vms
		unwatch
		value 'map(select(.type == "vm" and .vm.comm == "vmms")) | group_by(.vm.id)[]
			| map(.event) | tojson' trace | sort | uniq -c >events
		[ "$(sed 's/^ *//' events)" = "$((23 * vms)) [\"born\",\"gone\"]" ] ||
			fail "23 processes with $vms VMs each:" "$(cat events)"
		none "losses" 'select(.type == "lost" and .where != "no-begin")' trace
	done
}
