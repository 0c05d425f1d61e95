# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# hardened PROGRAM - the facts that checksec tells of it, as the distributions' flags make them.
hardened()
{
	local program=$1

	readelf -hW "$program" | grep -q 'Type: *DYN' || fail "not position-independent"
	readelf -dW "$program" | grep -q 'BIND_NOW\|Flags:.*NOW' || fail "symbols are bound late"
	readelf -lW "$program" | grep -q GNU_RELRO || fail "no RELRO"
	readelf -lW "$program" | grep 'GNU_STACK' | grep -q 'RW ' || fail "an executable stack"
	readelf -sW --dyn-syms "$program" | grep -q '__[a-z]*_chk' || fail "nothing is fortified"
	readelf -sW --dyn-syms "$program" | grep -q __stack_chk_fail || fail "no stack protector"
}
