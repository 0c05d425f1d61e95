#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# verifier.sh [INSNS] - what every program costs the verifier on every kernel: docs/verifier.md.
#
# INSNS is what tests/vm/matrix.sh wrote; without it, the matrix is run. That each program loads on each
# kernel is the matrix's to test: there a backend that does not load fails.
set -euo pipefail

cd "$(dirname "$0")/../.."
insns=${1-}
if [ -z "$insns" ]; then
	insns=$(mktemp)
	trap 'rm -f "$insns"' EXIT
	INSNS=$insns tests/vm/matrix.sh >&2 || echo 'verifier: the matrix has failures' >&2
fi
[ -s "$insns" ] || { echo 'verifier: nothing was loaded anywhere' >&2; exit 1; }

mkdir -p docs
{
	cat <<-'END'
		# What the programs cost the verifier

		Instructions that the kernel's verifier processed to accept each program (its limit is 1 000 000), on
		Debian's cloud kernels. A column is a series, with `a` behind it for arm64. No number: the plan for
		that kernel has no such program. Written by `tests/bench/verifier.sh` from `make check-matrix`.

	END
	# SERIES ARCH BACKEND PROGRAM: processed N insns ..., and from 7.2 on N as the sum of its functions: 9+717
	awk '
	function insns_of(text,   parts, n, sum) {
		for (n = split(text, parts, "+"); n; n--)
			sum += parts[n]
		return sum
	}
	{
		column = $1 ($2 == "amd64" ? "" : "a")
		sub(/:$/, "", $4)
		if (!(column in columns)) { columns[column] = ++columns_cnt; names[columns_cnt] = column }
		if (!($4 in programs)) { programs[$4] = ++programs_cnt; list[programs_cnt] = $4 }
		if (insns_of($6) > cost[$4, column]) cost[$4, column] = insns_of($6)
	}
	END {
		printf "| program |"
		for (i = 1; i <= columns_cnt; i++) printf " %s |", names[i]
		printf "\n|---|"
		for (i = 1; i <= columns_cnt; i++) printf "--:|"
		print ""
		for (p = 1; p <= programs_cnt; p++) {
			printf "| `%s` |", list[p]
			for (i = 1; i <= columns_cnt; i++) {
				printf " %s |", cost[list[p], names[i]]
				sum[i] += cost[list[p], names[i]]
			}
			print ""
		}
		printf "| all |"
		for (i = 1; i <= columns_cnt; i++) printf " %s |", sum[i]
		print ""
	}' "$insns"
} >docs/verifier.md.new
mv docs/verifier.md.new docs/verifier.md
