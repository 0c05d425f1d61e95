#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-live: kvmstall on this kernel, as root. kvmstall repro is the stimulus and, with what it
# measured itself, the truth; no test asserts a time. Counts of rounds are prime, so that nothing
# falls into step with a tick or a batch.
#
# KVMSTALL is the program; TESTS='NAME...' runs only these; KEEP=1 keeps what was captured.
# shellcheck disable=SC2154 # of lib/suite.sh
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
# shellcheck source=tests/pictures/lib.sh
. "$here/tests/pictures/lib.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
export PATH=$PATH:/usr/sbin:/sbin
cd "$work" || exit 1

for part in capture truth account command watch; do
	# shellcheck source=/dev/null
	. "$here/tests/live/$part.sh"
done

tests='setup firecracker-order register-culprit memslots-first advice-followed close-pit agreement all-counts perfetto-live perfetto-terminal
	vms-gone balance irqfd-phase storm min-runs spinning mmu-lock mmap-readers lock-chain resampler-lock vma-lock summary unexplained tiny-ring
	command-status start-line interval command-missing command-missing-file command-signals whole-lines output-file command-children interrupt waits-for-kvm reader-leaves usage privilege privileges-dropped report-confined
	found-vm vm-names killed two-traces filters nothing-left kernel-log'
. "$here/tests/live/causes.sh" # each of these adds to $tests
# shellcheck source=/dev/null
. "$here/tests/live/vcpus.sh"
tests=${tests/nothing-left/$vcpus_tests nothing-left}
# shellcheck source=/dev/null
. "$here/tests/live/record.sh"
# shellcheck source=/dev/null
. "$here/tests/live/edges.sh"
# shellcheck source=/dev/null
. "$here/tests/live/follow.sh"
# shellcheck source=/dev/null
. "$here/tests/live/play.sh"
# shellcheck source=/dev/null
. "$here/tests/live/rcu.sh"
# shellcheck source=/dev/null
. "$here/tests/live/timers.sh"
# shellcheck source=/dev/null
. "$here/tests/live/drain.sh"
# shellcheck source=/dev/null
. "$here/tests/live/diff.sh"
# shellcheck source=/dev/null
. "$here/tests/live/start.sh"
# shellcheck source=/dev/null
. "$here/tests/live/costs.sh"
# shellcheck source=/dev/null
. "$here/tests/live/logs.sh"
# shellcheck source=/dev/null
. "$here/tests/live/top.sh"
tests=${tests/nothing-left/drain create-together unseen diff-regression diff-self diff-strace diff-aa nothing-left}

command -v jq >/dev/null || nothing "no jq"
need_kvm_and_bpf

trap 'for pid in $(jobs -p); do kill "$pid" 2>/dev/null; done' EXIT
dmesg >dmesg.before 2>/dev/null
orphans prog >programs.before
for name in ${TESTS:-$tests}; do
	run_test "$name"
done
finish
