// SPDX-License-Identifier: GPL-2.0-only
#include "output/advice.h"

#include <stdio.h>
#include <string.h>

#include "base/format.h"

#define DURATION_LEN 24
/* srcutree.exp_holdoff, unless it is set: kernel/rcu/srcutree.c, the same from 6.1 to 7.3. */
#define EXP_HOLDOFF_NS 25000

/* Of a call's time, what a cause shorter than --min must have taken to be worth advice. */
#define WORTH_ONE_IN 4

static const char *const by_cause[KS_CAUSE_CNT] = {
	[KS_CAUSE_GP_TIMER] =
		"in the VMM, make memory slots before devices, or do three jiffies of other work "
		"between; HZ=1000 shortens it; ask for call_srcu_expedited() in "
		"kvm_io_bus_register_dev()",
	[KS_CAUSE_CB_TIMER] =
		"nobody expedited this grace period: rcu_expedited=1 does it for plain "
		"synchronize_srcu() and costs other users; HZ=1000 shortens it",
	[KS_CAUSE_READER] =
		"what the reader does takes too long: a slow userfaultfd handler, page-in "
		"or emulation; update memslots before vCPUs run, or make it fast",
	[KS_CAUSE_POLL_BACKOFF] = "the kernel looks for readers in ever longer steps: keep readers "
				  "under two jiffies; HZ=1000 makes the steps shorter",
	[KS_CAUSE_KWORKER] =
		"SRCU's workers did not get a CPU: callbacks run on the boot CPU, so keep "
		"real-time tasks and interrupts off it",
	[KS_CAUSE_WAKEUP] =
		"the waiter was ready, but others had the CPU: run fewer busy tasks beside it; on "
		"a host that is not busy, look for a cgroup quota or real-time tasks",
	[KS_CAUSE_LOCK] = "two threads make calls that take the same lock of this VM: the holder's "
			  "stall is the one to mend",
	[KS_CAUSE_RUNNABLE] = "the caller was ready, but others had the CPU: give its VMM CPUs of "
			      "its own, or run "
			      "fewer busy tasks beside it; on a host that is not busy, look for a "
			      "cgroup quota or "
			      "real-time tasks",
	[KS_CAUSE_RUN] = "the kernel worked all the time: 'perf record -g' shows in what function; "
			 "neither grace periods nor locks are to blame",
	[KS_CAUSE_OTHER_SLEEP] = "not SRCU: the function named is where it slept",
	[KS_CAUSE_RCU] =
		"a grace period of plain RCU, which all CPUs take part in: do the call before it "
		"hurries, or in a thread that nobody waits for; HZ=1000 shortens it, and "
		"rcu_expedited=1 does at the cost of all CPUs, but not rcu_barrier()",
	[KS_CAUSE_INVALIDATION] =
		"memory slots cannot change while memory of this VMM is being unmapped: have no "
		"thread give guest memory back (madvise, munmap, a balloon) while they do",
	[KS_CAUSE_KTHREAD] =
		"a thread of the kernel does this part, and takes its turn for a CPU: run fewer "
		"busy "
		"tasks beside the VMM, or do the call in a thread that nobody waits for",
	[KS_CAUSE_UNEXPLAINED] = "no record says what happened: see the losses, and whether the "
				 "trace began in the middle of it",
};

const char *advice_for_cause(enum ks_cause cause)
{
	return by_cause[cause];
}

static bool is_registration(const struct culprit *culprit)
{
	return culprit->func && site_is(culprit->func) & SITE_REGISTERS;
}

static bool is_shared(const struct segment *seg)
{
	return seg && seg->dom && domain_get_kind(seg->dom) == DOMAIN_SHARED;
}

/* Each of these costs the same, whatever it changes. kvm_set_irq_routing() goes through all irqfds
 * with the whole table (virt/kvm/irqchip.c, eventfd.c: kvm_irq_routing_update()). */
static const char *for_many(enum call_id call)
{
	if (call == CALL_SET_USER_MEMORY_REGION || call == CALL_SET_USER_MEMORY_REGION2)
		return "each update of a memory slot waits for all readers of kvm->srcu, however "
		       "small it is: make fewer, and larger ones (a guest's flash of QEMU: -drive "
		       "if=pflash, not -bios)";
	if (call == CALL_SET_GSI_ROUTING)
		return "each call replaces the whole table, goes through all irqfds and waits for "
		       "kvm.irq_srcu: collect the routes of all vectors, and set them once";
	return NULL;
}

