#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The pure floors (DESIGN.md, Layers) compute: memory, text, numbers, and the two formats that captures
# and JSON are made of. What they call is of them, of base's pure files, or matches this list; a file, a
# clock, the environment or a terminal are somebody else's.
set -euo pipefail

pure='host|ledger|output|metrics|capture|view|import|diff|dump|script'
impure_base='clock|io|log'
allowed='(mem|str)[a-z]+|strerrorname_np|malloc|calloc|realloc(array)?|free|v?(sn|as)printf|qsort|bsearch|abs|l?labs
	|(fabs|fmax|fmin|floor|ceil|sqrt|exp|log|log2|log10|pow|erfc?|frexp|ldexp|l?lround|round)
	|to(lower|upper)|is[a-z]+|json_[a-z_]+|ZSTD_[A-Za-z0-9_]+'
# the compiler's own: hardened forms, C23 forms, tables of ctype.h, sanitizers
compilers='__[a-z_0-9]+_chk|__isoc[0-9]+_[a-z]+|__ctype_[a-z_]+|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__assert_fail|__[au]san_.*|__ubsan_.*'

tests/lint/symbols.sh | awk -v pure="^($pure)/" -v impure="^base/($impure_base)$" \
	-v allowed="^($(tr -d '\n\t' <<<"$allowed")|$compilers)$" '
	$2 ~ /^[TDBRC]$/ && ($1 ~ pure || ($1 ~ "^base/" && $1 !~ impure)) { ours[$3] }
	$2 == "U" && $1 ~ pure { uses[$1 " " $3] }
	END {
		for (use in uses) {
			split(use, part, " ")
			if (part[2] in ours || part[2] ~ allowed)
				continue
			printf "%s is pure and calls %s\n", part[1], part[2]
			bad = 1
		}
		exit bad
	}'
