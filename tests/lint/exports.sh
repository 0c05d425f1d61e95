#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a file of src/ exports, another file of src/ uses. The rest is static, or goes: that a unit test
# calls it is no use. Objects of $O are read; without one of them nothing is said (build first).
set -euo pipefail

# Parts that unit tests check by themselves: against figures from elsewhere, or a bound.
apart='
flight_bytes
perf_parse_frame
stats_block
stats_normal_quantile
stats_normal_tail
stats_sort
'

tests/lint/symbols.sh | awk -v apart="main$apart" '
	BEGIN {
		n = split(apart, list)
		for (i = 1; i <= n; i++)
			is_apart[list[i]] = 1
	}
	$2 ~ /^[TDBRC]$/ { where[$3] = $1 }
	$2 == "U" { is_used[$3] = 1 }
	END {
		for (name in where)
			if (!(name in is_used) && !(name in is_apart)) {
				printf "%s: %s is used by no other file\n", where[name], name
				bad = 1
			}
		exit bad
	}'
