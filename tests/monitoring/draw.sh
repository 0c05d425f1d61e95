#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# draw.sh URL FILE.png [MINUTES [TIME]] - the dashboard's panels, drawn from what a Prometheus at URL has, for a look
# at it where there is no Grafana. Tables and single figures are shown as text, as of TIME (now). Needs gnuplot, jq
# and curl.
# shellcheck disable=SC2016 # jq has $
set -eu

cd "$(dirname "$0")/../.."
url=$1 out=$2 minutes=${3:-15}
dashboard=contrib/grafana/kvmstall.json
to=${4:-$(date +%s)}
from=$((to - 60 * minutes))
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

ask()
{
	curl -sfG -m 20 "$url/api/v1/$1" --data-urlencode "query=$2" "${@:3}" | jq -c .data.result
}

# Grafana's legend: {{label}} of the series.
legends='def legend($format): .metric as $m | reduce ($format | [scan("{{[a-z_]+}}")][]) as $part
	($format; split($part) | join($m[$part[2:-2]] // "")) | if . == "" then ($m | del(.__name__, .job, .instance) | to_entries | map(.value) | join(" ")) else . end;'

# panel N: the commands that draw it, from the dashboard's N-th.
panel()
{
	local title type plots='' k=0 expr format count i name

	title=$(jq -r ".panels[$1].title" "$dashboard")
	type=$(jq -r ".panels[$1].type" "$dashboard")
	echo "set title \"$title\" noenhanced"
	while IFS=$'\x1f' read -r expr format; do
		if [ "$type" = timeseries ]; then
			ask query_range "$expr" -d "start=$from" -d "end=$to" -d step=5 >"$dir/$1.$k"
			count=$(jq 'length' "$dir/$1.$k")
			for ((i = 0; i < count && i < 12; i++)); do
				jq -r ".[$i].values[] | \"\(.[0] - $from) \(.[1])\"" "$dir/$1.$k" >"$dir/$1.$k.$i"
				name=$(jq -r "$legends .[$i] | legend(\$format)" --arg format "$format" "$dir/$1.$k")
				plots+="${plots:+, }'$dir/$1.$k.$i' with lines title '$name'"
			done
		else
			ask query "$expr" -d "time=$to" | jq -r "$legends .[:9][] | legend(\$format) + \": \" + (.value[1] | .[:7])" --arg format "$format" >>"$dir/$1.text"
		fi
		k=$((k + 1))
	done < <(jq -r ".panels[$1].targets[] | [.expr, .legendFormat] | join(\"\u001f\")" "$dashboard" | sed 's/\$instance/.*/g')
	if [ -n "$plots" ]; then
		echo "unset label; set border; set tics; plot $plots"
		return
	fi
	echo "unset label; unset border; unset tics"
	[ -s "$dir/$1.text" ] || echo '(nothing)' >"$dir/$1.text"
	i=0
	while IFS= read -r name; do
		i=$((i + 1))
		echo "set label $i \"${name//\"/}\" at graph 0.02, graph $(awk -v i=$i 'BEGIN { print 1 - i * 0.1 }') noenhanced"
	done <"$dir/$1.text"
	echo 'plot [0:1] [0:1] -1 notitle'
}

mapfile -t panels < <(jq -r '.panels | to_entries[] | select(.value.type != "row") | .key' "$dashboard")
rows=$(((${#panels[@]} + 3) / 4))
{
	echo "set terminal pngcairo size 2000,$((rows * 260)) font ',8' noenhanced; set output '$out'"
	echo "set multiplot layout $rows,4; set key outside right top font ',7' noenhanced; set yrange [0:*]; set offsets 0, 0, graph 0.05, 0"
	for n in "${panels[@]}"; do
		panel "$n"
	done
	echo 'unset multiplot'
} >"$dir/commands"
gnuplot "$dir/commands"
