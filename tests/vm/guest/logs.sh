#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest, for ../logs.sh: a hang, with the kernel's own dump of it, and recordings of trace-cmd beside
# a trace of the same run. What is found goes to /out.
set -eu

# tid_of NAME [PID]: the thread that is called so, and its process before it.
tid_of()
{
	# shellcheck disable=SC2086 # a pattern
	grep -lx "$1" /proc/${2:-[0-9]*}/task/*/comm 2>/dev/null | head -n 1 | cut -d / -f 3,5 | tr / ' '
}

# dumped: the kernel has reported this hang, and it goes on: keep all of it.
dumped()
{
	read -r vmm second <<-END
		$(tid_of kvmstall-second)
	END
	[ -n "$second" ] && dmesg | grep -q "INFO: task kvmstall-second:$second blocked" || return
	read -r vmm reader <<-END
		$(tid_of kvmstall-reader "$vmm")
	END
	[ -n "$reader" ] || return
	for task in "/proc/$vmm/task"/*; do
		echo "$task/stack"
		cat "$task/stack"
	done >/out/stacks
	dmesg | sed -n '/blocked for more than/,$p' >/out/hung
	printf '%s %s\n' "$vmm" "$reader" "$second" "$vmm" >/out/holders
	[ -d "/proc/$vmm/task/$second" ] # all of it was of one hang
}

# hang: a reader withheld, who waits for it, and who waits for that one's mutex; until it was dumped.
hang()
{
	echo 2 >/proc/sys/kernel/hung_task_timeout_secs
	echo -1 >/proc/sys/kernel/hung_task_warnings
	kvmstall repro --profile minimal >/dev/null # the first time all is slow here
	kvmstall trace -q --stuck 1s --json -o /out/hang.trace -- \
		kvmstall repro --json --profile minimal --inject hang --hold 10s --rounds 7 >/out/hang.repro &
	until dumped; do
		kill -0 $! || return 0
		sleep 0.3
	done
	kill -INT $!
	wait $! || true
	kill -KILL "$vmm" || true # COMMAND goes on after the trace
	dmesg -c >/dev/null # the harness would call it trouble
}

# beside NAME OPTION...: trace-cmd's recording of repro, while it is traced.
beside()
{
	name=$1
	shift
	kvmstall trace -q --all --json -o "/out/$name.trace" -- \
		trace-cmd record -q -o data "$@" kvmstall repro >/dev/null 2>"/out/$name.errors" || return 0
	trace-cmd report -i data >"/out/$name.log" 2>/dev/null
}

uname -r >/out/release
hang
if [ -x /usr/bin/trace-cmd ]; then
	cd /tmp
	beside syscalls -e syscalls:sys_enter_ioctl -e syscalls:sys_exit_ioctl -e syscalls:sys_enter_close \
		-e syscalls:sys_exit_close
	beside graph -p function_graph -l kvm_vm_ioctl -l kvm_vm_release
fi
