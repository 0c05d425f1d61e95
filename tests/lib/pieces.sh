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
	[ "$(kind_of "$1")" = "done" ]
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

# kind_of NAME: done (by this program), absent, failed, or other (by another build of it).
kind_of()
{
	case $(stamp "$1") in
	'') echo absent ;;
	failed-*) echo failed ;;
	"$program $(uname -r) "*) echo "done" ;;
	*) echo other ;;
	esac
}

# say_those KIND SENTENCE: of lines "NAME KIND", those of that kind; X stands for all X-... if they are.
say_those()
{
	awk -v kind="$1" -v sentence="$2" '
		{ group = $1; sub(/-[^-]*$/, "", group); all[group]++ }
		$2 == kind { is[$1] = group; cnt[group]++; names[++n] = $1 }
		END {
			for (i = 1; i <= n; i++) {
				group = is[names[i]]
				if (cnt[group] < all[group] || all[group] == 1)
					list = list ", " names[i]
				else if (!seen[group]++)
					list = list ", " group
			}
			if (n)
				print "\n" sentence ": " substr(list, 3) "."
		}'
}

pieces_note()
{
	local name kinds

	kinds=$(for name; do echo "$name $(kind_of "$name")"; done)
	say_those absent "Not run, or without a result" <<<"$kinds"
	say_those failed "Failed" <<<"$kinds"
	say_those other "Of another build of the program than the rest" <<<"$kinds"
}
