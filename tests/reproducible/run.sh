#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh - make check-reproducible: HEAD, built in two folders, gives the same bytes.
#
# The folders' names differ in length, and so do umask, time zone, locale, home, user name and number of jobs. No
# ccache: it would give one build's objects to the other. What cannot be made here (no debhelper, no rpmbuild, no cross
# compiler) is skipped by name. TESTS='NAME...' runs only these.
# shellcheck disable=SC2016,SC2154,SC2317 # inner shells have $; work and here are suite.sh's; tests are called by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=tests/lib/hardened.sh
. "$here/tests/lib/hardened.sh"
unset O DESTDIR PREFIX MAKEFLAGS MFLAGS MAKELEVEL SOURCE_DATE_EPOCH CFLAGS LDFLAGS CPPFLAGS
export CCACHE_DISABLE=1
tests='program elsewhere tarball tarball-arm64 deb rpm sbom'
first=$work/one second=$work/another-folder-with-a-longer-name

clone()
{
	[ -d "$1" ] || git clone -q --no-hardlinks "$here" "$1"
}

# both COMMAND: in the one tree and in the other, by a shell.
both()
{
	clone "$first"
	clone "$second"
	(cd "$first" && umask 022 && env TZ=UTC LC_ALL=C JOBS=-j2 bash -ec "$1") >one.log 2>&1 ||
		fail "in the first tree:" "$(tail -n 20 one.log)"
	(cd "$second" && umask 077 && mkdir -p "$work/home" &&
		env TZ=Asia/Kathmandu LC_ALL=C.UTF-8 HOME="$work/home" KVMSTALL_CACHE="$(caches)" JOBS=-j3 USER=other LOGNAME=other \
			GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' bash -ec "$1") >another.log 2>&1 ||
		fail "in the second tree:" "$(tail -n 20 another.log)"
}

# Where the libraries of another architecture are.
caches()
{
	echo "${KVMSTALL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kvmstall}"
}

# same FILE...: with a pattern, at least one, and the same ones in both.
same()
{
	local pattern file names

	for pattern; do
		names=$(cd "$first" && compgen -G "$pattern") || fail "no $pattern was made"
		[ "$names" = "$(cd "$second" && compgen -G "$pattern")" ] || fail "not the same files: $pattern"
		for file in $names; do
			cmp "$first/$file" "$second/$file" ||
				fail "$file differs:" "$(diff <(strings -a "$first/$file") <(strings -a "$second/$file") | head -n 20)"
			note "$(cd "$first" && sha256sum "$file")"
		done
	done
}

# no_folder FILE: has no name of a folder that it was built in.
no_folder()
{
	! grep -aqF "$work" "$1" || fail "a folder's name is in $1:" "$(strings -a "$1" | grep -F "$work" | head -n 5)"
}

test_program()
{
	both 'make $JOBS all'
	same 'build/bpf/*.bpf.o' 'build/*.skel.h' build/version.h build/core.a build/kvmstall
	no_folder "$first/build/kvmstall"
}

# O= is a folder outside the tree.
test_elsewhere()
{
	both 'make -j2 O="$(mktemp -d "$PWD-XXXXXX")/o" all && cp "$PWD"-*/o/kvmstall elsewhere'
	same elsewhere
	no_folder "$first/elsewhere"
}

test_tarball()
{
	both 'make $JOBS tarball'
	same 'build/kvmstall-*.static.tar.gz'
}

test_tarball_arm64()
{
	"$here/scripts/deps.sh" cross --check >why 2>&1 || skip "$(tail -n 1 why)"
	both 'make -j2 ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- tarball'
	same 'build*/kvmstall-*.static.tar.gz'
}

# Also its debug symbols. What lists the machine it was built on (.buildinfo) is not compared.
test_deb()
{
	command -v dh >/dev/null || skip "no debhelper"
	both 'make deb DEB_OPTIONS="-d -j2"'
	same 'build/deb/*.deb'
}

# Not the source package: rpm writes into it how it read the spec, with the folder. What is in it is the tarball and the
# spec.
test_rpm()
{
	command -v rpmbuild >/dev/null || skip "no rpmbuild"
	command -v cpio >/dev/null || skip "no cpio"
	both 'make rpm'
	same 'build/rpm/RPMS/*/*.rpm' 'build/kvmstall-*.tar.gz'
	mkdir unpacked
	rpm2cpio "$first"/build/rpm/RPMS/*/*.rpm | cpio -idm --quiet -D unpacked
	hardened unpacked/usr/bin/kvmstall
	command -v rpmlint >/dev/null || return 0
	rpmlint -c "$here/contrib/rpm/rpmlint.toml" "$first"/build/rpm/RPMS/*/*.rpm "$first"/build/rpm/SRPMS/*.rpm >lint 2>&1 ||
		fail "rpmlint:" "$(cat lint)"
	note "rpmlint: $(grep -o '[0-9]* errors, [0-9]* warnings' lint)"
}

test_sbom()
{
	both 'make build/kvmstall.spdx.json'
	same build/kvmstall.spdx.json
}

for tool in git gcc clang bpftool strings; do
	PATH=$PATH:/usr/sbin command -v $tool >/dev/null || nothing "no $tool"
done
[ -z "$(git -C "$here" status --porcelain --untracked-files=no)" ] || echo "what is not committed is not tested"
for name in ${TESTS:-$tests}; do
	run_test "$name"
done
finish
