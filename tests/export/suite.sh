#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kvmstall export on this kernel, as root, with a real Prometheus where there is one. Everything
# listens on loopback, on ports that the kernel chose; all that is started is stopped by its pid.
#
# KVMSTALL is the program; TESTS='NAME...' runs only these; CYCLES (11) starts and stops, STORM
# (10007) bad requests, CHURN (23) seconds of VMs that come and go.
# shellcheck disable=SC2317 # tests are called by name
set -u

# shellcheck source=tests/lib/suite.sh
. "$(dirname "$0")/../lib/suite.sh"
KVMSTALL=$(readlink -f "${KVMSTALL:-$here/build/kvmstall}")
export PATH=$PATH:/usr/sbin:/sbin
# A system call that is not on the list ends the daemon, and so the test.
export KVMSTALL_SECCOMP=kill
cd "$work" || exit 1

tests='metrics-are-clean deferred deferred-unseen formats privileges in-flight names two-scrapers limit textfile textfile-again prometheus native exemplars loses storm
	fleet-http
	unix-socket activation notify systemd waits-for-kvm usage churn cycles killed'

# ---- what tests are made of -----------------------------------------------------------------------

# A port that nobody listens on, a moment ago; below those that the kernel gives to clients.
free_port()
{
	local port

	for ((port = 20011 + RANDOM % 12000; ; port++)); do
		ss -Hltn "sport = :$port" | grep -q . || break
	done
	echo "$port"
}

# start OPTION...: a daemon at $port; its pid in $daemon. Another run of this suite may take the same port.
start()
{
	local try

	for try in 1 2 3 4 5; do
		port=$(free_port)
		"$KVMSTALL" export --listen "127.0.0.1:$port" "$@" 2>daemon.err &
		daemon=$!
		until_true 10 answers_or_ended
		! is_ended || ! grep -q 'Address already in use' daemon.err || continue
		break
	done
	scrape >/dev/null || fail "$(cat daemon.err)"
}

is_ended()
{
	! kill -0 "$daemon" 2>/dev/null
}

answers_or_ended()
{
	is_ended || scrape
}

stop()
{
	kill -TERM "$daemon"
	wait "$daemon" || fail "exit status $?" "$(cat daemon.err)"
}

scrape()
{
	curl -sf -m 30 "$@" "http://127.0.0.1:$port/metrics"
}

# metric NAME{LABELS}: its value in the file "scraped".
metric()
{
	awk -v name="$1" 'index($0, name " ") == 1 { print $2; found = 1 } END { exit !found }' scraped
}

# sum NAME LABEL: over all of a metric's series with that label, in the file "scraped".
sum()
{
	awk -v name="$1{" -v label="$2" 'index($0, name) == 1 && index($0, label) { sum += $NF }
		END { printf "%.9f\n", sum }' scraped
}

repro()
{
	"$KVMSTALL" repro "$@" >repro.out
}

rss_kb()
{
	awk '/^VmRSS/ { print $2 }' "/proc/$daemon/status"
}

# What the domains remember, as the last scrape has it: 8 MiB at most.
history_kb()
{
	local bytes

	bytes=$(metric kvmstall_history_bytes)
	[ "$bytes" -le $((8 << 20)) ]
	echo $((bytes >> 10))
}

fds()
{
	find "/proc/$daemon/fd" -mindepth 1 | wc -l
}

wants()
{
	command -v "$1" >/dev/null || skip "no $1"
}

# ---- what is served -------------------------------------------------------------------------------

test_metrics_are_clean()
{
	wants promtool
	start
	repro --profile qemu --rounds 3
	scrape >scraped
	stop
	promtool check metrics <scraped
	"$KVMSTALL" export --once --duration 100ms | promtool check metrics
	# All that the table has, but for what has had no event, and the other way round.
	"$KVMSTALL" export --list | cut -f1 | sort >listed
	sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' scraped | sort >there
	[ -z "$(comm -13 listed there)" ] || fail "not in the table" "$(comm -13 listed there)"
	[ "$(wc -l <there)" -ge 20 ]
	[ -z "$(grep -v '^#' scraped | sed 's/ [^ ]*$//' | sort | uniq -d)" ] || fail "a series twice"
}

wants_deferral()
{
	[ "$("$KVMSTALL" check --json | jq -r .register_dev)" = defers ] ||
		skip "kvm_io_bus_register_dev() waits on this kernel"
}

# What registering devices defers has that function's name: the rule that weighs it against the stalls
# after it joins the two by it.
test_deferred()
{
	wants_deferral
	[ "$("$KVMSTALL" check --json | jq -r .backend)" != tracepoint ] || skip "no backend here sees callbacks"
	start
	repro --profile minimal --rounds 11
	scrape >scraped
	stop
	[ "$(metric 'kvmstall_deferred_callbacks_total{function="kvm_io_bus_register_dev"}')" -ge 11 ] ||
		fail "$(grep '^kvmstall_deferred' scraped)"
	awk '/^kvmstall_deferred_callbacks_total{function="unknown"}/ && $2 > 0' scraped >seen
	[ ! -s seen ] || fail "of unknown functions" "$(cat seen)"
}

