# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154 # of suite.sh
#
# pieces.sh - a document made of rows that tests write, over as many runs as it takes. To be sourced after suite.sh.
#
#     PIECES                             the folder that has what earlier runs made; without it, nothing of them
#     pieces_begin                       $KVMSTALL is known
#     piece NAME [FUNCTION ARG...]       as run_test, unless this program has passed it on this kernel: what it appends to
#                                        $rows is kept
#     pieces_rows NAME...                the rows of all of these, in this order
#     pieces_where                       "KERNEL, HZ=N, DATE", of the pieces that there are
#     pieces_note NAME...                what is to be said of those that are not there, or are of another program

pieces_begin()
{
	PIECES=${PIECES:-$work/pieces}
	mkdir -p "$PIECES"
	PIECES=$(readlink -f "$PIECES")
	program=$(sha256sum <"$KVMSTALL" | cut -c 1-16)
	rows=$work/rows
}

# stamp NAME: "PROGRAM KERNEL HZ DATE"
stamp()
{
	head -n 1 "$PIECES/$1" 2>/dev/null
}

is_of_now()
{
	[[ $(stamp "$1") = "$program $(uname -r) "* ]]
}

piece()
{
	local name=$1 before=$failed

	if is_of_now "$name"; then
		echo "ok      $name, before"
		passed=$((passed + 1))
		return
	fi
	: >"$rows"
	run_test "$@"
	[ "$failed" = "$before" ] || [ -s "$rows" ] || return 0
	[ ! -s "$work/skip" ] || return 0
	{
		echo "$program $(uname -r) $("$KVMSTALL" check --json | jq .kernel.hz) $(date +%F)"
		cat "$rows"
	} >"$PIECES/$name.new"
	[ "$failed" = "$before" ] || sed -i '1s/^/failed-/' "$PIECES/$name.new" # it is tried again
	mv "$PIECES/$name.new" "$PIECES/$name"
}

pieces_rows()
{
	local name

	for name; do
		sed 1d "$PIECES/$name" 2>/dev/null || true
	done
}

pieces_where()
{
	local name

	for name; do
		stamp "$name" | cut -d ' ' -f 2-
	done | sort -u | awk '
		{ kernel = kernel == "" || kernel == $1 ? $1 : kernel " and " $1; hz = $2 }
		!from { from = $3 }
		{ to = $3 }
		END { print kernel ", HZ=" hz ", " (from == to ? from : from " to " to) }'
}

# names_where STAMP-REGEX NAME...: those whose stamp is like this.
names_where()
{
	local regex=$1 name

	shift
	for name; do
		[[ ! $(stamp "$name") =~ $regex ]] || echo "$name"
	done | paste -sd ' ' | sed 's/ /, /g'
}

pieces_note()
{
	local absent failed_ones others

	absent=$(names_where '^$' "$@")
	failed_ones=$(names_where '^failed-' "$@")
	others=$(for name; do
		is_of_now "$name" || [[ $(stamp "$name") =~ ^(failed-.*)?$ ]] || echo "$name"
	done | paste -sd ' ' | sed 's/ /, /g')
	[ -z "$absent" ] || printf '\nNot run, or without a result: %s.\n' "$absent"
	[ -z "$failed_ones" ] || printf '\nFailed: %s.\n' "$failed_ones"
	[ -z "$others" ] || printf '\nOf another build of the program than the rest: %s.\n' "$others"
}
