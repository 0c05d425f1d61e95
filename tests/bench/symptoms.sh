#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# symptoms.sh [--markdown FILE] - what people reported, made here, and the line that kvmstall prints
#
# A row a symptom: where it was reported, what makes it (a command of kvmstall repro, or tests/live/drain.c), and the
# line of "kvmstall trace" or "trace --stuck". What this machine cannot make is named, with the reason. Root, KVM, BPF.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
markdown=''
case ${1:-} in
--markdown) markdown=$(readlink -f "${2:?}") ;;
'') ;;
*)
	sed -n '4s/^# //p' "$0" >&2
	exit 2
	;;
esac
[ "$(id -u)" = 0 ] || { echo "symptoms.sh: not root" >&2; exit 3; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# line PATTERN: the first printed call that matches, without time and VM, which are another each time
line()
{
	grep -E "$1" printed | sed -E 's/^[0-9:.]+ +[^ ]+ +[0-9]+ +//; s/ +/ /g; s/\|/\\|/g' | head -n 1
}

# row ID REPORTED MADE-BY PATTERN COMMAND...: tried up to seven times, since a machine may be too busy for one
row()
{
	local id=$1 reported=$2 made=$3 pattern=$4 found='' tries=0

	shift 4
	while [ -z "$found" ] && [ $((tries += 1)) -le 7 ]; do
		"$KVMSTALL" trace ${STUCK:+--stuck "$STUCK"} -o printed -- "$@" >/dev/null 2>&1 || true
		found=$(line "$pattern")
	done
	if [ -n "$found" ]; then
		echo "| $id | $reported | $made | \`$found\` |"
	else
		echo "| $id | $reported | $made | was not seen in seven tries |"
	fi
}

# vm_row ID REPORTED MADE-BY PATTERN SERIES FUNCTION: in a VM, by a function of tests/vm/guest/locks.sh
vm_row()
{
	local id=$1 reported=$2 made=$3 pattern=$4 series=$5 found='' tries=0

	echo "$6" >which
	while [ -z "$found" ] && [ $((tries += 1)) -le 3 ]; do
		rm -f printed
		OUT=$work KVMSTALL=${KVMSTALL_STATIC:-$here/build/static/kvmstall} KVMSTALL_VM_TIMEOUT=400 "$here/tests/vm/run.sh" "$series" \
			"$here/tests/vm/guest/limits.sh" "$here/tests/vm/guest/locks.sh" which >/dev/null 2>&1 || true
		[ ! -e printed ] || found=$(line "$pattern")
	done
	if [ -n "$found" ]; then
		echo "| $id | $reported | $made, Linux $series in a VM | \`$found\` |"
	else
		echo "| $id | $reported | $made, Linux $series in a VM | was not seen in three tries |"
	fi
}

cannot()
{
	echo "| $1 | $2 | not here | $3 |"
}

# A list of calls, played again: one slot made and deleted 4006 times; 521 irqfds, then 521 routing tables.
calls()
{
	echo '+0us t0 KVM_CREATE_VM'
	[ "$1" != routing ] || echo '+0us t0 KVM_CREATE_IRQCHIP'
	seq 1 "$2" | while read -r n; do
		case $1 in
		updates) echo "+0us t0 KVM_SET_USER_MEMORY_REGION slot=1 gpa=0x0 size=$((n % 2 ? 0x200000 : 0))" ;;
		routing) echo "+0us t0 KVM_IRQFD gsi=$((n % 16)) flags=0" ;;
		esac
	done
	[ "$1" != routing ] || seq 1 "$2" | sed 's/.*/+0us t0 KVM_SET_GSI_ROUTING nr=24/'
	echo '+0us t0 close'
}

