#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vCPUs that wait, or are waited for, and no grace period is in it: for memory, for another thread, for a CPU that
# the quota of their cgroup does not allow. A part of run.sh; alone, it is all that run.sh runs.

# shellcheck disable=SC2154 # work and here are run.sh's, watcher is watch.sh's

vcpus_tests='vcpu-late vcpu-busy vcpu-quota refused-vm heir'
[ "${BASH_SOURCE[0]}" != "$0" ] || TESTS=$vcpus_tests exec bash "$(dirname "$0")/run.sh"

build_vcpus()
{
	command -v "${CC:-cc}" >/dev/null || skip "no compiler"
	[ "$(uname -m)" = x86_64 ] || skip "the guest's code is x86's"
	${CC:-cc} -O1 -pthread -o vcpus "$here/tests/live/vcpus.c"
}

# is_said FILTER: of our process there is one such object in the trace. The last line may not be whole yet.
is_said()
{
	jq -c "select(.vm.pid == $vmm) | $1" trace 2>/dev/null | grep -q .
}

# withheld MODE FILTER: it has what it waits for when the trace has said so that it waits. On a busy machine its other
# calls may be stuck too.
withheld()
{
	watch trace --stuck 101ms
	mkfifo given
	./vcpus "$1" <given &
	vmm=$!
	exec {give}>given
	until_true 10 is_said "$2" || { kill $vmm; cat trace*; return 1; }
	echo >&$give
	wait $vmm
	exec {give}>&-
	unwatch
}

# A guest that was restored crawled, since each page came late, and trace was silent: a signal ends that sleep.
test_vcpu_late()
{
	build_vcpus || return
	withheld late 'select(.stuck and .call == "KVM_RUN")'
	some "a vCPU that waits for a page" "select(.vm.pid == $vmm and .stuck and .call == \"KVM_RUN\"
		and .cause == \"other-sleep\" and (.advice | contains(\"userfaultfd\"))
		and any(.segments[]; .function == \"handle_userfault\"))" trace
}

test_vcpu_busy()
{
	build_vcpus || return
	withheld busy 'select(.stuck and .call == "KVM_GET_REGS")'
	some "who waits for a vCPU" "select(.vm.pid == $vmm and .stuck and .call == \"KVM_GET_REGS\"
		and any(.segments[]; .function == \"kvm_vcpu_ioctl\"))" trace
	some "the same when it is over, and for whom it waited" "select(.vm.pid == $vmm and (.stuck | not)
		and .call == \"KVM_GET_REGS\" and .cause == \"other-sleep\" and .culprit.kind == \"waker\"
		and .culprit.comm == \"vcpu\" and (.advice | contains(\"KVM_RUN\")))" trace
}

# In $group a cgroup that may have a tenth of one CPU, in $member the file that takes processes in.
make_quota()
{
	local v1 mount=/sys/fs/cgroup

	v1=$(awk '$3 == "cgroup" && $4 ~ /(^|,)cpu(,|$)/ { print $2; exit }' /proc/mounts)
	group=${v1:-$mount}/kvmstall-test.$$
	member=$group/cgroup.procs
	if [ -n "$v1" ]; then
		{ mkdir "$group" && echo 10000 >"$group/cpu.cfs_quota_us"; } || skip "no cpu controller to be had"
	else
		grep -qw cpu "$mount/cgroup.controllers" 2>/dev/null || skip "no cpu controller"
		echo +cpu >"$mount/cgroup.subtree_control" 2>/dev/null || skip "no cpu controller to be had"
		{ mkdir "$group" && echo '10000 100000' >"$group/cpu.max"; } || skip "no cpu.max"
	fi
}

# Since v6.18 who is in a call loses its CPU at its end, and a vCPU in KVM_RUN, which is in no call that is watched.
test_vcpu_quota()
{
	local group member

	build_vcpus || return
	make_quota
	watch trace
	# shellcheck disable=SC2016 # the inner shell's
	sh -c 'echo $$ >"$0" && exec ./vcpus turns' "$member" &
	vmm=$!
	until_true 10 is_said 'select(.throttled and .call == "KVM_RUN")' || { kill $vmm; cat trace* "$group/cpu.stat"; return 1; }
	kill $vmm
	wait $vmm || true
	rmdir "$group"
	unwatch
	jq -c "select(.throttled and .vm.pid == $vmm)" trace >throttled
	some "a vCPU without quota" 'select(.call == "KVM_RUN" and .cause == "runnable" and (.advice | contains("cpu.max")))' throttled
	none "somebody is blamed for a quota" 'select(.culprit or (.cause | IN("runnable", "wakeup") | not))' throttled
	none "off balance" 'select(is_off_balance)' throttled
}

# It has no VM that would say whose it is.
test_refused_vm()
{
	build_vcpus || return
	"$KVMSTALL" trace -j --all -o trace -- ./vcpus refused 2>err || fail "$(cat err)"
	some "a KVM_CREATE_VM of COMMAND that failed" 'select(.call == "KVM_CREATE_VM" and .comm == "vcpus" and .ret == -22)' trace
}

# Who ends a VM may have made no call on it. Its end has a wait that takes long, or not, by chance, but it has a close.
test_heir()
{
	build_vcpus || return
	watch trace --all
	./vcpus heir
	unwatch
	some "the close by who was given the last descriptor" 'select(is_call and .call == "close" and .comm == "vcpus-heir"
		and .vm.comm == "vcpus")' trace
}
