#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# regen.sh [STRUCT...] - print the structs of vmlinux.h as this kernel defines them, each cut down
# to the fields that vmlinux.h has: what to compare with, and to copy from. BTF=FILE: another
# kernel's BTF. A field that this kernel has not is printed as a comment.
set -euo pipefail

cd "$(dirname "$0")"
# Where Debian keeps bpftool, for users who do not have it in their PATH.
PATH=$PATH:/usr/sbin:/sbin
bpftool=${BPFTOOL:-bpftool}
btf=${BTF:-/sys/kernel/btf/vmlinux}
arch=$(uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')

[ -r "$btf" ] || { echo "regen: cannot read $btf" >&2; exit 3; }

kernel()
{
	"$bpftool" btf dump file "$btf" format c
	# KVM as a module has its types in BTF of its own, which continues the kernel's.
	if [ "$btf" = /sys/kernel/btf/vmlinux ] && [ -r /sys/kernel/btf/kvm ]; then
		"$bpftool" btf dump -B "$btf" file /sys/kernel/btf/kvm format c
	fi
}

awk -v only="$*" '
# The name that a declaration declares: "int (*f)(void);", "char comm[16];", "int a: 3;".
function declared(line)
{
	if (match(line, /\(\*+[a-z_A-Z0-9]+\)/))
		return substr(line, RSTART + 2, RLENGTH - 3)
	sub(/(\[.*|:.*)?;.*/, "", line)
	sub(/\[.*/, "", line)
	sub(/ *:.*/, "", line)
	sub(/ +$/, "", line)
	return match(line, /[a-z_A-Z0-9]+$/) ? substr(line, RSTART, RLENGTH) : ""
}

function wanted(struct)
{
	return (struct in seen) && (only == "" || index(" " only " ", " " struct " "))
}

# First file: which structs, and which of their fields.
FNR == NR {
	if (/^struct [a-z_0-9]+ \{$/) {
		name = $2
		seen[name] = 1
	} else if (/^\}/) {
		name = ""
	} else if (name != "" && /\{$/) {
		outside = fields[name]
	} else if (name != "" && /^[ \t]+\}/) {
		if (declared($0) != "") # what is in it belongs to it
			fields[name] = outside " " declared($0)
	} else if (name != "" && /;/) {
		n = split($0, parts, ",")
		if (/\(/ || n == 1)
			fields[name] = fields[name] " " declared($0)
		else # "long a, b, c;"
			for (i = 1; i <= n; i++)
				fields[name] = fields[name] " " declared(parts[i] ";")
	}
	next
}

# Then the kernel: a block within is kept when its own name is wanted, or has none and something in
# it is.
/^struct [a-z_0-9]+ \{$/ && wanted($2) && !(($2) in done) {
	name = $2
	done[name] = 1
	have = " "
	depth = 1
	text[1] = $0 "\n"
	keep[1] = 1
	next
}

name != "" && /\{$/ {
	text[++depth] = $0 "\n"
	keep[depth] = 0
	next
}

name != "" && /^\t*\}/ {
	if (--depth == 0) {
		print_struct()
		name = ""
		next
	}
	field = declared($0)
	hit = field != "" && index(fields[name] " ", " " field " ")
	if (hit)
		have = have field " "
	if (hit || (field == "" && keep[depth + 1])) {
		text[depth] = text[depth] text[depth + 1] $0 "\n"
		keep[depth] = 1
	}
	next
}

name != "" {
	field = declared($0)
	if (field != "" && index(fields[name] " ", " " field " ")) {
		text[depth] = text[depth] $0 "\n"
		keep[depth] = 1
		have = have field " "
	}
}

function print_struct(   n, i, list)
{
	printf "%s", text[1]
	n = split(fields[name], list, " ")
	for (i = 1; i <= n; i++)
		if (list[i] != "" && !index(have, " " list[i] " "))
			printf "\t/* not here: %s */\n", list[i]
	print "};\n"
}

END {
	for (name in seen)
		if (!(name in done) && wanted(name))
			print "/* not here: struct " name " */"
}' <("${CLANG:-clang}" -E -P -target bpf -D__TARGET_ARCH_"$arch" vmlinux.h) <(kernel)
