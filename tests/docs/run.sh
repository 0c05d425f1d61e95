#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check-docs: what the pages say is what happens. Each command that a page shows is run, each option is where
# one looks for it, each exit status that a page names is made, and each JSON line is of the schema that trace
# --json-schema publishes. make check runs what needs no kernel; with WHOLE=1, all, for which it must be root.
# TESTS='NAME...' runs only these. Figures are never compared: what a command prints has a shape (shapes/).
# shellcheck disable=SC2016,SC2154,SC2317 # of lib/suite.sh, inner shells have $, and tests are called by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
export O=${O:-$here/build}
golden=$here/tests/golden
docs=$here/tests/docs
cd "$work" || exit 1

# Each JSON line that any test gets is one of these, and says which.
valid()
{
	python3 -c 'import jsonschema' 2>/dev/null || skip "no python3-jsonschema"
	[ -s "$work/schema" ] || "$KVMSTALL" trace --json-schema >"$work/schema"
	python3 "$docs/validate.py" "$work/schema" "$work/schemas.seen" <"$1" >wrong || fail "$2:" "$(cat wrong)"
}

# valid_of COMMAND...: what it prints is of the schema; its exit status does not matter.
valid_of()
{
	"$KVMSTALL" "$@" >lines 2>err </dev/null || true
	valid lines "kvmstall $* ($(cat err))"
}

has_kvm()
{
	[ "$(id -u)" = 0 ] && [ -w /dev/kvm ]
}

# ---- commands that pages show

# shellcheck source=tests/docs/run-commands.sh
. "$docs/run-commands.sh"

test_commands()
{
	run_shown
}

# ---- options: one table, and where one looks for them

bash_offers()
{
	bash -c '. "$1"; shift; COMP_WORDS=(kvmstall "$1" --) COMP_CWORD=2; _kvmstall; printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$here/contrib/completion/kvmstall.bash" "$1"
}

# What _arguments is given.
zsh_offers()
{
	zsh -fc '_arguments() { print -rl -- "$@" }; _describe() { }; words=(kvmstall $2 ""); CURRENT=3; source $1' \
		zsh "$here/contrib/completion/_kvmstall" "$1"
}

# has_option NAME LETTER FILE: as a word, whatever follows.
has_option()
{
	grep -qE -- "(^|[^a-z-])--$1([^a-z-]|$)" "$3" && { [ -z "$2" ] || grep -qE -- "(^|[^a-z-])-$2([^a-z-]|$)" "$3"; }
}

test_options()
{
	local command letter name wrong=0 cnt=0 shells='bash zsh'

	command -v zsh >/dev/null || shells=bash
	while read -r command _; do
		"$KVMSTALL" "$command" --help >help
		man -l "$here/man/kvmstall-$command.8" 2>/dev/null | col -b >page || true
		[ -s page ] || sed 's/\\-/-/g; s/\\f[A-Z]//g' "$here/man/kvmstall-$command.8" >page
		bash_offers "$command" >bash
		[ "$shells" = bash ] || zsh_offers "$command" >zsh
		while IFS=$'\x1f' read -r letter name _; do
			cnt=$((cnt + 1))
			has_option "$name" "$letter" help || { echo "$command --help: no --$name"; wrong=1; }
			[ "$name" = help ] || has_option "$name" "$letter" page ||
				{ echo "page of $command: no --$name"; wrong=1; }
			has_option "$name" '' bash || { echo "bash completion of $command: no --$name"; wrong=1; }
			[ "$shells" = bash ] || has_option "$name" "$letter" zsh ||
				{ echo "zsh completion of $command: no --$name"; wrong=1; }
		done < <("$KVMSTALL" --dump-options "$command" | tr '\t' '\037')
	done < <("$KVMSTALL" --dump-options)
	[ "$wrong" = 0 ]
	note "$cnt options: each in its page, its help, and the completion of $shells"
	[ "$shells" != bash ] || note "zsh's completion was not tried: no zsh here"
}

# ---- exit statuses

under=() # with which command it is run
# status WANTED COMMAND [ARGUMENT...]
status()
{
	local wanted=$1 got=0

	shift
	"${under[@]}" "$KVMSTALL" "$@" >out 2>err </dev/null || got=$?
	[ "$got" = "$wanted" ] || fail "exit status $got instead of $wanted: kvmstall $*" "$(cat err)" || return 1
	printf 'kvmstall%s %s\n' "${1:+-$1}" "$wanted" >>made
}

