#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# verdicts.sh - does diff say what is so?
#
# PAIRS (31) pairs of recordings of one and the same thing (A/A), and as many of memslots first against devices first,
# ROUNDS (11) VMs a recording, taken in turn. Prints how often each verdict was, and fails if one A/A pair is worse or better, more
# than one is not comparable, or one of the others is not worse. For an idle machine: says so, and its load.
# KVMSTALL is the program; VERBOSE=1 shows each pair that is not what it should be.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
pairs=${PAIRS:-31} rounds=${ROUNDS:-11} bad=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# record FILE ORDER
record()
{
	"$KVMSTALL" record -q -o "$1" -- "$KVMSTALL" repro -p firecracker -o "$2" -r "$rounds" >/dev/null
}

# pair BASE-ORDER NEW-ORDER: the verdict of one pair.
pair()
{
	record base.kvs "$1"
	record new.kvs "$2"
	"$KVMSTALL" diff -f json base.kvs new.kvs >out.json || true
	jq -r .verdict out.json
}

# series NAME BASE-ORDER NEW-ORDER EXPECTED-RE: how often each verdict was; the file NAME has them, one a line.
series()
{
	local i verdict

	: >"$1"
	for ((i = 1; i <= pairs; i++)); do
		verdict=$(pair "$2" "$3")
		echo "$verdict" >>"$1"
		[[ $verdict =~ ^($4)$ || ! ${VERBOSE-} ]] ||
			jq -c "{pair: \"$1 $i\", verdict, reasons, changes: [.changes[] | select(.verdict != \"same\" and (.minor | not))
				| {call, verdict, diff_ns, share}]}" out.json
	done
	echo "$1: $(sort "$1" | uniq -c | awk '{ n = $1; $1 = ""; printf "%s%s%s", sep, n, $0; sep = ", " }') of $pairs"
}

echo "$(uname -r), $(nproc) CPUs, load $(cut -d ' ' -f 1 /proc/loadavg): $pairs pairs of $rounds VMs a side"
series same devices-first devices-first same
series worse memslots-first devices-first worse
if grep -qxE 'worse|better' same || [ "$(grep -cx 'not comparable' same)" -gt 1 ]; then
	echo 'recordings of the same thing are told apart'
	bad=1
fi
if grep -qvx worse worse; then
	echo 'what is worse was not found to be'
	bad=1
fi
exit $bad
