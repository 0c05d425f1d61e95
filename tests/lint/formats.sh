#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The page's table of formats is that of the program. The script that prints it is run with a compiler that goes on
# for half a megabyte after the table: who stops to read there has the compiler fail, with a shorter file by chance.
set -euo pipefail

printf '#!/bin/sh\n"%s" "$@" && exec seq 100003\n' "${CC:-gcc}" >"$O/long-cc"
chmod +x "$O/long-cc"
CC=$O/long-cc scripts/formats.sh >"$O/formats.man" || { echo 'scripts/formats.sh failed'; exit 1; }
diff -u <(sed -n '/^\.\\" FORMATS:/,/^\.\\" END OF FORMATS/{/^\.\\"/!p}' man/kvmstall-report.8) "$O/formats.man" ||
	{ echo 'formats: run "make examples"'; exit 1; }
