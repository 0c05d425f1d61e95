# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2154 # what pages show has $ in it; of run.sh
#
# commands.sh - how each command that a page shows is run, to be sourced. A command without a row is a failure, and so
# is a row that no page shows any more.
#
#     any STATUS SHAPE SHOWN [RUN]     needs nothing but the program; in make check too
#     live STATUS SHAPE SHOWN [RUN]    needs root, KVM and BPF
#     watch STATUS SHAPE SHOWN [RUN]   the same; would not end: a VM stalls meanwhile, and then SIGINT comes
#     target SHOWN                     a target of the Makefile, or a script: that there is one
#     cannot SHOWN WHY                 cannot be run here: a sentence
#
# SHAPE is what standard output looks like, figures apart: files of shapes/, "json" (each line of the published
# schema), "text RE" (has a line like this), "same TEXT" or "nothing". RUN is what is run where that is not SHOWN to
# the letter: other paths, or an end.

# ---- README

watch 0 stalls 'sudo ./build/kvmstall trace'
any 0 'text bin/kvmstall' 'sudo make install' "make -s -C $here install O=$O DESTDIR=\$PWD/root && find root -name kvmstall"
live 0 'stalls account' "kvmstall trace -v -- sh -c 'kvmstall repro --profile minimal >/tmp/vmm.out'" \
	"kvmstall trace -v -- sh -c 'kvmstall repro --profile minimal >vmm.out'"
watch 0 'stalls account' 'kvmstall trace --vm web3 --min 5ms -v'
watch 0 'text kvmstall top by' 'kvmstall top' 'kvmstall top -b'
watch 0 nothing 'kvmstall trace --json -d 10m >stalls.ndjson'
live 0 'stalls repro account' 'kvmstall trace -v -- firecracker --config-file vm.json --no-api'
live 0 repro 'kvmstall record -o old.cap -- ./boot-vms.sh'
any '0|1|3' diff 'kvmstall diff old.cap new.cap'
live 0 repro 'kvmstall repro --inject reader --hold 20ms'
live 0 repro 'kvmstall repro --profile minimal --order memslots-first'
watch 0 nothing 'kvmstall export' 'kvmstall export --listen 127.0.0.1:0'
cannot 'systemctl enable --now kvmstall.socket' "it changes which services this machine has: tests/lint/units.sh \
checks the units, tests/export starts the daemon by its socket"
watch 0 stalls 'kvmstall trace'
any 0 groups 'kvmstall report --by cause test.cap'

# ---- pages

live 0 'text kvmstall top by' 'kvmstall top -b -n 3 -d 10s -s now' 'kvmstall top -b -n 3 -d 100ms -s now'
any 0 'text kvmstall top by' 'kvmstall top --speed 8 why.cap' 'kvmstall top -b --speed 8 test.cap'
any 0 'text ^jiffies' 'kvmstall top -b --open why.cap' 'kvmstall top -b --open test.cap'

any '0|1|3' 'text .' "kvmstall check | grep -A 2 '!!'" "kvmstall check | sed 's/ok  kvm /!!  kvm /' | grep -A 2 '!!'"
live '0|1' 'text .' "kvmstall check --json | jq -e '.facts | index(\"locks\")'"
live 0 'text .' "kvmstall check --json | jq '.findings[] | select(.name == \"register-defers\") | .max_ms'"
any '0|1|3' check 'kvmstall check'
any 0 'text "\$schema"' 'kvmstall trace --json-schema'
live 0 repro 'kvmstall record -o $(uname -r).kvs -- kvmstall repro --rounds 31' \
	'kvmstall record -o $(uname -r).kvs -- kvmstall repro --rounds 5'
live 0 repro 'kvmstall record -o before.cap -- kvmstall repro --rounds 31' \
	'kvmstall record -o before.cap -- kvmstall repro --rounds 5'
live 0 repro 'kvmstall record -o after.cap -- kvmstall repro --rounds 31' \
	'kvmstall record -o after.cap -- kvmstall repro --rounds 5'
live '0|1|3' diff 'kvmstall diff before.cap after.cap'
any '0|1|3' 'text Against A' 'kvmstall diff -f lkml 6.17.0.kvs 6.18.0.kvs fixed.kvs' \
	'kvmstall diff -f lkml test.cap test.cap test.cap'
