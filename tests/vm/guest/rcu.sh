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

# RCU's own tracepoints (CONFIG_RCU_TRACE, which is off in distributions' kernels).
tracepoints()
{
	[ -d events/rcu/rcu_grace_period ] || return
	echo tracepoints >/out/oracle.by
	for event in rcu_grace_period rcu_quiescent_state_report; do
		echo "$1" >events/rcu/$event/enable
	done
}

# RCU's own functions, by kprobes.
kprobes()
{
	if [ "$1" = 0 ]; then
		echo 0 >events/oracle/enable
		echo >kprobe_events
		return
	fi
	echo kprobes >/out/oracle.by
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
	echo 1 >events/oracle/enable
}

# When a grace period starts, when it ends, and who reports, beside a recording. Each round makes two grace periods.
oracle()
{
	cd /sys/kernel/tracing || return
	echo mono >trace_clock
	echo 16384 >buffer_size_kb
	tracepoints 1 || kprobes 1 || return
	kvmstall record -q -o /out/oracle.kvs -- kvmstall repro --scenario fdtable --rounds 157 >/dev/null 2>/out/oracle.errors
	echo 0 >tracing_on
	awk '!/: rcu_grace_period: / || / (start|end)$/' trace >/out/oracle.events # a tenth of it
	cat per_cpu/cpu*/stats | grep -E '^(overrun|dropped events): [^0]' >/out/oracle.lost
	tracepoints 0 || kprobes 0 # a probe that goes takes what it traced along
	cd /test || return
}

uname -r >/out/release
if grep -q kvmstall_oracle /proc/cmdline; then # of a kernel of the lab
	kvmstall repro --scenario fdtable --rounds 3 >/dev/null
	oracle
	exit 0
fi
kvmstall repro --scenario vcpu-hop --rounds 3 >/dev/null # emulation is slow with what it sees for the first time
traced hop --scenario vcpu-hop --rounds 31
traced callbacks --profile minimal --inject rcu-callbacks --hold 307ms --rounds 41
cgroup
kvmstall repro --scenario fdtable --rounds 3 >/dev/null
oracle
exit 0
