#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# No function is longer than 80 lines. Kernel style puts its braces in the first column.
set -eu

mapfile -t files < <(find src bpf tests -name '*.[ch]')
awk '
	FNR == 1 { start = 0 }
	/^{$/ { start = FNR; name = previous }
	/^}$/ && start {
		if (FNR - start - 1 > 80) {
			printf "%s:%d: %d lines: %s\n", FILENAME, start, FNR - start - 1, name
			bad = 1
		}
		start = 0
	}
	{ previous = $0 }
	END { exit bad }' "${files[@]}"
