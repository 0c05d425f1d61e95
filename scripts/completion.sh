#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# completion.sh KVMSTALL [bash|zsh|fish] - print the completion for this shell, made from the program's own option tables.
set -euo pipefail

kvmstall=${1:?usage: completion.sh KVMSTALL [bash|zsh|fish]}
shell=${2:-bash}

# values_of COMMAND OPTION METAVAR: what can be proposed for it: words:A B..., dump:KIND for what is now on this host
# (kvmstall --dump-values KIND), file, folder, user, or none.
values_of()
{
	case $1:$2:$3 in
	*'|'*) echo "words:${3//|/ }" ;;
	repro:scenario:*) echo "words:all $("$kvmstall" repro --list | awk '/^[a-z]/ { printf "%s%s", sep, $1; sep = " " }')" ;;
	trace:pid:* | trace:vm:* | trace:comm:* | top:pid:* | top:vm:* | top:comm:*) echo "dump:$2" ;;
	*:FILE) echo file ;;
	*:DIR) echo folder ;;
	*:USER) echo user ;;
	*) echo none ;;
	esac
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

zsh_value()
{
	local what metavar

	[ -n "$3" ] || return 0
	what=$(values_of "$@") metavar=$(quoted "$3")
	# shellcheck disable=SC2016 # zsh expands it
	case $what in
	words:*) printf ':value:(%s)' "${what#*:}" ;;
	dump:*) printf ':%s:(${(f)"$(kvmstall --dump-values %s 2>/dev/null)"})' "$metavar" "${what#*:}" ;;
	file) printf ':file:_files' ;;
	folder) printf ':folder:_files -/' ;;
	user) printf ':user:_users' ;;
	*) printf ':%s: ' "$metavar" ;;
	esac
}

zsh_options()
{
	local command=$1 letter name metavar help names mark

	while IFS=$'\x1f' read -r letter name metavar help; do
		mark=${metavar:+=}
		names="--$name$mark"
		[ -z "$letter" ] || names="{-$letter${metavar:++},--$name$mark}"
		# shellcheck disable=SC1003
		printf '\t\t\t%s'"'[%s]%s'"' \\\n' "$names" "$(quoted "$help")" "$(zsh_value "$command" "$name" "$metavar")"
	done
}

# What follows the options: a command line, or files.
zsh_operands()
{
	case $1 in
	trace | record) echo "'(-)1:command: _command_names -e' '*::arguments: _normal'" ;;
	report | diff | top) echo "'*:file:_files'" ;;
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
		table "$command" | zsh_options "$command"
		printf '\t\t\t%s\n\t\t;;\n' "$(zsh_operands "$command")"
	done
	printf '\tesac\n}\n_kvmstall "$@"\n'
}

# ---- fish

# fish_text TEXT: between single quotes.
fish_text()
{
	local text=${1//\\/\\\\}

	printf "'%s'" "${text//\'/\\\'}"
}

fish_options()
{
	local command=$1 letter name metavar help what values

	while IFS=$'\x1f' read -r letter name metavar help; do
		values=''
		if [ -n "$metavar" ]; then
			what=$(values_of "$command" "$name" "$metavar")
			case $what in
			words:*) values=" -x -a '${what#*:}'" ;;
			dump:*) values=" -x -a '(kvmstall --dump-values ${what#*:} 2>/dev/null)'" ;;
			file) values=' -r -F' ;;
			folder) values=" -x -a '(__fish_complete_directories)'" ;;
			user) values=" -x -a '(__fish_complete_users)'" ;;
			*) values=' -x' ;;
			esac
		fi
		echo "complete -c kvmstall -n '__fish_seen_subcommand_from $command'${letter:+ -s $letter} -l $name$values -d $(fish_text "$help")"
	done
}

fish_script()
{
	local command summary

	echo '# fish completion for kvmstall. Made by scripts/completion.sh from the option tables: do not edit.'
	while IFS=$'\x1f' read -r command summary; do
		echo "complete -c kvmstall -n __fish_use_subcommand -f -a $command -d $(fish_text "$summary")"
		case $command in
		report | diff | top) ;;
		trace | record) echo "complete -c kvmstall -n '__fish_seen_subcommand_from $command' -f -a '(__fish_complete_subcommand)'" ;;
		*) echo "complete -c kvmstall -n '__fish_seen_subcommand_from $command' -f" ;;
		esac
		table "$command" | fish_options "$command"
	done < <(table)
	cat <<END
complete -c kvmstall -n __fish_use_subcommand -f -a help -d 'list the options of a command'
complete -c kvmstall -n '__fish_seen_subcommand_from help' -f -a '${commands[*]}'
complete -c kvmstall -n __fish_use_subcommand -f -l help -d 'list the commands'
complete -c kvmstall -n __fish_use_subcommand -f -l version -d 'print the version'
END
}

case $shell in
zsh | fish)
	"${shell}_script"
	exit
	;;
esac

# ---- bash

# Options with values to choose from, and those with any other: nothing to propose but files, which is the default.
bash_values()
{
	local command=$1 letter name metavar what

	while IFS=$'\x1f' read -r letter name metavar _; do
		[[ -n $metavar ]] || continue
		what=$(values_of "$command" "$name" "$metavar")
		printf '\t%s:--%s%s) ' "$command" "$name" "${letter:+ | $command:-$letter}"
		case $what in
		words:*) echo "words=\"${what#*:}\" ;;" ;;
		dump:*) echo "words=\"\$(kvmstall --dump-values ${what#*:} 2>/dev/null)\" ;;" ;;
		user) echo "mapfile -t COMPREPLY < <(compgen -u -- \"\$cur\") && return ;;" ;;
		*) echo "return ;;" ;;
		esac
	done
}

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
	table "$command" | bash_values "$command"
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
