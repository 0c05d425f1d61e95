#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every place where KVM waits that repro can reach on this kernel: is it named, with its API and its
# domain, and is what is slow there slow for the expected cause? A test a scenario. A part of run.sh;
# alone, it is all that run.sh runs. ROUNDS of each scenario.

# shellcheck disable=SC2154 # work and here are run.sh's

# Scenario, calls, site, API ("-": the kernel's tail calls leave no trace of it), domain, causes of what
# is slow ("-": nothing is, of itself). A site that the compiler may put into its caller has both names.
sites=$(cat <<'END'
memslot-create     KVM_SET_USER_MEMORY_REGION             kvm_swap_active_memslots                              synchronize_srcu_expedited kvm.srcu     gp-timer
memslot-delete     KVM_SET_USER_MEMORY_REGION             kvm_swap_active_memslots                              synchronize_srcu_expedited kvm.srcu     gp-timer
memslot-move       KVM_SET_USER_MEMORY_REGION             kvm_swap_active_memslots                              synchronize_srcu_expedited kvm.srcu     gp-timer
bus-unregister     KVM_IOEVENTFD                          kvm_io_bus_unregister_dev                             synchronize_srcu_expedited kvm.srcu     gp-timer
qemu-probe         KVM_IOEVENTFD                          kvm_io_bus_unregister_dev                             synchronize_srcu_expedited kvm.srcu     gp-timer
coalesced-mmio     KVM_UNREGISTER_COALESCED_MMIO          kvm_io_bus_unregister_dev                             synchronize_srcu_expedited kvm.srcu     gp-timer
irq-routing        KVM_SET_GSI_ROUTING|KVM_CREATE_IRQCHIP kvm_set_irq_routing                                   synchronize_srcu_expedited kvm.irq_srcu -
irqfd-resample     KVM_IRQFD                              kvm_irqfd_assign|kvm_irqfd                            -                          kvm.irq_srcu -
irqfd-deassign     irqfd_shutdown                         irqfd_shutdown                                        -                          kvm.irq_srcu -
pit                KVM_REINJECT_CONTROL                   kvm_unregister_irq_mask_notifier|kvm_pit_set_reinject -                          kvm.irq_srcu gp-timer|cb-timer
pit-close          close                                  kvm_unregister_irq_mask_notifier|kvm_pit_set_reinject -                          kvm.irq_srcu gp-timer|cb-timer
pmu-filter         KVM_SET_PMU_EVENT_FILTER               kvm_vm_ioctl_set_pmu_event_filter                     synchronize_srcu_expedited kvm.srcu     gp-timer
msr-filter         KVM_X86_SET_MSR_FILTER                 kvm_vm_ioctl_set_msr_filter                           synchronize_srcu           kvm.srcu     gp-timer|cb-timer
hyperv-eventfd     KVM_HYPERV_EVENTFD                     kvm_hv_eventfd_deassign|kvm_vm_ioctl_hv_eventfd       synchronize_srcu           kvm.srcu     gp-timer|cb-timer
vm-destroy-barrier close                                  kvm_destroy_vm                                        srcu_barrier               kvm.srcu     gp-timer|cb-timer
vcpu-create        KVM_CREATE_VCPU                        kvm_swap_active_memslots                              synchronize_srcu_expedited kvm.srcu     gp-timer
vgic-first-run     KVM_SET_USER_MEMORY_REGION             kvm_swap_active_memslots                              synchronize_srcu_expedited kvm.srcu     gp-timer
fdtable            KVM_CREATE_VCPU|eventfd2               expand_files|alloc_fd                                 synchronize_rcu            rcu          -
device-close       close.[(]device[)]                     kvm_device_release                                    synchronize_rcu            rcu          -
vcpu-hop           KVM_RUN                                kvm_vcpu_ioctl                                        synchronize_rcu            rcu          -
cgroup             write                                  cgroup_attach_lock|cgroup_procs_write_start           synchronize_rcu            rcu          -
many-vms-close     close                                  mmu_notifier_unregister                               synchronize_srcu           mmu_notifier gp-timer|cb-timer
many-vms-exit      close                                  mmu_notifier_unregister|exit_mmap|mn_hlist_release    -                          mmu_notifier gp-timer|cb-timer
END
)
site_tests='sites-listed'
while read -r name _; do
	site_tests+=" site-$name"
	eval "test_site_${name//-/_}() { site $name; }"
done <<<"$sites"

[ "${BASH_SOURCE[0]}" != "$0" ] || TESTS=$site_tests exec bash "$(dirname "$0")/run.sh"