const char *advice_for_storm(const struct storm *storm)
{
	const char *text = for_many(storm->call);
	int most = 0;

	if (storm->is_unawaited || text)
		return storm->is_unawaited ? NULL : text;
	for (int i = 1; i < KS_CAUSE_CNT; i++)
		if (storm->by_cause[i] > storm->by_cause[most])
			most = i;
	return by_cause[most];
}

/* An argument of a memory slot's call; false: it is none, or has none that is known. */
static bool slot_arg(const struct stall *stall, const char *name, uint64_t *value)
{
	const struct ioctl_desc *desc = ioctl_find(stall->rec->kind, stall->rec->cmd);

	if (stall->call != CALL_SET_USER_MEMORY_REGION &&
	    stall->call != CALL_SET_USER_MEMORY_REGION2)
		return false;
	for (size_t i = 0; desc && i < IOCTL_ARGS_MAX && desc->args[i].name; i++)
		if (!strcmp(desc->args[i].name, name))
			return ioctl_arg_value(stall->rec, &desc->args[i], value);
	return false;
}

/* A slot that is deleted was made before. */
static bool is_deletion(const struct stall *stall)
{
	uint64_t size;

	return slot_arg(stall, "size", &size) && !size;
}

/* KVM_MEM_LOG_DIRTY_PAGES, 1 in include/uapi/linux/kvm.h. When a slot that is there begins to log,
 * all its pages are write-protected in the call (arch/x86/kvm/x86.c, kvm_mmu_slot_apply_flags()),
 * unless KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 is on, its second bit included. */
static bool is_logging(const struct stall *stall)
{
	uint64_t flags;

	return slot_arg(stall, "flags", &flags) && flags & 1 && !is_deletion(stall);
}

/* Is it a VMM's set-up, whose order the VMM chooses? What a running guest does is the guest's. */
static bool is_setup(const struct stall *stall)
{
	return stall->phase < PHASE_RUNNING && stall->culprit.call &&
	       stall->culprit.vm == stall->vm && !is_deletion(stall);
}

/* "270us instead of 4.76ms"; empty: nothing is predicted. */
static const char *format_gain(const struct stall *stall, char *buf, size_t size)
{
	char without[DURATION_LEN], latency[DURATION_LEN];

	buf[0] = 0;
	if (stall->without_ns < stall->latency_ns)
		snprintf(buf, size, ": %s instead of %s",
			 format_nsec(stall->without_ns, without, sizeof(without)),
			 format_nsec(stall->latency_ns, latency, sizeof(latency)));
	return buf;
}

/* A device was registered, and left a normal grace period outstanding. */
static void for_registration(const struct stall *stall, const struct advice_host *host, char *buf,
			     size_t size)
{
	static const char wait[] = "three jiffies of other work between";
	static const char kernel[] =
		"; or a kernel with call_srcu_expedited() in kvm_io_bus_register_dev()";
	const char *call = call_name(stall->call), *first = call_name(stall->culprit.call);
	const char *hz = host->hz < 1000 ? " (HZ=1000 shortens it)" : "";
	const char *why = call_order_refusal(stall->call, stall->culprit.call, host->arch);
	char gain[2 * DURATION_LEN + 16];

	format_gain(stall, gain, sizeof(gain));
	if (!is_setup(stall))
		snprintf(buf, size, "%s the device and this call%s%s%s", wait, gain, hz, kernel);
	else if (why)
		snprintf(buf, size, "%s %s and %s%s%s; they cannot be swapped: %s%s", wait, first,
			 call, gain, hz, why, kernel);
	else
		snprintf(buf, size, "%s before %s%s; or %s them%s%s", call, first, gain, wait, hz,
			 kernel);
}

