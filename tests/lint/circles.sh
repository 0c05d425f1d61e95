#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# No two files of src/ use each other, nor any number in a ring: whoever reads one first needs no other
# first. The halves of a file that differ by architecture are one with it.
set -euo pipefail

tests/lint/symbols.sh | awk '
	{ file = $1; sub(/_(x86|arm64)$/, "", file) }
	$2 ~ /^[TDBRC]$/ { where[$3] = file }
	$2 == "U" { uses[file " " $3] }
	END {
		for (use in uses) {
			split(use, part, " ")
			if (part[2] in where && where[part[2]] != part[1])
				print part[1], where[part[2]]
		}
	}' | sort -u | tsort 2>&1 >/dev/null | sed 's/.*loop:$/files in a ring:/'
