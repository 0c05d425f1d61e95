# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A tracer beside what is measured, for the benches of this folder; sourced. $work is a folder that is the bench's.

tracer=''

# start_tracer PROGRAM OPTION...: "PROGRAM trace OPTION...", attached once this returns: it is in poll() then. What it
# says is shown if it ends before, or is not attached within 30 s, and the bench with it.
start_tracer()
{
	local program=$1 end=$((SECONDS + 30))

	shift
	# shellcheck disable=SC2154 # $work
	"$program" trace "$@" >/dev/null 2>"$work/tracer.err" &
	tracer=$!
	until grep -q poll "/proc/$tracer/wchan" 2>/dev/null; do
		if [ $SECONDS -gt $end ] || ! kill -0 "$tracer" 2>/dev/null; then
			cat "$work/tracer.err" >&2
			echo "${0##*/}: '$program trace' did not attach" >&2
			exit 1
		fi
		sleep 0.05
	done
}

stop_tracer()
{
	[ -n "$tracer" ] || return 0
	kill -INT "$tracer" 2>/dev/null || true
	wait "$tracer" || true
	tracer=''
}
