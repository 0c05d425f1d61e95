#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the objects of $O define and use, for the checks that ask: "FILE KIND NAME" a line, FILE as
# ledger/ledger, KIND as nm has it. Without a built $O: status 77.
set -eu

O=${O:-build}
[ -e "$O/main.o" ] || { echo "nothing is built in $O" >&2; exit 77; }

objects=()
while read -r source; do
	object=$O/${source#src/}
	object=${object%.c}.o
	[ -e "$object" ] || continue # a build without the daemon, of another architecture
	objects+=("$object")
done < <(find src -name '*.c' | sort)

nm -A "${objects[@]}" | awk -v root="$O/" '{
	file = substr($1, length(root) + 1)
	sub(/\.o:.*/, "", file)
	print file, $(NF - 1), $NF
}'
