#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: what check and trace say when lockdown takes BPF's reads away, each a bit more than before. Lockdown is not
# taken back, so no running host can show this. NAME.check, .trace, .errors; status has a line for each.

# both NAME
both()
{
	kvmstall check --json >/out/"$1".check
	checked=$?
	kvmstall trace --json --all -o /out/"$1".trace -- kvmstall repro --profile minimal >/dev/null 2>/out/"$1".errors
	echo "$1 $checked $?" >>/out/status
}

uname -r >/out/release
mount -t securityfs securityfs /sys/kernel/security || exit 77
both none
for what in integrity confidentiality; do
	echo $what >/sys/kernel/security/lockdown || exit 77
	both $what
done
# Where nothing says that it is so.
umount /sys/kernel/security
both unsaid
exit 0
