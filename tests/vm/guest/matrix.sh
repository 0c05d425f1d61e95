#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: what matrix.sh judges afterwards, on the host. For each backend that this kernel has,
# forced by taking away the better ones: BACKEND.check, .trace (all that was run under it), .repro,
# .insns (what the verifier said); for two backends beside each other PAIR.one and PAIR.two.

# What must not work for it to be the best.
without()
{
	case $1 in
	fentry) echo ;;
	kprobe) echo fentry ;;
	tracepoint) echo fentry,kprobe ;;
	esac
}

# all COMMAND...: the live scenarios, in one trace. What a kernel has not says so itself.
cat >/tmp/all <<'END'
#!/bin/sh
for scenario in memslot-create vcpu-create pit-close vgic-first-run bus-unregister; do
	kvmstall repro --json --scenario $scenario --rounds 5
done
kvmstall repro --json --profile minimal --rounds 5
kvmstall repro --json --inject reader --rounds 2
kvmstall repro --json --inject lock --rounds 4
exit 0
END
chmod +x /tmp/all

# trace BACKEND
trace()
{
	KVMSTALL_VERIFIER_STATS=1 kvmstall trace --json --all -- sh -c "/tmp/all >/out/$1.repro" \
		>/out/"$1".trace 2>/out/"$1".errors
	echo "$1: trace: exit status $?" >>/out/status
	sed -n 's/^kvmstall: verifier: //p' /out/"$1".errors >/out/"$1".insns
	grep -v '^kvmstall: verifier: ' /out/"$1".errors
}

# ready PID: attached, and waiting for records.
ready()
{
	i=0
	until grep -q poll /proc/"$1"/wchan 2>/dev/null || [ $i -ge 150 ]; do
		sleep 0.1
		i=$((i + 1))
	done
}

# pair BACKEND BACKEND PROFILE: one workload, two traces. Where registration waits, hardly anything stalls
# for long by itself.
pair()
{
	held=
	grep -q '"register_dev":"defers"' /out/tracepoint.check || held='kvmstall repro --inject reader --rounds 5'
	# The one's kretprobes are on the stacks that the other walks.
	export KVMSTALL_EARLY_STACKS=1
	kvmstall trace --json --all --backend "$1" >/out/"$1-$2".one &
	watcher=$!
	ready $watcher
	kvmstall trace --json --all --backend "$2" -- \
		sh -c "(kvmstall repro --scenario memslot-create --rounds 5; kvmstall repro --profile $3 --rounds 3
			$held) >/dev/null" \
		>/out/"$1-$2".two
	kill -INT $watcher
	wait $watcher
	echo "$1-$2: pair: exit status $?" >>/out/status
}

uname -r >/out/release
profile=qemu
[ "$(uname -m)" = x86_64 ] || profile=arm64
# Emulation translates what it sees for the first time: not for measuring.
/tmp/all >/dev/null

backends=
for backend in fentry kprobe tracepoint; do
	KVMSTALL_DISABLE=$(without $backend)
	export KVMSTALL_DISABLE
	kvmstall check --json >/out/$backend.check
	echo "$backend: check: exit status $?" >>/out/status
	grep -q "\"backend\":\"$backend\"" /out/$backend.check || continue
	backends="$backends $backend"
	trace $backend
done
unset KVMSTALL_DISABLE
echo "$backends" >/out/backends

# shellcheck disable=SC2086 # words
set -- $backends
while [ $# -ge 2 ]; do
	pair "$1" "$2" $profile
	shift
done

# Nothing of ours is left: not a program, not a probe, not a hold on the module.
find /sys/kernel/tracing/events -maxdepth 1 -name 'kvmstall*' >/out/left
grep -v '^$' /sys/kernel/debug/kprobes/list >>/out/left
if grep -q '^kvm_amd ' /proc/modules; then
	kvmstall trace --duration 60s >/dev/null 2>&1 &
	watcher=$!
	ready $watcher
	rmmod kvm_amd 2>/dev/null && echo "unloaded under a trace" >>/out/unload
	kill -INT $watcher
	wait $watcher
	rmmod kvm_amd && rmmod kvm && echo unloaded >>/out/unload
	# What comes later is waited for.
	kvmstall trace --json --all >/out/later.trace 2>/out/later.errors &
	watcher=$!
	sleep 1
	modprobe_file=$(sed -n 's/ .*//; /kvm_amd/p' /modules/load)
	insmod "$(sed -n 's/ .*//; /\/kvm\.ko/p' /modules/load)" && insmod "$modprobe_file" && echo loaded >>/out/unload
	sleep 3
	ready $watcher
	kvmstall repro --json --profile minimal --rounds 2 >/out/later.repro
	kill -INT $watcher
	wait $watcher
fi
exit 0