test_sites_listed()
{
	"$KVMSTALL" repro --list --json | jq -r .name | diff - <(awk '{print $1}' <<<"$sites") ||
		fail "repro --list and the table of sites differ"
}

# The boot CPU runs SRCU's callbacks: while a real-time task has it, every wait is long enough for a
# stack. With pauses, so that all goes on; short ones, as one call follows another within microseconds.
crowd_boot_cpu()
{
	# shellcheck disable=SC2016 # the inner shell's
	exec chrt -f 1 taskset -c 0 bash -c 'exec {never}<> <(:)
		while :; do
			end=$((${EPOCHREALTIME/./} + 3000))
			while [ ${EPOCHREALTIME/./} -lt $end ]; do :; done
			read -r -t 0.0003 -u $never
		done'
}

# capture_crowded NAME OPTION...: the same, while the boot CPU is busy.
capture_crowded()
{
	local crowd tool status=0

	for tool in chrt taskset; do
		command -v $tool >/dev/null || skip "no $tool"
	done
	crowd_boot_cpu 2>crowd.err &
	crowd=$!
	capture "$@" || status=$?
	kill $crowd || fail "$(cat crowd.err)"
	wait $crowd || true
	return $status
}

site()
{
	local name=$1 calls where api domain causes rounds=${ROUNDS:-7}

	read -r _ calls where api domain causes < <(grep "^$name " <<<"$sites")
	[ "$domain" != rcu ] || { repeat 5 rcu_site "$name" "$calls" "$where" "$api"; return; }
	capture "site-$name" --scenario "$name" --rounds "$rounds"
	jq -r 'select(.type == "skip") | "\(.call // "repro"): \(.errno // .reason)"' \
		"$work/captures/site-$name.repro" >refused
	[ ! -s refused ] || skip "not on this kernel: $(head -n 1 refused)"
	site_causes "$name" "$calls" "$domain" "$causes"
	site_stack "$name" "$calls" "$where" "$api" "$domain"
}

# What is slow, by more than a jiffy on the expected domain, has one of the expected causes.
site_causes()
{
	local name=$1 calls=$2 domain=$3 causes=$4 filter

	filter="select(is_call and (.call | test(\"^($calls)\$\")))
		| select(([.segments[] | select(.domain == \"$domain\").ns] | add // 0) > $(jiffy_ns))"
	ndjson -c "include \"ndjson\"; $filter" "$work/captures/site-$name.trace" >slow
	if [ "$causes" = - ]; then
		none "slow for a timer" 'select(has_cause("gp-timer") or has_cause("cb-timer"))' slow
		return
	fi
	# By what took most of its time on that domain: the call may have waited for longer for a CPU, or elsewhere.
	none "slow, and not for $causes" "select([.segments[] | select(.domain == \"$domain\")] | group_by(.cause)
		| max_by(map(.ns) | add)[0].cause | test(\"^($causes|kworker|wakeup)\$\") | not)
		| {call, cause, latency_ns, segments}" slow
	none "unexplained" 'select(ns_by("unexplained") * 100 > .stall_ns)' slow
	note "$calls: $(jq -rs 'group_by(.cause) | map("\(length) for \(.[0].cause)") | join(", ")' slow | grep . || echo 'none slow')"
}

# A wait that falls into the crowd's pause is too short for a stack: then more rounds are tried.
site_stack()
{
	local name=$1 calls=$2 where=$3 api=$4 domain=$5 waits trace tries pattern

	[ "$api" != - ] || api='[a-z_]+"|null'
	pattern="\"site\":\"($where)(\.[a-z.0-9]+)?\",\"api\":\"?($api)\"?,\"domain\":\"$domain\""
	for tries in "$rounds" 11 23 43; do
		trace=$work/captures/crowded-$name-$tries.trace
		capture_crowded "crowded-$name-$tries" --scenario "$name" --rounds "$tries"
		waits=$(ndjson -c "include \"ndjson\"; select(is_call and (.call | test(\"^($calls)\$\"))) | .waits[]
			| select(.site) | {site, api, domain}" "$trace" | sort | uniq -c)
		[ "$name" != vcpu-create ] || [ -n "$waits" ] || skip "no APIC access page on this machine's KVM"
		! grep -qE "$pattern" <<<"$waits" || break
	done
	some "a wait of ${calls%%|*} on $domain" "select(is_call and .call == \"${calls%%|*}\")
		| .waits[] | select(.domain == \"$domain\")" "$trace"
	# One that follows another at once begins when the crowd has just let go.
	[ -n "$waits" ] || skip "its waits on $domain are all too short for a stack here"
	grep -qE "$pattern" <<<"$waits" || fail "no wait in $where, by $api, on $domain; but" "$waits"
}