# Those that are made without a kernel of one's own.
make_statuses()
{
	status 0 report "$golden/report/qemu.cap"
	status 1 report "$golden/report/nothing.cap"
	status 2 report
	status 0 top --batch "$golden/report/qemu.cap"
	status 1 top --batch "$golden/report/nothing.cap"
	status 2 top "$golden/report/qemu.cap"
	awk -v SEED=1 -v TIMER=0 -f "$golden/diff/log.awk" >fast
	awk -v SEED=2 -v TIMER=4000 -f "$golden/diff/log.awk" >slow
	awk -v SEED=3 -v TIMER=4000 -f "$golden/diff/log.awk" >slow.too
	status 0 diff slow slow.too
	status 1 diff fast slow
	status 2 diff "$golden/report/nothing.cap" "$golden/report/qemu.cap"
	status 3 diff "$golden/report/qemu.cap" "$golden/report/stop.cap"
	status 2 trace --min nothing
	status 2 record --duration 1ms
	status 2 repro --profile nothing
	status 2 export operand
	status 2 check --nothing
	for command in check trace 'top --batch' 'record --output capture' 'export --once'; do
		# shellcheck disable=SC2086 # words
		KVMSTALL_DISABLE=btf status 3 $command
	done
	# arm64's on x86, and qemu's on arm64
	status 3 repro --profile "$([ "$(uname -m)" = x86_64 ] && echo arm64 || echo qemu)"
}

make_live_statuses()
{
	local got=0

	status 0 trace --duration 1ms
	status 1 trace -- ./not-there
	status 0 record --output capture --duration 1ms
	status 1 record --output ./not-there/capture --duration 1ms
	status 0 export --once
	status 1 export --textfile ./not-there --duration 1ms
	status 0 repro
	under=(prlimit --nofile=6:6) # no descriptor for a vCPU
	status 1 repro
	under=()
	"$KVMSTALL" check >out 2>err || got=$?
	case $got in
	0) status 0 check; cannot_make "kvmstall-check 1" "here everything works" ;;
	1) status 1 check; cannot_make "kvmstall-check 0" "here something is missing: $(grep '!!' out | head -n 1 | tr -s ' ')" ;;
	*) fail "kvmstall check: exit status $got" "$(cat out)" ;;
	esac
}

cannot_make()
{
	echo "$1" >>made
	note "cannot be made here: exit status ${1##* } of ${1% *} ($2)"
}

# "kvmstall-diff 3", from the pages' EXIT STATUS.
named_statuses()
{
	awk 'FNR == 1 { page = FILENAME; sub(/.*\//, "", page); sub(/\.[1-8]$/, "", page) }
		/^\.SH/ { in_status = /EXIT STATUS/ }
		in_status && tag && /^\.B [0-9]+$/ { print page, $2 }
		{ tag = /^\.TP/ }' "$here"/man/*.[1-8]
}

test_statuses()
{
	local missing

	make_statuses
	# The program's own page names what its commands have in common.
	sed -n 's/^kvmstall-report \([01]\)$/kvmstall \1/p; s/^kvmstall-check \([23]\)$/kvmstall \1/p' made >common
	cat common >>made
	if [ -n "${WHOLE-}" ] && has_kvm; then
		make_live_statuses
	else
		awk '$1 ~ /trace|record|export|repro|check/' <(named_statuses) >>made
	fi
	named_statuses | sort -u >named
	missing=$(comm -23 named <(sort -u made))
	[ -z "$missing" ] || fail "named by a page, and never made:" "$missing"
	note "$(grep -c . named) exit statuses that pages name"
}

# ---- words

# What kvmstall-causes(7) explains: the tags of its causes and of its glossary.
explained()
{
	awk '/^\.SH/ { here = /CAUSES|GLOSSARY/ }
		here && (/^\.SS/ || tag && /^\.B /) { sub(/^\.(SS|B) /, ""); print }
		{ tag = /^\.TP/ }' "$here/man/kvmstall-causes.7" | sed 's/\\-/-/g; s/"//g' | tr ',' '\n' | sed 's/^ *//; s/ *$//'
}

# The words that output can have: names in the schema, headlines of tables, marks, losses, facts, backends.
used()
{
	local by report='report --quiet'

	"$KVMSTALL" trace --json-schema | jq -r '.["$defs"] | (.cause, .domain, .phase, .vm_event.properties.event,
		.culprit.properties.kind, .diff_change.properties.slack, .check.properties.status,
		.diff.properties.verdict) | .. | .enum? // empty | .[] | strings'
	for by in vm call cause phase start culprit deferral; do
		# shellcheck disable=SC2086 # words
		"$KVMSTALL" $report --by $by "$golden/report/qemu.cap" "$golden/report/stop.cap" 2>/dev/null | head -n 1
	done | tr -s ' ' '\n'
	"$KVMSTALL" report --quiet "$golden/report/stuck.cap" | head -n 1 | tr -s ' ' '\n'
	sed -n 's/^\tX([A-Z_]*, "\([a-z-]*\)", .*/\1/p' "$here/include/kvmstall/records.h"
	"$KVMSTALL" check --json | jq -r '(.facts + .facts_missing)[]'
	"$KVMSTALL" --dump-options trace | awk -F '\t' '$2 == "backend" { print $3 }' | tr '|' '\n'
	# Marks and words of lines for people; the sentence that has one is in tests/golden.
	printf '%s\n' STUCK incomplete inferred failed killed 'user code' culprit suspect readers 'leaked read lock' advice outstanding wait GP 'in flight' without \
		BASE NEW N CHANGE '95% CI' 'too few samples' 'on one side only' rare 'not comparable' callback jiffy
}