any '0|1|3' diff 'kvmstall diff 6.17.0.kvs 6.18.0.kvs'
any '0|1|3' diff 'kvmstall diff a1.kvs,a2.kvs,a3.kvs b1.kvs,b2.kvs,b3.kvs'
cannot "kvmstall diff --prometheus http://prometheus.example.net:9090 --base 'kernel=\"6.17.9\"' --new 'kernel=\"6.18.5\"' \
--save fleet.answers" "it needs a Prometheus and ten hosts: make check-fleet has them"
cannot "kvmstall diff --prometheus http://prometheus:9090 --base 'kernel=\"6.17.9\"' --new 'kernel=\"6.18.5\"' \
--over 6h" "it needs a Prometheus and ten hosts: make check-fleet has them"
cannot "kvmstall diff --prometheus URL --base 'kernel=\"OLD\"' --new 'kernel=\"NEW\"'" "a form, not a command"
any 1 'text ^worse: stalled a VM start' 'kvmstall diff --prometheus fleet.answers -f lkml' \
	"awk -v SLOW=8 -f $golden/diff/fleet.awk >fleet.answers; kvmstall diff --prometheus fleet.answers -f lkml"
any '0|1' nothing 'kvmstall diff -f markdown base.kvs new.kvs >>"$SUMMARY" || exit 1'
live 0 repro 'strace -f -ttt -T -e trace=ioctl -o old.strace firecracker ...'
any '0|1|3' diff 'kvmstall diff old.strace new.strace'
live 0 'text ^kvmstall_stall_seconds_total|^# HELP' 'kvmstall export --once | grep stall_seconds'
watch 0 nothing 'kvmstall export --textfile /var/lib/prometheus/node-exporter --user prometheus' \
	'kvmstall export --textfile textfile --interval 100ms --user nobody'
any 0 'text ^kvmstall_stalls_total' 'kvmstall export --list'
watch 0 nothing 'kvmstall record -o why.cap --flight 30s,64M --stop-on 20ms'
watch 0 stalls 'ssh host kvmstall record -q -o - -d 1m | kvmstall report -'
watch 0 stalls 'kvmstall trace --all'
live 0 repro 'kvmstall repro --profile firecracker --rounds 7'
live 0 repro 'strace -f -ttt -T -y -e trace=ioctl,close,clone,clone3 -o FILE' \
	'strace -f -ttt -T -y -e trace=ioctl,close,clone,clone3 -o FILE firecracker && kvmstall report FILE >log'
cannot 'perf trace -e ioctl,close -o FILE' "perf trace of all of a host needs a perf that fits its kernel: \
tests/golden/logs has what it printed"
cannot 'perf probe kvm_vm_ioctl; perf probe kvm_vm_ioctl%return' "it leaves probes in this machine's kernel: \
tests/golden/logs has what perf script printed of them"
cannot "perf record -e 'probe:*' -a; perf script >FILE" "it needs the probes of the line before"
live 0 nothing 'for t in /proc/PID/task/*; do echo $t/stack; cat $t/stack; done >FILE' \
	'for t in /proc/$$/task/*; do echo $t/stack; cat $t/stack; done >FILE; [ -s FILE ]'
any 0 groups 'kvmstall report --by culprit test.cap'
any 1 nothing 'kvmstall report --vm web3 --around 1,200ms --all test.cap' # qemu.cap has no web3
any 0 groups 'kvmstall report --by call --since -60s test.cap'
any 0 nothing 'kvmstall report --all -f html -o test.html test.cap'
any 0 nothing 'kvmstall report --all -f perfetto -o test.pftrace test.cap'
any 0 'text ^[^,]*,[^,]*,' 'kvmstall report -f csv -q test.cap | (head -n 1; sort -t, -k12,12nr | head)'
live 0 repro 'kvmstall repro'
live 0 repro 'kvmstall repro --rounds 23 --order memslots-first' 'kvmstall repro --rounds 5 --order memslots-first'
live 0 'stalls repro account' 'kvmstall trace -v -- kvmstall repro -p minimal -i reader --hold 20ms'
live 0 repro 'strace -f -ttt -T -y -o vmm.strace \ -e trace=ioctl,close,clone,clone3,dup,dup3,eventfd2,socket VMM' \
	'strace -f -ttt -T -y -o vmm.strace -e trace=ioctl,close,clone,clone3,dup,dup3,eventfd2,socket firecracker'
any 0 'text ^\+[0-9]+us t0 KVM_CREATE_VM' 'kvmstall repro --from vmm.strace --list' \
	"kvmstall repro --from $golden/repro/firecracker.strace --list"
live 0 'text ^start of the VM' 'kvmstall repro --from vmm.strace --order memslots-first --rounds 31' \
	"kvmstall repro --from $golden/repro/firecracker.strace --order memslots-first --rounds 5"
live 0 'text ^start of the VM' 'kvmstall record -o again.cap -- kvmstall repro --from vmm.cap --rounds 31' \
	"kvmstall record -o again.cap -- kvmstall repro --from $golden/repro/devices-first.list --rounds 5"
watch 0 json 'kvmstall trace --all --json'
live 0 'text ^start of the VM' 'kvmstall repro --from vmm.strace --rounds 31' \
	"kvmstall repro --from $golden/repro/devices-first.list --rounds 5"
