#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench.sh [--markdown FILE] [TOOL...] - make bench: what tracing costs what is traced, and what else does.
#
# Bare, and beside or under each TOOL (kvmstall with each backend that this kernel has, bpftrace, perf-trace, strace),
# in turns, ROUNDS (7) of each: rows of tests/bench/calls.c, "kvmstall repro" as Firecracker at a random time, so
# that it does not keep step with the tick, and KVM's memslot_perf_test and memslot_modification_stress_test. Then
# what a tool itself takes. A median over the rounds, the least and the most of them; nothing is asserted, and what is
# missing or does not work here is named, with the reason. Root, /dev/kvm.
#
# It takes ten minutes on an idle machine. With KEEP=DIR what was measured stays there, and is not measured again by the
# next run with this folder; with MINUTES=N it starts nothing after so many, and exits with 75 if something is left.
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
export KVMSTALL PATH=$PATH:/usr/sbin:/sbin
rounds=${ROUNDS:-7} markdown='' limit_s=$((${MINUTES:-600} * 60))
calls='getppid switch ioctl listed run memslot stalled'
of_tools='attach detach cpu resident bytes events'
rows="$calls restore memslot_perf_test memslot_modification_stress_test $of_tools"
# One row of one tool takes seconds where it works.
patience_s=150

if [ "${1-}" = --markdown ]; then
	markdown=$(readlink -f "$2")
	shift 2
fi
if [ "$(id -u)" != 0 ] || [ ! -w /dev/kvm ]; then
	echo 'bench.sh: root and /dev/kvm are needed' >&2
	exit 77
fi
work=$(mktemp -d)
trap 'stop_tool; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
tool=''
kept=$work
[ -z "${KEEP-}" ] || { mkdir -p "$KEEP"; kept=$(readlink -f "$KEEP"); }
touch "$kept/values" "$kept/missing" "$kept/done" "$kept/loads"
cd "$work"

# The same question as kvmstall's, as far as such a script can: how long each ioctl took, and where it slept.
cat >script.bt <<'END'
tracepoint:raw_syscalls:sys_enter /args->id == 16/ { @start[tid] = nsecs; @cmd[tid] = args->args[1]; }
tracepoint:raw_syscalls:sys_exit /@start[tid]/
{
	@ns[@cmd[tid]] = hist(nsecs - @start[tid]);
	delete(@start[tid]);
	delete(@cmd[tid]);
}
tracepoint:sched:sched_switch /@start[tid]/ { @slept[kstack] = count(); }
END

# What a COMMAND of the tool does to say when it ran, and what the tool took until then.
cat >./command <<'END'
#!/bin/sh
date +%s%N >now
for pid in $PPID $(cut -d ' ' -f 4 "/proc/$PPID/stat"); do
	case $(cat "/proc/$pid/comm") in kvmstall|bpftrace|perf|strace) grep VmRSS "/proc/$pid/status" >status ;; esac
done
date +%s%N >over
END
chmod +x ./command

# Those that work here: tracepoint does wherever kvmstall does.
backends()
{
	"$KVMSTALL" check --json | jq -r '.features[] | select(.works and (.name | IN("fentry", "kprobe"))).name' || true
	echo tracepoint
}

# run_under TOOL SCRIPT: all but strace trace the whole host meanwhile, and have attached once it runs.
run_under()
{
	case $1 in
	kvmstall-*) exec "$KVMSTALL" trace -q -o /dev/null --backend "${1#*-}" -- "$2" ;;
	bpftrace) exec bpftrace -o "$work/tool.out" "$work/script.bt" -c "/bin/sh $2" ;;
	perf-trace) exec perf trace -a -o "$work/tool.out" -e ioctl -- "$2" ;;
	strace) exec strace -f -q -o "$work/tool.out" -e trace=ioctl "$2" ;;
	esac
}

# Beside: all but strace see the whole host, and are attached once their COMMAND runs.
start_tool()
{
	local end=$((SECONDS + 30))

	under=''
	case $1 in
	bare) return ;;
	strace) under="strace -f -q -o $work/tool.out -e trace=ioctl"; return ;;
	esac
	printf '#!/bin/sh\necho $$ >%s/attached\nexec sleep 1000\n' "$work" >waiting
	chmod +x waiting
	rm -f attached
	run_under "$1" "$work/waiting" >/dev/null 2>"$work/tool.err" &
	tool=$!
	until [ -s attached ]; do
		if [ $SECONDS -gt $end ] || ! kill -0 $tool 2>/dev/null; then
			tail -n 3 tool.err >&2
			kill $tool 2>/dev/null || true
			tool=''
			return 1
		fi
		sleep 0.05
	done
}

