#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fleet.sh - ten hosts and a real Prometheus (make check-fleet): diff --prometheus on two groups of five, and the
# alert of a roll-out. Root, KVM, five minutes.
#
# A host is a daemon in a network namespace, with VMs of its own (repro, under a name of its own, and of this run, which
# --comm leaves alone). All share this machine's kernel and its CPUs, and kvmstall_calls_total is of all VMs of it; so every load
# keeps the same pace. SECONDS of a period: PERIOD (61).
#
# Two orders of the same calls. A busy machine may take the CPU away between a device and the memslot after it, and
# then the timer has fired; so there are five of each, and a VM's start is two orders of magnitude from the other's.
# shellcheck disable=SC2317 # tests are called by name
set -u

if [ "${1-}" != inside ]; then
	exec unshare --net --mount --propagation private "$0" inside
fi

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
export PATH=$PATH:/usr/sbin:/sbin
PERIOD=${PERIOD:-61}
HOSTS=10 # two groups of five
OVERDUE=1201
PAIRS=5
run=$work/run
mkdir "$run"
for tool in prometheus jq curl ip unshare nsenter setarch; do
	command -v "$tool" >/dev/null || nothing "no $tool"
done
need_kvm_and_bpf

# ---- hosts ------------------------------------------------------------------------------------------

# make_network: a bridge, and a namespace for each host behind it; all of it ends with this process.
make_network()
{
	local i

	ip link set lo up
	ip link add bridge type bridge
	ip addr add 10.0.0.254/24 dev bridge
	ip link set bridge up
	for ((i = 0; i < HOSTS; i++)); do
		unshare --net sleep infinity &
		echo $! >"$run/net$i.pid"
		until_true 10 other_network "$i"
		ip link add "port$i" type veth peer name eth0 netns "$(cat "$run/net$i.pid")"
		ip link set "port$i" master bridge up
		within "$i" ip addr add "10.0.0.1$i/24" dev eth0
		within "$i" ip link set eth0 up
		ln -s "$KVMSTALL" "$run/vmm$i-$$"
	done
}

other_network()
{
	! [ "/proc/$(cat "$run/net$1.pid")/ns/net" -ef /proc/self/ns/net ]
}

within()
{
	nsenter --net="/proc/$(cat "$run/net$1.pid")/ns/net" "${@:2}"
}

# start_daemon I [COMMAND...]: host I's, under that command.
start_daemon()
{
	# Not a function: what is killed is to be the daemon, not a shell around it.
	nsenter --net="/proc/$(cat "$run/net$1.pid")/ns/net" "${@:2}" \
		"$KVMSTALL" export --comm "vmm$1-$$" --listen "10.0.0.1$1:9879" 2>"$run/daemon$1.err" &
	echo $! >"$run/daemon$1.pid"
	until_true 60 curl -sf -m 10 -o "$run/scraped" "http://10.0.0.1$1:9879/metrics" || fail "$(cat "$run/daemon$1.err")"
}

stop_daemon()
{
	kill -TERM "$(cat "$run/daemon$1.pid")"
	wait "$(cat "$run/daemon$1.pid")" || true
	rm "$run/daemon$1.pid"
}

# make_orders: a VM without vCPUs, which is left paused; each memslot after a device, or all before them.
make_orders()
{
	local order

	for order in memslots-first devices-first; do
		awk -v cnt="$PAIRS" -v order="$order" '
			function device(i) { print "+0us t0 KVM_IOEVENTFD addr=" 4096 + 16 * i " len=4" }
			function memslot(i) { print "+0us t0 KVM_SET_USER_MEMORY_REGION slot=" i " gpa=" 4194304 * i " size=2097152" }
			BEGIN {
				print "+0us t0 KVM_CREATE_VM"
				for (i = 1; i <= cnt; i++) {
					if (order == "devices-first")
						device(i)
					memslot(i)
				}
				for (i = 1; order == "memslots-first" && i <= cnt; i++)
					device(i)
				print "+53ms t0 close"
			}' >"$run/$order.list"
	done
}

# The order of host I's VMs is what the file order$I says when they start. A VM each 0.7 s, however long it takes: so few
# that they do not wait for a CPU.
load()
{
	local next=${EPOCHREALTIME/./} now

	while [ -s "$run/order$1" ]; do
		nice -n -19 "$run/vmm$1-$$" repro --from "$run/$(cat "$run/order$1").list" >"$run/load$1.out" 2>&1
		echo >>"$run/loads$1"
		now=${EPOCHREALTIME/./}
		while ((next <= now)); do
			next=$((next + 700000))
		done
		sleep "$(((next - now) / 1000000)).$(printf %06d $(((next - now) % 1000000)))"
	done
}

# ---- Prometheus -------------------------------------------------------------------------------------