test_glossary()
{
	local missing

	explained | sort -u >in.page
	used | sed "/^$/d" | sort -u >in.output
	[ "$(wc -l <in.output)" -gt 73 ] || fail "so few words are not all: $(cat in.output)"
	missing=$(comm -23 in.output in.page)
	[ -z "$missing" ] || fail "output has words that kvmstall-causes(7) does not explain:" "$missing"
	note "$(wc -l <in.output) words of the output, each in kvmstall-causes(7)"
}

# Each error text is of a family, and of each family the program's page says what to do next.
test_errors()
{
	local family

	(cd "$here" && find src -name '*.c' -exec python3 "$docs/errors.py" "$docs/errors.list" {} +) >texts
	! grep '^?' texts || fail "errors of no family: see tests/docs/errors.list"
	[ "$(wc -l <texts)" -gt 150 ] || fail "so few texts are not all"
	cut -f 1 texts | sort -u >families
	diff families <(grep -v '^#' "$docs/errors.list" | cut -f 1 | sort -u) || fail "a family has no error"
	man_section DIAGNOSTICS kvmstall.8 >page
	for family in 'out of memory' '\-\-help' 'cannot here' '^.B repro' '^.B Prometheus' 'BI file' 'BI cannot' '^.B child'; do
		grep -qF -- "${family#^}" page || fail "DIAGNOSTICS of kvmstall(8) does not have $family"
	done
	note "$(wc -l <texts) error texts of $(wc -l <families) families, each with what to do next"
}

# man_section NAME PAGE
man_section()
{
	awk -v name="$1" '/^\.SH/ { here = index($0, name) } here' "$here/man/$2"
}

# ---- JSON

test_schemas()
{
	local by missing

	valid_of report --all --format json "$golden/report/qemu.cap"
	valid_of report --format json "$golden/report/stop.cap"
	valid_of report --format json "$golden/report/reader.cap"
	valid_of report --format json "$golden/diff/x86-after.strace"
	for by in vm call cause phase start culprit deferral; do
		valid_of report --format json --by "$by" "$golden/report/qemu.cap" "$golden/report/stop.cap"
	done
	valid_of report --format json --facts "$golden/report/qemu.cap"
	valid_of report --format json --facts "$golden/report/qemu.cap" "$golden/report/stop.cap"
	valid_of diff --format json "$golden/diff/x86-before.strace" "$golden/diff/x86-after.strace"
	valid_of diff --format json "$golden/report/qemu.cap" "$golden/report/stop.cap"
	awk -v SLOW=8 -v STOPPED=1 -f "$golden/diff/fleet.awk" >answers
	valid_of diff --format json --prometheus answers
	valid_of check --json
	KVMSTALL_DISABLE=btf valid_of check --json
	valid_of repro --list --json
	[ -w /dev/kvm ] || skip "no /dev/kvm"
	valid_of repro --json --profile minimal --inject reader
	valid_of repro --json --scenario all
	valid_of repro --json --from "$golden/repro/devices-first.list" --order memslots-first --rounds 3
	valid_of repro --json --from "$golden/repro/devices-first.list" --suggest --rounds 3
	if [ -n "${WHOLE-}" ] && has_kvm; then
		valid_of trace --json --interval 101ms --duration 307ms
		updates 1009 >"$work/updates"
		valid_of trace --json -- sh -c "'$KVMSTALL' repro --from '$work/updates' >/dev/null"
	else
		printf '%s\n' interval storm >>"$work/schemas.seen" # of a live trace alone
	fi
	missing=$(comm -23 <(jq -r '.oneOf[]["$ref"] | sub(".*/"; "")' "$work/schema" | sort) <(sort -u "$work/schemas.seen"))
	[ -z "$missing" ] || fail "schemas that no line is of: $missing"
	note "$(sort -u "$work/schemas.seen" | wc -l) schemas, $(wc -l <"$work/schemas.seen") lines"
}

# ---- what has been published

fields()
{
	"$KVMSTALL" trace --json-schema | jq -r '[paths | select(length > 1 and .[-2] == "properties") | map(tostring) |
		join("/")] | sort | .[]'
}

# Names and types; values of labels and words may be added.
metrics()
{
	"$KVMSTALL" export --list | cut -f 1-3
}

# held KIND: each line that was ever published is there still.
held()
{
	local missing

	"$1" | LC_ALL=C sort -u >now
	missing=$(LC_ALL=C comm -13 now <(LC_ALL=C sort -u "$docs/held/$1"))
	[ -z "$missing" ] || fail "$1 that are promised and gone:" "$missing"
	[ -z "${UPDATE-}" ] || cp now "$docs/held/$1"
	note "$(wc -l <"$docs/held/$1") $1"
}

test_held()
{
	local file minors

	command -v jq >/dev/null || skip "no jq"
	held fields
	[ ! -s "$docs/held/metrics" ] || held metrics
	minors=$(for file in "$golden"/report/*.cap; do od -An -tu2 -j10 -N2 "$file" | tr -d ' '; done | sort -u | tr '\n' ' ')
	[[ $minors = '0 1 '* ]] || fail "captures of 1.0 and 1.1 are not all there: $minors"
}

for name in ${TESTS:-commands options statuses glossary errors schemas held}; do
	run_test "$name"
done
finish
