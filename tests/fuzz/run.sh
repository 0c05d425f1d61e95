#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [TARGET...] - fuzz what reads other people's files: libFuzzer with ASan and UBSan.
#
# A target is tests/fuzz/fuzz_TARGET.c. With TIME=SECONDS (make fuzz TIME=60) they share that time,
# and what they learn is kept in $O/fuzz/corpus; else each makes RUNS runs, the same every time. They
# start from the golden files, and from a capture that is made here. What a target finds is in
# $O/fuzz/findings: "$O/fuzz/fuzz_TARGET FILE" shows it again.
set -uo pipefail

cd "$(dirname "$0")/../.." || exit 1
O=${O:-$PWD/build}
RUNS=${RUNS:-997}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

has_fuzzer()
{
	echo 'int LLVMFuzzerTestOneInput(void *data, long size);
		int LLVMFuzzerTestOneInput(void *data, long size) { return !data && size; }' >"$work/try.c"
	"${CLANG:-clang}" -fsanitize=fuzzer,address,undefined -o "$work/try" "$work/try.c" 2>/dev/null
}

# seeds TARGET DIR: the files that it may begin with. Fails when there are no golden ones.
seeds()
{
	local target=$1 dir=$2 file extension=$1 found=

	mkdir -p "$dir"
	case $target in
	fleet)
		awk -v HOSTS=2 -v SLOW=8 -f tests/golden/diff/fleet.awk >"$dir/two"
		awk -v HOSTS=1 -v FORM=classic -v WARNS=1 -f tests/golden/diff/fleet.awk >"$dir/warns"
		awk -v HOSTS=1 -v LAST=stalls -v STATUS=503 -v TYPE=text/html -v BODY='<h1>' -f tests/golden/diff/fleet.awk >"$dir/page"
		printf 'kernel=~"6.1.*",rack!="7"' >"$dir/matchers"
		return
		;;
	capture | blocks)
		extension=cap
		"$O/fuzz/seed" "$target" >"$dir/made"
		;;
	names)
		printf 'qemu-system-x86_64\0-name\0guest=one,debug-threads=on\0-uuid\0c0ffee00-1234\0' >"$dir/qemu"
		printf '/usr/bin/firecracker\0--id\0two\0--api-sock=/run/two.sock\0' >"$dir/firecracker"
		printf '0::/kubepods.slice/kubepods-pod12_34.slice/cri-containerd-0123456789abcdef.scope\n' >"$dir/cgroup"
		printf 'application/openmetrics-text;version=1.0.0;q=0.5, text/plain;version=0.0.4' >"$dir/accept"
		return
		;;
	esac
	if [ "$target" = script ]; then
		cp tests/golden/repro/*.list tests/golden/repro/*.strace tests/golden/report/qemu.cap "$dir/"
		printf '{"type":"stall","v":1,"ts_ns":5000000,"vm":{"id":1},"tid":11,"call":"KVM_SET_USER_MEMORY_REGION","args":{"slot":0,"gpa":0,"size":4096},"latency_ns":4000000,"culprit":{"call":"KVM_CREATE_IRQCHIP","tid":11,"age_ns":700000,"vm":1}}\n' >"$dir/json"
		return
	fi
	case $target in graph | logs | stacks | perf_trace) extension=txt ;; esac
	while read -r file; do
		found=1
		if [ "$target" = blocks ]; then
			"$O/fuzz/seed" blocks "$file" >"$dir/${file##*/}"
		else
			cp "$file" "$dir/"
		fi
	done < <(find tests/golden -name "*.$extension")
	[ -n "$found" ]
}

# The options that make a target end by itself: by time, or by runs that are always the same. Who gives it time gives it
# CPUs, and a run of a minute hangs. Else other suites have them (tests/run.sh), and beside busy loops a run that takes
# 0.2 s of a CPU has taken a minute: what libFuzzer itself calls a hang, 20 minutes, is one.
limits()
{
	if [ -n "${TIME-}" ]; then
		echo "-max_total_time=$((TIME * $(nproc) / $#)) -timeout=60"
	else
		echo "-runs=$RUNS -seed=1"
	fi
}

fuzz()
{
	local target=$1 corpus=$work/$1.corpus log=$O/fuzz/$1.log

	[ -z "${TIME-}" ] || corpus=$O/fuzz/corpus/$target
	mkdir -p "$corpus" "$O/fuzz/findings"
	if ! seeds "$target" "$work/$target.seeds"; then
		echo "FAILED  $target: no file of tests/golden is a seed"
		return
	fi
	# shellcheck disable=SC2086 # options are words
	if "$O/fuzz/fuzz_$target" $limits -max_len=16384 -rss_limit_mb=2048 -close_fd_mask=3 -print_final_stats=1 \
		-artifact_prefix="$O/fuzz/findings/$target-" "$corpus" "$work/$target.seeds" >"$log" 2>&1; then
		echo "ok      $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs"
	else
		echo "FAILED  $target"
		grep -vE '^#[0-9]+.*(NEW|REDUCE|pulse|RELOAD)' "$log" | tail -n 40 | sed 's/^/    | /'
	fi
}

# fuzz_all TARGET...: one a CPU; what each said, in order.
fuzz_all()
{
	local target

	for target; do
		while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
			wait -n
		done
		fuzz "$target" >"$work/$target.said" &
	done
	wait
	for target; do
		cat "$work/$target.said"
		if grep -q '^ok ' "$work/$target.said"; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
		fi
	done
}

if [ $# = 0 ]; then
	for file in tests/fuzz/fuzz_*.c; do
		file=${file##*/fuzz_}
		set -- "$@" "${file%.c}"
	done
fi
if ! has_fuzzer; then
	echo "skipped $*: ${CLANG:-clang} has no libFuzzer runtime (Debian: libclang-rt-VERSION-dev)"
	skipped=$#
elif ! "${MAKE:-make}" -j"$(nproc)" O="$O" fuzzers >"$work/build" 2>&1; then
	cat "$work/build"
	failed=$#
else
	limits=$(limits "$@")
	fuzz_all "$@"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
