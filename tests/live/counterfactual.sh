#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# without_ns says what a stalled call would have taken had no grace period been outstanding. Is that
# what the same call takes where there is none: with the memslots before the devices, or three jiffies
# after them? Medians of runs that take turns. A part of run.sh; alone, it is all that run.sh runs.
# ROUNDS of each; --markdown FILE also writes the table there.

# shellcheck disable=SC2154 # work and here are run.sh's

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	[ "${1-}" != --markdown ] || MARKDOWN=$(readlink -f "${2:?--markdown FILE}") && export MARKDOWN
	TESTS=counterfactual exec bash "$(dirname "$0")/run.sh"
fi

# take_turns PROFILE GAP: the file trace, and what repro measured in own, first and gap.
take_turns()
{
	rm -f own first gap
	# shellcheck disable=SC2016,SC2094 # the inner shell's; a command's name is no file
	BLOCKS=$(((${ROUNDS:-31} + 4) / 5)) timeout -k 5 600 "$KVMSTALL" trace --json --all -- sh -ec '
		profile=$1 gap=$2
		repro() { "$0" repro --json --profile "$profile" --rounds 5 "$@"; }
		while [ "$BLOCKS" -gt 0 ]; do
			repro >>own
			repro --order memslots-first >>first
			repro --gap "$gap" >>gap
			BLOCKS=$((BLOCKS - 1))
		done' "$KVMSTALL" "$1" "$2" >trace
	# shellcheck disable=SC2016 # jq's
	ndjson -nc --arg profile "$1" --slurpfile trace trace --slurpfile own own --slurpfile first first \
		--slurpfile gap gap 'include "counterfactual"; counterfactuals($profile; $trace; $own; $first; $gap)'
}

all_counterfactuals()
{
	local profile gap=$(($(jiffy_ns) * 3))ns

	for profile in firecracker qemu minimal; do
		take_turns $profile "$gap"
	done
}

# Others' load moves medians, too.
test_counterfactual()
{
	repeat 3 counterfactual
}

counterfactual()
{
	local line

	all_counterfactuals >table
	note "$(printf '%-12s %-10s %4s %9s %9s %9s %9s' profile slot n took without memslots "gap of")"
	note "$(printf '%-12s %-10s %4s %9s %9s %9s %9s' '' '' '' us us first 3/HZ)"
	while IFS=$'\t' read -ra line; do
		note "$(printf '%-12s %-10s %4s %9s %9s %9s %9s' "${line[@]}")"
	done < <(ndjson -r 'include "counterfactual"; cells | @tsv' table)
	[ -z "${MARKDOWN-}" ] || markdown >"$MARKDOWN"
	none "neither within 20 % nor 50 us" 'select(.agrees | not)' table
	[ "$(wc -l <table)" -ge 3 ] || fail "only $(wc -l <table) calls stalled"
}

markdown()
{
	echo "# What a stalled call would have taken"
	echo
	echo "Medians, in microseconds. *took*: the first memslot call behind devices, stalled by their grace period;"
	echo "*without*: \`without_ns\`, worked out from that stall alone; the rest is what the same call of the same"
	echo "profile took where there was no such grace period. It is meant to agree within 20 % or 50 us."
	echo
	echo "By \`tests/live/counterfactual.sh --markdown FILE\`, kernel $(uname -r), $(uname -m), HZ=$("$KVMSTALL" check --json |
		jq .kernel.hz), $(nproc) CPUs, $(date +%F)."
	echo
	echo "| profile | slot | stalls | took | without | memslots first | gap of 3 jiffies |"
	echo "|---|---|--:|--:|--:|--:|--:|"
	ndjson -r 'include "counterfactual"; "| \(cells | join(" | ")) |"' table
}