# Six hours are half a minute, and half an hour three.
start_prometheus()
{
	local i

	for i in rules alerts; do
		sed -E 's/6h/30s/g; s/^( *interval:) .*/\1 1s/; s/^( *for:) .*/\1 3s/' "$here/contrib/prometheus/$i.yml" >"$run/$i.yml"
	done
	{
		echo 'global: {scrape_interval: 3s, scrape_timeout: 3s, evaluation_interval: 1s}'
		echo 'rule_files: [rules.yml, alerts.yml]'
		echo 'scrape_configs:'
		echo '  - job_name: kvmstall'
		echo "    static_configs: [{targets: [$(for ((i = 0; i < HOSTS; i++)); do printf "'10.0.0.1%d:9879'," "$i"; done)]}]"
	} >"$run/prometheus.yml"
	prometheus --config.file="$run/prometheus.yml" --storage.tsdb.path="$run/data" --log.level=warn \
		--web.listen-address=10.0.0.254:9090 --enable-feature=native-histograms >"$run/prometheus.log" 2>&1 &
	echo $! >"$run/prometheus.pid"
	until_true 60 counts 'count(target_info)' "$HOSTS" || fail "$(cat "$run/prometheus.log")"
}

query()
{
	curl -sfG http://10.0.0.254:9090/api/v1/query --data-urlencode "query=$1" | jq -c .data.result
}

# counts QUERY N: that is its value now.
counts()
{
	query "$1" | jq -e --arg n "$2" '.[0].value[1] == $n'
}

# compare BASE NEW OPTION...: what it says is in "said", its exit status in "status".
compare()
{
	local status=0

	"$KVMSTALL" diff --prometheus http://10.0.0.254:9090 --base "$1" --new "$2" --over "${PERIOD}s" "${@:3}" >said 2>&1 || status=$?
	echo "$status" >status
}

# judge COMMAND...: one of three windows must be one in which it can be said (COMMAND says 0); that none was is the machine's
# fault, if it is busy without us.
judge()
{
	local try

	for try in 1 2 3; do
		! "$@" || return 0
		note "window $try, load $(cut -d ' ' -f 1 /proc/loadavg): $(head -c 500 said | tr '\n' ' ')"
		sleep $((PERIOD / 2))
	done
	stop_all
	too_busy "$* in none of three windows: $(cat said)"
}

stop_all()
{
	local i

	for ((i = 0; i < HOSTS; i++)); do
		: >"$run/order$i"
		[ ! -e "$run/daemon$i.pid" ] || stop_daemon "$i"
	done
	for ((i = 0; i < HOSTS; i++)); do
		wait "$(cat "$run/load$i.pid")" || true
	done
}

# ---- tests ------------------------------------------------------------------------------------------

start_all()
{
	local i

	make_network
	make_orders
	for ((i = 0; i < HOSTS; i++)); do
		start_daemon "$i"
		echo devices-first >"$run/order$i"
	done
	start_prometheus
	for ((i = 0; i < HOSTS; i++)); do
		load "$i" &
		echo $! >"$run/load$i.pid"
	done
}

# Each daemon counts its own VMs: no more than its load has started, which all of them together are ten times of.
own_vms()
{
	local i starts

	for ((i = 0; i < HOSTS; i++)); do
		until_true 60 has_loaded "$i"
		starts=$(curl -sf "http://10.0.0.1$i:9879/metrics" | awk '/^kvmstall_vm_starts_total/ { sum += $2 } END { print sum }')
		if [ "$starts" = 0 ] || [ "$starts" -gt $(($(wc -l <"$run/loads$i") + 1)) ]; then
			fail "host $i: $starts starts of VMs, and its load has made $(wc -l <"$run/loads$i")"
		fi
	done
}

has_loaded()
{
	[ "$(wc -l <"$run/loads$1")" -ge 7 ]
}

# halves: twenty of the 126 ways to halve ten hosts, the same each time, as two lists of last digits.
halves()
{
	awk 'BEGIN {
		for (mask = 1; mask < 1024; mask += 2) {
			base = new = ""
			for (i = 0; i < 10; i++)
				if (int(mask / 2 ^ i) % 2) base = base i; else new = new i
			if (length(base) == 5)
				all[++cnt] = base " " new
		}
		for (i = 0; i < 20; i++)
			print all[1 + (i * 31 + 7) % cnt]
	}'
}

# One period, in which all hosts do the same, and twenty ways to halve them: 0 each time.
same()
{
	until_true $((PERIOD * 3)) counts "count(kvmstall_vm_starts_total{kind='paused'} offset $((PERIOD + 1))s)" "$HOSTS"
	judge halves_are_same
	note "A/A: 0 in $(wc -l <halves.same) of 20 halves of one period of $PERIOD s, load $(cut -d ' ' -f 1 /proc/loadavg)"
}

