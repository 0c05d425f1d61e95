#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bounded.sh SECONDS PROGRAM - run it for so long at most; its exit status, or 124. To be called as the
# first process of a session ("setsid -w"): the selftests' harness makes process groups of its own, so
# timeout(1) alone leaves processes behind.
set -u

status=0
timeout -k 3 "$1" "$2" </dev/null || status=$?
for pid in $(pgrep -s $$); do
	[ "$pid" = $$ ] || kill -KILL "$pid" 2>/dev/null
done
[ "$status" != 137 ] || status=124
exit "$status"
