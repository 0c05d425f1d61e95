#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# floor.sh - what a program on each system call costs, though it does nothing: getppid and an ioctl of tests/bench/calls.c in ns,
# medians of ROUNDS (3), without any program, with one that returns at once on the entry of a system call, with one on the
# return as well, with the two of "kvmstall trace", and with the kernel's own filter by number: perf's tracepoints of a call that
# nobody makes, and of ioctl. In turns. Root, libbpf, bpftrace.
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
work=$(mktemp -d)
started=''
# shellcheck source=tests/bench/tracer.sh
. "$here/tests/bench/tracer.sh"
trap 'stop; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"

if [ "$(id -u)" != 0 ] || [ ! -w /dev/kvm ]; then
	echo 'floor.sh: root and /dev/kvm are needed' >&2
	exit 77
fi

"${CC:-cc}" -O1 -pthread -o calls "$here/tests/bench/calls.c"
"${CC:-cc}" -O1 -I"$here/include" -o nothing "$here/tests/bench/nothing.c" -lbpf

# Whose first line says that it is attached.
start()
{
	: >said
	"$@" >said 2>&1 &
	started=$!
	for _ in {1..300}; do
		[ ! -s said ] || return 0
		kill -0 $started 2>/dev/null || break
		sleep 0.1
	done
	cat said >&2
	return 1
}

stop()
{
	stop_tracer
	[ -n "$started" ] || return 0
	kill "$started" 2>/dev/null || true
	wait "$started" 2>/dev/null || true
	started=''
}

others()
{
	grep -lxE 'kvmstall|bpftrace|perf|strace' /proc/[0-9]*/comm 2>/dev/null | grep -cvF -e "/$started/" -e "/$tracer/" || true
}

attach()
{
	case $1 in
	bare) ;;
	enter) start_tracer ./nothing sys_enter ;;
	both) start_tracer ./nothing sys_enter sys_exit ;;
	kvmstall) start_tracer "$KVMSTALL" -q --backend tracepoint ;;
	other-call) start bpftrace -e 'tracepoint:syscalls:sys_enter_mount { @ = 1 } tracepoint:syscalls:sys_exit_mount { @ = 1 }' ;;
	ioctl) start bpftrace -e 'tracepoint:syscalls:sys_enter_ioctl { @ = 1 } tracepoint:syscalls:sys_exit_ioctl { @ = 1 }' ;;
	esac
}

# A sample takes 20 ms: one beside a tracer of others is taken again, for as long as a minute.
sample()
{
	local cnt value

	for _ in {1..300}; do
		cnt=$(others)
		value=$(./calls "$1" | cut -d ' ' -f 2)
		[ "$cnt$(others)" != 00 ] || break
		sleep 0.2
	done
	echo "$1 $side $value" >>values
	echo "$cnt" >>tracers
}

sides='bare enter both kvmstall other-call ioctl'
for ((round = 0; round < ${ROUNDS:-3}; round++)); do
	for side in $sides; do
		attach "$side"
		sleep 0.3
		for row in getppid ioctl; do
			sample $row
		done
		stop
	done
done

median()
{
	grep "^$1 $2 " values | cut -d ' ' -f 3 | sort -n | sed -n "$(((${ROUNDS:-3} + 1) / 2))p"
}

echo "$(uname -r), $(uname -m), $(nproc) CPUs, $(date +%F), load $(cut -d ' ' -f 1 /proc/loadavg), up to $(sort -n tracers | tail -n 1) tracers of others"
printf '\n| attached | getppid | ioctl of a VM |\n|---|--:|--:|\n'
for side in $sides; do
	echo "| $side | $(median getppid "$side") | $(median ioctl "$side") |"
done
