#!/bin/bash
# kernels.sh SERIES[:ARCH] - the newest Debian cloud kernel of a series, fetched and unpacked.
#
# Prints "RELEASE VMLINUZ MODULES CONFIG", tab-separated: paths in the cache (CONFIG may be
# empty). Exit 77, with the reason on stderr, when the archive has no such kernel, or none that
# still has its modules.
# KVMSTALL_VM_REFRESH=1 asks the archive again; else its lists are a day old at most.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/vm/apt.sh
. "$here/apt.sh"

# releases SERIES ARCH: what the archive has with its modules, newest first.
# Older kernels are one package, linux-image-R. Newer ones are split, linux-image-R being
# empty; of some of those the archive has kept all but the modules.
releases()
{
	local series=${1//./\\.} arch=$2 release names

	names=$(vm_apt_names "$arch" linux-)
	sed -nE "s/^linux-image-($series\.[0-9].*-cloud-$arch)\$/\1/p" <<<"$names" |
		sort -Vr |
		while read -r release; do
			if grep -qxF "linux-binary-$release" <<<"$names" &&
				! grep -qxF "linux-modules-$release" <<<"$names"; then
				continue
			fi
			printf '%s\n' "$release"
		done
}

# packages RELEASE ARCH: the packages that a release is made of; linux-base-R has its config.
packages()
{
	local split

	split=$(vm_apt_names "$2" linux- | grep -xF "$(printf "linux-%s-$1\n" binary modules base)") || split=
	printf '%s\n' "${split:-linux-image-$1}"
}

# first FILE...: the first that exists.
first()
{
	local path

	for path; do
		[ -e "$path" ] && printf '%s\n' "$path" && return
	done
	return 1
}

# show DIR RELEASE: the answer; false if the unpacked packages do not hold a whole kernel.
show()
{
	local dir=$1 release=$2 vmlinuz modules config

	vmlinuz=$(first "$dir/boot/vmlinuz-$release" {"$dir","$dir/usr"}"/lib/modules/$release/vmlinuz") || return 1
	modules=$(first {"$dir","$dir/usr"}"/lib/modules/$release/kernel") || return 1
	config=$(first "$dir/boot/config-$release" {"$dir","$dir/usr"}"/lib/modules/$release/config") || config=
	printf '%s\t%s\t%s\t%s\n' "$release" "$vmlinuz" "$modules" "$config"
}

# fetch RELEASE ARCH DIR
fetch()
{
	local list

	mapfile -t list < <(packages "$1" "$2")
	vm_apt_unpack "$2" "$3" "${list[@]}"
}

# cached SERIES ARCH: the newest that was fetched before.
cached()
{
	find "$(vm_cache)/kernels/$2" -mindepth 1 -maxdepth 1 -name "$1.*" -printf '%f\n' 2>/dev/null |
		sort -Vr | sed -n 1p
}

# try SERIES ARCH: the newest release that can really be had.
try()
{
	local release dir

	while read -r release; do
		dir=$(vm_cache)/kernels/$2/$release
		[ -d "$dir" ] || fetch "$release" "$2" "$dir" || continue
		show "$dir" "$release" && return
	done < <(releases "$1" "$2")
	return 1
}

resolve()
{
	local series=$1 arch=$2 release

	if vm_apt_update "$arch" "${KVMSTALL_VM_REFRESH-}"; then
		try "$series" "$arch" && return
		# Releases come and go: the lists may be older than the archive.
		vm_apt_update "$arch" now && try "$series" "$arch" && return
	fi
	release=$(cached "$series" "$arch") || release=
	if [ -n "$release" ] && show "$(vm_cache)/kernels/$arch/$release" "$release"; then
		vm_say "$series:$arch: not to be had from the archive now; $release from the cache"
		return
	fi
	if [ -e "$(vm_cache)/apt/$arch/updated" ]; then
		vm_exit "$VM_SKIP" "$series:$arch: skipped: the archive has no such kernel with its modules"
	fi
	vm_exit "$VM_SKIP" "$series:$arch: skipped: no package lists from a Debian archive"
}

main()
{
	local series=${1-} arch=amd64

	case $series in *:*) arch=${series#*:} series=${series%%:*} ;; esac
	if [ $# -ne 1 ] || ! [[ $series =~ ^[0-9]+\.[0-9]+$ ]] || ! [[ $arch =~ ^(amd64|arm64)$ ]]; then
		vm_exit "$VM_TROUBLE" "usage: kernels.sh SERIES[:amd64|:arm64], for example 6.18"
	fi
	command -v apt-get dpkg-deb >/dev/null || vm_exit "$VM_SKIP" "$series:$arch: skipped: no apt on this machine"
	vm_locked resolve "$series" "$arch"
}

main "$@"
