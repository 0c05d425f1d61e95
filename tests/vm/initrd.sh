#!/bin/bash
# initrd.sh OUTPUT ARCH MODULES SCRIPT [FILE[:DEST]...] - an initramfs that runs SCRIPT.
#
# ARCH is amd64 or arm64. MODULES is a module directory as kernels.sh prints it, or "" when all
# is built in. SCRIPT becomes /run-me (start it with #!/bin/sh) and runs in /test, where each
# FILE (or folder) goes under its own name, unless DEST says where. The static kvmstall that
# KVMSTALL names is /bin/kvmstall; without KVMSTALL, build/static/kvmstall
# (arm64: build/static-arm64/kvmstall) if it is there. KVMSTALL_VM_MODULES: modules to load beside KVM's.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
root=$(readlink -f "$here/../..")
# shellcheck source=tests/vm/apt.sh
. "$here/apt.sh"

# Modules to load, then their parameters, a line each. On arm64 KVM is built in.
declare -A wanted=(
	[amd64]="irqbypass
kvm
kvm-amd avic=1 force_avic=1"
	[arm64]=""
)

# fetch_busybox ARCH
fetch_busybox()
{
	local dir

	dir=$(vm_cache)/busybox/$1
	[ -d "$dir" ] && return
	vm_apt_update "$1" && vm_apt_unpack "$1" "$dir" busybox-static && return
	vm_exit "$VM_SKIP" "$1: skipped: busybox-static cannot be had"
}

# busybox ARCH: a static one of that architecture, unpacked, not installed.
busybox()
{
	vm_locked fetch_busybox "$1" || exit
	find "$(vm_cache)/busybox/$1" -type f -path '*/bin/busybox' -print -quit
}

# module_file MODULES NAME: where NAME is; - and _ are the same in it.
module_file()
{
	find "$1" -name "${2//[-_]/[-_]}.ko*" -print -quit
}

# module_depends FILE.ko: its own word, so that depmod is not needed.
module_depends()
{
	tr '\0' '\n' <"$1" | sed -n 's/^depends=//p' | sed -n 1p | tr ',' '\n'
}

# add_module DIR MODULES NAME [PARAMETER...]: after what it depends on, once. One that has no
# file is taken to be built in.
add_module()
{
	local dir=$1 modules=$2 name=$3 file ko dep

	shift 3
	ko=$dir/modules/${name//-/_}.ko
	[ -e "$ko" ] && return
	file=$(module_file "$modules" "$name")
	case $file in
	'') return ;;
	*.xz) xz -dc "$file" >"$ko" ;;
	*.zst) zstd -qdc "$file" >"$ko" ;;
	*) cp "$file" "$ko" ;;
	esac
	for dep in $(module_depends "$ko"); do
		add_module "$dir" "$modules" "$dep"
	done
	echo "${ko#"$dir"}" "$@" >>"$dir/modules/load"
}

# add_modules DIR ARCH MODULES
add_modules()
{
	local dir=$1 arch=$2 modules=$3 line name

	mkdir "$dir/modules"
	[ -n "$modules" ] || return 0
	while read -r line; do
		# shellcheck disable=SC2086 # name and parameters
		[ -z "$line" ] || add_module "$dir" "$modules" $line
	done <<<"${wanted[$arch]}"
	for name in ${KVMSTALL_VM_MODULES-}; do
		add_module "$dir" "$modules" "$name"
	done
}

# machine FILE: the ELF machine, as Debian calls it.
machine()
{
	case $(od -An -tu2 -j18 -N2 "$1" | tr -d ' ') in
	62) echo amd64 ;;
	183) echo arm64 ;;
	*) echo unknown ;;
	esac
}

# add_kvmstall DIR ARCH
add_kvmstall()
{
	local tool=${KVMSTALL-} default=$root/build/static/kvmstall

	[ "$2" = amd64 ] || default=$root/build/static-$2/kvmstall
	if [ -z "$tool" ]; then
		[ -e "$default" ] || return 0
		tool=$default
	fi
	[ -f "$tool" ] || vm_exit "$VM_TROUBLE" "no $tool: KVMSTALL must name a static binary"
	[ "$(machine "$tool")" = "$2" ] || vm_exit "$VM_TROUBLE" "$tool is not a binary for $2"
	install -m 755 "$tool" "$dir/bin/kvmstall"
}

# add_files DIR FILE[:DEST]...
add_files()
{
	local dir=$1 file src dest

	shift
	for file; do
		src=${file%%:*}
		dest=$dir/test/$(basename "$src")
		case $file in *:*) dest=$dir/${file#*:} ;; esac
		mkdir -p "$(dirname "$dest")"
		cp -aLT "$src" "$dest" || vm_exit "$VM_TROUBLE" "cannot take $src along"
	done
}

# skeleton DIR BUSYBOX
skeleton()
{
	local applet

	mkdir -p "$1"/{bin,dev,etc,out,proc,root,run,sbin,sys,test,tmp,usr/bin,usr/sbin,var}
	install -m 755 "$2" "$1/bin/busybox"
	install -m 755 "$here/init" "$1/init"
	# The applets that the guest's busybox has; both architectures are built alike.
	while read -r applet; do
		ln -s /bin/busybox "$1/bin/$applet"
	done < <("$native" --list | grep -vx busybox)
	echo root:x:0:0:root:/root:/bin/sh >"$1/etc/passwd"
	echo root:x:0: >"$1/etc/group"
	echo 127.0.0.1 localhost >"$1/etc/hosts"
}

# pack DIR OUTPUT
pack()
{
	(cd "$1" && find . | "$native" cpio -o -H newc -R 0:0 2>/dev/null) | gzip -1 >"$2"
}

main()
{
	local output=$1 arch=$2 modules=$3 script=$4 guest

	shift 4
	native=$(busybox amd64)
	guest=$(busybox "$arch")
	[ -x "$native" ] || vm_exit "$VM_TROUBLE" "no busybox in $(vm_cache)/busybox"
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	skeleton "$dir" "$guest"
	add_modules "$dir" "$arch" "$modules"
	add_kvmstall "$dir" "$arch"
	add_files "$dir" "$script:run-me" "$@"
	chmod 755 "$dir" "$dir/run-me"
	pack "$dir" "$output"
}

[ $# -ge 4 ] || vm_exit "$VM_TROUBLE" "usage: initrd.sh OUTPUT ARCH MODULES SCRIPT [FILE[:DEST]...]"
main "$@"
