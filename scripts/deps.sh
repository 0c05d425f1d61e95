#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# deps.sh build|test|cross|distros|pictures|bench [--check] - install what building or testing needs and is not there.
#
# Distribution packages only, with apt (Debian, Ubuntu) or dnf (Fedora); elsewhere the names are
# printed and the exit status is 3. With --check nothing is installed: what is missing is printed,
# with exit status 1. Says nothing, and takes no time, when nothing is missing.
#
# build: to compile kvmstall and to run its demo; test: what "make check" needs besides;
# cross: to build for arm64 on Debian (the libraries go to a directory of their own, see Makefile);
# pictures: Chromium, for "make check-pictures"; distros: to make the bare systems of "make check-distros";
# bench: what "make bench" compares with.
set -euo pipefail

cache=${KVMSTALL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kvmstall}
sysroot=$cache/sysroot-aarch64-linux-gnu
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Where Debian keeps bpftool, for users who do not have it in their PATH.
PATH=$PATH:/usr/sbin:/sbin

# What is wanted as a probe (see have), then Debian's name and Fedora's. "-" where there is none, CLANG
# for clang's major version.
build_table='
cmd:gcc              gcc                 gcc
file:stdio.h         libc6-dev           glibc-devel
cmd:make             make                make
cmd:clang            clang               clang
cmd:bpftool          bpftool             bpftool
cmd:pkg-config       pkg-config          pkgconf-pkg-config
lib:libbpf           libbpf-dev          libbpf-devel
lib:libelf           libelf-dev          elfutils-libelf-devel
lib:zlib             zlib1g-dev          zlib-devel
lib:jansson          libjansson-dev      jansson-devel
lib:libmicrohttpd    libmicrohttpd-dev   libmicrohttpd-devel
lib:libcurl          libcurl4-gnutls-dev libcurl-devel
lib:libcap           libcap-dev          libcap-devel
lib:libseccomp       libseccomp-dev      libseccomp-devel
lib:libzstd          libzstd-dev         libzstd-devel
lib:liblzma          liblzma-dev         xz-devel
lib:ncursesw         libncurses-dev      ncurses-devel
'
test_table='
file:cmocka.h        libcmocka-dev       libcmocka-devel
link:asan            -                   libasan
link:ubsan           -                   libubsan
static:libc.a        libc6-dev           glibc-static
static:libbpf.a      libbpf-dev          libbpf-static
static:libelf.a      libelf-dev          elfutils-libelf-devel-static
static:libz.a        zlib1g-dev          zlib-static
static:libjansson.a  libjansson-dev      jansson-static
static:libzstd.a     libzstd-dev         libzstd-static
static:liblzma.a     liblzma-dev         xz-static
static:libcap.a      libcap-dev          libcap-static
static:libseccomp.a  libseccomp-dev      libseccomp-static
static:libncursesw.a libncurses-dev      ncurses-static
qemu:x86_64          qemu-system-x86     qemu-system-x86-core
qemu:aarch64         qemu-system-arm     qemu-system-aarch64-core
cmd:busybox          busybox-static      busybox
cmd:cpio             cpio                cpio
cmd:xz               xz-utils            xz
cmd:clang-format     clang-format        clang-tools-extra
cmd:shellcheck       shellcheck          ShellCheck
cmd:groff            groff               groff
cmd:jq               jq                  jq
cmd:zstd             zstd                zstd
cmd:zsh              zsh                 zsh
cmd:fish             fish                fish
python:jsonschema    python3-jsonschema  python3-jsonschema
cmd:protoc           protobuf-compiler   protobuf-compiler
system:google.protobuf  python3-protobuf  python3-protobuf
cmd:promtool         prometheus          -
cmd:curl             curl                curl
cmd:ss               iproute2            iproute
cmd:pgrep            procps              procps-ng
cmd:strace           strace              strace
cmd:tmux             tmux                tmux
cmd:perf             linux-perf          perf
cmd:systemd-analyze  systemd             systemd
clang:libclang_rt.fuzzer  libclang-rt-CLANG-dev  compiler-rt
'
cross_table='
cmd:aarch64-linux-gnu-gcc  gcc-aarch64-linux-gnu  -
cross:libc.a               libc6-dev-arm64-cross  -
sysroot:libbpf.a           libbpf-dev:arm64       -
sysroot:libelf.a           libelf-dev:arm64       -
sysroot:libz.a             zlib1g-dev:arm64       -
sysroot:libjansson.a       libjansson-dev:arm64   -
sysroot:libzstd.a          libzstd-dev:arm64      -
sysroot:liblzma.a          liblzma-dev:arm64      -
sysroot:libcap.a           libcap-dev:arm64       -
sysroot:libseccomp.a       libseccomp-dev:arm64   -
sysroot:libmicrohttpd.a    libmicrohttpd-dev:arm64 -
sysroot:libncursesw.a      libncurses-dev:arm64    -
'
distros_table='
cmd:debootstrap      debootstrap         debootstrap
cmd:unshare          util-linux          util-linux
cmd:git              git                 git
'

