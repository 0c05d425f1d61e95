#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest, for ../rcu.sh: waits for plain RCU that the machine at hand does not have. NAME.trace and NAME.repro of
# each; and a recording, beside which RCU's functions were probed.
# shellcheck disable=SC2317 # functions run by name
set -u

# traced NAME OPTION...: repro with these options, under trace.
traced()
{
	name=$1
	shift
	kvmstall trace --json --all -- sh -c "kvmstall repro --json $* >/out/$name.repro" >/out/"$name".trace 2>/out/"$name".errors
	echo "$name: exit status $?" >>/out/status
}

# Somebody moves a process from one cgroup to another, again and again, which wants all forks to stand still.
cgroup()
{
	mkdir /sys/fs/cgroup/mover
	: >/tmp/moving
	(while [ -e /tmp/moving ]; do
		echo 0 >/sys/fs/cgroup/mover/cgroup.procs
		echo 0 >/sys/fs/cgroup/cgroup.procs
	done) &
	traced cgroup --profile minimal --rounds 31
	rm /tmp/moving
	wait
}

# RCU's own functions, by kprobes, beside a recording: when a grace period starts, when it ends, and who reports. CONFIG_RCU_TRACE,
# which has tracepoints for that, is off in distributions' kernels. Each round makes two grace periods.
oracle()
{
	cd /sys/kernel/tracing || return
	{
		echo 'p:oracle/init rcu_gp_init'
		echo 'r:oracle/inited rcu_gp_init'
		echo 'p:oracle/cleanup rcu_gp_cleanup'
		echo 'r:oracle/cleaned rcu_gp_cleanup'
		echo 'p:oracle/report rcu_report_qs_rnp gps=gps:s64'
		echo 'r:oracle/reported rcu_report_qs_rnp'
	} >/out/oracle.probes
	while read -r probe; do
		echo "$probe" >>kprobe_events || return
	done </out/oracle.probes
	echo mono >trace_clock
	echo 16384 >buffer_size_kb
	echo 1 >events/oracle/enable
	kvmstall record -q -o /out/oracle.kvs -- kvmstall repro --scenario fdtable --rounds 307 >/dev/null 2>/out/oracle.errors
	echo 0 >events/oracle/enable
	cat trace >/out/oracle.events
	cat per_cpu/cpu*/stats | grep -E '^(overrun|dropped events): [^0]' >/out/oracle.lost
	echo >kprobe_events
	cd /test || return
}

uname -r >/out/release
kvmstall repro --scenario vcpu-hop --rounds 3 >/dev/null # emulation is slow with what it sees for the first time
traced hop --scenario vcpu-hop --rounds 31
traced callbacks --profile minimal --inject rcu-callbacks --hold 307ms --rounds 41
cgroup
kvmstall repro --scenario fdtable --rounds 3 >/dev/null
oracle
exit 0