# The tracepoint backend cannot see callbacks, so it counts none, whatever VMs do.
test_deferred_unseen()
{
	wants_deferral
	start --backend tracepoint
	repro --profile minimal --rounds 11
	scrape >scraped
	stop
	[ "$(sum kvmstall_call_duration_seconds_count 'call="KVM_SET_USER_MEMORY_REGION"')" != 0.000000000 ] || fail "no call was seen"
	awk '/^kvmstall_deferred_callbacks_total/ && $2 > 0' scraped >seen
	[ ! -s seen ] || fail "deferred, by tracepoints" "$(cat seen)"
}

test_formats()
{
	start
	scrape -D head -H 'Accept: text/plain' >/dev/null
	grep -qi 'content-type: text/plain; version=0.0.4' head
	scrape -D head -H 'Accept: application/openmetrics-text;version=1.0.0' >scraped
	grep -qi 'content-type: application/openmetrics-text; version=1.0.0' head
	[ "$(tail -n 1 scraped)" = '# EOF' ]
	scrape -D head -H 'Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited' >scraped
	grep -qi 'content-type: application/vnd.google.protobuf' head
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/nothing")" = 404 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' -X PUT "http://127.0.0.1:$port/metrics")" = 405 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/debug/pprof/")" = 404 ]
	curl -s "http://127.0.0.1:$port/healthz" | grep -q 'attached: yes'
	stop
}

test_privileges()
{
	local status

	start --user 4242
	status=/proc/$daemon/status
	[ "$(awk '/^(Uid|Gid)/ { print $2, $3, $4, $5 }' "$status" | sort -u)" = '4242 4242 4242 4242' ]
	[ "$(awk '/^Cap/ { print $2 }' "$status" | sort -u)" = 0000000000000000 ] || fail "$(grep Cap "$status")"
	grep -q '^NoNewPrivs:.1' "$status"
	grep -q '^Seccomp:.2' "$status"
	grep -qE '^Groups:\s*$' "$status"
	grep -q '^Threads:.1$' "$status"
	grep -q 'core file size *0 *0' "/proc/$daemon/limits"
	# Not dumpable: its files in /proc are root's.
	[ "$(stat -c %u "/proc/$daemon/environ")" = 0 ]
	stop
}

is_in_flight()
{
	scrape >scraped
	[ "$(metric 'kvmstall_stalled_calls{cause="reader"}')" -ge 1 ]
}

is_in_flight_for_long()
{
	scrape >scraped
	awk -v age="$(metric kvmstall_stalled_call_oldest_seconds)" 'BEGIN { exit !(age > 1) }'
}

none_is_in_flight()
{
	scrape >scraped
	[ "$(metric 'kvmstall_stalled_calls{cause="reader"}')" = 0 ]
}

test_in_flight()
{
	local pid

	start
	repro --profile minimal --inject reader --hold 7s &
	pid=$!
	until_true 5 is_in_flight
	until_true 5 is_in_flight_for_long
	grep -q "^kvmstall_vm_stalled_seconds{vm=\"kvmstall\[$pid\]\"} " scraped || grep kvmstall_vm_stalled scraped
	local other=$daemon other_port=$port
	only_of_comm # meanwhile
	daemon=$other port=$other_port
	wait "$pid"
	until_true 5 none_is_in_flight
	awk -v ns="$(sum kvmstall_stall_seconds_total 'cause="reader"')" 'BEGIN { exit !(ns > 4) }'
	stop
}

# With --comm, VMs of other processes are not counted, nor what waits in them.
only_of_comm()
{
	ln -s "$KVMSTALL" vmm7
	start --comm vmm7
	repro --profile minimal --rounds 5
	./vmm7 repro --profile minimal --rounds 3 >repro.out
	until_true 5 has_started 3
	[ "$(metric kvmstall_vms_seen_total)" = 3 ] || fail "$(grep vms_seen scraped)"
	[ "$(metric kvmstall_stalled_call_oldest_seconds)" = 0 ] || fail "$(grep oldest scraped)"
	stop
}

has_started()
{
	scrape >scraped
	[ "$(metric 'kvmstall_vm_starts_total{kind="paused"}')" = "$1" ]
}

test_names()
{
	local pid name=prime-$BASHPID

	start --vm-limit 1009
	(exec -a "--id=$name" "$KVMSTALL" repro --profile minimal --gap 7s >/dev/null) &
	pid=$!
	until_true 5 has_info "$name"
	wait "$pid"
	stop
}

has_info()
{
	scrape | grep -q "^kvmstall_vm_info{vm=\"$1\".*name=\"$1\""
}

