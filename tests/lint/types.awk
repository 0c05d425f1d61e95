# SPDX-License-Identifier: GPL-2.0-only
#
# Compare "bpftool btf dump ... format raw" of two sides, for types.sh: every member that the
# structs listed in side=names have in side=ours has to be in side=theirs.

# [635] STRUCT 'srcu_usage' size=376 vlen=23
side != "names" && /^\[/ {
	id = side substr($1, 2, length($1) - 2)
	kind[id] = $2
	name = $3
	gsub(/'/, "", name)
	if (match($0, /type_id=[0-9]+/))
		target[id] = side substr($0, RSTART + 8, RLENGTH - 8)
	if (($2 == "STRUCT" || $2 == "UNION") && name != "(anon)")
		by_name[side, name] = id
	count[id] = 0
	next
}

# 	'srcu_gp_seq' type_id=1 bits_offset=896
side != "names" && /^\t'.*bits_offset=/ {
	name = $1
	gsub(/'/, "", name)
	match($0, /type_id=[0-9]+/)
	n = ++count[id]
	member[id, n] = name
	member_type[id, n] = side substr($0, RSTART + 8, RLENGTH - 8)
	next
}

side == "names" {
	base = $1
	sub(/___.*/, "", base)
	if (base != $1)
		flavours[base] = flavours[base] " " $1
	else
		plain[base] = 1
	bases[base] = 1
}

# Past typedefs and qualifiers.
function resolve(id)
{
	while (kind[id] ~ /^(TYPEDEF|CONST|VOLATILE|RESTRICT|TYPE_TAG)$/)
		id = target[id]
	return id
}

function is_record(id)
{
	return kind[id] == "STRUCT" || kind[id] == "UNION"
}

# The type of member @name of @id, also in the members without a name; "" when it has none.
function find(id, name,   i, found)
{
	for (i = 1; i <= count[id]; i++) {
		if (member[id, i] == name)
			return member_type[id, i]
		if (member[id, i] == "(anon)") {
			found = find(resolve(member_type[id, i]), name)
			if (found != "")
				return found
		}
	}
	return ""
}

# Is all that @a has in @b too? What is missing is left in the global "missing".
function compare(a, b, path,   i, type, inner, ok)
{
	ok = 1
	for (i = 1; i <= count[a]; i++) {
		inner = resolve(member_type[a, i])
		if (member[a, i] == "(anon)") {
			ok = compare(inner, b, path) && ok
			continue
		}
		type = find(b, member[a, i])
		if (type == "") {
			missing = missing " " path "." member[a, i]
			ok = 0
			continue
		}
		if (is_record(inner) && is_record(resolve(type)))
			ok = compare(inner, resolve(type), path "." member[a, i]) && ok
	}
	return ok
}

# 1: @name (maybe a flavour) is as the kernel has it.
function matches(name,   base, ours, theirs)
{
	base = name
	sub(/___.*/, "", base)
	ours = by_name["ours", name]
	theirs = by_name["theirs", base]
	if (ours == "") {
		missing = missing " " name " (not compiled)"
		return 0
	}
	if (theirs == "") {
		if (index(" " optional, " " base " "))
			return 1
		missing = missing " struct " base
		return 0
	}
	compared++
	return compare(ours, theirs, name)
}

function complain(what)
{
	print what " not in this kernel:" missing
	bad = 1
}

END {
	for (base in bases) {
		missing = ""
		hits = 0
		n = split(flavours[base], list, " ")
		for (i = 1; i <= n; i++)
			hits += matches(list[i])
		of_flavours = missing
		missing = ""
		if (n > 1 && !hits) {
			missing = of_flavours
			complain("no flavour of " base)
			missing = ""
		}
		if (plain[base] && !matches(base) && !(n == 1 && hits))
			complain(base)
	}
	if (!compared) {
		print "nothing was compared"
		bad = 1
	}
	exit bad
}
