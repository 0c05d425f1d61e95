#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How many instructions each BPF program has, as compiled: none has a quarter more than tests/lint/insns.list says, so
# that what each run costs grows only when somebody has seen it. UPDATE=1 writes the list anew, and you say in the commit why.
# A compiler of another release makes a tenth more or less, or unrolls a loop: the list has the larger (stack_waits: 41 of
# clang 14, 115 of clang 21).
set -eu

list=tests/lint/insns.list
make -s O="$O" "$O/bpf/kvmstall.bpf.o"
# readelf complains of bpftool's order of symbols
readelf -sW "$O/bpf/kvmstall.bpf.o" 2>/dev/null | awk '$4 == "FUNC" { print $8, $3 / 8 }' | sort >"$O/insns"
[ -s "$O/insns" ] || { echo "no programs in $O/bpf/kvmstall.bpf.o"; exit 1; }
[ -z "${UPDATE-}" ] || cp "$O/insns" $list
awk '
	FNR == NR { most[$1] = $2; next }
	!($1 in most) { print $1 ": is not in '$list'"; bad = 1; next }
	$2 > most[$1] * 1.25 + 16 { print $1 ": " $2 " instructions, " most[$1] " in '$list'"; bad = 1 }
	{ delete most[$1] }
	END { for (name in most) { print name ": in '$list', and no program"; bad = 1 } exit bad }' $list "$O/insns"