live 0 'text ^(move|does not help|nothing helps)' 'kvmstall repro --from vmm.strace --suggest' \
	"kvmstall repro --from $golden/repro/devices-first.list --suggest --rounds 5"
live 0 'text ^exit ' 'kvmstall repro --from vmm.strace --emit c >calls.c' \
	"kvmstall repro --from $golden/repro/devices-first.list --emit c >calls.c && gcc -O2 -Wall -Wextra -Werror -o calls calls.c && ./calls --rounds 5"
live 0 'stalls repro account' 'kvmstall trace -v -- kvmstall repro --profile minimal'
live 0 stalls "kvmstall trace -- sh -c 'kvmstall repro -p minimal -i reader >/tmp/vmm.out'" \
	"kvmstall trace -- sh -c 'kvmstall repro -p minimal -i reader >vmm.out'"
watch 0 json 'kvmstall trace --vm web3 -d 10m -j'
watch 0 'text KVM_SET_USER_MEMORY_REGION' "kvmstall trace -j -d 1m | jq -s 'map(select(.type == \"stall\")) \
| sort_by(-.stall_ns) | .[:5][] | [.vm.name, .call, .stall_ns, .cause]'"
watch 0 'stalls account' 'kvmstall trace -v -d 10s'
watch 0 'text ^TIME' 'kvmstall trace --stuck 5s --dump hang.txt'
watch 0 sums 'kvmstall trace --interval 5s' 'kvmstall trace --interval 101ms'
live 0 stalls "kvmstall trace -v -m 1h -- sh -c 'kvmstall repro -r 23 >/dev/null'"
live 0 repro 'kvmstall repro --scenario pit-close'
watch 0 'text ^TIME' 'kvmstall trace | head'
watch 0 stalls 'kvmstall trace -q'
cannot 'kvmstall trace -q -- COMMAND' "a form, not a command: the table beside it is of tests/bench/start.sh"
watch 0 'text ^TIME' 'kvmstall trace -d 1m'
watch 0 'stalls account' 'kvmstall trace -v -d 1m'
cannot 'perf record -a -g' "it goes on until it is interrupted, and shows what is wrong on that host"
cannot 'kvmstall trace --vm NAME' "a form, not a command"
cannot 'kvmstall diff OLD NEW' "a form, not a command"
cannot 'systemctl status kvmstall' "it needs the service, as docs/alerts.md has it: tests/export/suite.sh, systemd"
cannot 'systemctl status kvmstall.socket kvmstall' "it needs the service, as docs/alerts.md has it: tests/export/suite.sh, systemd"
cannot 'perf record -F 10000 -g' "how a profile of docs/start.md was taken, minutes of an idle machine"

any '0|1|3' diff 'kvmstall diff OLD NEW' 'kvmstall diff old.cap new.cap'
watch 0 'stalls account' 'kvmstall trace --stuck 1s --dump hang.txt'
watch 0 stalls 'kvmstall trace --vm NAME'
watch 0 stalls 'kvmstall trace -d 1m'
cannot 'systemctl status kvmstall' "the service is not installed here: tests/lint/units.sh checks the units"
cannot 'systemctl status kvmstall.socket kvmstall' "the same"

live 0 repro 'kvmstall record -o start.kvs -- firecracker --config-file vm.json --no-api'
any 0 groups 'kvmstall report -q --by phase start.kvs'
any 0 groups 'kvmstall report -q --by cause start.kvs'
any 0 'stalls account' 'kvmstall report -q -v --around 1,0 start.kvs'
cannot 'curl -s http://127.0.0.1:9879/metrics | grep ^kvmstall_vms' "it asks the daemon of the line before, on a port \
that may be another's here: tests/export asks one"
cannot 'promtool check config scrape.yml' "tests/lint and make check-monitoring do, where there is a Prometheus"
cannot 'promtool test rules tests.yml' "tests/lint does, where there is a promtool"
cannot 'prometheus --config.file=scrape.yml' "make check-monitoring runs it"

any '0|1|3' json 'kvmstall check --json'
any 0 stalls 'kvmstall report -q after.strace'
any '3' 'text too few samples' 'kvmstall diff before.strace after.strace'
any 1 'text ^worse' 'kvmstall diff 6.17.kvs 6.18.kvs'
any 0 'stalls account' 'kvmstall report -v 6.18.kvs'
any 0 groups 'kvmstall report -q --by culprit 6.18.kvs'
any 0 groups 'kvmstall report -q --by culprit 6.17.kvs'
any 1 'text ^\|' 'kvmstall diff -f markdown' 'kvmstall diff -f markdown 6.17.kvs 6.18.kvs'
live 0 'text ^(move|does not help|nothing helps)' 'kvmstall repro --from start.list --suggest' \
	'kvmstall repro --from start.list --suggest --rounds 5'
