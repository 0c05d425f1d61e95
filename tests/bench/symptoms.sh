#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# symptoms.sh [--markdown FILE] - what people reported, made here, and the line that kvmstall prints
#
# A row a symptom: where it was reported, what makes it (a command of kvmstall repro, or a program of tests/live), the
# line of "kvmstall trace" or "trace --stuck", and the advice below it (-v). What this machine cannot make is named, with
# the reason. ROWS=FILE, not of another kernel or program: each row goes there at once, and what is there is not made
# again. ONLY='A5 A6' makes these. Root, KVM, BPF.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/page.sh
. "$here/tests/lib/page.sh"
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
ROWS=$(readlink -f "${ROWS:-$work/rows}")
touch "$ROWS"
cd "$work"

# is_asked ID REPORTED: it is to be made, and is not there
is_asked()
{
	! grep -F "| $1 | $2 |" "$ROWS" || return 1
	[ -z "${ONLY-}" ] || grep -qw -- "$1" <<<"$ONLY"
}

# line PATTERN: the last printed call that matches, without time and VM, which are another each time
line()
{
	grep -E "$1" printed | sed -E 's/^[0-9:.]+ +[^ ]+ +[0-9]+ +//; s/ +/ /g; s/\|/\\|/g' | tail -n 1
}

# advice PATTERN: what its account says is to be done
advice()
{
	awk -v pattern="$1" '
		/^[0-9]/ { on = $0 ~ pattern; said = 0; if (on) text = "" }
		on && sub(/^    advice: /, "") { said = 1; text = $0; next }
		on && said && sub(/^     +/, "") { text = text " " $0 }
		END { gsub(/\|/, "\\|", text); print text }' printed
}

# put ID REPORTED MADE-BY TRIES PATTERN FOUND
put()
{
	if [ -n "$6" ]; then
		echo "| $1 | $2 | $3 | \`$6\` | $(advice "$5") |" | tee -a "$ROWS"
	else
		echo "| $1 | $2 | $3 | was not seen in $4 tries | |"
	fi
}

# row ID REPORTED MADE-BY PATTERN COMMAND...: tried up to seven times, since a machine may be too busy for one
row()
{
	local id=$1 reported=$2 made=$3 pattern=$4 found='' tries=0

	is_asked "$id" "$reported" || return 0
	shift 4
	while [ -z "$found" ] && [ $((tries += 1)) -le 7 ]; do
		"$KVMSTALL" trace -v ${STUCK:+--stuck "$STUCK"} -o printed -- "$@" >/dev/null 2>&1 || true
		found=$(line "$pattern")
	done
	put "$id" "$reported" "$made" seven "$pattern" "$found"
}

# vm_row ID REPORTED MADE-BY PATTERN SERIES FUNCTION: in a VM, by a function of tests/vm/guest/locks.sh
vm_row()
{
	local id=$1 reported=$2 made=$3 pattern=$4 series=$5 found='' tries=0

	is_asked "$id" "$reported" || return 0
	echo "$6" >which
	while [ -z "$found" ] && [ $((tries += 1)) -le 3 ]; do
		rm -f printed
		OUT=$work KVMSTALL=${KVMSTALL_STATIC:-$here/build/static/kvmstall} KVMSTALL_VM_TIMEOUT=400 "$here/tests/vm/run.sh" "$series" \
			"$here/tests/vm/guest/limits.sh" "$here/tests/vm/guest/locks.sh" which drain >vm.log 2>&1 || true
		[ ! -e printed ] || found=$(line "$pattern")
	done
	put "$id" "$reported" "$made, Linux $series in a VM" three "$pattern" "$found"
}

cannot()
{
	! is_asked "$1" "$2" || echo "| $1 | $2 | not here | $3 | |"
}

# irqfds, then as many routing tables: a list of calls for repro
routings()
{
	printf '+0us t0 %s\n' KVM_CREATE_VM KVM_CREATE_IRQCHIP
	seq 0 $(($1 - 1)) | awk '{ print "+0us t0 KVM_IRQFD gsi=" $1 % 16 " flags=0" }'
	seq "$1" | sed 's/.*/+0us t0 KVM_SET_GSI_ROUTING nr=24/'
	echo '+0us t0 close'
}

