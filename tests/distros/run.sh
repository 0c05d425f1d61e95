#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [RELEASE...] - make check-distros: what a newcomer does, on clean Debian systems; with TASK=install, make
# check-install: what who installs the package does.
#
# For each release (bookworm trixie testing) a bare tree, made by debootstrap and kept as a tarball in the
# cache, gets a clean clone of HEAD and runs there, as root and on this kernel: the scripts that install what
# is needed, a build with DEVELOPER=1, the unit and golden suites, lint and the demo. Each is a test.
#
# /dev, /proc and /sys of this machine are visible in the tree, in a mount namespace that ends with the
# command. Downloads are kept in the cache. KVMSTALL_MIRROR is the archive, by default the one that this
# machine uses; KEEP=1 keeps the trees.
# shellcheck disable=SC2016,SC2154,SC2317 # inner shells have $; work and here are suite.sh's; tests are called by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=tests/vm/apt.sh
. "$here/tests/vm/apt.sh"
# shellcheck source=tests/lib/hardened.sh
. "$here/tests/lib/hardened.sh"
export PATH=$PATH:/usr/sbin:/sbin
cache=$(vm_cache)/distros
sum='[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$'

# bare_tree RELEASE: its tarball in the cache.
bare_tree()
{
	local release=$1 mirror include=()

	[ ! -s "$cache/$release.tar" ] || return 0
	mirror=$("$here/scripts/mirror.sh")
	[ -n "$mirror" ] || skip "this machine's apt knows no Debian archive"
	[ "${mirror#https:}" = "$mirror" ] || include=(--include=ca-certificates)
	debootstrap --variant=minbase "${include[@]}" "$release" "$work/$release.new" "$mirror" >"$work/$release.log" 2>&1 ||
		skip "no $release to be had: $(tail -n 1 "$work/$release.log")"
	tar --one-file-system -C "$work/$release.new" -cf "$cache/$release.tar.new" .
	rm -rf "$work/$release.new"
	mv "$cache/$release.tar.new" "$cache/$release.tar"
}

# A tree that starts no service: those would run on this machine.
unpack()
{
	local release=$1 tree=$work/$1

	flock -n 9 || skip "another run has this release's cache"
	bare_tree "$release"
	mkdir -p "$tree" "$cache/$release.archives/partial" "$cache/$release.cache"
	tar -C "$tree" -xf "$cache/$release.tar"
	printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
	chmod 755 "$tree/usr/sbin/policy-rc.d"
	cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
	mkdir -p "$tree/work" "$tree/var/cache/kvmstall"
	git clone -q --no-hardlinks "$here" "$tree/work/kvmstall"
	[ ! -d "$here/../shared" ] || cp -r "$here/../shared" "$tree/work/"
	# shellcheck source=/dev/null
	note "$(. "$tree/etc/os-release" && echo "$PRETTY_NAME")"
}

# inside RELEASE COMMAND: by a shell in its clone. The machine's own settings stay outside.
inside()
{
	local release=$1

	TREE=$work/$release CACHED=$cache/$release COMMAND=$2 unshare --mount --propagation private sh -ec '
		for dir in dev proc sys; do
			mount --rbind "/$dir" "$TREE/$dir"
		done
		mount --bind "$CACHED.archives" "$TREE/var/cache/apt/archives"
		mount --bind "$CACHED.cache" "$TREE/var/cache/kvmstall"
		exec chroot "$TREE" env -i HOME=/root TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
			KVMSTALL_CACHE=/var/cache/kvmstall ${http_proxy:+http_proxy=$http_proxy} \
			${https_proxy:+https_proxy=$https_proxy} \
			bash -c "cd /work/kvmstall && $COMMAND"'
}

# The first as make deps does it: there is no make yet. Nothing may be missing in the end.
install_deps()
{
	inside "$1" 'scripts/deps.sh build && make deps-test && scripts/deps.sh test --check' && return
	# A release in the making is at times without a package: what needs it is skipped, by name.
	[ "$1" = testing ] || return 1
	inside "$1" 'scripts/deps.sh build --check'
	note "$(inside "$1" 'scripts/deps.sh test --check' 2>&1 || true)"
}

