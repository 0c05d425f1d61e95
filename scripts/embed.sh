#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# embed.sh FILE... - a C header with each FILE as an array (page.css: page_css), and its hash as a page's
# policy names it (PAGE_CSS_HASH: SHA-256, base64). For the build.
set -euo pipefail

hash_of()
{
	local hex

	read -r hex _ < <(sha256sum "$1")
	# shellcheck disable=SC2001 # each two of them
	printf '%b' "$(sed 's/../\\x&/g' <<<"$hex")" | base64
}

echo '/* Made by scripts/embed.sh: do not edit. */'
for file; do
	name=$(basename "$file" | tr . _)
	printf 'static const char %s[] = {\n' "$name"
	od -An -v -tx1 "$file" | sed 's/ \(..\)/0x\1,/g'
	printf '};\n#define %s_HASH "%s"\n' "${name^^}" "$(hash_of "$file")"
done
