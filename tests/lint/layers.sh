#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The floors of src/ (DESIGN.md, Layers): a directory includes itself and those that stand above it in
# this list. libbpf is kern's business; only cmd and main print or end anything. Which are pure: purity.sh.
set -eu

floors='base
host
ledger
output
metrics capture view
import diff dump kern
script
live
cmd'
bad=0

# complain WHAT: its input, if any, is what breaks the rule.
complain()
{
	if grep .; then
		echo "layering: $1"
		bad=1
	fi
}

below=kvmstall
while read -ra floor; do
	for dir in "${floor[@]}"; do
		complain "src/$dir may include only $below|$dir, by the path from src/" < <(
			grep -rnE '^\s*#\s*include\s*("|<[a-z]+/)' "src/$dir" |
				grep -vE '"[a-z_]+\.(skel|types)\.h"|"(version|page_assets)\.h"|<(bpf|linux|sys|asm|cap-ng|microhttpd|curl|systemd|arpa|net|netinet)/' |
				grep -vE "[\"<]($below|$dir)/")
	done
	below="$below|$(tr ' ' '|' <<<"${floor[*]}")"
done <<<"$floors"

complain 'no floor of this list' < <(
	for dir in src/*/; do grep -qw "$(basename "$dir")" <<<"$floors" || echo "$dir"; done)
complain 'a directory has at most 20 .c files' < <(
	find src bpf tests -name '*.c' -printf '%h\n' | sort | uniq -c | awk '$1 > 20')
complain 'only src/kern may see libbpf' < <(
	grep -rnE '#include (<bpf/|"[a-z_]+\.skel\.h")' src | grep -v '^src/kern/')
complain 'bpf/ includes nothing of src/' < <(grep -rnE "#include \"($below)/" bpf | grep -v '"kvmstall/')
complain 'include/kvmstall includes nothing of ours' < <(
	grep -rnE '#include "' include | grep -v '"kvmstall/')
complain 'only cmd and main print or end anything; return an err' < <(grep -rnE \
	'\b(v?f?printf|f?puts|f?putc|putchar|perror|_?exit|abort)\(' src --include=*.[ch] |
	grep -vE '^src/(cmd/|main.c|base/opt.c|live/child.c)') # the help; a child before exec
exit $bad
