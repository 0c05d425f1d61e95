#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is for the eye: files for ui.perfetto.dev, read back. KVMSTALL is the program; WHOLE=1
# (make check-pictures) adds what needs more than the distribution's small packages.
# shellcheck disable=SC2154,SC2317 # of lib/suite.sh; tests are called by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=tests/pictures/lib.sh
. "$here/tests/pictures/lib.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
export PATH=$PATH:/usr/sbin:/sbin
captures=$here/tests/golden/report

# perfetto NAME OPTION...: the trace and the lines of one of the captures.
perfetto()
{
	local name=$1

	shift
	"$KVMSTALL" report -q "$@" -f perfetto -o "$name.pftrace" "$captures/$name.cap"
	"$KVMSTALL" report -q "$@" -f json -o "$name.json" "$captures/$name.cap"
}

# each READER: what it makes of each capture, calls that are no stalls as well.
each()
{
	local name option

	for name in qemu reader stop stuck; do
		for option in --min=1ms --all; do
			perfetto "$name" "$option"
			"$1" "$name.pftrace" "$name.json" | tee -a seen
		done
	done
}

# Slices nest, flows connect, and counts and sums are the report's.
test_perfetto_is_the_report()
{
	each reads_perfetto
	grep -q '^57 calls, .* 40 grace periods; 6 led to by a flow, 6 by way' seen || fail "of qemu.cap there is more"
	grep -q ' 2 led to by a flow, 1 by way' seen || fail "no reader is a culprit"
}

test_perfetto_as_published()
{
	each reads_published
}

# What a file shows in a stretch of time, or of one VM, is no more than what the lines have.
test_perfetto_filters()
{
	perfetto qemu --all --vm none
	reads_perfetto qemu.pftrace qemu.json | grep '^0 calls'
	perfetto qemu --all --since +2ms --until -20ms
	reads_perfetto qemu.pftrace qemu.json | tee seen
	! grep '^0 calls\|^57 calls\| 0 grace\| 40 grace' seen || fail "the stretch is none"
}

# Two recordings in one file have VMs of their own.
test_perfetto_of_several()
{
	"$KVMSTALL" report -q -f perfetto -o two.pftrace "$captures/qemu.cap" "$captures/reader.cap"
	"$KVMSTALL" report -q -f json -o two.json "$captures/qemu.cap" "$captures/reader.cap"
	reads_perfetto two.pftrace two.json | grep "^$(grep -c '"type":"stall"' two.json) calls, .* 49 grace periods; 8 led to by a flow, 7 by way"
}

# The reader that proves all this fails for a call that is not there, and for one that is longer.
test_perfetto_reader_can_fail()
{
	perfetto qemu
	sed '0,/"type":"stall"/{/"type":"stall"/d}' qemu.json >less
	! (reads_perfetto qemu.pftrace less) || fail "a call too many is no error"
	sed 's/"latency_ns":\([0-9]*\)/"latency_ns":1\1/' qemu.json >longer
	! (reads_perfetto qemu.pftrace longer) || fail "another latency is no error"
}

tests='perfetto-is-the-report perfetto-filters perfetto-of-several perfetto-reader-can-fail'
[ -z "${WHOLE-}" ] || tests="$tests perfetto-as-published"

for name in ${TESTS:-$tests}; do
	run_test "$name"
done
finish
