#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The registry's own list is what the manual page has, and rules, dashboard and documents name no
# metric that is not in it. $KVMSTALL is the program to ask. Exit status 77: it has no export.
set -eu

bad=0

complain()
{
	echo "metrics: $*"
	bad=1
}

list=$("$KVMSTALL" export --list 2>/dev/null) || { echo 'built without export'; exit 77; }

# Every name under which a scraper sees a metric.
known()
{
	awk -F '\t' '{ print $1 } $2 == "histogram" { print $1 "_bucket"; print $1 "_sum"; print $1 "_count" }' <<<"$list"
	# What rules record.
	sed -nE 's/.*record: (kvmstall:[a-z0-9_:]+).*/\1/p' contrib/prometheus/rules.yml
}

# Alternatives in a regular expression are names without their ends.
named()
{
	grep -ohE '\b(kvmstall[:_][a-z0-9_:]*[a-z0-9]|process_[a-z_]+(seconds_total|bytes|seconds))\b' "$1" | sort -u
}

for file in contrib/prometheus/{rules,alerts,tests,fleet}.yml contrib/grafana/kvmstall.json man/kvmstall-metrics.7; do
	[ -f "$file" ] || { complain "no $file"; continue; }
	unknown=$(comm -23 <(named "$file") <(known | sort -u) | grep -vx 'kvmstall_sched' || true)
	[ -z "$unknown" ] || complain "$file names what there is not: $unknown"
done

# The page: a tag of name and labels for each metric, then its help, word for word.
while IFS=$'\x1f' read -r name _ labels help; do # a tab would swallow empty fields
	entry=$(grep -F -A 3 ".B $name" man/kvmstall-metrics.7 || true)
	[ -n "$entry" ] || complain "man/kvmstall-metrics.7 has no $name"
	[ -z "$labels" ] || grep -qF "{${labels//,/, }}" <<<"$entry" || complain "man/kvmstall-metrics.7: $name has labels $labels"
	sed 's/\\-/-/g; s/\\(dq/"/g' man/kvmstall-metrics.7 | tr '\n' ' ' | grep -qF "$help" ||
		complain "man/kvmstall-metrics.7: $name is: $help"
done < <(tr '\t' '\037' <<<"$list")

if command -v promtool >/dev/null; then
	words=$(cd contrib/prometheus && promtool check config scrape.yml 2>&1 && promtool check config fleet.yml 2>&1 &&
		promtool check config --agent agent.yml 2>&1 && promtool test rules tests.yml 2>&1) ||
		complain "$words"
fi
if command -v jq >/dev/null; then
	jq -e '.panels | length > 5' contrib/grafana/kvmstall.json >/dev/null || complain 'contrib/grafana/kvmstall.json is no dashboard'
fi
exit $bad
