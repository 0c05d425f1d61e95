#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [CASE...] - what the program prints, to the byte, and its exit status.
#
# A case is tests/golden/GROUP/NAME.sh, run by bash in its directory with kvmstall in the PATH, and
# beside it NAME.out: what it printed on stdout, then on stderr, and its exit status. UPDATE=1 writes
# the .out files anew: read the difference before you commit it. A case that exits with 77 is skipped.
set -uo pipefail

cd "$(dirname "$0")" || exit 1
KVMSTALL=${KVMSTALL:-$(cd ../.. && pwd)/build/kvmstall}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$KVMSTALL" "$work/bin/kvmstall"
passed=0 failed=0 skipped=0

# A system call that report or diff is not allowed kills it.
export KVMSTALL_SECCOMP=kill

# perform CASE: its three results as one text; false when it asks to be skipped.
perform()
{
	local script=$1 status=0

	(cd "$(dirname "$script")" && PATH=$work/bin:$PATH LC_ALL=C TZ=UTC \
		bash "$(basename "$script")") >"$work/stdout" 2>"$work/stderr" </dev/null || status=$?
	{
		cat "$work/stdout"
		[ ! -s "$work/stderr" ] || sed '1i -- stderr' "$work/stderr"
		echo "-- exit status $status"
	} >"$work/actual"
	[ $status != 77 ]
}

check()
{
	local script=$1 expected=${1%.sh}.out

	if ! perform "$script"; then
		echo "skip $script: $(tail -n 1 "$work/stderr")"
		((skipped++)) || true
		return
	fi
	[ -z "${UPDATE-}" ] || cp "$work/actual" "$expected"
	if diff -u "$expected" "$work/actual"; then
		((passed++)) || true
	else
		echo "FAIL $script"
		((failed++)) || true
	fi
}

[ $# -gt 0 ] || set -- */*.sh
for script in "$@"; do
	check "$script"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
