# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2154 # jq programs have $; work is of run.sh
# What may not grow unseen: counts, no times. Figures are make bench's and docs/cost.md's.

# One VM's life, in records, where nothing else happens: a fixed few for its birth and end, and at most so many for a call.
# A call that never slept has none of its own.
test_cost_records()
{
	local vms=7 recorder

	"$KVMSTALL" record -o cost.kvs 2>cost.err &
	recorder=$!
	until_true 10 is_attached cost.err
	"$KVMSTALL" repro -p minimal --rounds $vms --json >cost.repro
	kill -INT $recorder
	wait $recorder
	"$KVMSTALL" report -q -f json cost.kvs >cost.trace
	[ "$(jq 'select(.type == "summary").vms' cost.trace)" = $vms ] || skip "this machine has other VMs"
	jq -n --slurpfile repro cost.repro --slurpfile trace cost.trace '($trace | map(select(.type == "summary"))[0].records) as $records
		| ($repro | map(select(.type == "call")) | length) as $calls
		| {records: $records, calls: $calls, bound: ('$RECORDS_A_VM' * '$vms' + '$RECORDS_A_CALL' * $calls)}' >cost.counts
	note "$(jq -r '"\(.records) records of \(.calls) calls, \(.bound) at most"' cost.counts)"
	jq -e '.records <= .bound' cost.counts >/dev/null || too_busy "more records than that: $(jq -c . cost.counts)"
}

RECORDS_A_VM=13 RECORDS_A_CALL=7

# Who is not woken reads all the same: each close is printed while COMMAND goes on, though none comes after it.
test_cost_read()
{
	mkfifo going
	"$KVMSTALL" trace --json --all -o read.trace -- sh -c '"$0" repro -p minimal --rounds 11 >/dev/null; : >over; read -r _ <going' \
		"$KVMSTALL" &
	until_true 7 read_all_closes || fail "$(closes) closes, not 11"
	echo >going
	wait $!
}

closes()
{
	jq -s 'map(select(.call == "close")) | length' read.trace
}

read_all_closes()
{
	[ -e over ] && [ "$(closes)" -ge 11 ]
}

tests="$tests cost-records cost-read"