build()
{
	inside "$1" 'make -j$(nproc) DEVELOPER=1 all unit-tests'
}

# suite RELEASE TARGET: its skips are worth a line.
suite()
{
	inside "$1" "make DEVELOPER=1 $2" >output || { cat output; return 1; }
	note "$(grep -E "^$sum" output | tail -n 1)"
	grep -iE '^ *skip(ped)?\b' output | while read -r line; do note "$line"; done
}

demo()
{
	inside "$1" 'make DEVELOPER=1 demo' >output 2>&1 || { cat output; return 1; }
	note "$(grep -cE '^[0-9]+\. ' output) acts; $(grep -c 'did not come out' output || true) did not come out"
}

# ---- the package

# What the package may change, but for what dpkg and apt keep of it.
files()
{
	find "$work/$1" -xdev \( -path "*/var/lib/dpkg" -o -path "*/var/lib/apt" -o -path "*/var/cache" -o -path "*/var/log" -o -path "$work/$1/run" -o \
		-path "$work/$1/work" -o -path "$work/$1/tmp" -o -path "$work/$1/root" -o -path "*/ld.so.cache" \) -prune -o -print |
		sort
}

# Also a package of an older version, to upgrade from.
package()
{
	# A mirror may lag: how old its lists are is not what is tested here. Their signatures are checked.
	inside "$1" 'apt-get -qq -o Acquire::Check-Valid-Until=false update && apt-get -qq -y install --no-install-recommends debhelper git procps man-db jq \
		systemd && apt-get -qq -y build-dep --no-install-recommends . && git config --global safe.directory "*" &&
		make deb DEB_OPTIONS=-j$(nproc) && mkdir -p /root/old && dpkg-deb -R build/deb/kvmstall_*.deb /root/old &&
		sed -i "s/^Version: .*/Version: 0.0.1/" /root/old/DEBIAN/control && dpkg-deb -b /root/old /root/old.deb'
}

# Each release's own lintian, when all else is done: it brings much along.
lintian_package()
{
	inside "$1" 'apt-get -qq -y install --no-install-recommends lintian && lintian --version && lintian --allow-root -IE \
		--pedantic --fail-on error,warning,info,pedantic build/deb/kvmstall*.changes' >output 2>&1 || fail "$(cat output)"
	note "$(grep -m 1 '^Lintian' output): clean"
}

# Its debug symbols are a package of their own, of the same build.
has_symbols()
{
	local id

	id=$(readelf -n "$work/$1/usr/bin/kvmstall" | sed -n 's/.*Build ID: //p')
	[ -n "$id" ] || fail "no build id"
	[ "$(dpkg-deb -f "$work/$1"/work/kvmstall/build/deb/kvmstall-dbgsym_*.deb Build-Ids)" = "$id" ] || fail "no debug symbols"
}

install_package()
{
	files "$1" >"$work/$1.files"
	inside "$1" 'apt-get -qq -y install /root/old.deb && dpkg -s kvmstall | grep -q "^Version: 0.0.1$" &&
		apt-get -qq -y install ./build/deb/kvmstall_*.deb && ! dpkg -s kvmstall | grep -q "^Version: 0.0.1$" &&
		test -L /etc/systemd/system/sockets.target.wants/kvmstall.socket'
	hardened "$work/$1/usr/bin/kvmstall"
	has_symbols "$1"
	note "$(inside "$1" 'kvmstall --version; dpkg-query -W -f "\${Installed-Size} KiB" kvmstall' | paste -sd ' ')"
}