stop_tool()
{
	[ -n "$tool" ] || return 0
	[ ! -s attached ] || kill "$(cat attached)" || true
	wait "$tool" 2>/dev/null || true
	tool=''
	rm -f "$work/tool.out"
}

# put ROW NS: nothing, if there is none
put()
{
	[ -z "$2" ] || echo "$1 $side $2" >>measured
}

# miss ROW REASON
miss()
{
	grep -qF "$1 $side " "$kept/missing" || echo "$1 $side $2" >>"$kept/missing"
}

# attempt ROW COMMAND...: its output in the file "said"; false if it did not end well, which is why the row is missing.
attempt()
{
	local row=$1 status=0

	shift
	# shellcheck disable=SC2086 # words
	timeout $patience_s $under "$@" >said 2>said.err || status=$?
	[ $status != 124 ] || miss "$row" "not done after $patience_s s"
	[ $status = 0 ] || [ $status = 124 ] || miss "$row" "$(tail -n 1 said.err | cut -c1-80)"
	return $status
}

restores()
{
	for _ in 1 2 3; do
		sleep "0.0$((RANDOM % 90 + 10))"
		attempt restore "$KVMSTALL" repro --profile firecracker --json || return 0
		put restore "$(jq -s 'map(.latency_ns // 0) | add' said)"
	done
}

selftests()
{
	local start

	if [ -z "$selftests" ]; then
		miss memslot_perf_test "no linux-source to build it from"
		miss memslot_modification_stress_test "no linux-source to build it from"
		return
	fi
	if attempt memslot_perf_test "$selftests/memslot_perf_test" -s 4099 -f 3 -e 3 -l 1 -r 1; then
		put memslot_perf_test "$(sed -n 's/.*took \([0-9]*\)\.\([0-9]*\)s for slot setup.*/\1\2/p' said | sed 's/^0*//')"
	fi
	start=$(date +%s%N)
	if attempt memslot_modification_stress_test "$selftests/memslot_modification_stress_test" -i 31; then
		put memslot_modification_stress_test $(($(date +%s%N) - start))
	fi
}

one_round()
{
	local row

	start_tool "$side" || return 1
	sleep 0.3
	for row in $calls; do
		attempt "$row" ./calls "$row" || continue
		put "$row" "$(cut -d ' ' -f 2 said)"
	done
	restores
	selftests
	stop_tool
}

# What the tool takes: ms until its COMMAND runs, and from its end on; CPU of all of it; memory.
one_cost()
{
	local before cpu row TIMEFORMAT='%U %S'

	rm -f now over status
	before=$(date +%s%N)
	# bash says nothing of "time (exec ...) >/dev/null"
	if ! cpu=$({ time { (run_under "$side" "$work/command") >/dev/null 2>&1; }; } 2>&1) || [ ! -s status ]; then
		for row in attach detach cpu resident; do
			miss $row 'its COMMAND did not run'
		done
		return 0
	fi
	put attach $(($(cat now) - before))
	put detach $(($(date +%s%N) - $(cat over)))
	put cpu "$(awk '{ printf "%d", ($1 + $2) * 1e9 }' <<<"$cpu")"
	put resident "$(awk '{ print $2 * 1024 }' status)"
}

# Events and bytes of one VM's boot, as the tool writes it to a file.
boot()
{
	rm -f tool.out
	case $side in
	kvmstall-*)
		"$KVMSTALL" record --backend "${side#*-}" -o boot.cap -- "$KVMSTALL" repro --profile firecracker >/dev/null 2>&1
		put bytes "$(stat -c %s boot.cap)"
		put events "$("$KVMSTALL" report -f json boot.cap | jq 'select(.type == "summary").records')"
		rm -f boot.cap
		;;
	perf-trace | strace)
		printf '#!/bin/sh\nexec "%s" repro --profile firecracker\n' "$KVMSTALL" >boot
		chmod +x boot
		(run_under "$side" "$work/boot") >/dev/null 2>&1
		put bytes "$(stat -c %s tool.out)"
		put events "$(wc -l <tool.out)"
		;;
	bpftrace)
		miss events 'counts in the kernel'
		miss bytes 'counts in the kernel'
		;;
	esac
}

# piece KIND ROUND SIDE: once, whatever run of this script does it. What was cut short is measured anew.
piece()
{
	side=$3
	! grep -qxF "$*" "$kept/done" || return 0
	! grep -qxF "all $side" <(cut -d ' ' -f 1,2 "$kept/missing") || return 0
	if [ $SECONDS -ge $limit_s ]; then
		echo "bench.sh: time is up before '$*': run it again with KEEP=$kept" >&2
		exit 75
	fi
	: >measured
	if "$1"; then
		cat measured >>"$kept/values"
		echo "$(cut -d ' ' -f 1 /proc/loadavg) $(others)" >>"$kept/loads"
	else
		miss all 'does not work here'
	fi
	echo "$*" >>"$kept/done"
}

