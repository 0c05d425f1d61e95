#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# build.sh ARCH SERIES HZ [VARIANT] - a kernel of the lab: prints the path of its image.
#
# VARIANT is one whose configuration has config.VARIANT too: rcu, which has RCU's own tracepoints (tests/vm/rcu.sh).
# From the distribution's linux-source-SERIES, or where that is gone, from the source package of the newest kernel of
# the series that the archive still has, without Debian's patches. LAB_SERIES is edited by edit.sh, others are as they are.
# 7 minutes on 2 CPUs, another HZ nearly as long. Kept in the cache: an image is never built again, a build that was ended goes on.
# LAB_BUILD is a command to build under ("nice -n 19"), LAB_JOBS how many jobs it has.
# LAB_IS_BUILT=1: only if it is there.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/vm/apt.sh
. "$here/../../tests/vm/apt.sh"
# shellcheck source=scripts/lab/plan.sh
. "$here/plan.sh"

arch=$1 series=$2 hz=$3 variant=${4-}
lab=$(lab_dir)
tree=$lab/linux-$series
output=$lab/build-$arch-$series-$hz${variant:+-$variant}
image=$lab/image-$arch-$series-$hz${variant:+-$variant}
case $arch in
amd64) target=(ARCH=x86 bzImage) made=arch/x86/boot/bzImage ;;
arm64) target=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- Image) made=arch/arm64/boot/Image ;;
esac

skipped()
{
	vm_exit "$VM_SKIP" "lab: skipped: $*"
}

# source_package DIR: the archive keeps the sources of all kernels that it has.
source_package()
{
	local apt=(-c "$(vm_cache)/apt/amd64/apt.conf" -o "Dir::Etc::SourceList=$lab/sources.list"
		-o "Dir::State::Lists=$lab/lists" -o "Dir::Cache=$lab/apt") version

	mkdir -p "$1" "$lab/lists/partial" "$lab/apt/archives/partial"
	sed 's/^deb /deb-src /' "$(vm_cache)/apt/amd64/sources.list" >"$lab/sources.list"
	apt-get "${apt[@]}" -qq update || return 1
	version=$(apt-cache "${apt[@]}" showsrc linux | sed -n "s/^Version: \(${series//./\\.}\..*\)/\1/p" | sort -V | tail -n 1)
	[ -n "$version" ] || return 1
	(cd "$1" && apt-get "${apt[@]}" -qq source --download-only "linux=$version")
}

fetch()
{
	local tmp=$lab/fetch tar

	[ ! -e "$tree/Makefile" ] || return 0
	vm_apt_update amd64 || skipped "no package lists from a Debian archive"
	rm -rf "$tmp" "$tree.new"
	if grep -qx "linux-source-$series" <<<"$(vm_apt_names amd64 linux-source)"; then
		vm_apt_unpack amd64 "$tmp" "linux-source-$series" || skipped "linux-source-$series cannot be fetched"
		tar=$tmp/usr/src/linux-source-$series.tar.xz
	else
		source_package "$tmp" || skipped "the archive has neither linux-source-$series nor the source of a $series kernel"
		tar=$(echo "$tmp"/linux_*.orig.tar.xz)
	fi
	mkdir -p "$tree.new"
	tar -xf "$tar" -C "$tree.new" --strip-components=1
	mv "$tree.new" "$tree"
	rm -rf "$tmp"
}

make_kernel()
{
	# shellcheck disable=SC2086 # a command
	${LAB_BUILD-} make -s -C "$tree" O="$output" -j"${LAB_JOBS:-$(nproc)}" "${target[@]:0:${#target[@]}-1}" "$@"
}

# What was asked for must be in the configuration that came out of it.
configure()
{
	[ ! -e "$output/configured" ] || return 0
	mkdir -p "$output"
	make_kernel tinyconfig
	{
		cat "$here/config" "$here/config.$arch" ${variant:+"$here/config.$variant"}
		printf 'CONFIG_HZ_%s=y\nCONFIG_LOCALVERSION="-lab-%s"\n' "$hz" "$hz${variant:+-$variant}"
	} >"$output/lab.config"
	(cd "$output" && "$tree/scripts/kconfig/merge_config.sh" -m -O . .config lab.config) >/dev/null
	make_kernel olddefconfig
	grep '^CONFIG' "$output/lab.config" | while read -r line; do
		grep -qxF "$line" "$output/.config" || echo "lab: not in the configuration: $line"
	done
	: >"$output/configured"
}

build()
{
	local tool

	[ -z "${LAB_IS_BUILT-}" ] || skipped "its kernel is not built"
	for tool in flex bison bc pahole "$([ "$arch" = amd64 ] && echo gcc || echo aarch64-linux-gnu-gcc)"; do
		command -v "$tool" >/dev/null || skipped "no $tool (flex bison bc libssl-dev libelf-dev dwarves)"
	done
	mkdir -p "$lab"
	fetch
	[ "$series" != "$LAB_SERIES" ] || "$here/edit.sh" "$tree"
	configure
	make_kernel "${target[-1]}" >"$output/log" 2>&1 ||
		{ tail -n 30 "$output/log"; vm_exit "$VM_TROUBLE" "lab: it does not build: $(grep -m 1 -i error "$output/log")"; }
	cp "$output/$made" "$image.new"
	mv "$image.new" "$image"
}

[ -e "$image" ] || build >&2
echo "$image"
