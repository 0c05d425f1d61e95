#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every command has a page, which describes the options of the command's table and no others;
# every page formats without a warning. $KVMSTALL is the program to ask.
set -eu

bad=0

complain()
{
	echo "man: $*"
	bad=1
}

# The table as "-p --pid", an option a line. Every command has --help: no page need say so.
table_options()
{
	"$KVMSTALL" --dump-options "$1" | awk -F '\t' '
		$2 != "help" { print ($1 == "" ? "" : "-" $1 " ") "--" $2 }' | sort
}

# The same from a page: the tags (lines after .TP or .TQ) of its OPTIONS section.
page_options()
{
	awk '
		/^\.SH/ { in_options = /OPTIONS/ }
		in_options && tag { print }
		{ tag = /^\.T[PQ]/ }' "$1" | sed 's/\\-/-/g; s/\\f[A-Z]//g; s/"//g' | awk '{
		letter = name = ""
		for (i = 1; i <= NF; i++) {
			sub(/[,=[].*/, "", $i)
			if ($i ~ /^-[A-Za-z]$/)
				letter = $i " "
			else if ($i ~ /^--[a-z0-9]/ && name == "")
				name = $i
		}
		if (name != "" && name != "--help")
			print letter name
	}' | sort -u
}

check_command()
{
	local command=$1 page=man/kvmstall-$1.8 differences

	if [ ! -f "$page" ]; then
		complain "no $page"
		return
	fi
	differences=$(diff <(table_options "$command") <(page_options "$page") |
		sed -n 's/^</in the table only:/p; s/^>/in the page only:/p')
	[ -z "$differences" ] || complain "$page: $differences"
	grep -qs "kvmstall-$command" man/kvmstall.8 || complain "man/kvmstall.8 does not name $command"
}

check_format()
{
	local warnings

	warnings=$(groff -man -ww -z -Tutf8 "$1" 2>&1)
	[ -z "$warnings" ] || complain "$1: $warnings"
}

[ -f man/kvmstall.8 ] || complain 'no man/kvmstall.8'
while IFS=$'\t' read -r command _; do
	check_command "$command"
done < <("$KVMSTALL" --dump-options)
for page in man/*.[1-8]; do
	[ ! -f "$page" ] || check_format "$page"
done
exit $bad