live 0 'text ^start of the VM' 'kvmstall record -o $(uname -r).kvs -- kvmstall repro --from start.list --rounds 31' \
	'kvmstall record -o $(uname -r).kvs -- kvmstall repro --from start.list --rounds 5'
live 0 repro 'kvmstall repro --rounds 23' 'kvmstall repro --rounds 5'
live 0 'text ^[1-9]' "kvmstall export --once | grep -vc '^#'"
watch 0 nothing 'kvmstall export --cost' 'kvmstall export --cost --listen 127.0.0.1:0'
live 0 repro 'strace -f -ttt -T -y -o vmm.strace -e trace=ioctl,close,clone,clone3,dup,dup3,eventfd2,socket VMM' \
	'strace -f -ttt -T -y -o vmm.strace -e trace=ioctl,close,clone,clone3,dup,dup3,eventfd2,socket firecracker'
cannot 'strace -T' "a form, not a command"
cannot 'strace -f -ttt -T' "a form, not a command"
cannot 'curl -s http://127.0.0.1:9879/metrics | grep ^kvmstall_attached' "it asks the daemon of the line before, on a port \
that may be another's here: make check-install asks one"
cannot 'systemctl disable --now kvmstall.socket kvmstall.service' "it changes which services this machine has"

# ---- targets and scripts

target 'make check-reproducible'
target scripts/first-report.sh
target scripts/vmm-orders.sh
target 'make tidy'
target tests/fuzz/run.sh
target tests/vm/matrix.sh
target 'tests/vm/run.sh SERIES SCRIPT'
target 'tests/vm/run.sh path/to/bzImage guest.sh kvm_io_bus_latency'
target 'tests/vm/run.sh arch/x86/boot/bzImage guest.sh kvm_io_bus_latency || status=$?'
target 'make check-bisect'
cannot 'make -j8 bzImage || exit 125' "it builds a kernel"
live '0|1' 'text ^KVM_CREATE_VM' 'kvmstall repro --fail-above 5ms'
live 0 'text ^KVM_CREATE_VM' 'kvmstall record -o $(uname -r).kvs -- kvmstall repro -p crosvm -r 31' \
	'kvmstall record -o $(uname -r).kvs -- kvmstall repro -p crosvm -r 5'
live 0 'text ^KVM_CREATE_VM' 'kvmstall record -o $(uname -r).kvs -- kvmstall repro -p firecracker -o devices-first -r 31' \
	'kvmstall record -o $(uname -r).kvs -- kvmstall repro -p firecracker -o devices-first -r 5'
target 'make oci'
target 'make check-oci'
target scripts/oci-check.sh
for name in make 'make demo' 'make check' 'make static' 'make deps' 'make completion' 'make check-unit' \
	'make check-golden' 'make check-docs' 'make check-installed' 'make check-monitoring' 'make check-fleet' 'make check-logs' 'make check-faults' 'make check-edges' 'make check-tsan' 'make soak' 'make lint' 'make check-live' 'make check-rcu' 'make check-kvm' 'make check-drain' 'make bench' 'make check-timers' 'make check-injections' 'make check-vm' \
	'make check-matrix' 'make check-distros' 'make check-install' 'make deb' 'make rpm' 'make tarball' 'make lab' 'make format' 'make examples' tests/bench/daemon.sh \
	scripts/deps.sh scripts/replay.sh scripts/pictures.sh 'make check-pictures' 'tests/lint/run.sh types' 'tests/golden/run.sh main/help.sh' tests/lint/layers.sh \
	tests/live/edges.sh tests/live/inject.sh tests/golden/logs/named.sh tests/docs/commands.sh tests/lint/man-sync.sh tests/lint/run.sh tests/bench/verifier.sh \
	'tests/bench/bench.sh --markdown FILE' 'tests/live/counterfactual.sh --markdown FILE' 'tests/bench/observer.sh --markdown FILE' 'tests/bench/symptoms.sh --markdown docs/symptoms.md' 'tests/bench/unnamed.sh --markdown FILE' 'tests/bench/drains.sh --markdown FILE' 'tests/bench/programs.sh --markdown FILE' \
	'tests/bench/start.sh OLD/kvmstall NEW/kvmstall' 'tests/bench/replay-of.sh OLD/kvmstall NEW/kvmstall' tests/bench/floor.sh; do
	target "$name"
done

# ---- kvmstall-repro(8): a step of a bisection, in which 125 skips a kernel

live '0|1' 'text ^KVM_CREATE_VM' 'kvmstall repro -p minimal -r 31 --fail-above 2ms || { [ $? != 3 ] || exit 125; exit 1; }'
