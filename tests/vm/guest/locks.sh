#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest, for ../locks.sh: locks of the whole host, contended in ways that would disturb others on a machine
# that is not one's own, and limits of cgroups. NAME.trace for each, kvm-lock.writers, who had kvm_lock, and what the
# cgroups say of their limits.
# shellcheck disable=SC3043,SC2317 # busybox has local; functions run by name
set -u

nx=/sys/module/kvm/parameters/nx_huge_pages
cpu=/sys/devices/system/cpu/cpu1/online

# until_in FUNCTION TASK...: one of them has it in its stack.
until_in()
{
	local i=0

	# shellcheck disable=SC2086 # a pattern
	until cat $2/stack 2>/dev/null | grep -q "$1" || [ $i -ge 100 ]; do
		sleep 0.03
		i=$((i + 1))
	done
}

# KVM_CREATE_VM wants kvm_lock, which a writer of the parameter has; that one waits for slots_lock, which a call
# of another VM has, whose page is withheld.
kvm_lock()
{
	local value

	for value in Y N Y N Y N Y; do
		/test/chain 3001 &
		until_in handle_userfault "/proc/$!/task/*"
		(echo "$value" >"$nx") &
		echo $! >>/out/kvm-lock.writers
		until_in set_nx_huge_pages "/proc/$!"
		kvmstall repro --profile minimal >/dev/null
		wait
	done
}

# CPU 1 goes and comes, for which a writer has cpu_hotplug_lock; KVM_CREATE_VM counts a static key up.
cpus_read_lock()
{
	(while [ -e /tmp/hotplug ]; do
		echo 0 >"$cpu"
		echo 1 >"$cpu"
	done) &
	kvmstall repro --profile minimal --rounds 31 >/dev/null
	rm /tmp/hotplug
	wait
}

# Each end of a VM with two-dimensional paging waits in rcu_barrier(), one after the other.
barrier_mutex()
{
	/test/drain 7 0
}

# Who takes memory in a cgroup above its memory.high waits, most of all after the call. What fills it is in no process,
# and nothing can take it back without swap.
memory_high()
{
	local group=/sys/fs/cgroup/kvmstall

	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir "$group"
	(echo 0 >"$group/cgroup.procs" && dd if=/dev/zero of=/dev/shm/fill bs=1M count=61) 2>/dev/null
	echo 23M >"$group/memory.high"
	(echo 0 >"$group/cgroup.procs" && exec kvmstall repro --profile minimal --rounds 3) >/dev/null
	cp "$group/memory.events" /out/memory-high.events
	cp "$group/memory.pressure" /out/memory-high.pressure
	rm /dev/shm/fill
}

# Each period of 100 ms the calls may have 1 ms of one CPU, so some are in the middle when it is used up.
cpu_quota()
{
	local group=/sys/fs/cgroup/kvmstall-cpu

	echo +cpu >/sys/fs/cgroup/cgroup.subtree_control
	mkdir "$group"
	echo '1000 100000' >"$group/cpu.max"
	(echo 0 >"$group/cgroup.procs" && exec kvmstall repro --profile firecracker --rounds 61) >/dev/null
	cp "$group/cpu.stat" /out/cpu-quota.stat
	! grep -q sched_throttle_work /sys/kernel/btf/vmlinux || : >/out/cpu-quota.by-task
}

# irqbypass' mutex, which is the host's: each KVM_IRQFD looks at all irqfds of all VMs with it (up to Linux 6.16).
irqbypass()
{
	/test/drain 13 61
}

# Each VM waits for a kthread of its own as it is made: up to Linux 6.12, but for its later point releases.
create_vms()
{
	kvmstall repro --profile minimal --rounds 31
}

trace()
{
	kvmstall trace --json --all -o "/out/$1.trace" -- sh /run-me "$2" >"/out/$1.out" 2>"/out/$1.errors"
}

case ${1-} in
'') ;;
*)
	"$1"
	exit
	;;
esac
uname -r >/out/release
kvmstall repro --profile minimal --rounds 2 >/dev/null # all is slow the first time
echo N >"$nx"
trace kvm-lock kvm_lock
: >/tmp/hotplug
trace cpus-read-lock cpus_read_lock
trace barrier-mutex barrier_mutex
trace memory-high memory_high
trace cpu-quota cpu_quota
exit 0
