#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# unnamed.sh [--markdown FILE] [ROUNDS] - how much of a VM's start and end is other-sleep or unexplained
#
# A row a profile of kvmstall repro, and one for kvmtool's own calls: the shares of all that its calls took, and the functions
# that slept. Root, KVM, BPF. SERIES: in VMs with these kernels, too (tests/vm/run.sh). ROWS=FILE, not of another program:
# each row goes there at once, and what is there is not made again.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/page.sh
. "$here/tests/lib/page.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
profiles='firecracker qemu crosvm minimal'
list=$here/tests/golden/logs/kvmtool-run.strace
ROWS=${ROWS:+$(readlink -f "$ROWS")}
markdown=''
if [ "${1-}" = --markdown ]; then
	markdown=$(readlink -f "${2:?}")
	shift 2
fi
rounds=${1:-31}
[ "$(id -u)" = 0 ] || { echo "unnamed.sh: not root" >&2; exit 3; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: "${ROWS:=$work/rows}"
touch "$ROWS"

# is_made KERNEL NAME: of this kernel, or one of this series
is_made()
{
	grep -qE "^\| ${1//./\\.}([-.][^ ]*)? \| $2 \|" "$ROWS"
}

# row KERNEL NAME TRACE
row()
{
	# shellcheck disable=SC2016 # jq's
	jq -rs --arg kernel "$1" --arg name "$2" 'map(select(.type == "stall" and .call != "irqfd_shutdown")) as $calls
		| def of(cause): [$calls[].segments[] | select(.cause == cause)];
		def share: ((map(.ns) | add) // 0) * 10000 / (($calls | map(.latency_ns) | add) // 1) | round / 100 | "\(.) %";
		"| \($kernel) | \($name) | \($calls | map(.latency_ns) | add // 0 | . / 1e6 | round) ms | \(of("other-sleep") | share) | \(
			of("unexplained") | share) | \(of("kthread") | share) | \(of("other-sleep") | group_by(.function)
			| map("\(.[0].function) \(map(.ns) | add / 1e4 | round / 100) ms") | join(", ")) |"' "$3" >>"$ROWS"
}

# made NAME OPTION...: what this machine does. Up to three times, where the kernel did not report a switch of a call.
made()
{
	local name=$1 try

	shift
	! is_made "$(uname -r)" "$name" || return 0
	for try in 1 2 3; do
		"$KVMSTALL" trace --json --all -o "$work/trace" -- "$KVMSTALL" repro "$@" -r "$rounds" >"$work/said" 2>&1
		[ "$(jq 'select(.type == "summary").losses.missed' "$work/trace")" != 0 ] || break
		echo "$name: try $try missed something" >&2
	done
	row "$(uname -r)" "$name" "$work/trace"
}

rows_here()
{
	local profile

	for profile in $profiles; do
		made "$profile" -p "$profile"
	done
	made kvmtool --from "$list"
}

# SERIES: the same in a VM, whose traces are judged here.
rows_in_vm()
{
	local name

	! is_made "$1" kvmtool || return 0
	cat >"$work/guest" <<-END
		#!/bin/sh
		uname -r >/out/release
		kvmstall repro -p qemu -r 2 >/dev/null # all is slow the first time
		for profile in $profiles; do
			kvmstall trace --json --all -o /out/\$profile.trace -- kvmstall repro -p \$profile -r 11 >/dev/null 2>&1
		done
		kvmstall trace --json --all -o /out/kvmtool.trace -- kvmstall repro --from /test/${list##*/} -r 11 >/dev/null 2>&1
		exit 0
	END
	OUT=$work/$1 KVMSTALL=${KVMSTALL_STATIC:-$here/build/static/kvmstall} KVMSTALL_VM_TIMEOUT=${KVMSTALL_VM_TIMEOUT:-600} \
		"$here/tests/vm/run.sh" "$1" "$work/guest" "$list" >&2
	for name in $profiles kvmtool; do
		row "$(cat "$work/$1/release")" "$name" "$work/$1/$name.trace"
	done
}

page()
{
	cat <<-END
		# What has no name

		Of all that the calls of a VM's start and end took, what was \`other-sleep\` (asleep, and no cause has a name for it), \`unexplained\`
		(evidence is missing) and \`kthread\`, which were \`other-sleep\` once: threads that are made and stopped, a queue that is
		flushed. Written by \`tests/bench/unnamed.sh --markdown FILE\`: HZ=$("$KVMSTALL" check --json | jq .kernel.hz), $(date +%F), $(nproc) CPUs,
		load $(cut -d ' ' -f 1 /proc/loadavg), $rounds rounds each, 11 in VMs; the profiles of \`kvmstall repro\`, and kvmtool's calls as strace saw them.

		| kernel | profile | its calls took | other-sleep | unexplained | kthread | other-sleep in |
		|---|---|--:|--:|--:|--:|---|
	END
	cat "$ROWS"
}

rows_here
for series in ${SERIES-}; do
	rows_in_vm "$series"
done
page >"$work/page.md"
put_page "$work/page.md" "$markdown"
