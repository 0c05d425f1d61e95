# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154 # work and rounds are the bench's
# Builds of kvmstall that take turns, so that what else the machine does hits all of them. A bench has $work, a
# folder, and $rounds.

# take_turns RUN PROGRAM...: RUN PROGRAM, a line of figures, $rounds times for each; $work/runs.N has the N-th one's.
take_turns()
{
	local run=$1 round number program

	shift
	for ((round = 0; round < rounds; round++)); do
		number=0
		for program; do
			"$run" "$program" >>"$work/runs.$number"
			number=$((number + 1))
		done
	done
}

# quantile FILE COLUMN PERCENT
quantile()
{
	awk -v column="$2" '{ print $column }' "$1" | sort -n |
		awk -v percent="$3" '{ value[NR] = $1 } END { print value[int((NR - 1) * percent / 100) + 1] }'
}

# Of the table's figures: which kernel and machine, when.
print_machine()
{
	printf '# %s, %s CPUs, load %s, %s, %d rounds\n' "$(uname -r)" "$(nproc)" \
		"$(cut -d' ' -f1 /proc/loadavg)" "$(date +%F)" "$rounds"
}
