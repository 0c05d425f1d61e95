#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The registry's own list is what the manual page has, and rules, dashboard and documents name no
# metric that is not in it. Alerts and dashboard read recorded series alone, so that they are right wherever
# those are; an agent sends what rules read; each alert has its section. $KVMSTALL is the program to ask.
# Exit status 77: it has no export.
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

for file in contrib/prometheus/{rules,alerts,tests,fleet}.yml contrib/grafana/kvmstall.json man/kvmstall-metrics.7 docs/alerts.md; do
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

raw=$(sed 's/#.*//; s/docs.example.net[^"]*//' contrib/prometheus/alerts.yml | grep -E 'expr:|^ {12}|kvmstall:' |
	grep -v 'description:\|summary:' | grep -oE '\bkvmstall_[a-z_]+' || true)
[ -z "$raw" ] || complain "contrib/prometheus/alerts.yml reads what is not recorded: $raw"
if command -v jq >/dev/null; then
	jq -e '.panels | length > 5' contrib/grafana/kvmstall.json >/dev/null || complain 'contrib/grafana/kvmstall.json is no dashboard'
	raw=$(jq -r '.. | .expr? // empty' contrib/grafana/kvmstall.json | grep -oE '\b(kvmstall_|process_)[a-z_]+' || true)
	[ -z "$raw" ] || complain "contrib/grafana/kvmstall.json reads what is not recorded: $raw"
fi
[ "$(sed -n "s/^ *- '{__name__=~\"\(.*\)\"}'/\1/p" contrib/prometheus/fleet.yml)" = 'kvmstall:.*' ] ||
	complain 'contrib/prometheus/fleet.yml does not take all that is recorded'

rules=$(grep -c -- '- record:' contrib/prometheus/rules.yml)
[ "$(grep -cE "\| $rules rules \||: $rules recorded series " docs/operating.md)" = 2 ] ||
	complain "docs/operating.md has not $rules recorded series"

# What an agent drops, no rule reads.
dropped=$(sed -n "s/^ *regex: '\(.*\)'/\1/p" contrib/prometheus/agent.yml)
lacking=$(named contrib/prometheus/rules.yml | grep -v '^kvmstall:' | grep -xE "$dropped" || true)
[ -n "$dropped" ] || complain 'contrib/prometheus/agent.yml drops nothing'
[ -z "$lacking" ] || complain "contrib/prometheus/agent.yml drops what rules read: $lacking"

alerts=$(sed -nE 's/.*- alert: (.*)/\1/p' contrib/prometheus/alerts.yml)
[ "$(sed -n 's/^## //p' docs/alerts.md)" = "$alerts" ] || complain 'docs/alerts.md has not one section for each alert, in their order'
[ "$(sed -nE 's/.*runbook_url: ".*#(.*)"/\1/p' contrib/prometheus/alerts.yml)" = "${alerts,,}" ] ||
	complain "an alert's runbook_url is not that of its section"

# Not every promtool knows Kubernetes: the rest of that file is checked.
check_config()
{
	local plain=contrib/prometheus/.kubernetes.yml status=0

	(cd contrib/prometheus && promtool check config scrape.yml && promtool check config fleet.yml &&
		promtool check config --agent agent.yml && promtool test rules tests.yml) || return
	sed '/kubernetes_sd_configs:/,/namespaces:/d' contrib/prometheus/kubernetes.yml >"$plain"
	promtool check config "$plain" || status=$?
	rm -f "$plain"
	return $status
}

if command -v promtool >/dev/null; then
	words=$(check_config 2>&1) || complain "$words"
fi
exit $bad
