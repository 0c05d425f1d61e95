#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# formats.sh - the table of formats of logs, as man/kvmstall-report.8 has it, from the one in src/import/formats.c:
# what each is called, whether it is read, what it lacks, and the command that records what is read.
set -euo pipefail

cd "$(dirname "$0")/.."
"${CC:-gcc}" -E -P -D_GNU_SOURCE -Iinclude -Isrc src/import/formats.c | awk '
	/^static const struct format formats\[\] = \{/ { in_table = 1; next }
	/^};/ { in_table = 0 } # the rest is read as well: the compiler would fail at a pipe that is closed
	in_table { rows = rows $0 " " }
	END {
		gsub(/"[ \t]+"/, "", rows)
		n = split(rows, row, /\{IMPORT_/)
		for (i = 2; i <= n; i++) {
			split(row[i], part, "\"")
			is_read = part[3] ~ /, 1, *$/ || part[3] ~ /, true, *$/
			print (is_read ? "0" : "1") "\t" part[2] "\t" part[4] "\t" part[6] "\t" (part[7] ~ /1|true/)
		}
	}' | sort -s -t "$(printf '\t')" -k1,1 | awk -F '\t' '
	function man(text) { gsub(/\\/, "\\e", text); gsub(/-/, "\\-", text); return text }
	{
		print ".TP"
		print ".B " man($2)
		if ($1 == 0)
			print "Read. What may be missing: " man($3) ". Made by:"
		else
			print "Not read, for want of " man($3) (($5) ? ". Convert it with:" : ". Record instead with:")
		print ".br"
		print "\\&" man($4)
	}'