# What a VM's close stalled is counted when the VM is gone: each of two scrapers and the text file have
# it, whoever comes first, and however often.
test_two_scrapers()
{
	local pid one two name=prime-$BASHPID

	mkdir out
	chmod 777 . out "$work"
	start --vm-limit 1009 --textfile out --interval 100ms
	one=$(scraper one) two=$(scraper two)
	(exec -a "--id=$name" "$KVMSTALL" repro --profile qemu --gap 7s >/dev/null) &
	pid=$!
	until_true 5 has_info "$name"
	wait "$pid"
	until_true 5 has_stalled "$name" || fail "it has no series after its end"
	until_true 5 have_last_value one.scraped two.scraped out/kvmstall.prom
	kill "$one" "$two"
	# Nothing is lost between its series and the others.
	until_true 2 all_is_counted || [ "$(metric kvmstall_vms_seen_total)" -gt 1 ] || fail "$(cat scraped)"
	all_is_counted || skip "others make VMs here all the time"
	stop
}

has_stalled()
{
	scrape >scraped
	grep -q "^kvmstall_vm_stall_seconds_total{vm=\"$1\"," scraped
}

# scraper NAME: reads again and again, until it is killed; its pid.
scraper()
{
	while :; do
		scrape >"$1.new" && mv "$1.new" "$1.scraped"
		sleep 0.0"$((RANDOM % 10))"
	done >"$1.log" 2>&1 &
	echo $!
}

have_last_value()
{
	local file

	# What was counted since then is the last value, too.
	scrape >scraped
	for file; do
		cmp <(grep '^kvmstall_vm_stall_seconds_total{vm="'"$name"'",' scraped) \
			<(grep '^kvmstall_vm_stall_seconds_total{vm="'"$name"'",' "$file") || return 1
	done
}

# All time of all calls is that of the VMs; those that were born a moment ago have no series yet.
all_is_counted()
{
	scrape >scraped
	[ "$(sum kvmstall_stall_seconds_total cause)" = "$(sum kvmstall_vm_stall_seconds_total cause)" ]
}

has_others()
{
	scrape >scraped
	[ "$(metric kvmstall_vms_in_other)" -ge "$1" ]
}

test_limit()
{
	local pid

	start --vm-limit 2
	repro --profile minimal --vms 7 --gap 5s &
	pid=$!
	until_true 5 have_series 2
	until_true 5 has_others 5
	[ "$(metric kvmstall_vm_series_limit)" = 2 ]
	[ "$(metric kvmstall_vms_in_other)" -ge 5 ]
	wait "$pid"
	scrape >scraped
	awk -v other="$(sum kvmstall_vm_stall_seconds_total 'vm="other"')" 'BEGIN { exit !(other > 0) }'
	stop
}

# have_series N: so many VMs.
have_series()
{
	scrape >scraped
	[ "$(grep -c '^kvmstall_vm_info{' scraped)" = "$1" ]
}

test_textfile()
{
	wants promtool
	mkdir out
	chmod 777 . out "$work"
	"$KVMSTALL" export --textfile out --interval 100ms 2>daemon.err &
	daemon=$!
	until_true 10 test -s out/kvmstall.prom
	# It is replaced, never written to: what was read whole once is whole every time.
	for ((i = 0; i < 23; i++)); do
		promtool check metrics <out/kvmstall.prom
	done
	[ "$(find out -name '*.prom')" = out/kvmstall.prom ]
	# node_exporter has such of its own: an error at each scrape.
	! grep '^process_' out/kvmstall.prom || fail "it is about the process"
	# What nobody writes any more would say for ever that all is well.
	stop
	[ -z "$(ls out)" ] || fail "left behind: $(ls out)"
}

# A folder that is removed and made again, or that another one is put in place of, is found again. A FIFO in
# the way holds nobody.
test_textfile_again()
{
	mkdir out
	chmod 777 . out "$work"
	"$KVMSTALL" export --textfile out --interval 100ms 2>daemon.err &
	daemon=$!
	until_true 10 test -s out/kvmstall.prom
	rm -r out
	until_true 10 grep -q 'cannot write' daemon.err
	mkdir -m 777 out
	until_true 10 test -s out/kvmstall.prom
	mkdir -m 777 other
	mv out gone
	mv other out
	until_true 10 test -s out/kvmstall.prom
	mkfifo -m 666 fifo
	until mv fifo out/kvmstall.prom.new && rm out/kvmstall.prom; do sleep 0.1; done
	until_true 10 test -s out/kvmstall.prom
	stop
}

# ---- Prometheus -----------------------------------------------------------------------------------

# prometheus NAME OPTION...: one that scrapes $port each second; its port in $prometheus. Another run of this suite may take
# the same port.
prometheus()
{
	local name=$1 try

	shift
	sed 's/interval: 30s/interval: 1s/' "$here/contrib/prometheus/rules.yml" >rules.yml
	cp "$here/contrib/prometheus/alerts.yml" .
	cat >"$name.yml" <<-END
		global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
		rule_files: [rules.yml, alerts.yml]
		scrape_configs:
		  - job_name: kvmstall
		    static_configs: [{targets: ['127.0.0.1:$port']}]
	END
	for try in 1 2 3 4 5; do
		prometheus=$(free_port)
		command prometheus --config.file="$name.yml" --storage.tsdb.path="$name.data" --log.level=warn \
			--web.listen-address="127.0.0.1:$prometheus" "$@" >"$name.log" 2>&1 &
		prometheus_pid=$!
		until_true 30 is_up_or_ended
		kill -0 "$prometheus_pid" 2>/dev/null && return
		grep -q 'address already in use' "$name.log" || break
	done
	fail "$(cat "$name.log")"
}

