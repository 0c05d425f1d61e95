#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The man pages have every name that the output may have: causes, losses, fields of the JSON schema
# and calls; and what else has a row for each cause. $KVMSTALL is the program to ask.
set -eu

bad=0

# missing PAGE WHAT [LINES]: names come in, one a line; by default they are to be in a macro's line,
# where names are set in bold.
missing()
{
	local page=$1 what=$2 where=${3-^\\.} name text

	text=$(grep -E "$where" "$page" | sed 's/\\-/-/g')
	while read -r name; do
		grep -qE "(^|[^A-Za-z_-])$name($|[^A-Za-z_-])" <<<"$text" && continue
		echo "$page does not name the $what '$name'"
		bad=1
	done
}

# listed LIST FILE: the names of an X-macro list of the contract.
listed()
{
	awk -v list="$1" -F '"' '
		$0 ~ "^#define " list "\\(" { inside = 1 }
		inside && /X\([A-Z]/ { print $2 }
		inside && !/\\$/ { inside = 0 }' "$2"
}

missing man/kvmstall-causes.7 cause < <(listed KS_CAUSES include/kvmstall/causes.h)
missing README.md cause '^\| `' < <(listed KS_CAUSES include/kvmstall/causes.h)
missing man/kvmstall-trace.8 loss < <(listed KS_LOSSES include/kvmstall/records.h)
missing man/kvmstall-trace.8 call '' < <(sed -nE 's/^\tX\([A-Z0-9_]+, "(KVM_[A-Z0-9_]+)", 0x.*/\1/p' src/ledger/ioctls.h)
# fields PATTERN: of the parts of the schema whose names match. Each command's are in its own page.
fields()
{
	"$KVMSTALL" trace --json-schema | jq -r --arg pattern "$1" '."$defs" | to_entries[]
		| select(.key | test($pattern)) | .value | .. | .properties? // empty | keys[]' | sort -u
}

missing man/kvmstall-trace.8 field < <(fields '^(?!(group|fact|diff|check|repro))')
missing man/kvmstall-report.8 field < <(fields '^(group|fact)')
missing man/kvmstall-diff.8 field < <(fields '^diff')
missing man/kvmstall-check.8 field < <(fields '^check')
missing man/kvmstall-repro.8 field < <(fields '^repro')

# Each cause: in the schema, in the order of the list; a letter of the timeline, which the page names; a colour of the page.
causes=$(listed KS_CAUSES include/kvmstall/causes.h)
if [ "$("$KVMSTALL" trace --json-schema | jq -r '."$defs".cause.enum[]')" != "$causes" ]; then
	echo "src/output/json_schema.c does not have the causes of include/kvmstall/causes.h"
	bad=1
fi
number=0
letters=$(sed 's/\\//g; s/[".,]//g; s/  */ /g' man/kvmstall-trace.8)
while read -r name; do
	id=$(tr 'a-z-' 'A-Z_' <<<"$name")
	letter=$(grep -oE "\[KS_CAUSE_$id\] = '.'" src/output/timeline.c | cut -d "'" -f 2)
	if [ "$name" != run ] && ! grep -qF -- " ${letter:-no letter} $name" <<<"$letters"; then
		echo "man/kvmstall-trace.8 does not have the letter '$letter' of '$name' (src/output/timeline.c)"
		bad=1
	fi
	if ! grep -q "\.c$number { fill:" src/output/page.css; then
		echo "src/output/page.css has no colour for '$name': .c$number"
		bad=1
	fi
	number=$((number + 1))
done <<<"$causes"
exit $bad