# check says what it can: 3 would be that it cannot. The daemon by its unit's own command.
use_package()
{
	local status=0

	inside "$1" 'man -w kvmstall kvmstall-trace kvmstall-capture kvmstall-causes && kvmstall repro --profile minimal'
	inside "$1" 'kvmstall check' >output || status=$?
	[ "$status" != 3 ] || skip "this kernel cannot: $(tail -n 1 output)"
	inside "$1" 'bash debian/tests/smoke'
	inside "$1" 'systemd-analyze verify kvmstall.socket kvmstall.service && kvmstall export --once | grep -q ^kvmstall_build_info'
}

# scrape RELEASE: the daemon of the tree's service manager, in its network.
scrape()
{
	nsenter --net -t "$(cat manager)" curl -sf --max-time 10 http://127.0.0.1:9879/metrics
}

is_attached()
{
	scrape "$1" >scraped 2>/dev/null && grep -q '^kvmstall_attached 1$' scraped
}

# The package's own units, under a service manager that knows no others: the first scrape starts the daemon, which
# attaches and is nobody by then.
start_service()
{
	local status=0 daemon

	for tool in curl nsenter ip; do
		command -v "$tool" >/dev/null || skip "no $tool"
	done
	inside "$1" 'kvmstall check' >output || status=$?
	[ "$status" != 3 ] || skip "this kernel cannot: $(tail -n 1 output)"
	unshare --mount --pid --fork --ipc --uts --cgroup --net bash "$here/tests/distros/service.sh" "$work/$1" "$PWD/manager" \
		>manager.log 2>&1 &
	trap end_manager EXIT
	until_true 30 test -s manager || fail "$(cat manager.log)"
	until_true 60 is_attached "$1" || fail "$(cat manager.log; nsenter --net --mount --pid -t "$(cat manager)" \
		sh -c 'cat /mnt/error; systemctl --no-pager status kvmstall.socket kvmstall.service')"
	daemon=$(pgrep -x kvmstall --ns "$(cat manager)" --nslist pid)
	grep -qx 'CapEff:.0000000000000000' "/proc/$daemon/status"
	[ "$(awk '/^Uid/ { print ($2 != 0) }' "/proc/$daemon/status")" = 1 ]
	grep -q '^kvmstall_build_info' scraped
	note "$(grep '^kvmstall_build_info' scraped)"
}

# A pid namespace ends with its first process.
end_manager()
{
	[ ! -s manager ] || kill -KILL "$(cat manager)" 2>/dev/null || true
	wait
}

purge_package()
{
	inside "$1" 'apt-get -qq -y purge kvmstall && apt-get -qq -y autoremove --purge'
	files "$1" >"$work/$1.after"
	diff "$work/$1.files" "$work/$1.after" || fail "not as before"
}

check_install()
{
	run_test "$1-package" package "$1"
	run_test "$1-install" install_package "$1"
	run_test "$1-use" use_package "$1"
	run_test "$1-service" start_service "$1"
	run_test "$1-purge" purge_package "$1"
	run_test "$1-lintian" lintian_package "$1"
}

[ "$(id -u)" = 0 ] || nothing "not root"
for tool in debootstrap unshare chroot git; do
	command -v $tool >/dev/null || nothing "no $tool"
done
[ -z "$(git -C "$here" status --porcelain --untracked-files=no)" ] ||
	echo "what is not committed is not tested"
mkdir -p "$cache"
[ $# -gt 0 ] || set -- bookworm trixie testing
for release; do
	exec 9>"$cache/$release.lock"
	run_test "$release-tree" unpack "$release"
	[ -d "$work/$release/work/kvmstall" ] || continue
	if [ "${TASK-}" = install ]; then
		check_install "$release"
		[ -n "${KEEP-}" ] || rm -rf "${work:?}/$release"
		continue
	fi
	run_test "$release-deps" install_deps "$release"
	run_test "$release-build" build "$release"
	run_test "$release-unit" suite "$release" check-unit
	run_test "$release-golden" suite "$release" check-golden
	run_test "$release-lint" suite "$release" lint
	run_test "$release-demo" demo "$release"
	[ -n "${KEEP-}" ] || rm -rf "${work:?}/$release"
done
finish
