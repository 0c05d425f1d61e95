#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# completion.sh KVMSTALL - print the bash completion, made from the program's own option tables.
set -euo pipefail

kvmstall=${1:?usage: completion.sh KVMSTALL}

# Options with a closed set of values: "auto|fentry|kprobe" in the table's third column.
values()
{
	local command=$1 letter name metavar

	while IFS=$'\x1f' read -r letter name metavar _; do
		[[ $metavar = *'|'* ]] || continue
		printf '\t%s:--%s%s) words="%s" ;;\n' "$command" "$name" \
			"${letter:+ | $command:-$letter}" "${metavar//|/ }"
	done
}

# Options that take any other value: nothing to propose but files, which is the default.
free_values()
{
	local command=$1 letter name metavar

	while IFS=$'\x1f' read -r letter name metavar _; do
		[[ -n $metavar && $metavar != *'|'* ]] || continue
		printf '\t%s:--%s%s) return ;;\n' "$command" "$name" "${letter:+ | $command:-$letter}"
	done
}

# Tabs are white space to read, which merges two of them: an empty column would vanish.
table()
{
	"$kvmstall" --dump-options "$@" | tr '\t' '\037'
}

names()
{
	local command=$1 name words=''

	while IFS=$'\x1f' read -r _ name _; do
		words+=" --$name"
	done < <(table "$command")
	printf '\t%s:*) words="%s" ;;\n' "$command" "${words# }"
}

mapfile -t commands < <(table | cut -d $'\x1f' -f 1)

cat <<END
# bash completion for kvmstall. Made by scripts/completion.sh from the option tables: do not edit.
_kvmstall()
{
	local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} words i

	COMPREPLY=()
	# "--backend=fentry" arrives as three words.
	[ "\$cur" != = ] || cur=
	[ "\$prev" != = ] || prev=\${COMP_WORDS[COMP_CWORD - 2]}
	for ((i = 2; i < COMP_CWORD; i++)); do
		# What follows "--" is somebody else's command line.
		[ "\${COMP_WORDS[i]}" != -- ] || return
	done

	case \${COMP_WORDS[1]}:\$prev in
	*:kvmstall | help:help) words="${commands[*]}" ;;
END
for command in "${commands[@]}"; do
	table "$command" | values "$command"
	table "$command" | free_values "$command"
	names "$command"
done
cat <<'END'
	*) return ;;
	esac
	[ "$COMP_CWORD" != 1 ] || words="$words help --help --version"
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _kvmstall kvmstall
END
