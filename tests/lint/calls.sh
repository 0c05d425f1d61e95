#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The numbers of ledger/system_calls.h are those of the headers of this machine's C library: for x86-64, for 32-bit tasks
# there, for arm64. What only one of the two has is of another release.
set -euo pipefail

cd "$(dirname "$0")/../.." || exit 1
where=$(gcc -print-multiarch)
include=/usr/include/$where/asm
[ -f "$include/unistd_64.h" ] && [ -f "$include/unistd_32.h" ] || exit 77 # not x86

# compare COLUMN LEAST HEADER PREFIX: at least so many names are compared.
compare()
{
	awk -v column="$1" -v least="$2" -v prefix="$4" '
		NR == FNR {
			if (/^#define/ && index($2, prefix) == 1 && $3 ~ /^[0-9]+$/)
				number[substr($2, length(prefix) + 1)] = $3
			next
		}
		/^\tX\(SYS_/ {
			split($0, field, /, *|\)/)
			gsub(/"/, "", field[2])
			if (field[2] in number && field[column] != "NONE") {
				cnt++
				if (field[column] != number[field[2]] && !(field[2] in other)) {
					print FILENAME ": " field[2] " is " number[field[2]] " in the kernel, not " field[column]
					bad = 1
				}
			}
		}
		BEGIN { other["mmap"]; other["fcntl"]; other["truncate"]; other["ftruncate"] } # of 32 bits as C libraries call them
		END {
			if (cnt < least) {
				print FILENAME ": only " cnt + 0 " names of column " column " are in the header"
				bad = 1
			}
			exit bad
		}' "$3" src/ledger/system_calls.h
}

compare 3 331 "$include/unistd_64.h" __NR_
compare 4 331 "$include/unistd_32.h" __NR_
compare 5 271 /usr/include/asm-generic/unistd.h __NR_