# Status 1 or 2 fails at once, in whatever window; 3 says that nothing can be said in this one.
halves_are_same()
{
	local base new

	: >halves.same
	date +%H:%M:%S >until
	until_true 60 has_passed || exit 1
	while read -r base new; do
		compare "instance=~\"10.0.0.1[$base]:9879\"" "instance=~\"10.0.0.1[$new]:9879\"" --until "$(cat until)" -f json
		[ "$(cat status)" != 3 ] || return 1
		{ [ "$(cat status)" = 0 ] && jq -e '.histograms == "native" and .base.hosts == 5 and .new.hosts == 5' said >/dev/null; } ||
			{ fail "exit status $(cat status)" "$(cat said)" || exit 1; }
		jq -c '[.rows[0] | .base.median_ns, .new.median_ns, .diff_ns, .ci_low_ns, .ci_high_ns, .p]' said >>halves.same
	done < <(halves)
	[ "$(wc -l <halves.same)" = 20 ]
}

# All hosts have been scraped since the time in "until".
has_passed()
{
	counts "count(timestamp(target_info) > $(date -d "$(cat until)" +%s))" "$HOSTS"
}

# Five hosts get "another kernel" (the name of this one in personality UNAME26), and the others' VMs get their memory
# before their devices. All hosts had the same order so far, the one whose calls stall: of what is next to nothing, on a
# busy machine, it cannot be said whether it is the same.
roll_out()
{
	local i

	for ((i = 0; i < 5; i++)); do
		echo memslots-first >"$run/order$i"
	done
	for ((i = 5; i < HOSTS; i++)); do
		stop_daemon "$i"
		start_daemon "$i" setarch "$(uname -m)" --uname-2.6
	done
	until_true 60 counts 'count(target_info{kernel=~"2[.]6.*"})' 5
	until_true $((PERIOD * 3)) counts "count(target_info{kernel=~\"2[.]6.*\"} offset $((PERIOD + 1))s)" 5
}

worse()
{
	judge is_worse
	judge is_better
	"$KVMSTALL" diff --prometheus "$run/answers" >said || [ $? = 1 ]
	note "$(sed -n '/stalled a VM start/,/p = /p' said | sed 's/^  *//' | paste -sd';'), load $(cut -d ' ' -f 1 /proc/loadavg)"
}

is_worse()
{
	compare "kernel=\"$(uname -r)\"" 'kernel=~"2[.]6.*"' -f json --save "$run/answers"
	[ "$(cat status)" = 1 ] && jq -e '.verdict == "worse" and .moved.cause == "gp-timer" and .rows[0].ci_low_ns > 1000000
		and .base.hosts == 5 and .new.hosts == 5' said
}

is_better()
{
	compare 'kernel=~"2[.]6.*"' "kernel=\"$(uname -r)\"" -f json
	[ "$(cat status)" = 0 ] && jq -e '.verdict == "better"' said
}

# The alert is on the same rule, and waits for half a minute of data and for 3 s.
alert()
{
	until_true 60 is_firing || fail "$(query ALERTS)" "$(query kvmstall:start_stall_seconds:mean30s)"
	note "KvmRolloutIsWorse fires for $(query 'ALERTS{alertname="KvmRolloutIsWorse",alertstate="firing"}' | jq -r '.[].metric.kernel')"
}

is_firing()
{
	query 'ALERTS{alertname="KvmRolloutIsWorse",alertstate="firing"}' | jq -e 'length == 1 and (.[0].metric.kernel | startswith("2.6"))'
}

# The first of NEW that stops is left out by name, and one of five still leaves too few; then all of them have.
stopped()
{
	local i

	stop_daemon 5
	until_true 60 first_has_stopped || fail "$(cat said)"
	for ((i = 6; i < HOSTS; i++)); do
		stop_daemon "$i"
	done
	until_true 60 all_have_stopped || fail "$(cat said)"
	note "$(grep '^note: NEW' said)"
}

# A scrape of another may fail on a busy machine: then it has no series until the next one.
first_has_stopped()
{
	compare "kernel=\"$(uname -r)\"" 'kernel=~"2[.]6.*"'
	[ "$(cat status)" = 3 ] && grep -q 'NEW  10.0.0.15:9879 has no series at the end: stopped' said &&
		grep -q '^note: too few hosts: 4 of NEW count' said
}

all_have_stopped()
{
	compare "kernel=\"$(uname -r)\"" 'kernel=~"2[.]6.*"'
	[ "$(cat status)" = 3 ] && grep -q '^note: NEW has stopped: none of its 5 hosts has series at the end' said
}

# One test: what it has started ends with it.
test_fleet()
{
	start_all
	own_vms
	same
	roll_out
	worse
	alert
	stopped
}

run_test fleet
finish