pictures_table='
cmd:chromium         chromium            chromium
cmd:chromedriver     chromium-driver     chromedriver
system:selenium      python3-selenium    python3-selenium
cmd:python3          python3-venv        python3
'
bench_table='
cmd:bpftrace         bpftrace            bpftrace
cmd:perf             linux-perf          perf
cmd:strace           strace              strace
cmd:jq               jq                  jq
'

die()
{
	local status=$1

	shift
	printf 'deps: %s\n' "$*" >&2
	exit "$status"
}

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die 3 "you are not root, and there is no sudo: cannot install"
	fi
}

# Debian 12's QEMU 7.2 now and then emulates cmpxchg16b and patched code wrongly: guests oops.
qemu_is_new()
{
	local version

	version=$("qemu-system-$1" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
	[ "${version:-0}" -ge 8 ]
}

# Ubuntu's bpftool is a wrapper that looks for the running kernel's; the Makefile takes any.
have_bpftool()
{
	bpftool version >/dev/null 2>&1 || compgen -G '/usr/lib/linux-tools*/*bpftool' >/dev/null ||
		compgen -G '/usr/lib/linux-tools/*/bpftool' >/dev/null
}

# gcc prints a path for the files it finds and the bare name for others.
gcc_finds()
{
	[[ $("$1" -print-file-name="$2") = */* ]]
}

# Its runtimes are named after the machine, or are in a folder that is.
clang_finds()
{
	local name

	for name in "$1-$(uname -m).a" "$1.a"; do
		[[ $(clang -print-file-name="$name") != */* ]] || return 0
	done
	return 1
}

clang_major()
{
	clang -dumpversion 2>/dev/null | cut -d . -f 1
}

have()
{
	local what=${1#*:}

	case $1 in
	cmd:bpftool) have_bpftool ;;
	cmd:*) command -v "$what" >/dev/null ;;
	lib:*) pkg-config --exists "$what" 2>/dev/null ;;
	file:*) [ -e "/usr/include/$what" ] ;;
	python:*) python3 -c "import $what" ;;
	system:*) /usr/bin/python3 -c "import $what" ;; # the distribution's, whatever is first in PATH
	link:*) gcc_finds gcc "lib$what.so" ;;
	static:*) gcc_finds gcc "$what" ;;
	clang:*) clang_finds "$what" ;;
	cross:*) gcc_finds aarch64-linux-gnu-gcc "$what" ;;
	sysroot:*) [ -e "$sysroot/usr/lib/aarch64-linux-gnu/$what" ] ;;
	qemu:*) qemu_is_new "$what" ;;
	esac 2>/dev/null
}

