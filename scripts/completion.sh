#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# completion.sh KVMSTALL [bash|zsh] - print the completion for this shell, made from the program's own option tables.
set -euo pipefail

kvmstall=${1:?usage: completion.sh KVMSTALL [bash|zsh]}
shell=${2:-bash}

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

# ---- zsh

# quoted TEXT: as the part of a specification of _arguments that stands in brackets, between single quotes.
quoted()
{
	local text=$1

	text=${text//\\/\\\\}
	text=${text//[/\\[}
	text=${text//]/\\]}
	text=${text//:/\\:}
	printf '%s' "${text//\'/\'\\\'\'}"
}

# What to propose for a value: the choices, files, or nothing.
zsh_value()
{
	case $1 in
	'') ;;
	*'|'*) printf ':value:(%s)' "${1//|/ }" ;;
	FILE) printf ':file:_files' ;;
	DIR) printf ':folder:_files -/' ;;
	*) printf ':%s: ' "$(quoted "$1")" ;;
	esac
}

zsh_options()
{
	local letter name metavar help names mark

	while IFS=$'\x1f' read -r letter name metavar help; do
		mark=${metavar:+=}
		names="--$name$mark"
		[ -z "$letter" ] || names="{-$letter${metavar:++},--$name$mark}"
		# shellcheck disable=SC1003
		printf '\t\t\t%s'"'[%s]%s'"' \\\n' "$names" "$(quoted "$help")" "$(zsh_value "$metavar")"
	done
}

# What follows the options: a command line, or files.
zsh_operands()
{
	case $1 in
	trace | record) echo "'(-)1:command: _command_names -e' '*::arguments: _normal'" ;;
	report | diff) echo "'*:file:_files'" ;;
	*) echo "'*: : '" ;;
	esac
}

zsh_script()
{
	local command summary

	cat <<'END'
#compdef kvmstall
# zsh completion for kvmstall. Made by scripts/completion.sh from the option tables: do not edit.
_kvmstall()
{
	local -a commands

	commands=(
END
	while IFS=$'\x1f' read -r command summary; do
		printf "\t\t'%s:%s'\n" "$command" "$(quoted "$summary")"
	done < <(table)
	cat <<'END'
		'help:list the options of a command'
	)
	if ((CURRENT == 2)); then
		_describe command commands
		_arguments '--help[list the commands]' '--version[print the version]'
		return
	fi
	local command=$words[2]

	shift words
	((CURRENT--))
	case $command in
	help)
		_describe command commands
		;;
END
	for command in "${commands[@]}"; do
		printf '\t%s)\n\t\t_arguments -s -S \\\n' "$command"
		table "$command" | zsh_options
		printf '\t\t\t%s\n\t\t;;\n' "$(zsh_operands "$command")"
	done
	printf '\tesac\n}\n_kvmstall "$@"\n'
}

if [ "$shell" = zsh ]; then
	zsh_script
	exit
fi

# ---- bash

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