is_up_or_ended()
{
	! kill -0 "$prometheus_pid" 2>/dev/null || is_up
}

stop_prometheus()
{
	kill -TERM "$prometheus_pid"
	wait "$prometheus_pid" || true
}

query()
{
	curl -sfG "http://127.0.0.1:$prometheus/api/v1/query" --data-urlencode "query=$1" | jq -c '.data.result'
}

is_up()
{
	[ "$(query up | jq -r '.[0].value[1]')" = 1 ]
}

# has_scraped: since the file "since" was written.
has_scraped()
{
	query 'timestamp(kvmstall_attached)' | jq -e --argjson since "$(cat since)" '.[0].value[1] | tonumber > $since'
}

# What is exposed now is what Prometheus has.
scraped_now()
{
	date +%s.%N >since
	until_true 10 has_scraped
}

# Stall seconds by cause, as Prometheus has them, are those of a trace of the same workload. Both
# look through programs of their own, so each call differs by some us. Where others have VMs at the
# same time, what they do before the trace is attached is in one of them only: then it is tried again.
test_prometheus()
{
	local i strangers=yes

	wants prometheus
	for i in 1 2 3 4 5; do
		same_workload "try$i"
		if no_strangers "try$i"; then
			strangers=
			! jq -e 'any(.[]; .is_far)' "try$i.compared" || continue
			break
		fi
	done
	i=$((i < 5 ? i : 5))
	[ -z "$strangers" ] || skip "others have VMs here all the time"
	note "$(jq -r '[.[] | select(.traced > 0.001) | "\(.cause) \(.exported)/\(.traced)"] | join(", ")' "try$i.compared")"
	jq -e 'any(.[]; .is_far) | not' "try$i.compared" || too_busy "$(cat "try$i.compared")"
}

# The shipped rules, on what was really scraped: none fails, and they say what the workload did. All of them,
# with alerts and dashboard: "make check-monitoring".
rules_hold()
{
	curl -sf "http://127.0.0.1:$prometheus/api/v1/rules" >rules
	jq -e '[.data.groups[].rules[]] | length > 5 and all(.[]; .health == "ok" or .health == "unknown")' rules ||
		fail "$(jq -c '[.data.groups[].rules[] | select(.health == "err") | [.name, .lastError]]' rules)"
	until_true 10 has_one 'kvmstall:stall_seconds:rate5m{cause="gp-timer"} > 0'
	until_true 10 has_one 'kvmstall:call_duration_seconds:p99_5m{call="KVM_SET_USER_MEMORY_REGION"} > 0'
	until_true 10 has_one 'kvmstall:setup_stall_seconds:p50_1h > 0'
	until_true 10 has_one 'sum(kvmstall:rcu_stall_seconds:rate5m) > 0'
	until_true 10 has_one 'sum(kvmstall:rcu_stall_jiffies:mean5m) > 0'
	rcu_is_whole
}

# The parts of what waits for RCU went to are all of it, by call and by phase.
rcu_is_whole()
{
	query 'sum(kvmstall_rcu_stall_seconds_total) or label_replace(sum(kvmstall_stall_seconds_total{cause="rcu"}), "by", "call", "", "")
		or label_replace(sum(kvmstall_phase_stall_seconds_total{cause="rcu"}), "by", "phase", "", "")' >rcu
	jq -e 'map(.value[1] | tonumber) | length == 3 and min > 0 and max - min < 1e-6' rcu || fail "the parts of rcu:" "$(cat rcu)"
}

has_one()
{
	query "$1" | jq -e 'length == 1'
}

is_scraped()
{
	query "$1" | jq -e 'length > 0'
}

# A real Prometheus understands each question about two groups of hosts. With one host nothing can be said (3), but
# what it did is known. Its daemon and its Prometheus are those of a test, which ends them.
fleet_counts()
{
	query 'timestamp(target_info)' | jq '.[0].value[1] | tonumber | ceil' >began
	until_true 30 has_counted || fail "$(cat said)"
	jq -e '[.rows[] | select(.of == "cause")] | length > 0' said || fail "$(cat said)"
	query 'count by (kind) (kvmstall_vm_starts_total)' | jq -e '[.[].metric.kind] | sort == ["paused", "run"]'
	query target_info | jq -e --arg release "$(uname -r)" 'length == 1 and .[0].metric.kernel == $release'
}

# diff_says FILTER: of the host since the first scrape.
diff_says()
{
	local status=0

	kvmstall_diff -f json --over "$(($(date +%s) - $(cat began)))s" || status=$?
	[ "$status" = 3 ] && jq -e "$1" said
}

# With VMs each time: all in one scrape, the first that has a histogram, are no increase of it.
has_counted()
{
	repro --profile minimal --rounds 13
	diff_says '.base.hosts == 1 and .base.starts >= 13 and .new.hosts == 0 and .histograms == "native" and any(.reasons[]; test("NEW is empty"))'
}

has_stopped()
{
	diff_says 'any(.reasons[]; test("BASE has stopped: none of its 1 host has series"))'
}

