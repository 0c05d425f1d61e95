#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# build.sh HZ [expedite] - a kernel of the lab: prints the path of its bzImage.
#
# From the distribution's newest linux-source-SERIES (LAB_SERIES, 7.3), edited by edit.sh. The first
# one takes 7 minutes on 2 CPUs, another HZ nearly as long, "expedite" one minute. Kept in the cache.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/vm/apt.sh
. "$here/../../tests/vm/apt.sh"

hz=$1 variant=${2-} series=${LAB_SERIES:-7.3}
lab=$(vm_cache)/lab
tree=$lab/linux-$series
output=$lab/build-$hz
image=$lab/bzImage-$series-$hz${variant:+-$variant}

fetch()
{
	local tmp

	[ ! -e "$tree/Makefile" ] || return 0
	vm_apt_update amd64 || vm_exit "$VM_SKIP" "lab: skipped: no package lists from a Debian archive"
	tmp=$lab/fetch
	rm -rf "$tmp"
	vm_apt_unpack amd64 "$tmp" "linux-source-$series" ||
		vm_exit "$VM_SKIP" "lab: skipped: the archive has no linux-source-$series"
	mkdir -p "$tree"
	tar -xf "$tmp/usr/src/linux-source-$series.tar.xz" -C "$tree" --strip-components=1
	rm -rf "$tmp"
}

# What was asked for must be in the configuration that came out of it.
configure()
{
	[ ! -e "$output/.config" ] || return 0
	make -s -C "$tree" O="$output" tinyconfig
	{
		cat "$here/config"
		printf 'CONFIG_HZ_%s=y\nCONFIG_LOCALVERSION="-lab-%s"\n' "$hz" "$hz"
	} >"$output/lab.config"
	(cd "$output" && "$tree/scripts/kconfig/merge_config.sh" -m -O . .config lab.config) >/dev/null
	make -s -C "$tree" O="$output" olddefconfig
	grep '^CONFIG' "$output/lab.config" | while read -r line; do
		grep -qxF "$line" "$output/.config" || echo "lab: not in the configuration: $line" >&2
	done
}

build()
{
	local tool

	for tool in flex bison bc pahole; do
		command -v $tool >/dev/null || vm_exit "$VM_SKIP" "lab: skipped: no $tool (flex bison bc libssl-dev dwarves)"
	done
	fetch
	"$here/edit.sh" "$tree" "$variant"
	configure
	make -s -C "$tree" O="$output" -j"${LAB_JOBS:-$(nproc)}" bzImage >"$output/log" 2>&1 ||
		{ tail -n 30 "$output/log" >&2; vm_exit "$VM_TROUBLE" "lab: $output/log"; }
	cp "$output/arch/x86/boot/bzImage" "$image"
}

[ -e "$image" ] || build >&2
echo "$image"
