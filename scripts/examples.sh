#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# examples.sh [--check] - what the manual pages, the README and docs show of kvmstall's output, printed anew from
# the captures in this tree. With --check nothing is written: what differs is shown, with exit status 1.
#
# An example is what stands between two comments. The command is run by bash, in the tree's top, with
# kvmstall in the PATH:
#
#     .\" EXAMPLE: COMMAND         <!-- EXAMPLE: COMMAND -->
#     .\" END                      <!-- END -->
#
# KVMSTALL is the program.
set -euo pipefail

cd "$(dirname "$0")/.."
KVMSTALL=$(readlink -f "${KVMSTALL:-build/kvmstall}")
check=${1-}
bad=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$KVMSTALL" "$work/bin/kvmstall"

# printed COMMAND
printed()
{
	PATH=$work/bin:$PATH LC_ALL=C TZ=UTC bash -c "set -o pipefail; $1" </dev/null
}

# shellcheck disable=SC2317 # called by name
# Text as roff has to have it: a hyphen that can be copied, and no line that is a request.
as_roff()
{
	sed 's/\\/\\e/g; s/-/\\-/g; s/^[.'\'']/\\\&&/'
}

# shellcheck disable=SC2317 # called by name
as_markdown()
{
	echo
	sed 's/^./    &/'
	echo
}

# anew FILE: the file with its examples printed anew.
anew()
{
	local file=$1 line command='' writer=as_markdown

	[ "${file%.md}" != "$file" ] || writer=as_roff
	while IFS= read -r line; do
		case $line in
		'.\" END' | '<!-- END -->') command= ;;
		esac
		[ -n "$command" ] || printf '%s\n' "$line"
		case $line in
		'.\" EXAMPLE: '* | '<!-- EXAMPLE: '*' -->')
			command=${line#* EXAMPLE: }
			printed "${command% -->}" >"$work/printed"
			$writer <"$work/printed"
			;;
		esac
	done <"$file"
	[ -z "$command" ] || { echo "$file: an example without END" >&2; return 1; }
}

# Output that is written by hand is wrong sooner or later. repro's own is no capture's.
by_hand()
{
	awk '/EXAMPLE: / { inside = 1 }
		!inside && (/^ *[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]+ / || /^ *TIME +VM / ||
			/^ +wait [0-9.]+[mun]?s  / || /^ +culprit: [a-z_]+ in /) {
			print FILENAME ":" FNR ": output that no EXAMPLE command prints: " $0 }
		/(\.\\"|<!--) END/ { inside = 0 }' "$@"
}

# Pages of docs that have examples; the others are made by scripts of their own, or of what was once.
mapfile -t pages < <(grep -l '<!-- EXAMPLE: ' docs/*.md)
for file in man/*.[1-8] README.md "${pages[@]}"; do
	anew "$file" >"$work/anew"
	if [ "$check" != --check ]; then
		cmp -s "$file" "$work/anew" || cp "$work/anew" "$file"
	elif ! diff -u "$file" "$work/anew"; then
		bad=1
	fi
done
by_hand man/*.[1-8] README.md "${pages[@]}" >"$work/by-hand"
[ ! -s "$work/by-hand" ] || bad=1
cat "$work/by-hand"
[ $bad = 0 ] || echo 'examples: run "make examples"'
exit $bad