table()
{
	cc -O1 -pthread -o drain "$here/tests/live/drain.c"
	calls updates 4006 >updates.list
	calls routing 521 >routing.list
	echo '| | reported | made by | kvmstall prints |'
	echo '|---|---|---|---|'
	row A1 'a slow boot: 6000 memslot updates (5.19, pflash)' "\`repro --from\` of 4006 updates" \
		'x KVM_SET_USER_MEMORY_REGION.*storm' "$KVMSTALL" repro --from updates.list
	cannot A2 'AVIC: a vCPU waits for itself (5.13)' 'it takes that kernel; test_ledger.c and golden logs/22 have its stack'
	row A3 'a vCPU sleeps with kvm->srcu held (RISC-V, 5.19)' "\`repro --inject reader --hold 307ms\`" \
		'reader: .*held by kvmstall-reader' "$KVMSTALL" repro -p minimal -i reader --hold 307ms
	STUCK=1s row A3 'the same, while it hangs' "\`repro --inject hang --hold 3s\`" \
		'STUCK reader: .*held by' "$KVMSTALL" repro -p minimal -i hang --hold 3s
	cannot A4 'a read lock that leaked (5.17)' 'it takes that kernel; the line would be: held by a reader that was not seen'
	row A5 'KVM_CREATE_VCPU hangs in kvm_swap_active_memslots (syzbot)' "\`repro --inject invalidation\`" \
		'invalidation in' "$KVMSTALL" repro -p minimal -i invalidation
	row A6 'mutexes of the host, 800 VMs (6.2)' "\`drain 13 1 20011\`" 'lock on a mutex in' ./drain 13 1 20011
	row A7 'KVM_CREATE_VM is slow at high density (6.2)' "\`drain 31 7\`" 'KVM_CREATE_(VM|PIT2) ' ./drain 31 7
	row A9 'callbacks that nobody runs (5.4)' "\`repro --inject kworker --hold 307ms\`" \
		'kworker.*had no CPU|kworker: ' "$KVMSTALL" repro -p minimal -i kworker --hold 307ms
	row A11 'KVM_SET_GSI_ROUTING once a vector (QEMU 6.1)' "\`repro --from\` of 521 calls" \
		'x KVM_SET_GSI_ROUTING.*storm' "$KVMSTALL" repro --from routing.list
	row A12 'a large slot, slow and awake' "the slot of \`repro --inject notifier-reader\`" \
		'KVM_SET_USER_MEMORY_REGION slot=0 .* (run|runnable)' "$KVMSTALL" repro -p minimal -i notifier-reader
	cannot A13 'KVM_MEMORY_ENCRYPT_OP of 4.7 s (SEV)' 'it takes a CPU with SEV; the call is watched'
	row A14 '153 Firecrackers hang in mmu_notifier_unregister' "\`repro --inject notifier-reader\`" \
		'close.*held by kvmstall-unmap' "$KVMSTALL" repro -p minimal -i notifier-reader
	row A15 'a slow end of a microVM' "\`repro --scenario pit-close\`" 'close .*(gp|cb)-timer' \
		"$KVMSTALL" repro --scenario pit-close --rounds 31
	vm_row - 'a VMM that crawls, asleep in __mem_cgroup_handle_over_high' 'its cgroup above memory.high' \
		'kvmstall.* KVM_.*mem_cgroup_handle_over_high' 6.18 memory_high
	vm_row - 'calls of 100 ms in a container with a CPU limit' "\`cpu.max\` of 5 ms in 100" 'the CPU quota of' 6.12 cpu_quota
}

page()
{
	cat <<-END
		# What people reported, and what kvmstall prints

		Symptoms from kernel lists, bug trackers and VMM projects, made again by \`tests/bench/symptoms.sh --markdown
		docs/symptoms.md\`: Linux $(uname -r), $(date +%F), $(nproc) CPUs. Time, VM and thread of each line are left out; the
		figures are of one run. \`drain\` is tests/live/drain.c: VMs, irqfds and mappings of each.

	END
	table
}

page >page.md
if [ -n "$markdown" ]; then
	cp page.md "$markdown"
else
	cat page.md
fi