# missing TABLE COLUMN: the packages that would satisfy the probes that fail.
missing()
{
	local row

	while read -ra row; do
		if [ ${#row[@]} = 0 ] || [ "${row[$2]}" = - ] || have "${row[0]}"; then
			continue
		fi
		printf '%s\n' "${row[$2]/CLANG/$(clang_major)}"
	done <<<"$1" | sort -u
}

# Errors and warnings come by stderr; the progress of dpkg interests nobody.
apt_get()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 \
		-o Dpkg::Use-Pty=0 --no-install-recommends "$@" >/dev/null
}

lists_are_fresh()
{
	[ -n "$(find /var/lib/apt/lists -name '*Packages*' -mtime -7 -print -quit 2>/dev/null)" ]
}

# A repository of somebody else's that is down is no reason to stop: the install will tell. Nor is a package
# that this release has not: the others are installed all the same.
apt_install()
{
	local package status=0

	[ $# -gt 0 ] || return 0
	lists_are_fresh || apt_get update || true
	apt_get install "$@" && return
	apt_get update || true
	apt_get install "$@" && return
	for package; do
		apt_get install "$package" || status=1
	done
	return $status
}

# private_sources DIR SUITE...: sources, lists and cache apart, so that the machine's stay as they are.
private_sources()
{
	local dir=$1 suite mirror

	shift
	mirror=$("$(dirname "$0")/mirror.sh")
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	for suite in "$@"; do
		printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "${mirror:-http://deb.debian.org/debian}" "$suite"
	done >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-END
		Dir::Etc::SourceList "$dir/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::State::Lists "$dir/lists";
		Dir::Cache "$dir/cache";
		APT::Sandbox::User "root";
	END
}

# backports_install CODENAME PACKAGE...
backports_install()
{
	local codename=$1 dir=$cache/apt-backports

	shift
	private_sources "$dir" "$codename" "$codename-updates" "$codename-backports"
	apt_get -c "$dir/apt.conf" update
	apt_get -c "$dir/apt.conf" install -t "$codename-backports" "$@"
}

# Another architecture's libraries, without telling dpkg of it: unpacked, not installed.
sysroot_install()
{
	local codename=$1 dir=$cache/apt-arm64 package

	shift
	private_sources "$dir" "$codename"
	: >"$dir/status"
	cat >>"$dir/apt.conf" <<-END
		#clear APT::Architectures;
		APT::Architecture "arm64";
		APT::Architectures { "arm64"; };
		Dir::State::status "$dir/status";
	END
	mkdir -p "$sysroot"
	apt-get -qq -c "$dir/apt.conf" update
	(cd "$dir/cache/archives" && rm -f ./*.deb &&
		apt-get -qq -c "$dir/apt.conf" download "$@" >/dev/null)
	for package in "$dir"/cache/archives/*.deb; do
		dpkg -x "$package" "$sysroot"
	done
}

# Where Ubuntu keeps bpftool: the running kernel's tools, or any kernel's.
ubuntu_bpftool()
{
	local package

	apt_install linux-tools-common || true
	for package in "linux-tools-$(uname -r)" linux-tools-generic; do
		! have_bpftool || return 0
		apt_install "$package" || true
	done
}

debian_install()
{
	local plain=() qemu=() foreign=() package

	for package in "$@"; do
		case $ID:${VERSION_ID-}:$package in
		ubuntu:*:bpftool) apt_install bpftool || ubuntu_bpftool ;;
		ubuntu:*:linux-perf) apt_install "linux-tools-$(uname -r)" || true ;;
		debian:*:*:arm64) foreign+=("${package%:*}") ;;
		debian:12:qemu-*) qemu+=("$package") ;;
		*) plain+=("$package") ;;
		esac
	done
	apt_install "${plain[@]}"
	[ ${#qemu[@]} = 0 ] || backports_install "$VERSION_CODENAME" "${qemu[@]}"
	[ ${#foreign[@]} = 0 ] || sysroot_install "$VERSION_CODENAME" "${foreign[@]}"
}

family()
{
	# shellcheck source=/dev/null
	ID='' ID_LIKE='' && . /etc/os-release
	case " $ID $ID_LIKE " in
	*" debian "*) echo debian ;;
	*" fedora "*) echo fedora ;;
	*) echo other ;;
	esac
}

install_missing()
{
	local distribution=$1 packages=("${@:2}")

	printf 'deps: installing %s\n' "${packages[*]}" >&2
	# shellcheck source=/dev/null
	. /etc/os-release
	case $distribution in
	debian) debian_install "${packages[@]}" ;;
	fedora) as_root dnf install -q -y --setopt=install_weak_deps=False "${packages[@]}" ;;
	esac
}

main()
{
	local kind=${1-} check=${2-} table distribution column=1 packages

	case $kind in
	build) table=$build_table ;;
	test) table=$test_table ;;
	cross) table=$cross_table ;;
	distros) table=$distros_table ;;
	pictures) table=$pictures_table ;;
	bench) table=$bench_table ;;
	*) die 2 "usage: deps.sh build|test|cross|distros|pictures|bench [--check]" ;;
	esac
	distribution=$(family)
	[ "$distribution" != fedora ] || column=2
	mapfile -t packages < <(missing "$table" $column)
	[ ${#packages[@]} -gt 0 ] || return 0
	[ -z "$check" ] || die 1 "missing: ${packages[*]}"
	[ "$distribution" != other ] ||
		die 3 "install what this distribution calls (Debian's names): ${packages[*]}"

	install_missing "$distribution" "${packages[@]}"
	mapfile -t packages < <(missing "$table" $column)
	[ ${#packages[@]} = 0 ] || printf 'deps: still missing or too old: %s\n' "${packages[*]}" >&2
}

main "$@"
