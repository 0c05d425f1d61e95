#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: what suite.sh looks at afterwards, on the host. NAME.repro and NAME.trace for each
# run, NAME.both for one that two backends watched at the same time; kvs, a recording.
# shellcheck disable=SC2317 # functions run by name

# repro NAME OPTION...
repro()
{
	name=$1
	shift
	kvmstall repro --json "$@" >/out/"$name".repro
}

# trace NAME OPTION...: repro under the backend that is left.
trace()
{
	name=$1
	shift
	# shellcheck disable=SC2016 # the inner shell's
	REPRO=/out/$name.repro timeout 60 kvmstall trace --json --all -- \
		sh -c 'exec kvmstall repro --json "$@" >"$REPRO"' sh "$@" >/out/"$name".trace 2>/out/"$name".errors
	[ -s /out/"$name".errors ] && cat /out/"$name".errors
}

# lossless COMMAND NAME...: three times at most, until none of its traces lost anything. A call was once not seen to end
# (7.3, fentry); why is not known. What lost something goes home, too, as NAME.*.lostN; what is lost three times is judged.
lossless()
{
	for try in 1 2; do
		"$@"
		grep -qs '"type":"lost"' /out/"$2".trace /out/"$2".both || return 0
		for file in /out/"$2".trace /out/"$2".both /out/"$2".repro; do
			[ ! -e "$file" ] || mv "$file" "$file.lost$try"
		done
	done
	"$@"
}

# both NAME OPTION...: the same calls, seen by the best backend and by tracepoints.
both()
{
	name=$1
	kvmstall trace --json --all >/out/"$name".both 2>/out/"$name".errors &
	watcher=$!
	i=0
	until grep -q poll /proc/"$watcher"/wchan || [ "$i" -ge 300 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	KVMSTALL_DISABLE=fentry,kprobe trace "$@"
	kill -INT "$watcher"
	wait "$watcher"
}

uname -r >/out/release
# Emulation translates what it sees for the first time: not for measuring.
repro warm-up --profile qemu --rounds 2
repro warm-up --scenario vcpu-create --rounds 2
trace warm-up --profile qemu
lossless trace fentry-vcpu --scenario vcpu-create --rounds 7
lossless trace fentry-qemu --profile qemu --rounds 3
lossless trace fentry-minimal --profile minimal --rounds 3
export KVMSTALL_DISABLE=fentry,kprobe
trace warm-up --profile qemu
lossless trace tracepoint-vcpu --scenario vcpu-create --rounds 7
lossless trace tracepoint-qemu --profile qemu --rounds 3
lossless trace tracepoint-minimal --profile minimal --rounds 3
unset KVMSTALL_DISABLE
lossless both pair --profile qemu --rounds 5
kvmstall record -q -o /out/kvs -- kvmstall repro --profile minimal --order devices-first --rounds 31 >/dev/null
kvmstall check >/out/check
exit 0
