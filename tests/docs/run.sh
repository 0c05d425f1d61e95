#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-docs: what the pages say is what happens. Every JSON line that a command prints is valid against the
# schema that trace --json-schema publishes, and the exit statuses that pages name are made, as far as that needs no
# kernel of its own: record and export are in tests/live and tests/export. TESTS='NAME...' runs only these.
# shellcheck disable=SC2154,SC2317 # of lib/suite.sh, and tests are called by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
golden=$here/tests/golden
cd "$work" || exit 1

# valid COMMAND...: what it prints is of the schema; its exit status does not matter.
valid()
{
	python3 -c 'import jsonschema' 2>/dev/null || skip "no python3-jsonschema"
	"$KVMSTALL" trace --json-schema >schema
	"$KVMSTALL" "$@" >lines 2>err || true
	python3 "$here/tests/docs/validate.py" schema <lines >wrong || fail "kvmstall $*:" "$(cat wrong err)"
}

# status WANTED ARGUMENT...
status()
{
	local wanted=$1 got=0

	shift
	"$KVMSTALL" "$@" >out 2>err </dev/null || got=$?
	[ "$got" = "$wanted" ] || fail "exit status $got instead of $wanted: kvmstall $*" "$(cat err)"
}

test_schema_report()
{
	local by

	valid report --all --format json "$golden/report/qemu.cap"
	valid report --format json "$golden/report/stop.cap"
	valid report --format json "$golden/diff/x86-after.strace"
	for by in vm call cause phase culprit deferral; do
		valid report --format json --by "$by" "$golden/report/qemu.cap" "$golden/report/stop.cap"
	done
	valid report --format json --facts "$golden/report/qemu.cap"
}

test_schema_diff()
{
	valid diff --format json "$golden/diff/x86-before.strace" "$golden/diff/x86-after.strace"
	valid diff --format json "$golden/report/qemu.cap" "$golden/report/stop.cap"
}

test_schema_check()
{
	valid check --json
	KVMSTALL_DISABLE=btf valid check --json
}

test_schema_repro()
{
	valid repro --list --json
	[ -w /dev/kvm ] || skip "no /dev/kvm"
	valid repro --json --profile minimal --inject reader
	valid repro --json --scenario all
}

test_statuses()
{
	status 0 report "$golden/report/qemu.cap"
	status 1 report "$golden/report/nothing.cap"
	status 2 report
	awk -v SEED=1 -v TIMER=0 -f "$golden/diff/log.awk" >fast
	awk -v SEED=2 -v TIMER=4000 -f "$golden/diff/log.awk" >slow
	awk -v SEED=3 -v TIMER=4000 -f "$golden/diff/log.awk" >slow.too
	status 0 diff slow slow.too
	status 1 diff fast slow
	status 2 diff "$golden/report/nothing.cap" "$golden/report/qemu.cap"
	status 3 diff "$golden/report/qemu.cap" "$golden/report/stop.cap"
	status 2 trace --min nothing
	status 2 repro --profile nothing
	status 2 export operand
	KVMSTALL_DISABLE=btf status 3 check
	KVMSTALL_DISABLE=btf status 3 trace --duration 1ms
}

for name in ${TESTS:-schema-report schema-diff schema-check schema-repro statuses}; do
	run_test "$name"
done
finish
