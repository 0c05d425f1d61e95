#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-matrix: every kernel, both architectures, each backend that the kernel can have; a boot a
# kernel (guest/matrix.sh). A test a cell, a table at the end.
#
# SERIES is which kernels ("6.18 6.1:arm64"), by default all. KVMSTALL_STATIC and KVMSTALL_STATIC_ARM64 are
# the programs without libraries. TABLE=FILE has the table, as docs/matrix.md has it; INSNS=FILE what the verifier said.
# UPDATE=1 writes expect/ anew, and you read the difference. KEEP=1 keeps what was captured.
# shellcheck disable=SC2317,SC2016 # run_test calls them; jq expands
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck disable=SC2154 # here and work are suite.sh's
KVMSTALL_STATIC=$(readlink -f "${KVMSTALL_STATIC:-$here/build/static/kvmstall}")
KVMSTALL_STATIC_ARM64=$(readlink -f "${KVMSTALL_STATIC_ARM64:-$here/build/static-arm64/kvmstall}")
all='6.1 6.12 6.17 6.18 7.2 7.3 6.1:arm64 6.12:arm64 6.18:arm64 7.3:arm64'
expect=$here/tests/vm/expect
table=$work/table

# matrix OPTION... FILTER: jq with what matrix.jq defines, and without input.
matrix()
{
	jq -nrc -L "$here/tests/lib" -L "$here/tests/vm" "${@:1:$#-1}" "include \"ndjson\"; include \"matrix\"; ${*: -1}"
}

# cell TEXT: one more field of the row that is being made.
cell()
{
	printf ' %s |' "$*" >>"$work/row"
}

boot()
{
	local status=0 tool=$KVMSTALL_STATIC

	[ "$arch" = amd64 ] || tool=$KVMSTALL_STATIC_ARM64
	[ -f "$tool" ] || skip "$series: no program for $arch: $tool"
	OUT=$out KVMSTALL=$tool KVMSTALL_VM_TIMEOUT=${KVMSTALL_VM_TIMEOUT:-600} "$here/tests/vm/run.sh" "$series" \
		"$here/tests/vm/guest/matrix.sh" >"$out/console" 2>"$out/errors" || status=$?
	[ "$status" != 77 ] || skip "$(tail -n 1 "$out/errors")"
	cat "$out/console" "$out/errors"
	grep -c 'retry 1' "$out/errors" >"$out/retries" || true
	note "$(cat "$out/release") in $SECONDS s, retries: $(cat "$out/retries"); backends:$(cat "$out/backends")"
	has_backends || status=1
	return "$status"
}

# Those that tests/vm/expect has: one that is not tried is none that passed.
has_backends()
{
	local file=$expect/$series_name-$arch.json

	[ -e "$file" ] || return 0 # UPDATE=1 writes it
	jq -r 'to_entries | map(select(.value.backend == .key).key)[]' "$file" | sort >expected
	tr ' ' '\n' <"$out/backends" | grep . | sort | diff expected - ||
		fail "other backends than tests/vm/expect has"
}

# check --json is what tests/vm/expect says.
as_expected()
{
	local file=$expect/$series_name-$arch.json

	matrix --slurpfile check "$out/$1.check" '$check[0] | row' >actual
	if [ -n "${UPDATE-}" ]; then
		[ -s "$file" ] || echo '{}' >"$file"
		jq --arg backend "$1" --slurpfile row actual '.[$backend] = $row[0]' "$file" >new
		mv new "$file"
	fi
	diff <(jq -S --arg backend "$1" '.[$backend]' "$file") <(jq -S . actual) || fail "check --json is not as in ${file##*/}"
}

# What was lost, if anything: the programs that the kernel kept from running under load are no fault.
losses()
{
	value '[.[] | select(.type == "summary").losses] | add | to_entries
		| map(select(.value > 0) | "\(.key) \(.value)") | join(", ")' "$out/$1.trace"
}

# A program that the kernel did not run leaves a hole; then those that know of theirs do not count.
unexplained()
{
	value '(map(select(.type == "lost")) | length > 0) as $lost
		| map(select(is_call and (.complete or ($lost | not)))) | 100 * (map(ns_by("unexplained")) | add) / ([(map(.stall_ns) | add), 1] | max)
		| . * 1000 | round / 1000' "$out/$1.trace"
}

# judge BACKEND FILTER
judge()
{
	matrix --slurpfile trace "$out/$1.trace" --slurpfile repro "$out/$1.repro" --argjson defers "$defers" \
		--argjson jiffy "$(jq '1000000000 / .kernel.hz' "$out/$1.check")" \
		--argjson x86 "$([ "$arch" = amd64 ] && echo true || echo false)" "$2"
}

backend()
{
	local name=$1 lost part status=0

	cell "$name"
	as_expected "$name" || status=1
	grep -q "^$name: trace: exit status 0" "$out/status" || { status=1; cat "$out/status" "$out/$name.errors"; }
	[ "$(value '.[] | select(.type == "summary").backend' "$out/$name.trace")" = "$name" ] ||
		{ echo "not by $name"; status=1; }
	cell "$([ "$status" = 0 ] && echo yes || echo NO)"
	none "segments that do not add up" 'select(is_call and is_off_balance)' "$out/$name.trace" || status=1
	judge "$name" 'wrong($trace; $repro; $defers; $x86; $jiffy)' >wrong || status=1
	cat wrong
	[ ! -s wrong ] || status=1
	part=$(unexplained "$name")
	lost=$(losses "$name")
	cell "$([ -s wrong ] && echo NO || echo yes)"
	[ "$defers" = false ] || cell "$(judge "$name" 'in_time_cnt($trace; $repro; $x86; $jiffy)')"
	[ "$defers" = true ] || cell 0
	if ! awk "BEGIN { exit !($part <= 1) }"; then
		value 'map(select(is_call and ns_by("unexplained") > 100000)) | .[:7][] | {call, latency_ns, segments} | tojson' "$out/$name.trace"
		echo "unexplained: $part %"
		status=1
	fi
	cell "$part %"
	cell "${lost:-none}"
	[[ ! $lost =~ (ring|tasks|domains|history) ]] || { echo "lost: $lost"; status=1; }
	return "$status"
}

