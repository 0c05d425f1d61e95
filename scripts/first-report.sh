#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# first-report.sh - make docs/first-report/6.17.kvs and 6.18.kvs anew: the start of start.list, 31 times under record on
# Debian's kernels of these series, each in an emulated VM (tests/vm/README.md) whose KVM has an APIC page, as VMX has.
# STATIC is a kvmstall without libraries, by default that of make static.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
STATIC=$(readlink -f "${STATIC:-$here/build/static/kvmstall}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/guest.sh" <<'END'
#!/bin/sh
# What is done for the first time is slow here.
kvmstall repro -f start.list --rounds 7 >/dev/null
kvmstall record -q -o /out/start.kvs -- sh -c 'kvmstall repro -f start.list --rounds 31 >/dev/null'
END
chmod +x "$work/guest.sh"
for series in 6.17 6.18; do
	OUT=$work/$series KVMSTALL=$STATIC KVMSTALL_VM_TIMEOUT=300 \
		"$here/tests/vm/run.sh" $series "$work/guest.sh" "$here/docs/first-report/start.list"
	install -m 644 "$work/$series/start.kvs" "$here/docs/first-report/$series.kvs"
done
