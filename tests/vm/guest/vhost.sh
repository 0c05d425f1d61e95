#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest, for ../vhost.sh: calls that wait for a worker of vhost. KIND.trace, and KIND.workers: their ids. KIND is
# what the kernel makes by itself, or kthread, where it can be asked for one.
set -u

# traced KIND [ARGUMENT]
traced()
{
	kind=$1
	shift
	kvmstall trace --json --all -o "/out/$kind.trace" -- sh -c "/test/vhost 13 101 $* >/out/$kind.workers" 2>"/out/$kind.errors"
	echo "$kind: exit status $?" >>/out/status
}

uname -r >/out/release
/test/vhost 1 11 >/dev/null # emulation is slow with what it sees for the first time
traced default
/test/vhost 1 11 kthread >/dev/null 2>&1 && traced kthread kthread
exit 0