kvmstall_diff()
{
	"$KVMSTALL" diff --prometheus "http://127.0.0.1:$prometheus/" --base 'job="kvmstall"' --new 'job="nobody"' "$@" >said 2>&1
}

# What may stand where a Prometheus was expected, as HTTP has it: each is one sentence, and 2. Bodies are golden's.
test_fleet_http()
{
	"$KVMSTALL" diff --prometheus http://127.0.0.1:1 --base 'a="b"' --new 'a="c"' >said 2>&1 || true
	! grep -q 'without libcurl' said || skip "built without libcurl"
	wants python3
	grep -q '^kvmstall diff: cannot ask .http://127.0.0.1:1.: ' said || fail "$(cat said)"
	awk -v SLOW=8 -f "$here/tests/golden/diff/fleet.awk" >canned
	python3 "$here/tests/export/answers.py" canned >port 2>answers.err &
	until_true 10 test -s port
	echo 'Authorization: Bearer swordfish' >header
	asked 1 'worse: stalled a VM start' good --save kept
	"$KVMSTALL" diff --prometheus kept -f json >again || [ $? = 1 ]
	jq -e '.verdict == "worse" and .over_s == 60' again
	! grep swordfish kept said || fail "the header was kept"
	asked 1 'worse: stalled a VM start' gzip
	asked 2 'not compressed as it says' bad-gzip
	asked 2 "gave no answer to 'info' within 200.00ms" slow --timeout 200ms
	asked 2 'wants to know who asks (401): --header FILE' auth
	asked 1 'worse: stalled a VM start' auth --header header
	asked 2 "redirects (302) to 'http://127.0.0.1:1/elsewhere'" redirect --header header
	asked 2 'the answer is a page (HTML)' page
	asked 2 'larger than 64 MiB' huge
	asked 2 'has no query API there (404)' nothing
	asked 2 "cannot open 'nowhere'" good --header nowhere
	echo swordfish >header
	asked 2 'expected lines as' good --header header
	! grep swordfish said || fail "what is in --header was shown"
	asked 2 'cannot open' good --save /nowhere/kept
	"$KVMSTALL" diff --prometheus "http://me:swordfish@127.0.0.1:$(cat port)" --base 'a="b"' --new 'a="c"' >said 2>&1 || [ $? = 2 ]
	grep -q 'a password does not belong on a command line' said || fail "$(cat said)"
}

# asked STATUS TEXT PATH OPTION...
asked()
{
	local status=0

	"$KVMSTALL" diff --prometheus "http://127.0.0.1:$(cat port)/$3" --base 'kernel="6.17.9"' --new 'kernel="6.18.5"' --over 60s \
		"${@:4}" >said 2>&1 || status=$?
	[ "$status" = "$1" ] || fail "$3: exit status $status" "$(cat said)"
	grep -qF -- "$2" said || fail "$3: no '$2':" "$(cat said)"
}

