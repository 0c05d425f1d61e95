#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a file of src/ exports, another file of src/ uses. The rest is static, or goes: that a unit test
# calls it is no use. Objects of $O are read; without one of them nothing is said (build first).
set -eu

O=${O:-build}

# Parts that unit tests check by themselves: against figures from elsewhere, or a bound.
apart='
flight_bytes
perf_parse_frame
stats_block
stats_normal_quantile
stats_normal_tail
stats_sort
'

mapfile -t sources < <(find src -name '*.c' | sort)
objects=()
for source in "${sources[@]}"; do
	object=$O/${source#src/}
	object=${object%.c}.o
	[ -e "$object" ] || continue # a build without the daemon
	objects+=("$object")
done
[ -e "$O/main.o" ] || { echo "exports: nothing is built in $O"; exit 77; }

nm -A "${objects[@]}" | awk -v apart="main$apart" '
	BEGIN {
		n = split(apart, list)
		for (i = 1; i <= n; i++)
			is_apart[list[i]] = 1
	}
	{ name = $NF; kind = $(NF - 1); file = $1; sub(/\.o:.*/, "", file) }
	kind ~ /^[TDBRC]$/ { where[name] = file }
	kind == "U" { is_used[name] = 1 }
	END {
		for (name in where)
			if (!(name in is_used) && !(name in is_apart)) {
				printf "%s: %s is used by no other file\n", where[name], name
				bad = 1
			}
		exit bad
	}'
