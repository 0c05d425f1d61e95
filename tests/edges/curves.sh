#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# curves.sh FILE.csv - the samples of a soak as an SVG picture, to stdout: one curve below the other, over time.
set -eu

awk -F , '
function path(column, top, height, colour, name,   i, max, d)
{
	max = 1
	for (i = 1; i <= n; i++)
		if (v[i, column] > max)
			max = v[i, column]
	for (i = 1; i <= n; i++)
		d = d sprintf("%s%.1f %.1f", i == 1 ? "M" : "L", 60 + 720 * v[i, 1] / end, top + height - height * v[i, column] / max)
	printf "<path d=\"M60 %d h720\" stroke=\"#ccc\"/><text x=\"55\" y=\"%d\" text-anchor=\"end\">0</text>", top + height, top + height
	printf "<text x=\"55\" y=\"%d\" text-anchor=\"end\">%s</text>", top + 8, max
	printf "<text x=\"60\" y=\"%d\" fill=\"%s\">%s: %s at the end</text>\n", top - 6, colour, name, v[n, column]
	printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", d, colour
}
NR > 1 {
	n++
	for (i = 1; i <= NF; i++)
		v[n, i] = $i
}
END {
	end = v[n, 1] > 0 ? v[n, 1] : 1
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"800\" height=\"560\" font-family=\"sans-serif\" font-size=\"11\">"
	print "<rect width=\"800\" height=\"560\" fill=\"white\"/>"
	path(2, 30, 70, "#1f77b4", "resident memory, kB")
	path(3, 130, 40, "#9467bd", "of that the history of grace periods, kB")
	path(4, 200, 40, "#2ca02c", "descriptors")
	path(5, 270, 60, "#d62728", "kvmstall_vms")
	path(6, 360, 60, "#7f7f7f", "VMs that the kernel has")
	path(7, 450, 60, "#ff7f0e", "VMs seen so far")
	printf "<text x=\"60\" y=\"540\">0</text><text x=\"780\" y=\"540\" text-anchor=\"end\">%d minutes</text>\n</svg>\n", end / 60
}' "$1"