# Records are lost: what is served stays well-formed, says so, and Prometheus' alert fires.
test_loses()
{
	local i

	wants prometheus
	wants promtool
	start --ring 4K
	prometheus loses
	until_true 30 is_scraped 'kvmstall_events_lost_total'
	# A daemon that does not run reads no records; whoever asks meanwhile waits.
	kill -STOP "$daemon"
	scrape >waited &
	pid=$!
	for ((i = 0; i < 5; i++)); do
		"$KVMSTALL" repro --profile qemu --vms 3 --rounds 7 >repro.out
	done
	kill -CONT "$daemon"
	wait "$pid" || true # its time may have been over
	until_true 10 has_lost
	promtool check metrics <scraped
	[ -z "$(grep -v '^#' scraped | sed 's/ [^ ]*$//' | sort | uniq -d)" ] || fail "a series twice"
	until_true 30 fires KvmstallLosesEvents || fail "$(cat alerts)"
	[ "$(curl -s -o health -w '%{http_code}' "http://127.0.0.1:$port/healthz")" = 503 ] || fail "$(cat health)"
	grep -q 'losing: yes' health
	# What comes next is counted: nothing hangs on what was lost.
	"$KVMSTALL" repro --profile minimal --gap 1s >repro.out
	scrape >after
	awk -v before="$(metric kvmstall_events_total)" '/^kvmstall_events_total / { exit !($2 > before) }' after
	note "lost: $(sed -nE 's/^kvmstall_events_lost_total\{where="(.*)"\} ([1-9].*)/\2 \1/p' after | paste -sd,);" \
		"VMs that are gone, counted as alive: $(awk '/^kvmstall_vms / { print $2 }' after)"
	stop
	stop_prometheus
}

has_lost()
{
	scrape >scraped
	[ "$(metric 'kvmstall_events_lost_total{where="ring"}')" -gt 0 ]
}

fires()
{
	curl -sf "http://127.0.0.1:$prometheus/api/v1/alerts" >alerts
	jq -e --arg name "$1" 'any(.data.alerts[]; .labels.alertname == $name and .state == "firing")' alerts
}

# same_workload NAME: NAME.compared has both sums for each cause.
same_workload()
{
	local tracer

	start
	prometheus "$1"
	rm -f trace.err # of a try before
	"$KVMSTALL" trace --json --all >"$1.trace" 2>trace.err &
	tracer=$!
	until_true 10 grep -q ' tracing by ' trace.err
	# A trace begins with a VM of its own, which the daemon sees and it does not count itself.
	scrape >before
	"$KVMSTALL" repro --json --profile qemu --vms 3 --rounds 11 >"$1.repro"
	"$KVMSTALL" repro --json --profile minimal --inject reader --hold 31ms --rounds 5 >>"$1.repro"
	"$KVMSTALL" repro --json --scenario fdtable --rounds 7 >>"$1.repro"
	kill -INT "$tracer"
	wait "$tracer"
	scraped_now
	scrape >scraped
	query 'sum by (cause) (kvmstall_stall_seconds_total)' >by-cause
	rules_hold
	stop
	stop_prometheus
	jq -c '[.[] | {key: .metric.cause, value: (.value[1] | tonumber)}] | from_entries' by-cause >after
	jq -c --argjson before "$(sums before)" 'with_entries(.value -= ($before[.key] // 0))' after >exported
	# The metrics leave out what nobody waits for: a kernel thread shuts irqfds down.
	ndjson -sc 'include "ndjson"; [.[] | select(is_call and .call != "irqfd_shutdown")]
		| {calls: length, causes: causes}' "$1.trace" >traced
	jq -n --slurpfile one exported --slurpfile two traced '
		$two[0].calls as $calls | $one[0] as $one | ($two[0].causes | map_values(. / 1e9)) as $two
		| [$one, $two | keys[]] | unique | map(select(. != "run"))
		| map({cause: ., exported: ($one[.] // 0), traced: ($two[.] // 0)}
			| .difference = ((.exported - .traced) | fabs)
			| .is_far = (.difference > 0.02 * .traced + $calls * 5e-6))' >"$1.compared"
}

# Stall seconds by cause in a scrape.
sums()
{
	sed -nE 's/^kvmstall_stall_seconds_total\{.*cause="([^"]*)"\} (.*)/{"key": "\1", "value": \2}/p' "$1" |
		jq -sc 'group_by(.key) | map({key: .[0].key, value: (map(.value) | add)}) | from_entries'
}

# Every VM is of a process that we started: 3 of 11 rounds, 5, and 7.
no_strangers()
{
	local seen

	seen=$(awk '/^kvmstall_vms_seen_total / { print $2 }' before)
	[ $(($(metric kvmstall_vms_seen_total) - seen)) = $((3 * 11 + 5 + 7)) ] &&
		[ "$(jq ".pid // empty" "$1.repro" | sort -u)" = "$(jq 'select(.type == "vm") | .vm.pid' "$1.trace" | sort -u)" ]
}

# scraped_by NAME OPTION...: a daemon, a workload, and a Prometheus that has scraped it.
scraped_by()
{
	wants prometheus
	start
	prometheus "$@"
	repro --profile qemu --rounds 7
	scraped_now
}

test_native()
{
	scraped_by native --enable-feature=native-histograms
	scrape >scraped
	scraped_now
	query 'histogram_count(kvmstall_call_duration_seconds{call="KVM_SET_USER_MEMORY_REGION"})' >count
	query 'histogram_quantile(0.5, sum(kvmstall_call_duration_seconds))' >median
	fleet_counts
	stop
	# To be gone is not the same as never having been there.
	until_true 10 has_stopped || fail "$(cat said)"
	stop_prometheus
	[ "$(jq -r '.[0].value[1]' count)" -ge "$(metric 'kvmstall_call_duration_seconds_count{call="KVM_SET_USER_MEMORY_REGION"}')" ] ||
		fail "$(cat count)" "$(grep SET_USER scraped)" "$(cat native.log)"
	jq -e '.[0].value[1] | tonumber | . > 0 and . < 10' median
	note "native histogram ingested: median $(jq -r '.[0].value[1]' median) s"
}

test_exemplars()
{
	repeat 3 exemplars
}

# That the last stall of a bucket has a culprit is likely, no more.
exemplars()
{
	rm -rf exemplars.data
	scraped_by exemplars --enable-feature=exemplar-storage
	curl -sfG "http://127.0.0.1:$prometheus/api/v1/query_exemplars" --data-urlencode \
		'query=kvmstall_call_duration_seconds_bucket' --data-urlencode "start=$(($(date +%s) - 601))" \
		--data-urlencode "end=$(($(date +%s) + 5))" >found
	stop
	stop_prometheus
	jq -e '[.data[].exemplars[].labels] | any(.vm != "" and .call == "KVM_SET_USER_MEMORY_REGION"
		and .culprit != "")' found
}

# ---- robustness -----------------------------------------------------------------------------------

# What leaks does so each time; what the VMs of others add, once.
test_storm()
{
	${CC:-cc} -O1 -o storm "$here/tests/export/storm.c" || skip "no C compiler"
	repeat 3 storm
}

storm()
{
	local rss fd pid failures=0

	start
	./storm "$port" "${STORM:-10007}" >/dev/null # as much at a time as later
	rss=$(rss_kb) fd=$(fds)
	./storm "$port" "${STORM:-10007}" >storm.out &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		scrape >/dev/null || failures=$((failures + 1))
	done
	wait "$pid" || fail "$(cat storm.out)"
	[ "$failures" = 0 ] || fail "$failures scrapes failed"
	until_true 15 fds_are "$fd"
	note "$(cat storm.out); resident memory $rss kB before, $(rss_kb) kB after"
	[ "$(rss_kb)" -lt $((rss + 1024)) ] || { stop; fail "it grew"; }
	scrape >/dev/null
	stop
}

fds_are()
{
	[ "$(fds)" -le "$1" ]
}

test_unix_socket()
{
	chmod 755 "$work" .
	"$KVMSTALL" export --listen "unix:$PWD/socket" 2>daemon.err &
	daemon=$!
	until_true 10 curl -sf --unix-socket socket http://localhost/metrics
	# Somebody listens there: theirs. Nobody does: in the way.
	if "$KVMSTALL" export --listen "unix:$PWD/socket" --duration 1s 2>second.err; then
		fail "two listen at one path"
	fi
	grep -q 'in use' second.err
	kill -KILL "$daemon"
	wait "$daemon" || true
	"$KVMSTALL" export --listen "unix:$PWD/socket" 2>daemon.err &
	daemon=$!
	until_true 10 curl -sf --unix-socket socket http://localhost/metrics
	stop
}

test_activation()
{
	wants systemd-socket-activate
	port=$(free_port)
	systemd-socket-activate -l "127.0.0.1:$port" -E KVMSTALL_SECCOMP=kill "$KVMSTALL" export \
		>daemon.err 2>&1 &
	daemon=$!
	until_true 15 scrape
	stop
}

test_notify()
{
	${CC:-cc} -O1 -o listen "$here/tests/export/notify.c" || skip "no C compiler"
	port=$(free_port)
	WATCHDOG_USEC=400000 ./listen heard "$KVMSTALL" export --listen "127.0.0.1:$port" --duration 2300ms
	grep -q '^READY=1' heard
	[ "$(grep -c '^WATCHDOG=1' heard)" -ge 2 ] || fail "$(cat heard)"
	[ "$(tail -n 1 heard)" = STOPPING=1 ]
}

# The shipped units, under a service manager of our own that knows no others: see systemd.sh.
test_systemd()
{
	wants systemd-analyze
	[ -x /lib/systemd/systemd ] || skip "no systemd"
	port=$(free_port)
	sed "s/9879/$port/" "$here/contrib/systemd/kvmstall.socket" >kvmstall.socket
	sed 's,^ExecStart=/usr/bin,ExecStart=/mnt,; s/^WatchdogSec=.*/WatchdogSec=5s/' \
		"$here/contrib/systemd/kvmstall.service" >kvmstall.service
	: >extra
	systemd &
	trap end_manager EXIT
	until_true 30 test -e ready || skip "$(tail -n 1 manager.log)"
	# The first scrape starts the service, which drops what it has.
	until_true 60 is_attached || fail "$(cat manager.log error)"
	daemon=$(pgrep -x kvmstall --ns "$(cat manager)" --nslist pid)
	[ "$(awk '/^CapEff/ { print $2 }' "/proc/$daemon/status")" = 0000000000000000 ]
	[ "$(awk '/^Uid/ { print ($2 != 0) }' "/proc/$daemon/status")" = 1 ]
	# Longer than its watchdog allows it to be silent.
	sleep 7
	[ -d "/proc/$daemon" ] || fail "$(cat manager.log error)"
	repro --profile minimal
	until_true 5 has_seen 1
	# The service, on a host without KVM: it is not ended for that it waits, and attaches in time.
	end_manager
	printf '%s\n' TimeoutStartSec=3s "Environment=KVMSTALL_KVM_DEVICE=/mnt/work/kvm" >>extra
	rm ready
	systemd &
	until_true 30 test -e ready
	until_true 60 scrape
	daemon=$(pgrep -x kvmstall --ns "$(cat manager)" --nslist pid | head -n 1)
	sleep 7
	[ -d "/proc/$daemon" ] || fail "$(cat manager.log error)"
	[ "$(scrape | awk '/^kvmstall_attached / { print $2 }')" = 0 ]
	touch kvm
	until_true 60 is_attached || fail "$(cat manager.log error)"
}

systemd()
{
	unshare --mount --pid --fork --ipc --uts --cgroup bash "$here/tests/export/systemd.sh" "$KVMSTALL" >manager.log 2>&1
}

# A namespace ends with its first process.
end_manager()
{
	kill -KILL "$(cat manager)"
	sleep 0.2
	unshare --mount --cgroup sh -c 'mount -t cgroup2 none /mnt && cd /mnt &&
		rmdir system.slice/kvmstall.service system.slice init.scope' || true
} 2>/dev/null

test_waits_for_kvm()
{
	export KVMSTALL_KVM_DEVICE=$PWD/kvm
	start
	[ "$(scrape | awk '/^kvmstall_attached / { print $2 }')" = 0 ]
	[ "$(scrape | awk '/^kvmstall_vms / { print $2 }')" = 0 ]
	# Whoever talks to others has no privileges, also now.
	[ "$(awk '/^CapEff/ { print $2 }' "/proc/$(pgrep -P "$daemon")/status")" = 0000000000000000 ]
	touch kvm
	until_true 15 is_attached
	[ -z "$(pgrep -P "$daemon")" ]
	[ "$(awk '/^CapEff/ { print $2 }' "/proc/$daemon/status")" = 0000000000000000 ]
	stop
	rm kvm
	start
	stop
	unset KVMSTALL_KVM_DEVICE
}

is_attached()
{
	scrape | grep -q '^kvmstall_attached 1$'
}

test_usage()
{
	local options

	for options in '--listen nowhere' '--listen 127.0.0.1:99999' '--listen localhost:1' '--once --listen 127.0.0.1:1' \
		'--user no-such-user' '--vm-limit many' '--ring 3000' '--interval 0' 'operand'; do
		# shellcheck disable=SC2086
		"$KVMSTALL" export $options 2>err && status=0 || status=$?
		[ "$status" = 2 ] || fail "$options: exit status $status" "$(cat err)"
	done
	"$KVMSTALL" export --textfile /nonexistent 2>err && status=0 || status=$?
	[ "$status" = 1 ] || fail "exit status $status"
	# It is there, and --user may not write in it: reported at once, not at each interval.
	mkdir -m 755 closed
	chmod 755 . "$work"
	"$KVMSTALL" export --textfile closed --duration 30s 2>err && status=0 || status=$?
	[ "$status" = 1 ] || fail "exit status $status"
	grep -q "cannot write 'kvmstall.prom' in 'closed': Permission denied" err || fail "$(cat err)"
}

# VMs come and go: memory stays, nothing is lost, and every one is counted. Others' are counted as well.
test_churn()
{
	repeat 3 churn
}

churn()
{
	local rss after end vms=0 rounds seen history

	start
	repro --profile firecracker --rounds 11
	scrape >scraped
	rss=$(rss_kb) history=$(history_kb)
	end=$((SECONDS + ${CHURN:-23})) seen=$(metric kvmstall_vms_seen_total)
	while [ "$SECONDS" -lt "$end" ]; do
		for rounds in 13 17 19; do
			"$KVMSTALL" repro --profile firecracker --rounds "$rounds" --vms 2 >/dev/null
			vms=$((vms + 2 * rounds))
		done
		scrape >/dev/null
	done
	until_true 5 has_seen $((seen + vms)) || fail "$(metric kvmstall_vms_seen_total) - $seen VMs seen, not $vms"
	seen=$(($(metric kvmstall_vms_seen_total) - seen))
	after=$(rss_kb) history=$(($(history_kb) - history))
	note "$vms VMs in ${CHURN:-23} s: resident memory $rss kB before, $after kB after, $history kB of that is a minute's history, CPU $(metric process_cpu_seconds_total) s"
	stop
	# A program that was not run, and the end of a call whose start was not seen so, are the kernel's chance.
	[ "$(awk '/^kvmstall_events_lost_total/ && !/"(missed|no-begin)"/ { sum += $NF } END { print sum + 0 }' scraped)" = 0 ] || fail "$(grep lost scraped)"
	[ "$(grep -c '^kvmstall_vm_info{' scraped)" -le 100 ]
	[ "$seen" = "$vms" ] || skip "others had $((seen - vms)) VMs besides"
	# As much again, and a bit, is of what the history belongs to: VMs, domains, the allocator's own. After a minute
	# it is level: 6.0 to 6.9 MB after 101 s, 6.6 MB after 199 s (CHURN=199; 6.18.44, November 2026).
	[ "$after" -lt $((rss + 3 * history + 1024)) ] || fail "it grew"
}

has_seen()
{
	scrape >scraped
	[ "$(metric kvmstall_vms_seen_total)" -ge "$1" ]
}

test_cycles()
{
	local i kind

	for kind in prog map link; do
		orphans "$kind" >"$kind.before"
	done
	for ((i = 0; i < ${CYCLES:-11}; i++)); do
		"$KVMSTALL" export --listen "127.0.0.1:$(free_port)" --duration 1ms 2>err || grep -q 'Address already in use' err ||
			fail "$(cat err)"
	done
	for kind in prog map link; do
		until_true 10 no_new_orphans "$kind" "$kind.before"
	done
}

test_killed()
{
	orphans prog >before
	start
	has_programs "$daemon"
	kill -KILL "$daemon"
	wait "$daemon" || true
	until_true 10 no_new_orphans prog before
}

# ---------------------------------------------------------------------------------------------------

for tool in jq curl ss bpftool; do
	command -v $tool >/dev/null || nothing "no $tool"
done
need_kvm_and_bpf
"$KVMSTALL" export --list >/dev/null 2>&1 || nothing "built without export"

trap 'for pid in $(jobs -p); do kill "$pid" 2>/dev/null; done' EXIT
for name in ${TESTS:-$tests}; do
	run_test "$name"
done
finish
