#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is built on the metrics, as it is shipped: contrib's rules, alerts, dashboard and configurations, in
# real Prometheus servers, of a real daemon under real load, beside "trace --json". Four ways at once:
#
#     native    a host's own, with native histograms          agent     an agent that writes to a receiver
#     classic   a host's own, without                         fleet     federates from "native"
#
# Only time is shortened, in a copy of the rules: an hour is a minute. Every rule and every panel must have
# had data and never NaN, with the labels of its target; every alert must fire and stop; a quiet minute and a
# busy one raise none. Ten minutes or more: "make check-monitoring", not a part of check. $TABLE is what was
# seen, as docs/monitoring.md has it. DRAW=DIRECTORY: the dashboard as PNG files, one a way, of all this time and of a
# moment with a stuck call. All is on loopback; what is started here is ended by its pid.
# shellcheck disable=SC2317,SC2016 # tests are called by name; jq and PromQL have $
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
STATIC_EXPORT=$(readlink -f "${KVMSTALL_STATIC_EXPORT:-$here/build/static-export/kvmstall}")
TABLE=${TABLE:-${O:-$here/build}/monitoring.md}
export PATH=$PATH:/usr/sbin:/sbin
modes='native classic agent fleet'
tests='up quiet busy figures mass-kill stuck starts running-vms rcu loses no-kvm gone host-gone textfile degraded deferral
	kubernetes-types kubernetes rules panels alerts'

# ---- processes, by pid --------------------------------------------------------------------------

run=$work/run
mkdir -p "$run"

# spawn NAME COMMAND...: in the background, whatever becomes of the test that starts it.
spawn()
{
	local name=$1

	shift
	(exec >>"$run/$name.log" 2>&1 </dev/null; cd "$run" || exit 1; "$@" & echo $! >"$run/$name.pid")
}

is_over()
{
	! kill -0 "$(cat "$run/$1.pid")" 2>/dev/null
}

# end NAME [SIGNAL]
end()
{
	[ -s "$run/$1.pid" ] || return 0
	kill "-${2:-TERM}" "$(cat "$run/$1.pid")" 2>/dev/null || true
	until_true 20 is_over "$1"
	rm -f "$run/$1.pid"
}

end_all()
{
	local file

	# A sender that ends by itself first waits for a receiver that has gone.
	[ ! -s "$run/sender.pid" ] || kill -KILL "$(cat "$run/sender.pid")" 2>/dev/null
	for file in "$run"/*.pid; do
		[ ! -s "$file" ] || kill "$(cat "$file")" 2>/dev/null
	done
}

free_port()
{
	local port

	for ((port = 20011 + RANDOM % 12000; ; port++)); do
		! ss -Hltn "sport = :$port" | grep -q . || continue
		! grep -qx "$port" "$run/ports" 2>/dev/null || continue
		echo "$port" >>"$run/ports"
		break
	done
	echo "$port"
}

scrape()
{
	curl -sf -m 30 "http://127.0.0.1:$port/metrics"
}

# start [COMMAND...] [-- OPTION...]: the daemon, by way of COMMAND.
start()
{
	local by=()

	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		by+=("$1")
		shift
	done
	[ $# = 0 ] || shift
	spawn daemon "${by[@]}" "$KVMSTALL" export --listen "127.0.0.1:$port" "$@"
	until_true 20 scrape
}

# ---- four ways to have it -----------------------------------------------------------------------

# An hour is a minute, a day four; what is compared with the day before, with 90 s ago.
shorten()
{
	sed -E 's/\[1h\]/[60s]/g; s/\[15m\]/[30s]/g; s/\[5m\]/[20s]/g; s/\[1d\]/[4m]/g
		s/offset 1d/offset 90s/g; s/offset 5m/offset 20s/g; s/^( *interval:) .*/\1 1s/
		s/^( *for:) .*/\1 3s/; s/seconds > 30$/seconds > 3/; s/mean1h < 60/mean1h < 1/
		s/age_seconds > 120/age_seconds > 7/' "$here/contrib/prometheus/$1"
}

# scraping NAME: a configuration that scrapes the daemon; labels that routing needs.
scraping()
{
	cat >"$run/$1.yml" <<-END
		global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
		scrape_configs:
		  - job_name: kvmstall
		    static_configs:
		      - targets: ['127.0.0.1:$port']
		        labels: {instance: host-1, cluster: prime}
		      - targets: ['127.0.0.1:$replay_port']
		        labels: {instance: host-3, cluster: prime}
		  - job_name: node
		    metrics_path: /kvmstall.prom
		    static_configs:
		      - targets: ['127.0.0.1:$files_port']
		        labels: {instance: host-2, cluster: prime}
	END
}

ruling()
{
	echo 'rule_files: [rules.yml, alerts.yml]' >>"$run/$1.yml"
}

port_of()
{
	cat "$run/$1.port"
}