# A slot that is there, and then logs what is written to.
dirty_log()
{
	echo '+0us t0 KVM_CREATE_VM'
	echo '+0us t0 KVM_SET_USER_MEMORY_REGION slot=1 flags=0 gpa=0x0 size=0x200000000'
	echo '+0us t0 KVM_SET_USER_MEMORY_REGION slot=1 flags=1 gpa=0x0 size=0x200000000'
	echo '+0us t0 close'
}

table()
{
	local name

	for name in live/drain bench/flash; do
		cc -O1 -static -pthread -o ${name#*/} "$here/tests/$name.c"
	done
	routings 521 >routing.list
	dirty_log >dirty.list
	echo '| | reported | made by | kvmstall prints | and advises |'
	echo '|---|---|---|---|---|'
	row A1 'a slow boot: 6000 memslot updates (5.19, pflash)' "\`flash 4006\`" \
		'x KVM_SET_USER_MEMORY_REGION.*storm of [^ ]*: ' ./flash 4006
	cannot A2 'AVIC: a vCPU waits for itself (5.13)' 'it takes that kernel; test_ledger.c and golden logs/22 have its stack'
	row A3 'a vCPU sleeps with kvm->srcu held (RISC-V, 5.19)' "\`repro --inject reader --hold 307ms\`" \
		'reader: .*held by kvmstall-reader' "$KVMSTALL" repro -p minimal -i reader --hold 307ms
	STUCK=1s row A3 'the same, while it hangs' "\`repro --inject hang --hold 3s\`" \
		'STUCK reader: .*held by' "$KVMSTALL" repro -p minimal -i hang --hold 3s
	cannot A4 'a read lock that leaked (5.17)' 'it takes that kernel; test_text.c has the line: held by 1 reader for 3.00s, and no thread of its process is in a place that holds it: a leaked read lock?'
	row A5 'KVM_CREATE_VCPU hangs in kvm_swap_active_memslots (syzbot)' "\`repro --inject invalidation\`" \
		'invalidation in' "$KVMSTALL" repro -p minimal -i invalidation
	STUCK=1s row A5 'the same, while it hangs' "\`repro --inject invalidation --hold 3s\`" \
		'STUCK invalidation in .*: waits for ' "$KVMSTALL" repro -p minimal -i invalidation --hold 3s
	vm_row A6 'KVM_IRQFD is slow, 800 VMs (6.2)' "\`drain 13 61\`" \
		'KVM_IRQFD .*lock on .* in irq_bypass' 6.1 irqbypass
	row A6 'and another mutex of the host' "\`drain 13 1 20011\`" 'KVM_CREATE_VM .*lock on a mutex in' ./drain 13 1 20011
	vm_row A7 'KVM_CREATE_VM is slow at high density (6.2)' "\`repro -p minimal\`" \
		'KVM_CREATE_VM .*kthread in' 6.1 create_vms
	row A9 'callbacks that nobody runs (5.4)' "\`repro --inject kworker --hold 307ms\`" \
		'kworker.*had no CPU|kworker: ' "$KVMSTALL" repro -p minimal -i kworker --hold 307ms
	row A11 'KVM_SET_GSI_ROUTING once a vector (QEMU 6.1)' "\`repro --from\` of 521 irqfds and 521 tables" \
		'x KVM_SET_GSI_ROUTING.*storm of [^ ]*: ' "$KVMSTALL" repro --from routing.list
	row A12 'dirty logging of a large slot begins (5.6)' "\`repro --from\` of a slot of 8 GiB" \
		'KVM_SET_USER_MEMORY_REGION slot=1 .* run$' "$KVMSTALL" repro --from dirty.list
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
		docs/symptoms.md\`: Linux $(uname -r), HZ=$("$KVMSTALL" check --json | jq .kernel.hz), $(date +%F), $(nproc) CPUs, load $(cut -d ' ' -f 1 /proc/loadavg). Time, VM and thread of each line are left out; the
		figures are of one run. \`drain\` is tests/live/drain.c: VMs, irqfds and mappings of each; \`flash\` is tests/bench/flash.c: updates,
		beside a vCPU that leaves its guest all the time.

	END
	table
}

page >page.md
put_page page.md "$markdown"
