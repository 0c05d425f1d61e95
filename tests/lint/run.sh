#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [CHECK...] - what can be said about the source without running it. $KVMSTALL and $O as
# in tests/run.sh. A check that its tool is missing for, or that exits with 77, is skipped.
set -uo pipefail

cd "$(dirname "$0")/../.." || exit 1
export O=${O:-$PWD/build}
export KVMSTALL=${KVMSTALL:-$O/kvmstall}
passed=0 failed=0 skipped=0

mk() { "${MAKE:-make}" -j"$(nproc)" "$@"; }

layers() { tests/lint/layers.sh; }
unique() { tests/lint/unique.sh; }
paths() { tests/lint/paths.sh; }
exports() { tests/lint/exports.sh; }
circles() { tests/lint/circles.sh; }
purity() { tests/lint/purity.sh; }
length() { tests/lint/length.sh; }
man() { tests/lint/man-sync.sh; }
metrics() { tests/lint/metrics.sh; }
types() { tests/lint/types.sh; }
names() { tests/lint/names.sh; }
functions() { tests/lint/functions.sh; }
loops() { tests/lint/loops.sh; }
insns() { tests/lint/insns.sh; }
calls() { tests/lint/calls.sh; }
pipes() { tests/lint/pipes.sh; }
units() { tests/lint/units.sh; }
examples() { scripts/examples.sh --check; }

formats() { tests/lint/formats.sh; }
headers() { mk headers; }
analyze() { mk analyze; }

# Other flags than the build's: in a directory of its own.
warnings() { mk DEVELOPER=1 O="$O/warnings" all; }

# clang-format's own words are a screen a file: name the lines. Each release formats otherwise.
format()
{
	mk -s format-version 2>/dev/null || return 77
	mk format-check 2>&1 | grep -oE '^[^ :]+:[0-9]+:.* error: ' | cut -d: -f1,2 | uniq
	return "${PIPESTATUS[0]}"
}

# Golden cases are fragments for bash. SC2187: busybox sh is read as dash, which is close enough. SC2329: tests
# are called by name (0.11; SC2317 before).
shell()
{
	local scripts cases

	mapfile -t cases < <(find tests/golden -mindepth 2 -name '*.sh')
	mapfile -t scripts < <(find scripts tests vmlinux .ci contrib -type f ! -path 'tests/golden/*/*' -exec \
		awk 'FNR == 1 { if (/^#!.*sh$/ || FILENAME ~ /\.(sh|bash)$/) print FILENAME; nextfile }' {} +)
	shellcheck -x -e SC2187,SC2329 "${scripts[@]}" && shellcheck -s bash "${cases[@]}"
}

completion()
{
	diff -u contrib/completion/kvmstall.bash <(scripts/completion.sh "$KVMSTALL" bash) &&
		diff -u contrib/completion/_kvmstall <(scripts/completion.sh "$KVMSTALL" zsh) &&
		diff -u contrib/completion/kvmstall.fish <(scripts/completion.sh "$KVMSTALL" fish) &&
		bash -n contrib/completion/kvmstall.bash && return
	echo 'completion: run "make completion"'
	return 1
}

needs()
{
	case $1 in
	exports | circles | purity) echo nm ;;
	shell) echo shellcheck ;;
	man) echo groff ;;
	names) echo jq ;;
	insns) echo readelf ;;
	units) echo systemd-analyze ;;
	*) echo bash ;;
	esac
}

check()
{
	local name=$1 output status=0

	if ! command -v "$(needs "$name")" >/dev/null; then
		echo "skip $name: no $(needs "$name")"
		((skipped++)) || true
		return
	fi
	output=$("$name" 2>&1) || status=$?
	case $status in
	0) ((passed++)) || true ;;
	77)
		echo "skip $name: ${output##*$'\n'}"
		((skipped++)) || true
		;;
	*)
		printf 'FAIL %s\n%s\n' "$name" "$output"
		((failed++)) || true
		;;
	esac
}

[ $# -gt 0 ] || set -- layers unique paths exports circles purity length headers types format shell man examples formats metrics names functions loops insns calls pipes units completion warnings analyze
for name in "$@"; do
	check "$name"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
