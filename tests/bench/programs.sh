#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# programs.sh [--markdown FILE] [VMS] - how long each run of each BPF program takes, in the kernel: median,
# 99.9 % and the worst, beside no other VM and beside so many (10000). Root, /dev/kvm, bpftool.
#
# A build of its own has the clock around each program (bpf/timing.bpf.h). The VMs beside are entries in the
# programs' maps, which are what could grow. The work: "kvmstall repro" as QEMU and as Firecracker, ROUNDS (31)
# times, and EXITS (1009) processes with a VM each that exit together. Nothing is asserted.
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
O=$(readlink -f "${O:-$here/build}")
export PATH=$PATH:/usr/sbin:/sbin
rounds=${ROUNDS:-31} exits=${EXITS:-1009} vms=10000 markdown=''

while [ $# -gt 0 ]; do
	case $1 in
	--markdown) markdown=$(readlink -f "$2"); shift ;;
	*[!0-9]*) sed -n '4s/^# //p' "$0" >&2; exit 2 ;;
	*) vms=$1 ;;
	esac
	shift
done
command -v bpftool jq >/dev/null || { echo 'programs.sh: no bpftool or jq' >&2; exit 77; }
work=$(mktemp -d)
trap 'stop_tracer; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/bench/tracer.sh
. "$here/tests/bench/tracer.sh"

# The tracer's maps, as bpftool has them.
maps()
{
	local id

	# shellcheck disable=SC2013 # numbers
	for id in $(sed -n 's/^map_id:\s*//p' /proc/"$tracer"/fdinfo/* 2>/dev/null | sort -u); do
		bpftool -j map show id "$id"
	done
}

# map_id NAME
map_id()
{
	maps | jq -s --arg name "$1" 'map(select(.name == $name))[0].id'
}

# Keys are little-endian: addresses that no struct kvm has, and process ids that no process has.
fill_map()
{
	awk -v id="$(map_id "$1")" -v key="$2" -v value="$3" -v cnt="$4" 'BEGIN {
		for (i = 0; i < value; i++)
			zeros = zeros " 00"
		for (i = 0; i < cnt; i++)
			printf "map update id %d key hex 00 %02x %02x %s value hex%s\n", id, i % 256, int(i / 256),
				key == 8 ? "7f ff 8f 00 ff" : "7f", zeros
	}' >"$work/batch"
	bpftool batch file "$work/batch" >/dev/null
}

# As many entries as that many VMs have. Sizes are those of bpf/maps.bpf.h.
fill()
{
	local sizes

	sizes=$(maps | jq -cs 'map(select(.name) | {(.name): .bytes_value}) | add')
	fill_map vms 8 "$(jq .vms <<<"$sizes")" "$1"
	fill_map owners 4 "$(jq .owners <<<"$sizes")" "$1"
	fill_map domains 8 "$(jq .domains <<<"$sizes")" $((2 * $1))
}

# measure VMS FILE
measure()
{
	start_tracer "$timed" -q
	[ "$1" = 0 ] || fill "$1"
	"$timed" repro --profile qemu --rounds "$rounds" >/dev/null
	"$timed" repro --profile firecracker --rounds "$rounds" >/dev/null
	"$work/exits" "$exits" >"$work/exits_ms"
	bpftool -j map dump id "$(map_id run_times)" >"$2.raw"
	stop_tracer
	# shellcheck disable=SC2016 # jq's variables
	jq -c '
		def lower: . as $i | (4 + $i % 4) * pow(2; $i / 4 | floor) / 4;
		def at($share): (map(.) | add) as $all | reduce to_entries[] as $b ({sum: 0, is: null};
			if .is == null then .sum += $b.value | if .sum >= $all * $share then .is = ($b.key | lower) else . end
			else . end) | .is;
		map(.formatted | {program: .key, times: [.values[].value]} | select(.times | any(.runs > 0))
			| {program, runs: ([.times[].runs] | add), worst: ([.times[].worst_ns] | max),
				mean: (([.times[].sum_ns] | add) / ([.times[].runs] | add)),
				buckets: [.times[].buckets] | transpose | map(add)}
			| {program, runs, mean, p50: (.buckets | at(0.5)), p999: (.buckets | at(0.999)), worst}) | .[]' "$2.raw" >"$2"
}

names()
{
	printf '#include <kvmstall/programs.h>\nKS_PROGRAMS(X)\n' | ${CC:-cc} -E -P -I"$here/include" - |
		grep -oE 'X\([a-z_]+' | cut -c3-
	printf '%s\n' 'nothing' 'the stack of a sleep' 'the stack in timer_tp'
}

about()
{
	echo "$(uname -r), $(uname -m), HZ=$("$timed" check --json | jq .kernel.hz), $(nproc) CPUs, $(date +%F)," \
		"load $(cut -d ' ' -f 1 /proc/loadavg)"
}

rows()
{
	names >"$work/names"
	# shellcheck disable=SC2016
	jq -rn --rawfile names "$work/names" --slurpfile few "$work/few" --slurpfile many "$work/many" '
		($names | split("\n")) as $names | def us: if . == null then "" else . / 10 | round / 100 end;
		$few[] | .program as $p | [$many[] | select(.program == $p)][0] as $m
		| [$names[$p], .runs, (.p50 | us), (.p999 | us), (.worst | us), $m.runs // 0, ($m.p50 | us), ($m.p999 | us), ($m.worst | us)]
		| @tsv'
}

table()
{
	cat <<-END
		# What each run of a program takes

		Microseconds in the kernel, by \`tests/bench/programs.sh --markdown FILE\`: $(about).
		The work is \`kvmstall repro\` as QEMU and as Firecracker, $rounds times each, and $exits processes with a VM each that exit
		together: $(cat "$work/few_ms") ms with no other VM there, $(cat "$work/many_ms") ms with $vms others, which are entries
		in the programs' maps. The clock is read before and after each run, so what interrupts it is in its time, and what the
		host of a virtual machine does; "nothing" is what these make of two readings with nothing between them, one pair
		for each run of a program. A median, or 99.9 %, is the lower bound of a bucket, a fifth wide.

		| program | runs | median | 99.9 % | worst | runs, $vms VMs | median | 99.9 % | worst |
		|---|--:|--:|--:|--:|--:|--:|--:|--:|
	END
	# shellcheck disable=SC2016 # quotes of markdown
	rows | sed 's/^\([^\t]*\)/`\1`/; s/`\(nothing\|the .*\)`/\1/; s/\t/ | /g; s/^/| /; s/$/ |/'
}

"${MAKE:-make}" -s -C "$here" O="$O/timing" BPF_DEFINES=-DKS_TIMING "$O/timing/kvmstall" >&2
timed=$O/timing/kvmstall
"${CC:-cc}" -O1 -o "$work/exits" "$here/tests/bench/exits.c"
measure 0 "$work/few"
mv "$work/exits_ms" "$work/few_ms"
measure "$vms" "$work/many"
mv "$work/exits_ms" "$work/many_ms"
if [ -n "$markdown" ]; then
	table >"$markdown"
else
	about
	rows | column -t -s $'\t' -N "program,runs,median,99.9%,worst,runs,median,99.9%,worst"
fi
