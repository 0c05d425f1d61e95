#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A name is one thing: no struct, union or enum tag is defined twice, and no two files share a name.
set -eu

bad=0

# complain WHAT: its input, if any, is what breaks the rule.
complain()
{
	if grep .; then
		echo "$1"
		bad=1
	fi
}

mapfile -t files < <(find src include bpf tests -name '*.[ch]')
complain 'a tag is defined twice' < <(
	grep -ohE '\b(struct|union|enum) [a-z_0-9]+ \{' "${files[@]}" | cut -d' ' -f2 | sort | uniq -d |
		while read -r tag; do grep -nE "\b(struct|union|enum) $tag \{" "${files[@]}"; done)
complain 'a file name is used twice' < <(
	find src include bpf -name '*.[ch]' -printf '%f %p\n' | sort |
		awk '$1 == name { print path, $2 } { name = $1; path = $2 }')
exit $bad
