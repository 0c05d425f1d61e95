#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# With pipefail, nobody leaves a pipe before its end: whoever still writes dies of SIGPIPE, on a busy machine only,
# and the script with it. "sed -n 1p" instead of "head -n 1", "grep ... >/dev/null" instead of "grep -q".
set -uo pipefail

cd "$(dirname "$0")/../.." || exit 1

# Scripts that set it, and what they source.
mapfile -t strict < <(grep -rlE '^set -[a-z]*o pipefail' .ci scripts tests vmlinux contrib)
mapfile -t sourced < <(sed -nE 's,^# shellcheck source=,,p' "${strict[@]}" | sort -u)
found=$(grep -nE '[^|]\| *(head|(grep|sed) +(-[a-zA-Z]+ +)*-[a-zA-Z]*[qm]|sed [^|]*[;0-9] *q\b|awk [^|]*\bexit\b)' "${strict[@]}" "${sourced[@]}" |
	grep -vE '^[^:]*:[0-9]*:\s*#')
[ -z "$found" ] || { echo "$found" 'leaves a pipe before its end'; exit 1; }
