#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# pictures.sh [--check] - docs/pictures/*.svg, from the recordings of real runs in docs/demo and docs/first-report. With
# --check nothing is written: are they what would be drawn now? $KVMSTALL is the program.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
kvmstall=$(readlink -f "${KVMSTALL:-$root/build/kvmstall}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# draw NAME TITLE RECORDING [TITLE RECORDING...]
draw()
{
	local name=$1 panels=()

	shift
	while [ $# -gt 0 ]; do
		"$kvmstall" report -q --all -f html -o "$work/${2##*/}.html" "$root/docs/$2"
		panels+=("$1" "$work/${2##*/}.html")
		shift 2
	done
	python3 "$root/scripts/picture.py" "${panels[@]}" >"$work/$name.svg"
}

draw order 'devices first' demo/devices.kvs 'memory slots first' demo/memslots.kvs
draw kernels 'Linux 6.17' first-report/6.17.kvs 'Linux 6.18' first-report/6.18.kvs
for picture in "$work"/*.svg; do
	drawn=$root/docs/pictures/${picture##*/}
	if [ "${1-}" != --check ]; then
		install -D -m 644 "$picture" "$drawn"
	elif ! cmp -s "$drawn" "$picture"; then
		echo "docs/pictures/${picture##*/} is not what scripts/pictures.sh draws"
		exit 1
	fi
done