# Tracers of others, which are in all columns; ours has ended.
others()
{
	grep -lxE 'kvmstall|bpftrace|perf|strace' /proc/[0-9]*/comm 2>/dev/null | wc -l
}

# range COLUMN: of what each piece has found
range()
{
	cut -d ' ' -f "$1" "$kept/loads" | sort -n | sed -n '1p;$p' | paste -sd ' ' | sed 's/ / to /'
}

about()
{
	echo "$(uname -r), $(uname -m), HZ=$("$KVMSTALL" check --json | jq .kernel.hz), $(nproc) CPUs, $(date +%F), load" \
		"$(range 1), $(range 2) tracers of others," \
		"$rounds rounds"
}

# What is not in the table, by name. "all": a whole column.
left_out()
{
	local row side reason

	while read -r row side reason; do
		if [ "$row" = all ]; then
			echo "* \`$side\`: $reason"
		else
			echo "* \`$row\`, $side: $reason"
		fi
	done < <(sort -u "$kept/missing")
}

# table: rows by tools, "median (least to most)"; "-": see below the table.
table()
{
	awk -v sides="$sides" -v rows="$rows" -v of_tools="$of_tools" '
	function scaled(row, ns) {
		if (row == "events") return sprintf("%d", ns)
		if (row == "bytes") return sprintf("%.1f kB", ns / 1000)
		if (row == "resident") return sprintf("%.1f MB", ns / 1048576)
		if (ns >= 1e9) return sprintf("%.2f s", ns / 1e9)
		if (ns >= 1e6) return sprintf("%.1f ms", ns / 1e6)
		if (ns >= 1e4) return sprintf("%.1f us", ns / 1e3)
		return sprintf("%d ns", ns)
	}
	{
		key = $1 SUBSEP $2
		list[key] = list[key] " " $3
	}
	END {
		cnt = split(rows, order, " ")
		n = split(sides, side, " ")
		line = "| |"; rule = "|---|"
		for (i = 1; i <= n; i++) { line = line " " side[i] " |"; rule = rule "--:|" }
		print line; print rule
		for (r = 1; r <= cnt; r++) {
			line = "| " order[r] " |"
			for (i = 1; i <= n; i++) {
				m = split(list[order[r] SUBSEP side[i]], v, " ")
				for (a = 2; a <= m; a++)
					for (b = a; b > 1 && v[b - 1] + 0 > v[b] + 0; b--) { t = v[b]; v[b] = v[b - 1]; v[b - 1] = t }
				cell = m ? scaled(order[r], v[int((m + 1) / 2)]) : of_tools ~ order[r] && side[i] == "bare" ? "" : "-"
				if (m > 1)
					cell = cell " (" scaled(order[r], v[1]) " to " scaled(order[r], v[m]) ")"
				line = line " " cell " |"
			}
			print line
		}
	}' "$kept/values"
}

"${CC:-cc}" -O1 -pthread -o calls "$here/tests/bench/calls.c"
selftests=$(bash "$here/tests/kvm/build.sh" 2>/dev/null) || { selftests=''; echo 'bench.sh: no selftests of KVM here' >&2; }
sides=bare
if [ $# -gt 0 ]; then
	sides="bare $*"
else
	backends=$(backends)
	for side in kvmstall-fentry kvmstall-kprobe kvmstall-tracepoint bpftrace perf-trace strace; do
		case $side in
		kvmstall-*) grep -qx "${side#*-}" <<<"$backends" || { miss all 'does not work on this kernel'; continue; } ;;
		*) command -v "${side%-*}" >/dev/null || { miss all 'is not installed'; continue; } ;;
		esac
		sides="$sides $side"
	done
fi
for ((round = 0; round < rounds; round++)); do
	for name in $sides; do
		piece one_round $round "$name"
	done
done
for name in ${sides#bare}; do
	for ((round = 0; round < rounds; round++)); do
		piece one_cost $round "$name"
	done
	piece boot 0 "$name"
done
{
	echo '# What tracing costs, beside what else traces'
	echo
	echo "By \`make bench\` (\`tests/bench/bench.sh --markdown FILE\`): $(about)."
	echo "Medians over the rounds, and the least and the most. What the rows are: tests/bench/calls.c and bench.sh."
	echo
	table
	if [ -s "$kept/missing" ]; then
		printf '\nNot measured:\n\n'
		left_out
	fi
} | tee ${markdown:+"$markdown"}
