#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is for the eye: files for ui.perfetto.dev, and pages, read back. KVMSTALL is the program; WHOLE=1
# (make check-pictures) adds what needs more than the distribution's small packages.
# shellcheck disable=SC2154,SC2317 # of lib/suite.sh; tests are called by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=tests/pictures/lib.sh
. "$here/tests/pictures/lib.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
export KVMSTALL
export PATH=$PATH:/usr/sbin:/sbin
captures=$here/tests/golden/report

# made FORMAT SUFFIX NAME OPTION...: one of the captures in this format, and its lines.
made()
{
	local format=$1 suffix=$2 name=$3

	shift 3
	"$KVMSTALL" report -q "$@" -f "$format" -o "$name.$suffix" "$captures/$name.cap"
	"$KVMSTALL" report -q "$@" -f json -o "$name.json" "$captures/$name.cap"
}

perfetto()
{
	made perfetto pftrace "$@"
}

page()
{
	made html html "$@"
}

# each FORMAT SUFFIX READER: what it makes of each capture, calls that are no stalls as well.
each()
{
	local format=$1 suffix=$2 reader=$3 name option

	for name in qemu reader stop stuck; do
		for option in --min=1ms --all; do
			made "$format" "$suffix" "$name" "$option"
			"$reader" "$name.$suffix" "$name.json" | tee -a seen
		done
	done
}

# Slices nest, flows connect, and counts and sums are the report's.
test_perfetto_is_the_report()
{
	each perfetto pftrace reads_perfetto
	grep -q '^57 calls, .* 40 grace periods; 6 led to by a flow, 6 by way' seen || fail "of qemu.cap there is more"
	grep -q ' 2 led to by a flow, 1 by way' seen || fail "no reader is a culprit"
}

test_perfetto_as_published()
{
	each perfetto pftrace reads_published
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
	sed 's/"comm":"kvmstall","age_ns"/"comm":"other","age_ns"/' qemu.json >other
	! cmp -s qemu.json other || fail "no culprit to change"
	! (reads_perfetto qemu.pftrace other) || fail "another culprit is no error"
	sed 's/"latency_ns":\([0-9]*\)/"latency_ns":1\1/' qemu.json >longer
	! (reads_perfetto qemu.pftrace longer) || fail "another latency is no error"
}

# The page has what the lines have, and its policy allows just what is in it.
test_page_is_the_report()
{
	each html html "$here/tests/pictures/read_page.py"
	grep -q '^2 VMs, 57 calls, 40 grace periods$' seen || fail "of qemu.cap there is more"
	grep 'calls were stalled for .* most because of kvm_io_bus_register_dev() in KVM_' seen
}

test_page_of_diff()
{
	"$KVMSTALL" diff -f html -o diff.html "$captures/qemu.cap" "$captures/reader.cap" || [ $? = 3 ]
	"$KVMSTALL" diff -f json -o diff.json "$captures/qemu.cap" "$captures/reader.cap" || [ $? = 3 ]
	"$here/tests/pictures/read_page.py" diff.html diff.json
}

# Names are anybody's: of a VM, of a file.
hostile()
{
	cp "$captures/qemu.cap" '<img src=x onerror=alert(1)>.cap'
	"$KVMSTALL" diff -f html -o "$1" '<img src=x onerror=alert(1)>.cap' "$captures/qemu.cap" || [ $? = 3 ]
}

# needs_bench: the program that makes a capture of as many VMs as are wanted.
needs_bench()
{
	"${MAKE:-make}" -s -C "$here" O="${O:-$here/build}" "${O:-$here/build}/bench/replay" >make.log 2>&1 || fail "$(cat make.log)"
	bench=${O:-$here/build}/bench/replay
}

test_page_hostile()
{
	hostile diff.html
	"$here/tests/pictures/read_page.py" diff.html
	needs_bench
	"$bench" 1009 5 3 hostile.cap '</script><script>alert(1)</script><b>"&'
	"$KVMSTALL" report -q --all -f html -o hostile.html hostile.cap
	"$here/tests/pictures/read_page.py" hostile.html
	grep -q 'u003cscript' hostile.html || fail "the name is not there"
}