# run_prometheus NAME OPTION...
run_prometheus()
{
	local name=$1

	shift
	[ -s "$run/$name.port" ] || free_port >"$run/$name.port"
	spawn "$name" prometheus --config.file="$run/$name.yml" --log.level=warn \
		--web.listen-address="127.0.0.1:$(port_of "$name")" "$@"
}

stored()
{
	run_prometheus "$1" --storage.tsdb.path="$run/$1.data" --query.lookback-delta=10s "${@:2}"
}

start_native() { stored native --enable-feature=native-histograms; }
start_classic() { stored classic; }
# The receiver is what is asked: it is called after the way, "agent".
start_agent() { stored agent --web.enable-remote-write-receiver --enable-feature=native-histograms; }
start_sender() { run_prometheus sender --enable-feature=agent,native-histograms --storage.agent.path="$run/sender.data"; }
start_fleet() { stored fleet; }

start_all()
{
	shorten rules.yml >"$run/rules.yml"
	shorten alerts.yml >"$run/alerts.yml"
	free_port >"$run/agent.port"
	free_port >"$run/native.port"
	scraping native
	ruling native
	scraping classic
	ruling classic
	scraping sender
	{
		sed -n '/^remote_write:/,$p' "$here/contrib/prometheus/agent.yml" |
			sed "s,https://metrics.example.net,http://127.0.0.1:$(port_of agent),; s/^  - url/  - send_native_histograms: true\n    url/"
	} >>"$run/sender.yml"
	printf '%s\n' 'global: {evaluation_interval: 1s}' 'rule_files: [rules.yml, alerts.yml]' >"$run/agent.yml"
	printf '%s\n' 'global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}' >"$run/fleet.yml"
	sed "s/'host-1:9090', 'host-2:9090'/'127.0.0.1:$(port_of native)'/" "$here/contrib/prometheus/fleet.yml" >>"$run/fleet.yml"
	for name in native classic agent sender fleet; do
		"start_$name"
	done
}

# query MODE EXPRESSION [TIME]: its samples.
query()
{
	curl -sfG -m 20 "http://127.0.0.1:$(port_of "$1")/api/v1/query" --data-urlencode "query=$2" \
		${3:+--data-urlencode "time=$3"} | jq -c '.data.result'
}

# number MODE EXPRESSION [TIME]: of its one sample; else nothing.
number()
{
	query "$@" | jq -r 'if length == 1 then .[0].value[1] else empty end'
}

has_samples()
{
	[ "$(query "$@" | jq length)" -gt 0 ]
}

# ---- alerts -------------------------------------------------------------------------------------

# has_fired MODE ALERT [LABELS]: since $since. LABELS as in a selector, "instance=\"host-1\"".
has_fired()
{
	has_samples "$1" "count_over_time(ALERTS{alertstate=\"firing\",alertname=\"$2\",cluster=\"prime\"${3:+,$3}}[$((SECONDS - since + 1))s])"
}

is_silent()
{
	! has_samples "$1" "ALERTS{alertname=\"$2\"${3:+,$3}}"
}

# everywhere COMMAND ALERT [LABELS]: in each of $where (all ways).
everywhere()
{
	local mode

	for mode in ${where:-$modes}; do
		"$1" "$mode" "${@:2}" || return 1
	done
}

# fire ALERT [LABELS], stop ALERT [LABELS]: it does within some time, in each way; how long is in the table, from
# $since and from $ended, or from now.
fire()
{
	local since=${since:-$SECONDS}

	until_true "${patience:-60}" everywhere has_fired "$@" || fail "$1 does not fire: $(state_of "$@")"
	echo "$1 $((SECONDS - since))" >>"$run/fired"
}

stop()
{
	local since=${ended:-$SECONDS}

	until_true "${patience:-60}" everywhere is_silent "$@" || fail "$1 does not stop: $(state_of "$@")"
	echo "$1 $((SECONDS - since))" >>"$run/stopped"
	note "$1 fired after $(seconds fired "$1") s, stopped after $(seconds stopped "$1") s"
}

seconds()
{
	awk -v name="$2" '$1 == name { last = $2 } END { print last }' "$run/$1"
}

state_of()
{
	local mode

	for mode in $modes; do
		echo "$mode: $(query "$mode" "ALERTS{alertname=\"$1\"}")"
	done
}

# none_fired SECONDS: in the last ones, in any way. What others do on this host counts as load, too.
none_fired()
{
	local mode fired

	for mode in $modes; do
		fired=$(query "$mode" "count by (alertname) (count_over_time(ALERTS{alertstate=\"firing\",instance=\"host-1\"}[$1s]))" |
			jq -r '.[].metric.alertname' | paste -sd' ')
		[ -z "$fired" ] || fail "$mode: $fired fired" || return
	done
}

# ---- what every expression says ------------------------------------------------------------------

list_rules()
{
	sed -nE 's/.*- record: (.*)/\1/p' "$here/contrib/prometheus/rules.yml"
}

# Title, tab, query.
list_panels()
{
	jq -r '.panels[] | .title as $title | .targets[]? | [$title, .expr] | @tsv' "$here/contrib/grafana/kvmstall.json" |
		sed 's/\\"/"/g; s/\$instance/.*/g'
}