# Two backends beside each other on one workload: the same causes, and lengths within 5 % or 100 us.
agree()
{
	local pair=$1 all off other

	matrix --slurpfile one "$out/$pair.one" --slurpfile two "$out/$pair.two" 'common($one; $two)' >common
	all=$(wc -l <common) off=$(grep -c '"off":true' common) other=$(grep -c '"other":true' common) || true
	note "$pair: $all stalls of more than 4 ms seen by both; another length: $off, another cause: $other;" \
		"median difference $(jq -s 'map(.miss) | sort | .[length / 2 | floor] / 1000 | round' common) us"
	# Where registration waits, few stalls are that long.
	[ "$all" -ge "$([ "$defers" = true ] && echo 5 || echo 1)" ] || fail "only $all stalls in common"
	cat common
	# An emulated CPU that the host takes away between two programs on one function is another length: of few.
	[ $((off * 8)) -le "$all" ] && [ "$other" = 0 ]
}

# Nothing stays attached, and KVM's module goes and comes back.
nothing_left()
{
	[ ! -s "$out/left" ] || fail "left: $(cat "$out/left")"
	[ "$arch" != amd64 ] || [ "$(paste -sd ' ' "$out/unload")" = "unloaded loaded" ] ||
		fail "the module cannot be unloaded or loaded: $(cat "$out/unload")"
}

# A trace that began before KVM's module was there saw all that came after it.
loaded_later()
{
	grep -q 'waiting for its module' "$out/later.errors" || fail "$(cat "$out/later.errors")"
	matrix --slurpfile trace "$out/later.trace" --slurpfile repro "$out/later.repro" \
		'not_once($trace; $repro) | [.repro.call, (.trace | length)]' >missing
	[ -s "$out/later.repro" ]
	[ ! -s missing ] || fail "not seen" "$(cat missing "$out/later.errors")"
}

# rows RESULT: the row in $work/row goes to the table.
row()
{
	printf '| %s | %s |%s %s |\n' "$series_name" "$arch" "$(cat "$work/row")" "$1" >>"$table"
}

kernel()
{
	local name before pair backends

	series_name=${series%:*} arch=amd64
	case $series in *:*) arch=${series#*:} ;; esac
	out=$work/$series_name-$arch
	mkdir -p "$out"
	SECONDS=0
	before=$passed
	run_test "$series_name-$arch-boot" boot
	if [ "$passed" = "$before" ] && ! [ -s "$out/backends" ]; then
		: >"$work/row"
		for name in - - - - - -; do cell "$name"; done
		row "$(tail -n 1 "$work/skip" | grep . || echo "no boot")"
		return
	fi
	defers=$([ "$(jq -r .register_dev "$out/tracepoint.check")" = defers ] && echo true || echo false)
	read -ra backends <"$out/backends"
	for name in "${backends[@]}"; do
		: >"$work/row"
		before=$passed
		run_test "$series_name-$arch-$name" backend "$name"
		row "$([ "$passed" != "$before" ] && echo passed || echo FAILED)"
	done
	for pair in "$out"/*.one; do
		pair=${pair##*/}
		run_test "$series_name-$arch-agree-${pair%.one}" agree "${pair%.one}"
	done
	run_test "$series_name-$arch-nothing-left" nothing_left
	[ "$arch" != amd64 ] || run_test "$series_name-$arch-loaded-later" loaded_later
	for name in "${backends[@]}"; do
		sed "s/^/$series_name $arch $name /" "$out/$name.insns" >>"$work/insns"
	done
}

command -v jq >/dev/null || nothing "no jq"
mkdir -p "$expect"
{
	echo '| series | architecture | backend | as expected | scenarios | stalls by registration | unexplained | lost | |'
	echo '|---|---|---|---|---|---|---|---|---|'
} >"$table"
for series in ${SERIES:-$all}; do
	kernel
done
echo
cat "$table"
if [ -n "${TABLE-}" ]; then
	{
		cat <<-'END'
			# Every kernel, both architectures, every backend

			`make check-matrix` boots each of Debian's cloud kernels under QEMU's TCG, and on each takes away the better
			backends one by one. *As expected*: `check --json` says what tests/vm/expect has, and the unit test of the
			plan. *Scenarios*: what must stall does, for the right cause and behind the right culprit, and nothing else;
			an injected reader and lock are named. *Stalls by registration*: of 15 calls, behind a device whose grace
			period they met in time. A row passes when besides nothing adds up wrongly, at most 1 % is unexplained, and no
			record is lost for want of room. Two backends at a time then watch one workload, and say the same cause of each stall
			of more than 4 ms, and the same length (to 5 %, or 0.1 ms) of seven in eight; KVM's module goes and comes under a
			trace, and the kernel's log is clean.

		END
		cat "$table"
		printf '\nKernels: %s. %s.\n' "$(cat "$work"/*/release | sort -uV | paste -sd ' ')" "$(date -u +%F)"
	} >"$TABLE"
fi
[ -z "${INSNS-}" ] || cp "$work/insns" "$INSNS"
echo
finish
