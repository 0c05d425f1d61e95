#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every field of vmlinux/vmlinux.h, and of the flavours in bpf/, is there in this kernel's BTF:
# what CO-RE would say at load time, said at once and for all of them. Both sides are BTF: ours is
# compiled from the headers. Exit status 77: this machine has no BTF to compare with.
#
# A flavour (struct x___pre_v6_4) stands for one of several shapes, so not each has to be there:
# one flavour alone is the alternative to the plain struct x, and either will do; of two or more,
# one must be there. A struct that bpf/ asks for with bpf_core_type_exists() may be absent.
set -euo pipefail

# Where Debian keeps bpftool, for users who do not have it in their PATH.
PATH=$PATH:/usr/sbin:/sbin
bpftool=${BPFTOOL:-bpftool} clang=${CLANG:-clang}
btf=${BTF:-/sys/kernel/btf/vmlinux}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip()
{
	echo "$*"
	exit 77
}

arch()
{
	uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/'
}

# The structs that are defined in what comes in, flavours too.
defined()
{
	sed -nE 's/^struct ([a-z_0-9]+) \{$/\1/p' "$@" | sort -u
}

# vmlinux.h as this architecture has it, and the flavours.
sources()
{
	"$clang" -E -P -target bpf -D__TARGET_ARCH_"$(arch)" vmlinux/vmlinux.h
	sed -nE '/^struct [a-z_0-9]+___[a-z_0-9]+ \{$/,/^\}/p' bpf/*.[ch]
}

# A variable of each struct makes clang write all of it down.
compile()
{
	sed 's/.*/struct & the_&;/' "$work/names" | cat "$work/sources.h" - >"$work/types.c"
	"$clang" -target bpf -g -c -o "$work/types.o" "$work/types.c"
}

command -v "$clang" >/dev/null || skip 'no clang'
"$bpftool" version >/dev/null 2>&1 || skip 'no bpftool'
[ -r "$btf" ] || skip "this kernel has no BTF ($btf)"

sources >"$work/sources.h"
defined "$work/sources.h" >"$work/names"
{ grep -ohE 'bpf_core_type_exists\(struct [a-z_0-9]+' bpf/*.[ch] || true; } |
	sed 's/.* //' | sort -u >"$work/optional"
compile
"$bpftool" btf dump file "$work/types.o" format raw >"$work/ours"
"$bpftool" btf dump file "$btf" format raw >"$work/theirs"
# KVM as a module has its types in BTF of its own, which continues the kernel's.
if [ "$btf" = /sys/kernel/btf/vmlinux ] && [ -r /sys/kernel/btf/kvm ]; then
	"$bpftool" btf dump -B "$btf" file /sys/kernel/btf/kvm format raw >>"$work/theirs"
fi
grep -q "STRUCT 'kvm' " "$work/theirs" || skip 'no BTF of KVM: load the kvm module'

awk -v optional="$(tr '\n' ' ' <"$work/optional")" -f tests/lint/types.awk \
	side=ours "$work/ours" side=theirs "$work/theirs" side=names "$work/names"
