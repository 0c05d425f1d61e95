#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# build.sh - KVM's own selftests, of the newest linux-source package that this machine's apt offers.
#
# Prints the folder that has the programs; its file "programs" names all that there should be, built or
# not. They are built once a version, in the cache; nothing is installed. Exit 77, with the reason on
# stderr, when there is no such package and none was built before.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/vm/apt.sh
. "$here/../vm/apt.sh"
selftests=$(vm_cache)/selftests

newest_package()
{
	apt-cache pkgnames linux-source- 2>/dev/null | grep -xE 'linux-source-[0-9]+\.[0-9]+' | sort -V | tail -n 1
}

version_of()
{
	apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: //p' | sed -n 1p
}

# unpack PACKAGE DIR: what the selftests and the headers of the user's side are made from.
unpack()
{
	local package=$1 dir=$2 tree

	(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root download "$package")
	dpkg-deb --fsys-tarfile "$dir"/*.deb | tar -xO --wildcards "./usr/src/$package.tar.*" |
		tar -C "$dir" -xJ --wildcards "$package"/{Makefile,Kbuild,arch,include,scripts,tools}
	rm "$dir"/*.deb
	tree=$dir/$package
	make -s -C "$tree" headers
}

# compile TREE OUT: all that compile here.
compile()
{
	local tree=$1 out=$2 kvm=$1/tools/testing/selftests/kvm

	mkdir -p "$out"
	# shellcheck disable=SC2016 # make's variables
	make -s -C "$kvm" OUTPUT="$out" --eval='list: ; @printf "%s\n" $(TEST_GEN_PROGS) $(TEST_GEN_PROGS_EXTENDED)' \
		list | sed "s,^$out/,," | sort >"$out/programs"
	make -s -k -j"$(nproc)" -C "$kvm" OUTPUT="$out" LINUX_HDR_PATH="$tree/usr/include" || true
	find "$out" -type f ! -executable ! -name programs -delete
	[ -n "$(find "$out" -type f -executable -print -quit)" ]
}

# make_selftests PACKAGE DEST: all of it, or nothing and what was said.
make_selftests()
{
	local package=$1 dest=$2 tmp

	mkdir -p "$selftests"
	tmp=$(mktemp -d "$selftests/build.XXXXXX")
	if (unpack "$package" "$tmp" && compile "$tmp/$package" "$tmp/out") >"$selftests/log" 2>&1; then
		mv -T "$tmp/out" "$dest"
	fi
	rm -rf "$tmp"
	[ -d "$dest" ] || tail -n 20 "$selftests/log" >&2
}

newest_built()
{
	find "$selftests" -mindepth 1 -maxdepth 1 -name 'linux-source-*' 2>/dev/null | sort -V | tail -n 1
}

find_or_make()
{
	local package dest

	package=$(newest_package) || package=
	dest=$selftests/${package}_$(version_of "${package:-none}")-$(uname -m)
	[ -z "$package" ] || [ -d "$dest" ] || make_selftests "$package" "$dest"
	[ -d "$dest" ] || dest=$(newest_built)
	[ -n "$dest" ] || vm_exit "$VM_SKIP" "no linux-source package that can be had and built here"
	printf '%s\n' "$dest"
}

command -v apt-get dpkg-deb >/dev/null || vm_exit "$VM_SKIP" "no apt on this machine"
vm_locked find_or_make