/* It asked so early that SRCU did not expedite: which side of the edge it is on is chance. */
static void for_holdoff(const struct stall *stall, char *buf, size_t size)
{
	char rest[DURATION_LEN];

	snprintf(
		buf, size,
		"it came %s after another grace period's end%s, and SRCU expedites only what comes "
		"25us (srcutree.exp_holdoff) after it or later: some runs wait and others do not; "
		"rcu_expedited=1 expedites all and costs other users",
		format_nsec(stall->culprit.rest_ns, rest, sizeof(rest)),
		stall->culprit.rest_ns < EXP_HOLDOFF_NS ? ""
							: " (both seen some microseconds late)");
}

/* A normal grace period's timers: the one that ends it, and the one before its callbacks. */
static const char *for_timer(const struct stall *stall)
{
	if (is_shared(stall->culprit.seg))
		return "all VMs of the host share this domain (mmu_notifier): do not end many at "
		       "once; rcu_expedited=1 shortens it and costs other users";
	if (stall->culprit.is_self || stall->cause == KS_CAUSE_CB_TIMER)
		return by_cause[KS_CAUSE_CB_TIMER];
	return "a normal grace period was in flight: do three jiffies of other work before this "
	       "call";
}

static bool is_reader(enum ks_cause cause)
{
	return cause == KS_CAUSE_READER || cause == KS_CAUSE_POLL_BACKOFF;
}

static const char *for_function(const struct stall *stall, const char *func)
{
	const struct site *site = site_find(func);

	return site && site->advice ? site->advice : by_cause[stall->cause];
}

/* Of a wait for plain RCU, or another sleep, who waited knows best how not to. */
static const char *for_site(const struct stall *stall)
{
	const char *func = stall->culprit.seg ? stall->culprit.seg->func : NULL;

	if (stall->cause == KS_CAUSE_OTHER_SLEEP && !func)
		return "no record says in which function it slept: see the losses";
	if (stall->cause == KS_CAUSE_OTHER_SLEEP && site_is(func) & SITE_VCPU_LOCK)
		return "another thread is in an ioctl of this vCPU, most likely KVM_RUN, which "
		       "returns when its guest exits: make such calls in the vCPU's own thread, or "
		       "send that one a signal first (immediate_exit)";
	return for_function(stall, func);
}

/* A reader may be in a function of KVM's and not wait there for what its advice is about. */
static const char *for_reader(const struct stall *stall)
{
	const char *func = stall->culprit.func;

	return for_function(stall, func && site_is(func) & SITE_KVM ? NULL : func);
}

static bool is_shared_rwsem(enum ks_lock_which lock)
{
	return lock == KS_LOCK_RWSEM || lock == KS_LOCK_PERCPU;
}

static const char *for_lock(const struct stall *stall)
{
	if (stall->culprit.lock == KS_LOCK_MMAP)
		return "a thread of the VMM changes its address space meanwhile, or faults with it "
		       "locked (mmap, munmap, mprotect, MAP_POPULATE, fork): do that before, or "
		       "after";
	if (stall->culprit.lock == KS_LOCK_VMA)
		return "another thread of the VMM had a page fault in a mapping that this call "
		       "locks (KVM_CREATE_VM locks all of its process): make the VM before "
		       "other threads touch guest memory, or after";
	if (stall->culprit.lock == KS_LOCK_MMU)
		return "another thread had the page tables of this VM to itself meanwhile (madvise "
		       "or munmap of guest memory, page faults of vCPUs, dirty logging): do less "
		       "of that beside this call, or back the guest with huge pages";
	if (stall->culprit.lock == KS_LOCK_SPIN)
		return "the lock is for short moments, and nobody sleeps for it: 'perf record -g' "
		       "shows in what function; on a virtual machine its holder may have no CPU";
	if (is_shared_rwsem(stall->culprit.lock))
		return "the function named takes a lock that the whole host shares: fewer tasks "
		       "that move to other cgroups, CPUs that come and go, or such calls at once";
	if (stall->culprit.is_known && !stall->culprit.func)
		return "the function named takes a mutex that is not a VM's, so every process of "
		       "the "
		       "host may hold it: the holder's stall is the one to mend, or do fewer such "
		       "calls at once";
	return by_cause[KS_CAUSE_LOCK];
}

