#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-tsan: all that has threads, built with ThreadSanitizer: repro's VMMs, injections and players; and the
# programs that have one thread (trace, record, export, report, diff, check), which are seen to have just one.
#
# KVMSTALL is the program, built so. TESTS='NAME...' runs only these.
# shellcheck disable=SC2086,SC2094,SC2154,SC2317 # pids and lists of words; of lib/suite.sh; functions run by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/tsan/kvmstall}")
export PATH=$PATH:/usr/sbin:/sbin
export TSAN_OPTIONS="exitcode=66 halt_on_error=0 second_deadlock_stack=1 log_path=$work/tsan"
cd "$work" || exit 1

# clean STATUS COMMAND...: its exit status, and ThreadSanitizer has found nothing.
clean()
{
	local wanted=$1 got=0

	shift
	timeout 120 "$KVMSTALL" "$@" >out 2>err </dev/null || got=$?
	no_races "$*"
	[ $got = "$wanted" ] || fail "$*: exit status $got" "$(tail -n 7 err)"
}

no_races()
{
	cat "$work"/tsan.* >races 2>/dev/null || return 0
	rm -f "$work"/tsan.*
	fail "$1" "$(grep -A 12 WARNING races | head -n 60)"
}

# The sanitizer is one: a race that there is, is found.
test_finds_a_race()
{
	cat >race.c <<-'END'
		#include <pthread.h>
		static int both;
		static void *add(void *ctx) { both++; return ctx; }
		int main(void) { pthread_t a, b; pthread_create(&a, 0, add, 0); pthread_create(&b, 0, add, 0);
			pthread_join(a, 0); pthread_join(b, 0); return both == 99; }
	END
	${CC:-cc} -fsanitize=thread -g -o race race.c || skip "no ThreadSanitizer"
	./race && fail "it finds no race"
	grep -q 'data race' "$work"/tsan.*
	rm "$work"/tsan.*
	nm -D "$KVMSTALL" | grep -q __tsan_ || fail "$KVMSTALL is built without it"
}

test_profiles()
{
	local profile

	for profile in firecracker qemu crosvm minimal; do
		clean 0 repro --profile $profile --rounds 3
		clean 0 repro --profile $profile --rounds 2 --vms 3 --vcpus 3 --json
	done
	clean 0 repro --profile firecracker --order memslots-first --rounds 2
}

test_scenarios()
{
	clean 0 repro --scenario all
}

test_injections()
{
	local inject

	for inject in reader lock kworker normal-gp mmu-notifier none; do
		clean 0 repro --profile minimal --inject $inject --hold 23ms --rounds 3
	done
}

test_players()
{
	clean 0 repro --from "$here/tests/golden/repro/firecracker.strace" --rounds 3
	clean 0 repro --from "$here/tests/golden/repro/firecracker.strace" --gaps none --rounds 3 --json
	clean 0 repro --from "$here/tests/live/firecracker.calls" --rounds 3
	"$KVMSTALL" repro --profile qemu --list >qemu.calls
	clean 0 repro --from qemu.calls --order memslots-first --rounds 3
	clean 0 repro --from qemu.calls --suggest --rounds 3
}

threads()
{
	awk '/^Threads/ { print $2 }' "/proc/$1/status"
}

# What the sanitizer starts of its own is no thread of these.
test_single()
{
	local command pid none

	sleep 9 &
	none=$(threads $!)
	kill $!
	[ "$none" = 1 ]
	for command in trace 'record -q -o x.cap' 'export --user 0 --listen unix:sock'; do
		"$PLAIN" $command >out 2>err &
		pid=$!
		until_true 10 has_programs $pid
		sleep 0.5
		[ "$(threads $pid)" = 1 ] || fail "$command has $(threads $pid) threads"
		kill -TERM $pid
		wait $pid || fail "$command" "$(cat err)"
	done
}

# One loop serves all who ask: 31 at once, beside VMs.
test_export()
{
	local daemon asked=()

	command -v curl >/dev/null || skip "no curl"
	"$KVMSTALL" export --user 0 --listen "unix:$PWD/sock" 2>err &
	daemon=$!
	until_true 20 curl -sf --unix-socket sock http://localhost/healthz
	"$KVMSTALL" repro --profile firecracker --rounds 3 --vms 3 >repro &
	for _ in $(seq 31); do
		curl -sSf -m 60 --unix-socket sock http://localhost/metrics >scraped &
		asked+=($!)
	done
	wait "${asked[@]}" || fail "a scrape failed"
	kill -TERM $daemon
	wait $daemon || fail "exit status $?" "$(cat err)"
	no_races export
}

test_watchers()
{
	clean 0 trace -q -- "$KVMSTALL" repro --profile firecracker
	clean 0 record -q -o x.cap -- "$KVMSTALL" repro --profile firecracker
	clean 0 report -q x.cap
	clean 3 diff -o diffed x.cap x.cap
	"$KVMSTALL" check >out 2>err || true
	no_races check
}

PLAIN=$(readlink -f "${PLAIN:-$here/build/kvmstall}")
run_test finds-a-race
[ $failed = 0 ] || finish
[ $skipped = 0 ] || finish
for name in ${TESTS:-profiles scenarios injections players single export watchers}; do
	run_test $name
done
finish
