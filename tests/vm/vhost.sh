#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A part of make check-vm: calls that wait for a worker of vhost (vhost.c), as trace sees them in a VM (guest/vhost.sh): a
# flush and a close while a real-time task has the worker's CPU, and VHOST_SET_OWNER, whose worker joins its cgroups.
#
# SERIES is which kernels: by default the last whose workers are always kthreads, and two whose are threads of the owner,
# or kthreads where the owner wishes. KVMSTALL_STATIC is the program without libraries.
# shellcheck disable=SC2016,SC2154,SC2317 # jq programs have $; functions run by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL_STATIC=$(readlink -f "${KVMSTALL_STATIC:-$here/build/static/kvmstall}")
rounds=13

boot()
{
	local status=0

	mkdir -p "$work/bin"
	${CC:-cc} -O1 -static -o "$work/bin/vhost" "$here/tests/vm/vhost.c" || skip "no static libraries"
	OUT=$out KVMSTALL=$KVMSTALL_STATIC KVMSTALL_VM_TIMEOUT=${KVMSTALL_VM_TIMEOUT:-600} KVMSTALL_VM_MODULES=vhost_vsock \
		KVMSTALL_VM_APPEND=rcupdate.rcu_cpu_stall_suppress=1 \
		"$here/tests/vm/run.sh" "$series" "$here/tests/vm/guest/vhost.sh" "$work/bin/vhost" 2>errors || status=$?
	booted "$status" "$out"
}

# judged KIND: what the guest brought home of it.
judged()
{
	[ -s "$out/release" ] || skip 'it did not boot'
	[ -s "$out/$1.trace" ] || skip 'VHOST_SET_FORK_FROM_OWNER is not there'
	grep -qx "$1: exit status 0" "$out/status" || fail "$(cat "$out/status" "$out/$1.errors")"
	[ "$(wc -l <"$out/$1.workers")" = "$rounds" ] || fail "$(wc -l <"$out/$1.workers") of $rounds rounds"
	none "off balance" 'select(is_call and is_off_balance)' "$out/$1.trace"
	ndjson -c 'include "ndjson"; select(is_call and .comm == "vhost-owner" and (.call | IN("KVM_CREATE_VM") | not))' "$out/$1.trace" >calls
}

# Each flush waits for its worker, and that one for the CPU that a real-time task has.
flush()
{
	judged "$1"
	jq -c 'select(.call == "VHOST_SET_LOG_FD")' calls >flushes
	none "another wait" 'select(any(.segments[]; .cause == "kthread"
		and (.function // "" | test("^(vhost_dev_flush|__vhost_worker_flush)"))) | not) | {cause, segments}' flushes
	jq -c --slurpfile workers "$out/$1.workers" 'select(.culprit.kind == "cpu" and .culprit.comm == "vhost-hog" and .culprit.realtime
		and (.culprit.late.tid | IN($workers[]))) | .culprit.late.tid' flushes >blamed
	note "$1: $(wc -l <flushes) of $rounds VHOST_SET_LOG_FD waited; $(sort -u blamed | wc -l) workers had no CPU for vhost-hog"
	[ "$(sort -u blamed | wc -l)" -ge 11 ] || fail "$1: only $(wc -l <blamed) of $rounds"
}

# The close waits for RCU too, in the same function, but not for as long.
closes()
{
	judged "$1"
	jq -c 'select(.call == "close (vhost)" and .cause == "kthread" and .culprit.comm == "vhost-hog")' calls >closes
	note "$1: $(wc -l <closes) waits of $rounds closes for a worker without a CPU"
	[ "$(wc -l <closes)" -ge 11 ] || fail "$1: only $(wc -l <closes) of $rounds"
}

# A kthread joins the cgroups of its owner, which waits for RCU: that is what VHOST_SET_OWNER waits for. A thread of the
# owner's is in them from its start.
owner()
{
	judged "$1"
	jq -c 'select(.call == "VHOST_SET_OWNER" and .culprit.kind == "waker" and .culprit.cause == "rcu")' calls >joins
	if [ "$1" = default ] && newer 6.4 "$series"; then
		[ ! -s joins ] || fail "a thread of the owner's joins nothing" "$(head -n 3 joins)"
		return
	fi
	none "another wait" 'select(.cause != "kthread")' joins
	note "$1: $(wc -l <joins) of $rounds VHOST_SET_OWNER wait for a worker that waits for RCU"
	[ "$(wc -l <joins)" -ge 11 ] || fail "$1: only $(wc -l <joins) of $rounds"
}

command -v jq >/dev/null || nothing 'no jq'
for series in ${SERIES:-6.1 6.12 7.3}; do
	out=$work/$series.out
	mkdir -p "$out"
	SECONDS=0
	run_test "$series-boot" boot
	[ -s "$out/release" ] || continue
	kinds='default kthread'
	newer 6.4 "$series" || kinds=default # which is one
	for kind in $kinds; do
		run_test "$series-$kind-flush" flush "$kind"
		run_test "$series-$kind-closes" closes "$kind"
		run_test "$series-$kind-owner" owner "$kind"
	done
done
finish
