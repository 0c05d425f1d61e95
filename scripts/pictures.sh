#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# pictures.sh [--check] - docs/pictures/*.svg, from the recordings of real runs in docs/demo. With --check nothing is
# written: are they what would be drawn now? $KVMSTALL is the program.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
kvmstall=$(readlink -f "${KVMSTALL:-$root/build/kvmstall}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for name in devices memslots; do
	"$kvmstall" report -q --all -f html -o "$work/$name.html" "$root/docs/demo/$name.kvs"
done
python3 "$root/scripts/picture.py" 'devices first' "$work/devices.html" 'memory slots first' "$work/memslots.html" >"$work/order.svg"
if [ "${1-}" = --check ]; then
	diff "$root/docs/pictures/order.svg" "$work/order.svg" >/dev/null && exit
	echo "docs/pictures/order.svg is not what scripts/pictures.sh draws"
	exit 1
fi
mkdir -p "$root/docs/pictures"
cp "$work/order.svg" "$root/docs/pictures/"