# observe: ask every rule and panel in every way for the half minute until now, however long it takes, and keep what
# was seen: "MODE<tab>EXPRESSION" in the files seen, nan, unlabelled.
observe()
{
	local mode expr now

	# A time in whole seconds, after what is known by now.
	now=$(($(date +%s) + 1))
	sleep 1

	for mode in $modes; do
		while IFS= read -r expr; do
			query "$mode" "last_over_time(($expr)[30s:1s])" "$now" >"$run/result" || { printf '%s\t%s\n' "$mode" "$expr" >>"$run/failed"; continue; }
			[ "$(cat "$run/result")" != '[]' ] || continue
			printf '%s\t%s\n' "$mode" "$expr" >>"$run/seen"
			! jq -e 'any(.[]; .value[1] == "NaN")' "$run/result" >/dev/null || printf '%s\t%s\n' "$mode" "$expr" >>"$run/nan"
			[[ "$expr" == kvmstall:* ]] || continue
			! jq -e 'any(.[]; .metric.cluster != "prime" or .metric.instance == null or .metric.job == null)' \
				"$run/result" >/dev/null || printf '%s\t%s\n' "$mode" "$expr" >>"$run/unlabelled"
		done < <(list_rules; list_panels | cut -f2)
	done
}

# Backends that see no callbacks have nothing to say of them; a VM's kernel may (deferral).
wants_callbacks()
{
	[[ "$1" != *deferral_net_loss* ]] || [ -e "$run/callbacks" ]
}

# ---- loads --------------------------------------------------------------------------------------

# normal SECONDS: VMs of three VMMs that come, live and go.
normal()
{
	local end=$((SECONDS + $1)) profile

	while [ "$SECONDS" -lt "$end" ]; do
		for profile in firecracker qemu crosvm; do
			"$KVMSTALL" repro --profile "$profile" --rounds 3 --life 700ms >/dev/null || true
			"$KVMSTALL" repro --profile minimal --rounds 2 >/dev/null || true
		done
	done
}

# slow SECONDS: a reader of kvm->srcu in each set-up.
slow()
{
	local end=$((SECONDS + $1))

	while [ "$SECONDS" -lt "$end" ]; do
		"$KVMSTALL" repro --profile minimal --inject reader --hold 307ms --rounds 5 >/dev/null || true
	done
}

# held SECONDS: a reader of plain RCU, while calls wait for a grace period.
held()
{
	local end=$((SECONDS + $1))

	while [ "$SECONDS" -lt "$end" ]; do
		"$KVMSTALL" repro --profile minimal --inject rcu-holdout --hold 307ms --rounds 5 >/dev/null || true
	done
}

# ---- beside a trace -------------------------------------------------------------------------------

value()
{
	awk -v name="$1" '$1 == name { print $2 }' "$2"
}

# Nothing happens: no record comes for a moment. The scrape is in the file $1.
is_quiet()
{
	scrape >"$1.before"
	sleep 0.5
	scrape >"$1"
	[ "$(value kvmstall_events_total "$1.before")" = "$(value kvmstall_events_total "$1")" ]
}

# mark NAME: a quiet moment, where others let it be; when that is, is in NAME.wall (s). What the trace's clock
# is less than that, in "ahead".
mark()
{
	until_true 3 is_quiet "$1" || true
	awk -v wall="$(date +%s.%N)" '{ printf "%.3f\n", wall - $1 }' /proc/uptime >ahead
	sleep 2
	date +%s.%N >"$1.wall"
}

is_tracing()
{
	grep -q poll "/proc/$1/wchan" && sleep 0.2
}

# beside COMMAND...: it runs between two marks, beside a trace.
beside()
{
	local tracer

	"$KVMSTALL" trace --json --all >traced.json 2>trace.err &
	tracer=$!
	until_true 20 is_tracing "$tracer"
	mark first
	"$@"
	mark last
	kill -INT "$tracer"
	wait "$tracer"
}

# scraped_at MODE MARK: when the scrape was whose values count at that mark, as the trace's clock has it (ns).
scraped_at()
{
	awk -v at="$(number "$1" 'timestamp(kvmstall_attached{instance="host-1"})' "$(cat "$2.wall")")" -v ahead="$(cat ahead)" \
		'BEGIN { printf "%.0f\n", (at - ahead) * 1e9 }'
}

