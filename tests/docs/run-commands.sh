# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154 # of run.sh
#
# run-commands.sh - run what commands.sh lists, to be sourced by run.sh.

row_kinds=() row_statuses=() row_shapes=() row_shown=() row_runs=()

row()
{
	row_kinds+=("$1")
	row_statuses+=("$2")
	row_shapes+=("$3")
	row_shown+=("$4")
	row_runs+=("${5:-$4}")
}

any() { row any "$@"; }
live() { row live "$@"; }
watch() { row watch "$@"; }
target() { row target 0 nothing "$1"; }
cannot() { row cannot 0 nothing "$1" "$2"; }

# ---- what they find in their folder

stub()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$1"
	chmod +x "$1"
}

lay_out()
{
	mkdir -p bin build textfile
	chmod 755 "$work" . textfile
	chown nobody textfile 2>/dev/null || true
	ln -sf "$KVMSTALL" bin/kvmstall
	ln -sf "$KVMSTALL" build/kvmstall
	stub bin/firecracker 'exec kvmstall repro --profile firecracker'
	stub boot-vms.sh 'exec kvmstall repro --profile firecracker'
	stub bin/sudo 'exec "$@"'
	stub bin/ssh 'shift; exec "$@"'
	for name in test.cap old.cap new.cap 6.17.0.kvs 6.18.0.kvs a1.kvs a2.kvs a3.kvs b1.kvs b2.kvs b3.kvs base.kvs new.kvs start.kvs; do
		cp "$golden/report/qemu.cap" $name
	done
	cp "$here"/docs/first-report/* .
	awk -v SEED=1 -v TIMER=0 -f "$golden/diff/log.awk" >old.strace
	awk -v SEED=2 -v TIMER=0 -f "$golden/diff/log.awk" >new.strace
	export PATH=$PWD/bin:$PATH SUMMARY=$PWD/summary LC_ALL=C
}

# ---- what they print

# shaped FILE SHAPE...: each line is like one of these shapes' lines, and those with a + are there.
shaped()
{
	local file=$1 shape re

	shift
	for shape; do
		cat "$docs/shapes/$shape"
	done >wanted
	cut -c2- wanted >may
	if grep -nvE -f may "$file"; then
		fail "no line of $*"
		return
	fi
	while IFS= read -r re; do
		grep -qE -- "$re" "$file" || { fail "$*: no line like $re"; return; }
	done < <(sed -n 's/^+//p' wanted)
}

# looks_like SHAPE
looks_like()
{
	# shellcheck disable=SC2086 # words
	case $1 in
	nothing) [ ! -s out ] || fail "it printed something" ;;
	json) valid out "$shown" ;;
	text\ *) grep -qE -- "${1#text }" out || fail "no line like ${1#text }" ;;
	*) shaped out $1 ;;
	esac
}

# ---- running them

# This process and those below it that trace: whoever has started them waits for their end.
tracers()
{
	local pid

	if [ "$(cat "/proc/$1/comm" 2>/dev/null)" = kvmstall ] &&
		tr '\0' ' ' <"/proc/$1/cmdline" | grep -qE 'kvmstall (trace|record|export|top)'; then
		echo "$1"
	fi
	# shellcheck disable=SC2013 # words
	for pid in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		tracers "$pid"
	done
}

says_that_it_watches()
{
	grep -qE '^kvmstall: (tracing|recording|exporting) by' err
}

# top says nothing, nor what has -q: it has its programs.
is_attached()
{
	local tracer

	! says_that_it_watches || return 0
	[[ $run =~ ' -q'( |$)|'kvmstall top' ]] || return 1
	tracer=$(tracers "$1" | head -n 1)
	[ -n "$tracer" ] && has_programs "$tracer"
}

is_over()
{
	[ ! -d "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}

is_attached_or_over()
{
	is_attached "$1" || is_over "$1"
}

interrupted()
{
	local shell got=0 pid

	bash -c "$run" >out 2>err </dev/null &
	shell=$!
	until_true 30 is_attached_or_over $shell || { kill $shell; return 1; }
	kvmstall repro --profile minimal --inject reader --hold 53ms >stimulus 2>&1 || return 1
	# What the end does not take it has taken before: what is on its way is read.
	for pid in $(tracers $shell); do
		kill -INT "$pid" 2>/dev/null || true
	done
	until_true 30 is_over $shell || { kill $shell; return 1; }
	wait $shell || got=$?
	return $got
}

run_row()
{
	local kind=$1 wanted=$2 shape=$3 shown=$4 run=$5 got=0

	rm -f out err
	if [ "$kind" = watch ]; then
		interrupted || got=$?
	else
		timeout -k 5 300 bash -c "$run" >out 2>err </dev/null || got=$?
	fi
	[[ $got =~ ^($wanted)$ ]] || fail "exit status $got instead of $wanted" || return 1
	looks_like "$shape" && shaped <(grep -v '^make\|^strace' err || true) messages
}

has_target()
{
	local name=${1#make}

	case $1 in
	make | make\ *) grep -qE "^(.* )?(${name# }|all)( .*)?:" "$here/Makefile" ;;
	*) bash -n "$here/${1%% *}" ;;
	esac
}

# ---- all of them

# Whatever a page shows has a row, and the other way round.
is_complete()
{
	python3 "$docs/shown.py" "$here"/README.md "$here"/CONTRIBUTING.md "$here"/docs/*.md "$here"/man/*.[1-8] >shown.tsv
	printf '%s\n' "${row_shown[@]}" | sort -u >rows
	cut -f 2 shown.tsv | sort -u >commands
	comm -23 commands rows | sed 's/^/shown by a page, and not in commands.sh: /'
	comm -13 commands rows | sed 's/^/in commands.sh, and shown by no page: /'
	cmp -s commands rows
}

run_shown()
{
	local i ran=0 wrong=0 later=0 targets=0 status

	lay_out
	# shellcheck source=tests/docs/commands.sh
	. "$docs/commands.sh"
	is_complete || wrong=1
	for i in "${!row_shown[@]}"; do
		case ${row_kinds[i]} in
		target)
			has_target "${row_shown[i]}" || { echo "there is no ${row_shown[i]}"; wrong=$((wrong + 1)); }
			targets=$((targets + 1))
			continue
			;;
		cannot)
			note "cannot be run here: ${row_shown[i]} (${row_runs[i]})"
			continue
			;;
		live | watch)
			if [ -z "${WHOLE-}" ] || ! has_kvm; then
				later=$((later + 1))
				continue
			fi
			;;
		esac
		ran=$((ran + 1))
		set +e
		(set -e; run_row "${row_kinds[i]}" "${row_statuses[i]}" "${row_shapes[i]}" "${row_shown[i]}" "${row_runs[i]}") >why 2>&1
		status=$?
		[ $status = 0 ] || { echo "$ ${row_shown[i]}"; tail -n 5 why; head -n 5 err; wrong=$((wrong + 1)); }
		set -e
	done
	note "$ran commands run, $wrong wrong; $targets targets and scripts that are there"
	[ $later = 0 ] || note "$later more need root, KVM and BPF: make check-docs"
	[ $wrong = 0 ]
}