static const char *find_text(const struct stall *stall, const struct advice_host *host)
{
	if (stall->culprit.is_throttled)
		return "the cgroup of this process had used its CPU quota up (cpu.max, "
		       "nr_throttled "
		       "in cpu.stat): raise it, or make its period shorter; since Linux 6.18 who "
		       "is "
		       "in a call goes on until it returns";
	if (cause_is_timer(stall->cause) && host->rcu_normal)
		return "rcu_normal is set, so nothing is expedited: echo 0 >/sys/kernel/rcu_normal";
	if (cause_is_timer(stall->cause))
		return for_timer(stall);
	if (stall->culprit.halt)
		return "the thread that this call waits for is one of the VMM's process, and is "
		       "stopped with it: let that go on (SIGCONT, its tracer, cgroup.freeze), or "
		       "end the VM first";
	if (stall_may_have_leaked(stall))
		return "a read lock of this domain was taken, and whoever took it is somewhere "
		       "else by now, without having let go: a bug of the kernel's, most likely; "
		       "report it with what trace --dump prints. Only a restart of the host ends "
		       "the wait";
	if (is_reader(stall->cause) && is_shared(stall->culprit.seg))
		return "all VMs of the host share this domain (mmu_notifier), and memory of a "
		       "process that has one was unmapped, migrated or aged meanwhile: unmap guest "
		       "memory in small pieces, or back it with huge pages";
	if (stall->cause == KS_CAUSE_READER && stall->culprit.func &&
	    site_is(stall->culprit.func) & SITE_FAULTS)
		return "the page that the reader faulted on came late: make the userfaultfd "
		       "handler "
		       "faster, or populate the memory before memslots change";
	if (stall->cause == KS_CAUSE_READER)
		return for_reader(stall);
	if (stall->cause == KS_CAUSE_RCU || stall->cause == KS_CAUSE_OTHER_SLEEP)
		return for_site(stall);
	if (stall->cause == KS_CAUSE_RUN && is_logging(stall))
		return "if the slot was there before, all its pages were write-protected at once, "
		       "as its dirty logging began: KVM_ENABLE_CAP of "
		       "KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 with KVM_DIRTY_LOG_INITIALLY_SET leaves "
		       "that to KVM_CLEAR_DIRTY_LOG, a part at a time";
	if (stall->cause == KS_CAUSE_LOCK)
		return for_lock(stall);
	if (stall->cause == KS_CAUSE_KTHREAD && stall->call == CALL_CREATE_VM)
		return "KVM makes a thread for each VM, for huge pages that it splits (iTLB "
		       "multihit), and waits until it is in its cgroups, which waits for RCU: "
		       "mount -o remount,favordynmods /sys/fs/cgroup; or kvm.nx_huge_pages=never, "
		       "which makes none, where the CPU needs no mitigation; Linux 6.13 and later "
		       "make it in the first KVM_RUN";
	if (stall->cause == KS_CAUSE_KTHREAD && stall->call == CALL_VHOST_SET_OWNER &&
	    stall->culprit.cause == KS_CAUSE_RCU)
		return "a worker of vhost that is a kthread joins the cgroups of its owner, which "
		       "waits for RCU: mount -o remount,favordynmods /sys/fs/cgroup; or let it be "
		       "a thread of the VMM (Linux 6.4; vhost.fork_from_owner_default=1)";
	return by_cause[stall->cause];
}

/* Is the call a stall, and this cause what made it one: by itself, or by much of the time? */
static bool is_worth_it(const struct stall *stall, const struct advice_host *host)
{
	uint64_t ns = stall->by_cause[stall->cause];

	return stall->latency_ns >= host->min_ns &&
	       (ns >= host->min_ns || ns >= stall->latency_ns / WORTH_ONE_IN);
}

char *advice_for(const struct stall *stall, const struct advice_host *host, char *buf, size_t size)
{
	const char *text = find_text(stall, host);

	buf[0] = 0;
	if (stall->is_inferred && stall->note)
		snprintf(buf, size, "%s", stall->note);
	if (!text || !is_worth_it(stall, host) || stall->is_inferred)
		return buf;
	if (cause_is_timer(stall->cause) && !host->rcu_normal && is_registration(&stall->culprit))
		for_registration(stall, host, buf, size);
	else if (stall->culprit.rest_ns && !host->rcu_normal && !is_shared(stall->culprit.seg))
		for_holdoff(stall, buf, size);
	else
		snprintf(buf, size, "%s", text);
	return buf;
}
