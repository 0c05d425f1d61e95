#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# oci-image.sh PACKAGE.deb FOLDER [TAG] - make an OCI image of kvmstall's package and of the packages that it depends on, and
# of nothing else: no shell of a base image, no daemon, no registry. FOLDER becomes an OCI layout, for skopeo, podman or
# crictl to take from. Packages are from the Debian archive that this machine's apt uses, with apt's own checks of
# their signatures. Needs umoci; as root, for owners of files.
set -euo pipefail

package=$(readlink -f "${1:?usage: oci-image.sh PACKAGE.deb FOLDER [TAG]}")
folder=${2:?usage: oci-image.sh PACKAGE.deb FOLDER [TAG]}
tag=${3:-$(dpkg-deb -f "$package" Version)}
epoch=${SOURCE_DATE_EPOCH:-$(dpkg-deb --fsys-tarfile "$package" | tar -t --full-time -v ./usr/bin/kvmstall | awk '{ print $4 " " $5 }' | date -u -f - +%s)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the package needs, as if nothing were installed. Essential packages are not asked for: what is not needed is not there.
mkdir -p "$work/archives/partial" "$work/state"
: >"$work/status"
apt-get -qq -y -o Dir::State::status="$work/status" -o Dir::Cache::archives="$work/archives" -o APT::Sandbox::User=root \
	-o APT::Cache-Limit=0 --no-install-recommends --download-only install "$package" >"$work/log" 2>&1 ||
	{ cat "$work/log" >&2; exit 1; }

umoci init --layout "$folder" 2>/dev/null || true
umoci new --image "$folder:$tag"
umoci unpack --image "$folder:$tag" "$work/bundle"
root=$work/bundle/rootfs
for dir in bin lib lib32 lib64 sbin; do
	mkdir -p "$root/usr/$dir"
	ln -s "usr/$dir" "$root/$dir"
done
for deb in "$work"/archives/*.deb "$package"; do
	case ${deb##*/} in
	# What only installing needs, or a person at a shell.
	adduser_* | bash_* | coreutils_* | debconf_* | debianutils_* | dpkg_* | init-system-helpers_* | passwd_* | perl-base_* | sed_* | tar_*) continue ;;
	esac
	dpkg-deb -x "$deb" "$root"
	echo "$(dpkg-deb -f "$deb" Package) $(dpkg-deb -f "$deb" Version)"
done | sort >"$work/list"
rm -rf "$root"/usr/share/{doc,man,locale,bash-completion,zsh,fish,lintian} "$root"/usr/lib/systemd
mkdir -p "$root"/{proc,sys,dev,tmp,run,etc} "$root/usr/share/kvmstall"
mv "$work/list" "$root/usr/share/kvmstall/packages"
printf 'root:x:0:0:root:/:/nonexistent\nnobody:x:65534:65534:nobody:/:/nonexistent\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
find "$root" -newermt "@$epoch" -exec touch -h -d "@$epoch" {} +
umoci repack --history.created "$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)" --history.author kvmstall --image "$folder:$tag" "$work/bundle"
umoci config --image "$folder:$tag" --created "$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)" --config.entrypoint /usr/bin/kvmstall \
	--config.cmd export --config.user 0 --config.label org.opencontainers.image.title=kvmstall \
	--config.label org.opencontainers.image.version="$tag" --config.label org.opencontainers.image.licenses=GPL-2.0-only
umoci gc --layout "$folder"
du -sh "$folder" | cut -f 1
