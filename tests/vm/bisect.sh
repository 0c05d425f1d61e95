#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-bisect: 'git bisect run' with contrib/kselftest, as docs/patch.md has it, over kernels in VMs: a commit
# for each series of SERIES, in order, and it ends at the one that brought the stall, 6.18.
# shellcheck disable=SC2016,SC2154,SC2317 # of lib/suite.sh, the inner shell has $, and tests are called by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
SERIES=${SERIES:-6.12 6.16 6.17 6.18 7.2 7.3}
cd "$work" || exit 1

# history: a repository whose commits are kernels.
history()
{
	git init -q repo
	for series in $SERIES; do
		echo "$series" >repo/series
		git -C repo add series
		git -C repo -c user.name=test -c user.email=test@example.org commit -qm "$series"
	done
}

# What bisect runs. An emulated machine is slow, and a jiffy of its kernels is 4 ms. What is not the selftest's own
# answer, 0 or 1, is skipped: no such kernel, no KVM in it, a guest that died.
steps()
{
	printf '#!/bin/sh\n./kvm_io_bus_latency -r 11 -m 2500\n' >guest.sh
	cat >step.sh <<-EOF
		#!/bin/bash
		status=0
		"$here/tests/vm/run.sh" "\$(cat series)" "$PWD/guest.sh" "$PWD/kvm_io_bus_latency" >"$PWD/said" 2>&1 || status=\$?
		echo "\$(cat series): exit status \$status, \$(grep -E '^(not )?ok|SKIP' "$PWD/said" | tail -n 1)" >>"$PWD/steps"
		[ \$status -le 1 ] || exit 125
		exit \$status
	EOF
	chmod +x guest.sh step.sh
}

test_bisect()
{
	gcc -Wall -Werror -static -o kvm_io_bus_latency "$here/contrib/kselftest/kvm_io_bus_latency.c" ||
		fail "the selftest does not build"
	history
	steps
	git -C repo bisect start HEAD "$(git -C repo rev-list --max-parents=0 HEAD)" >/dev/null
	git -C repo bisect run "$PWD/step.sh" >log 2>&1 || {
		grep -qE '^[0-9.]+: exit status [01],' steps || skip "no kernel could be booted: $(tail -n 1 said)"
		fail "bisect failed:" "$(cat steps log)"
	}
	while read -r line; do note "$line"; done <steps
	[ "$(git -C repo log -1 --format=%s refs/bisect/bad)" = 6.18 ] || fail "not 6.18:" "$(cat steps log)"
}

command -v git >/dev/null || nothing "no git"
run_test bisect
finish