# A page that was changed by a byte is one that its policy forbids.
test_page_reader_can_fail()
{
	page qemu
	sed 's/use strict/use Strict/' qemu.html >changed.html
	! "$here/tests/pictures/read_page.py" changed.html || fail "another script is no error"
	sed 's/"latency_ns":\([0-9]*\)/"latency_ns":1\1/' qemu.json >longer
	! "$here/tests/pictures/read_page.py" qemu.html longer || fail "another latency is no error"
}

# Of more calls than there is room for it has the worst, whenever they were, and says what is not there.
test_page_keeps_the_worst()
{
	awk 'BEGIN { for (i = 1; i <= 65543; i++)
		printf "77 %d.%06d ioctl(12, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0}) = 0 <%s>\n", 1000 + int(i / 1000),
			i % 1000 * 1000, i == 65543 ? "0.053000" : i == 31 ? "0.000907" : "0.000101" }' >many.strace
	"$KVMSTALL" report -q --all -f html -o many.html many.strace
	"$here/tests/pictures/read_page.py" many.html
	grep -o '"calls_left_out":[^]]*]' many.html | tee said
	[ "$(cat said)" = '"calls_left_out":[7,0,101000]' ]
	for ns in 53000000 907000; do
		[ "$(grep -o ",$ns,$ns," many.html | wc -l)" = 1 ] || fail "the call of $ns ns is not there"
	done
}

# The pictures of README and docs are of real runs, and as they are drawn now.
test_pictures_are_drawn()
{
	"$here/scripts/pictures.sh" --check
	grep -q 'docs/pictures/order.svg' "$here/README.md" || fail "README does not show it"
	grep -q 'KVM_IOEVENTFD starts it' "$here/docs/pictures/order.svg" || fail "it does not show who is to blame"
	grep -q 'pictures/kernels.svg' "$here/docs/symptom-to-verdict.md" || fail "the page of the report does not show it"
	grep -q 'KVM_CREATE_IRQCHIP starts it' "$here/docs/pictures/kernels.svg" || fail "it does not show who is to blame"
}

# in_browser WHAT PAGE: what a page does is seen in Chromium alone. PICTURES is a folder for screenshots.
in_browser()
{
	local python

	command -v chromium >/dev/null || skip "no Chromium"
	command -v chromedriver >/dev/null || skip "no chromedriver"
	python=$(python_with selenium) || skip "no Python with selenium"
	"$python" "$here/tests/pictures/browser.py" "$@" ${PICTURES:+"$PICTURES"}
}

test_browser_report()
{
	page qemu --all
	in_browser report qemu.html
}

# What was made worse is a timer, in logs that are made.
test_browser_diff()
{
	awk -v SEED=1 -v TIMER=0 -f "$here/tests/golden/diff/log.awk" >base.log
	awk -v SEED=2 -v TIMER=4000 -f "$here/tests/golden/diff/log.awk" >new.log
	"$KVMSTALL" diff -f html -o diff.html base.log new.log || [ $? = 1 ]
	in_browser diff diff.html
}

test_browser_hostile()
{
	hostile diff.html
	in_browser hostile diff.html
}

test_browser_2000_vms()
{
	needs_bench
	"$bench" 400000 2003 101 large.cap
	"$KVMSTALL" report -q --all -f html -o large.html large.cap
	note "$(in_browser large large.html)"
}

tests='perfetto-is-the-report perfetto-filters perfetto-of-several perfetto-reader-can-fail
	page-is-the-report page-of-diff page-hostile page-reader-can-fail page-keeps-the-worst pictures-are-drawn'
[ -z "${WHOLE-}" ] || tests="$tests perfetto-as-published browser-report browser-diff browser-hostile browser-2000-vms"

for name in ${TESTS:-$tests}; do
	run_test "$name"
done
finish
