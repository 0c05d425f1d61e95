#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-bisect: what docs/patch.md says to do with kernels in VMs. 'git bisect run' with contrib/kselftest: a commit
# for each series of SERIES, in order, and it ends at the one that brought the stall, 6.18. And the mail about it: the
# command that it has for others to reproduce, run on 6.17 and on 6.18, makes it.
#
# KVMSTALL is the program, KVMSTALL_STATIC that without libraries; TESTS which of the two: bisect, mail.
# shellcheck disable=SC2016,SC2086,SC2154,SC2317 # of lib/suite.sh, the inner shell has $, and tests are called by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
SERIES=${SERIES:-6.12 6.16 6.17 6.18 7.2 7.3}
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
KVMSTALL_STATIC=$(readlink -f "${KVMSTALL_STATIC:-$here/build/static/kvmstall}")
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

# What bisect runs. A jiffy of these kernels is 4 ms. What is not the selftest's own
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

# commands MAIL TOOL: what it says to run of "kvmstall record" or "kvmstall diff", a command of several lines.
commands()
{
	awk -v tool="$2" '/^    kvmstall / { is_it = $2 == tool } !/^    / { is_it = 0 } is_it { print substr($0, 5) }' "$1"
}

# mail FILE...: the text, and the exit status.
mail()
{
	local status=0

	"$KVMSTALL" diff --format lkml "$@" >mail || status=$?
	echo $status >status
	awk 'length > 72' mail >wide
	[ ! -s wide ] || fail "too wide for a mail:" "$(cat wide)"
}

# record SERIES: what the mail says to run there.
record()
{
	local status=0

	{
		printf '#!/bin/sh\ncd /out\n'
		cat asked
	} >guest.sh
	OUT=$PWD/$1 KVMSTALL=$KVMSTALL_STATIC KVMSTALL_VM_TIMEOUT=600 "$here/tests/vm/run.sh" "$1" "$PWD/guest.sh" \
		>said 2>&1 || status=$?
	[ $status != 77 ] || skip "$(tail -n 1 said)"
	[ $status != 124 ] || too_busy "$(tail -n 1 said)"
	[ $status = 0 ] || fail "$1: exit status $status" "$(cat said)"
}

# has LINE...: the mail does, as a regular expression; its lines are folded.
has()
{
	local line

	tr '\n' ' ' <mail | tr -s ' ' >text
	for line; do
		grep -qE "$line" text || fail "not in it: $line" "$(cat mail)" || return 1
	done
}

# Its commands are what was run, and run again they make it again.
is_reproduced()
{
	commands mail record | diff asked -
	commands mail diff >again.sh
	PATH=$PWD/bin:$PATH bash again.sh >again || [ $? = "$(cat status)" ]
	diff mail again
}

# It is written for any two recordings; the golden test has these.
test_mail()
{
	local hosts=('A 6\.17\.[^ ]*\.kvs: 6\.17\.[^ ]* x86_64, HZ=250,' 'B 6\.18\.[^ ]*\.kvs: 6\.18\.[^ ]* x86_64, HZ=250,')

	for seed in 1 2; do
		awk -v SEED=$seed -v TIMER=$(((seed - 1) * 4000)) -f "$here/tests/golden/diff/log.awk" >$seed.log
	done
	mail 1.log 2.log
	commands mail record >asked
	[ -s asked ] || fail "no command to record with" "$(cat mail)"
	mkdir bin
	ln -s "$KVMSTALL" bin/kvmstall
	record 6.17
	record 6.18
	cp 6.1[78]/*.kvs .
	mail 6.17.*.kvs 6.18.*.kvs
	[ "$(cat status)" = 1 ] || fail "exit status $(cat status), not 1" "$(cat mail)"
	has "${hosts[@]}" 'KVM_SET_USER_MEMORY_REGION [^:]* B: worse: gp-timer \+[0-9.]+ms because of kvm_io_bus_register_dev in KVM_[A-Z0-9_]+'
	is_reproduced
	note "$(sed -n '/^Against A:/{n;p}' mail)"
}

command -v git >/dev/null || nothing "no git"
for name in ${TESTS:-bisect mail}; do
	run_test "$name"
done
finish