# traced MODE: what the trace saw between the two scrapes, calls that nobody waited in apart.
traced()
{
	ndjson -sc --argjson from "$(scraped_at "$1" first)" --argjson to "$(scraped_at "$1" last)" 'include "ndjson";
		def s: map(.stall_ns / 1e9);
		[.[] | select(is_call) | select(.ts_ns + .latency_ns > $from and .ts_ns + .latency_ns <= $to)]
		| [.[] | select(.call == "irqfd_shutdown")] as $unwaited | [.[] | select(.call != "irqfd_shutdown")]
		| {seconds: (s | add // 0), one: (s | max // 0), stalls: map(select(.latency_ns >= 1e6)) | length,
			ioctls: map(select(.call | test("^KVM_") and . != "KVM_RUN")) | length,
			unwaited: ($unwaited | s | add // 0), unwaited_cnt: ($unwaited | length)}' traced.json >traced
	jq -s --argjson from "$(scraped_at "$1" first)" --argjson to "$(scraped_at "$1" last)" \
		'[.[] | select(.type == "vm" and .event == "gone" and .ts_ns > $from and .ts_ns <= $to)] | length' traced.json >gone
}

# grown MODE EXPRESSION: by how much since the first mark.
grown()
{
	jq -n --argjson a "$(query "$1" "$2" "$(cat first.wall)")" --argjson b "$(query "$1" "$2" "$(cat last.wall)")" -c '
		def values: map({key: (.metric | tojson), value: (.value[1] | tonumber)}) | from_entries;
		($a | values) as $before | $b | map((.value[1] | tonumber) - ($before[.metric | tojson] // 0)) | add // 0'
}

# agrees WHAT NUMBER TRACED ONE: within 1 %, or one event.
agrees()
{
	awk -v a="$2" -v b="$3" -v one="$4" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(d <= 0.01 * b || d <= one) }' ||
		fail "$1: $2, traced $3"
}

# compare LOAD: what each Prometheus has and what the trace saw.
compare()
{
	local mode seconds stalls total one

	for mode in native classic agent; do
		traced "$mode"
		total=$(jq .seconds traced) one=$(jq .one traced)
		seconds=$(grown "$mode" 'kvmstall_stall_seconds_total{instance="host-1"}')
		stalls=$(grown "$mode" 'kvmstall_stalls_total{instance="host-1"}')
		echo "$1 $mode $seconds $total $stalls $(jq .stalls traced)" >>"$run/figures"
		note "$1, $mode: $seconds s, $stalls stalls; traced: $total s, $(jq .stalls traced) stalls"
		agrees "$mode, seconds" "$seconds" "$total" "$one"
		agrees "$mode, stalls" "$stalls" "$(jq .stalls traced)" 1
		agrees "$mode, by phase" "$(grown "$mode" 'kvmstall_phase_stall_seconds_total{instance="host-1"}')" "$total" "$one"
		agrees "$mode, RCU's parts" "$(grown "$mode" 'kvmstall_rcu_stall_seconds_total{instance="host-1"}')" \
			"$(grown "$mode" 'kvmstall_stall_seconds_total{instance="host-1",cause="rcu"}')" 1e-6
	done
}

# ---- tests ----------------------------------------------------------------------------------------

test_up()
{
	local mode

	for mode in $modes; do
		until_true 30 has_samples "$mode" 'kvmstall:attached{instance="host-1",cluster="prime"} == 1' ||
			fail "$mode: $(tail -n 3 "$run/$mode.log")"
	done
}

test_quiet()
{
	sleep 67
	none_fired 60
}

test_busy()
{
	normal 71
	observe
	none_fired 60 || too_busy "a normal load raised an alert"
}

test_figures()
{
	repeat 3 figures
}

figures()
{
	beside workload
	compare load
	# What the fleet's server has is what the host's has.
	sleep 2
	for what in 'sum(kvmstall:stall_seconds:rate5m)' 'sum(kvmstall:setup_stall_seconds:p50_1h)' 'sum(kvmstall:setups:rate1h)'; do
		agrees "fleet, $what" "$(number fleet "$what" "$(cat last.wall)")" "$(number native "$what" "$(cat last.wall)")" 0.0001
	done
	# All calls are counted, also those that nobody has a record of: trace --all has asked for them.
	traced native
	agrees "calls" "$(grown native 'kvmstall_calls_total{instance="host-1",file=~"kvm|vm|device"}')" "$(jq .ioctls traced)" 3
	# Each VM that was born and ended has one set-up.
	agrees "set-ups" "$(grown native 'kvmstall_setups_total{instance="host-1"}')" "$(cat gone)" 1
}

workload()
{
	"$KVMSTALL" repro --profile qemu --vms 3 --rounds 11 >/dev/null
	"$KVMSTALL" repro --profile minimal --inject reader --hold 31ms --rounds 5 >/dev/null
	"$KVMSTALL" repro --profile firecracker --rounds 13 >/dev/null
	"$KVMSTALL" repro --scenario fdtable --rounds 7 >/dev/null
}

# 101 VMs with 9 irqfds each end at once. What kworkers do then is nobody's stall: M6.
test_mass_kill()
{
	repeat 3 mass_kill
}

mass_kill()
{
	beside "$run/vmms" kill 101 9
	compare kill
	note "irqfd_shutdown, not counted: $(jq -r '"\(.unwaited_cnt) times, \(.unwaited) s"' traced)"
	jq -e '.unwaited_cnt > 0' traced || fail "no irqfd was shut down"
	# The host-wide domain that their ends waited on is no VM's own (M19).
	until_true 10 everywhere has_samples 'last_over_time(kvmstall:gp_duration_seconds:p50_5m{domain="mmu_notifier"}[1m])'
	observe
}

# One call waits for long: its VM is named, also where there are others that stalled more (M8).
test_stuck()
{
	"$KVMSTALL" repro --profile minimal --inject reader --hold 10s --rounds 3 >/dev/null &
	patience=20 fire KvmCallStuck "vm=\"kvmstall[$!]\""
	date +%s >"$run/stuck"
	observe
	wait $!
	stop KvmCallStuck
}

# The same daemon on "another kernel" (the name of this one in personality UNAME26), whose VMs stall longer
# when they are set up.
test_starts()
{
	local load since ended

	normal 61
	end daemon
	start setarch "$(uname -m)" --uname-2.6
	since=$SECONDS
	slow 600 &
	load=$!
	patience=80 fire KvmSetupStalls 'instance="host-1"'
	patience=80 fire KvmKernelRegression 'instance="host-1"'
	observe
	kill "$load" || true
	ended=$SECONDS
	patience=120 stop KvmSetupStalls
	patience=120 stop KvmKernelRegression
	end daemon
	start
}

test_running_vms()
{
	"$run/vmms" live 5 120 &
	patience=60 fire KvmRunningVmsStall
	observe
	kill $! || true
	patience=80 stop KvmRunningVmsStall
}

# The calls that wait for RCU, and not those for SRCU, and the part is the one that was made. When nothing is held any
# more, the same calls raise nothing.
test_rcu()
{
	local load ended mode

	held 600 &
	load=$!
	patience=60 fire KvmRcuIsHeldUp 'instance="host-1",part="holdout"'
	observe
	kill "$load" || true
	ended=$SECONDS
	"$KVMSTALL" repro --scenario fdtable --rounds 31 >/dev/null
	patience=80 stop KvmRcuIsHeldUp
	for mode in $modes; do
		has_samples "$mode" 'last_over_time(kvmstall:rcu_stall_jiffies:mean5m{instance="host-1",part="holdout"}[60s])' || fail "$mode: nothing of it"
	done
}

# vm_scrapes: a daemon in a VM whose kernel defers, and lets call_srcu() be seen: guest.sh.
vm_scrapes()
{
	local status=0

	[ -x "$STATIC_EXPORT" ] || skip "no static program with export: deferral_net_loss and KvmDeferralNetLoss are not checked"
	OUT=$run/vm KVMSTALL=$STATIC_EXPORT KVMSTALL_VM_TIMEOUT=600 "$here/tests/vm/run.sh" "${SERIES:-6.18}" \
		"$here/tests/monitoring/guest.sh" 2>errors || status=$?
	cat errors
	[ "$status" != 77 ] || skip "$(tail -n 1 errors)"
	[ "$status" = 0 ] || fail "the VM ended with status $status"
	note "Linux $(cat "$run/vm/release"), $(vm_backend)"
}

vm_backend()
{
	sed -nE 's/.*exporting by ([a-z]*).*/\1/p' "$run/vm/daemon"
}

# What host-3 has of a daemon of another kernel, at the pace at which it said it.
test_deferral()
{
	local since ended mode lost

	vm_scrapes
	spawn replay python3 "$here/tests/monitoring/replay.py" "$replay_port" "$run/vm/scrapes"
	trap 'end replay' EXIT
	since=$SECONDS
	fire KvmDeferralNetLoss 'instance="host-3",function="kvm_io_bus_register_dev"'
	ended=$((since + 30))
	: >"$run/callbacks"
	observe
	patience=120 stop KvmDeferralNetLoss
	# The counters, beside the recording of the same load.
	"$KVMSTALL" report --by deferral --format json "$run/vm/capture" >groups
	jq -s 'map(select(.by == "deferral"))
		| {lost: (map(.lost_ns) | add / 1e9), one: (map(.lost_ns) | max / 1e9), callbacks: map(.callbacks) | add}' groups >report
	for mode in native classic agent; do
		lost=$(number "$mode" 'kvmstall_outstanding_gp_seconds_total{instance="host-3",function="kvm_io_bus_register_dev"}')
		agrees "$mode, lost" "$lost" "$(jq .lost report)" "$(jq .one report)"
		[ "$(number "$mode" 'kvmstall_deferred_callbacks_total{instance="host-3",function="kvm_io_bus_register_dev"}')" = \
			"$(jq .callbacks report)" ] || fail "$mode: other callbacks than in the report's $(jq .callbacks report)"
	done
	note "lost: $lost s, $(jq .callbacks report) callbacks; report --by deferral: $(jq .lost report) s"
}

test_loses()
{
	local since ended

	end daemon
	start -- --ring 4K
	until_true 10 everywhere has_samples 'kvmstall:events_lost:increase15m{instance="host-1"}'
	kill -STOP "$(cat "$run/daemon.pid")"
	workload
	since=$SECONDS
	kill -CONT "$(cat "$run/daemon.pid")"
	fire KvmstallLosesEvents
	ended=$SECONDS
	observe
	end daemon
	start
	patience=80 stop KvmstallLosesEvents
}

test_no_kvm()
{
	end daemon
	start env KVMSTALL_KVM_DEVICE="$run/kvm"
	fire KvmIsAbsent
	# What is not known is not 0.
	! scrape | grep '^kvmstall_kernel_info' || fail "a kernel that is not watched"
	touch "$run/kvm"
	stop KvmIsAbsent
	rm "$run/kvm"
}

test_gone()
{
	end daemon
	fire KvmstallIsNotThere 'instance="host-1"'
	start
	stop KvmstallIsNotThere 'instance="host-1"'
}

# With its own Prometheus, or its agent.
test_host_gone()
{
	local where='agent fleet'

	end native KILL
	end sender KILL
	fire KvmstallIsNotThere 'instance="host-1"'
	start_native
	start_sender
	stop KvmstallIsNotThere 'instance="host-1"'
	where=native until_true 20 everywhere has_samples 'kvmstall:attached{instance="host-1"}'
}

start_writer()
{
	spawn writer "$KVMSTALL" export --textfile "$run/files" --interval 1s
	until_true 20 test -s "$run/files/kvmstall.prom"
}

# A daemon that was killed leaves its file, which says that it is attached for ever (M9).
test_textfile()
{
	start_writer
	until_true 20 everywhere has_samples 'kvmstall:textfile_age_seconds{instance="host-2"} < 7' || too_busy "no file was scraped"
	observe
	end writer KILL
	fire KvmstallTextfileIsStale 'instance="host-2"'
	start_writer
	stop KvmstallTextfileIsStale 'instance="host-2"'
	end writer
	[ ! -e "$run/files/kvmstall.prom" ] || fail "it left its file"
	fire KvmstallIsNotThere 'instance="host-2"'
}

# It ends again and again, as one that the service manager has to start anew.
test_degraded()
{
	local since=$SECONDS ended i

	for ((i = 0; i < 13; i++)); do
		end daemon
		start
		sleep 2
		! everywhere has_fired KvmstallIsDegraded 'why="restarts",instance="host-1"' || break
	done
	ended=$SECONDS
	fire KvmstallIsDegraded 'why="restarts",instance="host-1"'
	observe
	patience=90 stop KvmstallIsDegraded 'why="restarts",instance="host-1"'
}

# ---- Kubernetes -----------------------------------------------------------------------------------

# The examples are Kubernetes' and the operator's own types: nothing in them that these do not know.
test_kubernetes_types()
{
	command -v go >/dev/null || skip "no go: contrib/kubernetes is not compared with Kubernetes' types"
	cd "$here/tests/monitoring/kubernetes"
	timeout 300 go mod download || skip "Kubernetes' types cannot be had"
	go build -o "$run/kubernetes-types" .
	"$run/kubernetes-types" "$here"/contrib/kubernetes/*.yaml
	# It can fail.
	sed 's/scrapeTimeout/scrapeTimout/' "$here/contrib/kubernetes/podmonitor.yaml" >"$run/wrong.yaml"
	! "$run/kubernetes-types" "$here/contrib/kubernetes/daemonset.yaml" "$run/wrong.yaml" || fail "a field that nobody knows"
}

# What discovery says of the daemon's pod; not every Prometheus is built with discovery.
discovered()
{
	cat <<-END
		    static_configs:
		      - targets: ['127.0.0.1:$port']
		        labels:
		          __meta_kubernetes_namespace: monitoring
		          __meta_kubernetes_pod_name: kvmstall-7k2fq
		          __meta_kubernetes_pod_node_name: node-1
		          __meta_kubernetes_pod_container_name: kvmstall
		          __meta_kubernetes_pod_container_port_name: metrics
		          __meta_kubernetes_pod_label_app_kubernetes_io_name: kvmstall
	END
}

# The shipped configuration, with that in the place of discovery.
plain_job()
{
	sed -n '/^scrape_configs:/,$p' "$here/contrib/prometheus/kubernetes.yml" | awk -v discovered="$(discovered)" '
		/^    kubernetes_sd_configs:/ { print discovered; skip = 1; next }
		skip && /^     / { next }
		{ skip = 0; print }'
}

# As the operator makes it of the PodMonitor: its own labels first.
operator_job()
{
	echo '  - job_name: podMonitor/monitoring/kvmstall/0'
	discovered
	cat <<-'END'
		    relabel_configs:
		      - {source_labels: [__meta_kubernetes_namespace], target_label: namespace}
		      - {source_labels: [__meta_kubernetes_pod_container_name], target_label: container}
		      - {source_labels: [__meta_kubernetes_pod_name], target_label: pod}
		      - {target_label: job, replacement: monitoring/kvmstall}
		      - {target_label: endpoint, replacement: metrics}
	END
	sed -n '/relabelings:/,$p' "$here/contrib/kubernetes/podmonitor.yaml" |
		sed '1d; s/sourceLabels/source_labels/; s/targetLabel/target_label/; s/^  //'
}

pod_uid=3f2a1b4c-5d6e-7f80-9a1b-2c3d4e5f6071
container_id=$(printf '0123456789abcdef%.0s' 1 2 3 4)
scope=/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${pod_uid//-/_}.slice/cri-containerd-$container_id.scope

cgroups()
{
	awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts
}

vm=
# A VM in a pod's cgroup, as containerd makes it with systemd's driver; its pid in $vm.
vm_in_pod()
{
	local dir

	dir=$(cgroups)
	[ -n "$dir" ] || skip "no cgroup2 here"
	mkdir -p "$dir$scope" || skip "no cgroup can be made here"
	sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$dir$scope" \
		"$KVMSTALL" repro --profile qemu --life 60s >/dev/null &
	vm=$!
}

remove_cgroup()
{
	local top dir

	top=$(cgroups) dir=$top$scope
	kill "$vm" 2>/dev/null || true
	wait "$vm" || true
	while [ "$dir" != "$top" ]; do
		rmdir "$dir" 2>/dev/null || true
		dir=${dir%/*}
	done
}

test_kubernetes()
{
	local query

	{
		printf '%s\n' 'global: {scrape_interval: 1s, evaluation_interval: 1s}' 'rule_files: [rules.yml, alerts.yml]'
		plain_job | sed 's/scrape_timeout: .*/scrape_timeout: 1s/'
		operator_job
		printf '%s\n' '  - job_name: cluster' '    metrics_path: /cluster.prom' '    static_configs:' \
			"      - targets: ['127.0.0.1:$files_port']"
	} >"$run/kubernetes.yml"
	promtool check config "$run/kubernetes.yml" || fail "$(cat "$run/kubernetes.yml")"
	[ "$(grep -c '^  - job_name' "$run/kubernetes.yml")" = 3 ]
	cat >"$run/files/cluster.prom" <<-END
		kube_pod_info{uid="$pod_uid",namespace="shop",pod="cart-0",node="node-1"} 1
		container_cpu_usage_seconds_total{id="$scope",namespace="shop",pod="cart-0"} 23
	END
	stored kubernetes
	trap 'remove_cgroup; end kubernetes' EXIT
	vm_in_pod
	until_true 20 has_samples kubernetes 'kvmstall:vms{instance="node-1",job="kvmstall"}' || fail "$(query kubernetes up)"
	until_true 20 has_samples kubernetes 'kvmstall:vms{instance="node-1",job="monitoring/kvmstall",namespace="monitoring"}'
	# No label of ours is taken by the daemon's pod, and none of that pod's is left.
	! has_samples kubernetes '{__name__=~"kvmstall.*",exported_pod!=""}' || fail "a label was taken"
	! has_samples kubernetes '{__name__=~"kvmstall.*",pod!=""}' || fail "the daemon's pod"
	# With the pod's name, as kvmstall-metrics(7) has it, and with cAdvisor's id.
	query='kvmstall:vm_stall_seconds:increase5m{job="kvmstall"} * on (pod_uid) group_left (namespace, pod)
		label_replace(kube_pod_info, "pod_uid", "$1", "uid", "(.*)")'
	until_true 20 has_samples kubernetes "$query" || fail "$(query kubernetes kvmstall_vm_info)"
	query kubernetes "$query" | jq -e '.[0].metric | .pod == "cart-0" and .namespace == "shop"'
	has_samples kubernetes 'kvmstall:vm_stall_seconds:increase5m{job="kvmstall"} * on (container_id) group_left (id)
		label_replace(container_cpu_usage_seconds_total, "container_id", "$1", "id", ".*([0-9a-f]{64}).*")'
	# The whole path is cAdvisor's id (M11).
	has_samples kubernetes 'kvmstall:vm_stall_seconds:increase5m{job="kvmstall"} * on (cgroup) group_left ()
		label_replace(container_cpu_usage_seconds_total, "cgroup", "$1", "id", "(.*)")'
}

# ---- what was seen in all ---------------------------------------------------------------------------

# verdict MODE EXPRESSION
verdict()
{
	local line=$1$'\t'$2

	if ! wants_callbacks "$2"; then
		echo 'no callbacks'
	elif grep -qxF "$line" "$run/nan" 2>/dev/null; then
		echo NaN
	elif grep -qxF "$line" "$run/unlabelled" 2>/dev/null; then
		echo 'labels lost'
	elif grep -qxF "$line" "$run/failed" 2>/dev/null; then
		echo failed
	elif grep -qxF "$line" "$run/seen"; then
		echo right
	else
		echo empty
	fi
}

# row NAME EXPRESSION: of the table; what is not right goes to "wrong".
row()
{
	local mode is cells=

	for mode in $modes; do
		is=$(verdict "$mode" "$2")
		cells="$cells | $is"
		case $is in right | 'no callbacks') ;; *) echo "$mode: $is: $1" >>wrong ;; esac
	done
	echo "| $1$cells |"
}

head_of()
{
	echo
	echo "| $1 | ${modes// / | } |"
	echo '|---|---|---|---|---|'
}

test_rules()
{
	local name

	: >wrong
	{
		head_of rule
		while read -r name; do
			# It needs ten hosts; tests.yml has them.
			[[ $name != *mean6h ]] || { echo "| \`$name\` | needs ten hosts: make check-fleet | | | |"; continue; }
			row "\`$name\`" "$name"
		done < <(list_rules)
	} >"$run/table.rules"
	[ ! -s wrong ] || fail "$(cat wrong)"
}

test_panels()
{
	local title expr

	: >wrong
	{
		head_of panel
		while IFS=$'\t' read -r title expr; do
			row "$title" "$expr"
		done < <(list_panels)
	} >"$run/table.panels"
	[ ! -s wrong ] || fail "$(cat wrong)"
}

# Each that is shipped has fired in all ways and stopped.
test_alerts()
{
	local name

	: >wrong
	{
		printf '\n| alert | fired after (s) | stopped after (s) |\n|---|--:|--:|\n'
		while read -r name; do
			if [ "$name" = KvmDeferralNetLoss ] && [ ! -e "$run/callbacks" ]; then
				echo "| $name | no callbacks | |"
				continue
			fi
			if [ "$name" = KvmRolloutIsWorse ]; then
				echo "| $name | needs ten hosts: make check-fleet | |"
				continue
			fi
			grep -q "^$name " "$run/fired" || echo "$name has not fired" >>wrong
			grep -q "^$name " "$run/stopped" || echo "$name has not stopped" >>wrong
			echo "| $name | $(seconds fired "$name") | $(seconds stopped "$name") |"
		done < <(sed -nE 's/.*- alert: (.*)/\1/p' "$here/contrib/prometheus/alerts.yml")
	} >"$run/table.alerts"
	[ ! -s wrong ] || fail "$(cat wrong)"
}

said_of_deferrals()
{
	if [ -e "$run/callbacks" ]; then
		echo "that is of a daemon in a VM, Linux $(cat "$run/vm/release") by $(vm_backend)"
	else
		echo 'here "no callbacks"'
	fi
}

table()
{
	cat <<-END
		# Rules, panels and alerts, as they are shipped

		Seen by \`make check-monitoring\`: $(prometheus_version), kvmstall on Linux $(uname -r), HZ=$("$KVMSTALL" check --json | jq -r .kernel.hz),
		$(nproc) CPUs, backend $("$KVMSTALL" check --json | jq -r .backend), $(date -u +%F). An hour is a minute in the copies that were run. "right": it had data, never
		NaN, with the labels of its target. Fired and stopped: in all four ways, from the start and the end of what the
		alert is about. Where call_srcu() is not seen, nothing can be said of deferrals: $(said_of_deferrals).
	END
	cat "$run/table.alerts" "$run/table.rules" "$run/table.panels"
	printf '\nThe same load beside `trace --json --all`: the counters of each Prometheus.\n\n| load | way | stalled (s) | traced (s) | stalls | traced |\n|---|---|--:|--:|--:|--:|\n'
	awk '{ row[$1 " " $2] = sprintf("| %s | %s | %.3f | %.3f | %d | %d |", $1, $2, $3, $4, $5, $6) }
		END { for (i in row) print row[i] }' "$run/figures" | sort
}

# draw MODE NAME MINUTES [TIME]
draw()
{
	"$here/tests/monitoring/draw.sh" "http://127.0.0.1:$(port_of "$1")" "$DRAW/$2.png" "${@:3}"
}

prometheus_version()
{
	prometheus --version 2>&1 | sed -nE '1s/^prometheus, version ([^ ]*).*/Prometheus \1/p'
}

# ---------------------------------------------------------------------------------------------------

for tool in prometheus promtool jq curl ss python3 setarch; do
	command -v $tool >/dev/null || nothing "no $tool"
done
need_kvm_and_bpf
"$KVMSTALL" export --list >/dev/null 2>&1 || nothing "built without export"
${CC:-cc} -O1 -o "$run/vmms" "$here/tests/monitoring/vmms.c" || nothing "no C compiler"

trap end_all EXIT
mkdir -m 777 "$run/files"
chmod 755 "$work" "$run"
port=$(free_port) files_port=$(free_port) replay_port=$(free_port)
spawn files python3 -m http.server --bind 127.0.0.1 --directory "$run/files" "$files_port"
start
start_all
for name in ${TESTS:-$tests}; do
	run_test "$name"
done
if [ -n "${DRAW-}" ]; then
	for name in $modes; do
		draw "$name" "$name" $((SECONDS / 60 + 1))
		[ ! -s "$run/stuck" ] || draw "$name" "$name-stuck" 3 "$(cat "$run/stuck")"
	done
fi
if [ -z "${TESTS-}" ] && [ -s "$run/table.alerts" ]; then
	table >"$TABLE"
	echo "table: $TABLE"
fi
end_all
finish
