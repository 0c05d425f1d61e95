// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/stack.h"

#include <string.h>

#include "ledger/domain.h"
#include "ledger/symbols.h"

/* Frames that say how a task sleeps or was traced, not why; a trailing '*' matches any end. */
static const char *const noise[] = {
	"__schedule",
	"schedule*",
	"preempt_schedule*",
	"bpf_*",
	"__bpf*",
	"__traceiter_*",
	"trace_*",
	"perf_*",
	"ftrace_*",
	"ftrace_trampoline",
	"stack_trace_*",
	"arch_stack_walk*",
	"get_perf_callchain",
	"__switch_to*",
	"ret_from_fork*",
	"__cond_resched*",
	"debug_smp_*",
};

static const char *const sleepers[] = {
	"wait_for_completion*",
	"__wait_for_common",
	"do_wait_for_common",
	"io_schedule*",
	"rwsem_*",
	"down_*",
	"__down_*",
	"__mutex_lock*",
	"mutex_lock*",
	"__wait_rcu_gp",
	"wait_rcu_gp",
	"out_of_line_wait*",
	"__wait_on_bit*",
	"rcuwait_*",
	"usleep_range*",
	"msleep*",
	"percpu_rwsem_wait*",
	"__percpu_down_*",
	"percpu_down_*",
	"do_nanosleep",
	"hrtimer_nanosleep",
	"prepare_to_wait*",
	"swait_*",
	"__flush_work*",
};

static const char *const srcu_funcs[] = {
	"srcu_*",
	"__srcu_*",
	"call_srcu*",
	"__call_srcu*",
	"synchronize_srcu*",
	"__synchronize_srcu*",
	"queue_delayed_work*",
	"__queue_delayed_work*",
	"add_timer*",
	"__mod_timer",
	"mod_timer*",
	"irq_work_*",
	"wakeme_after_rcu",
};

static const struct {
	const char *name;
	enum ks_api api;
} apis[] = {
	{"synchronize_srcu_expedited", KS_API_SYNC_EXPEDITED},
	{"synchronize_srcu", KS_API_SYNC},
	{"srcu_barrier", KS_API_BARRIER},
};

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static bool matches(const char *name, const char *pattern)
{
	size_t len = strlen(pattern);

	if (pattern[len - 1] == '*')
		return !strncmp(name, pattern, len - 1);
	return symbol_is(name, pattern);
}

static bool matches_any(const char *name, const char *const *patterns, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (matches(name, patterns[i]))
			return true;
	return false;
}

bool symbol_is(const char *name, const char *plain)
{
	size_t len = strlen(plain);

	return !strncmp(name, plain, len) && (!name[len] || name[len] == '.');
}

bool stack_has(const struct stack *stack, const char *name)
{
	for (size_t i = 0; i < stack->cnt; i++)
		if (symbol_is(stack->names[i], name))
			return true;
	return false;
}

static bool is_srcu(const char *name)
{
	return matches_any(name, srcu_funcs, ARRAY_LEN(srcu_funcs));
}

static bool find_in_srcu(const struct stack *stack)
{
	for (size_t i = 0; i < stack->cnt; i++)
		if (is_srcu(stack->names[i]))
			return true;
	return false;
}

/*
 * The tail call of __synchronize_srcu() leaves no frame of the function that
 * KVM called. What these sites call is the same in every release from 6.1 to
 * 7.3; sites that changed (irqfd_shutdown and others, in 6.12) are not here.
 */
static const struct {
	const char *func;
	enum ks_api api;
} sites[] = {
	{"kvm_swap_active_memslots", KS_API_SYNC_EXPEDITED},
	{"kvm_io_bus_unregister_dev", KS_API_SYNC_EXPEDITED},
	{"kvm_set_irq_routing", KS_API_SYNC_EXPEDITED},
	{"kvm_vm_ioctl_set_pmu_event_filter", KS_API_SYNC_EXPEDITED},
	{"kvm_vm_ioctl_set_msr_filter", KS_API_SYNC},
	{"kvm_unregister_irq_mask_notifier", KS_API_SYNC},
	{"mmu_notifier_unregister", KS_API_SYNC},
	{"mn_hlist_release", KS_API_SYNC},
};

static enum ks_api find_api(const struct stack *stack)
{
	const char *caller;

	for (size_t i = 0; i < ARRAY_LEN(apis); i++)
		if (stack_has(stack, apis[i].name))
			return apis[i].api;
	caller = stack->derived.srcu_caller;
	for (size_t i = 0; caller && i < ARRAY_LEN(sites); i++)
		if (symbol_is(caller, sites[i].func))
			return sites[i].api;
	return KS_API_NONE;
}

/*
 * The interrupt that 7.2 and later queue process_srcu from (srcu_funnel_gp_start():
 * irq_work_queue()). It mostly comes at once, so below these frames is still who asked for the
 * grace period.
 */
static const char *const interrupt[] = {
	"srcu_irq_work",
	"irq_work_*",
	/* x86 */
	"__sysvec_irq_work",
	"sysvec_irq_work",
	"asm_sysvec_irq_work",
	/* arm64 */
	"ipi_handler",
	"do_handle_IPI",
	"handle_percpu_devid_irq",
	"handle_irq_desc",
	"generic_handle_*",
	"gic_handle_irq",
	"call_on_irq_stack",
	"do_interrupt_handler",
	"el1_interrupt",
	"el1h_64_irq*",
	"_raw_spin_unlock*",
};

static const char *find_srcu_caller(const struct stack *stack)
{
	bool in_srcu = false;

	for (size_t i = 0; i < stack->cnt; i++) {
		const char *name = stack->names[i];

		if (matches_any(name, interrupt, ARRAY_LEN(interrupt)))
			in_srcu = false; /* and who was interrupted must be in it */
		else if (is_srcu(name))
			in_srcu = true;
		else if (in_srcu)
			return name;
	}
	return NULL;
}

static const char *find_sleeps_in(const struct stack *stack)
{
	for (size_t i = 0; i < stack->cnt; i++)
		if (!matches_any(stack->names[i], sleepers, ARRAY_LEN(sleepers)))
			return stack->names[i];
	return NULL;
}

static bool find_in_mutex(const struct stack *stack)
{
	return stack_has(stack, "__mutex_lock") || stack_has(stack, "mutex_lock") ||
	       stack_has(stack, "mutex_lock_killable") || stack_has(stack, "__mutex_lock_slowpath");
}

bool stack_in_kvm_wait(const struct stack *stack)
{
	if (!stack_in_srcu(stack))
		return false;
	for (size_t i = 0; i < stack->cnt; i++)
		if (!strncmp(stack->names[i], "kvm_", 4) ||
		    !strncmp(stack->names[i], "irqfd_", 6) ||
		    !strncmp(stack->names[i], "mmu_notifier_", 13) ||
		    symbol_is(stack->names[i], "__mmu_notifier_release"))
			return true;
	return false;
}

static const char *find_call(const struct stack *stack)
{
	static const struct {
		const char *func, *call;
	} calls[] = {
		{"kvm_destroy_vm", "close"},
		{"__mmu_notifier_release", "close"},
		{"kvm_vm_release", "close"},
		{"kvm_arch_vcpu_ioctl_run", "KVM_RUN"},
		/* arm64: a vCPU's first run registers the vGIC's distributor; with an interrupt on
		 * top the stack may be too long for the outer frame */
		{"vgic_register_dist_iodev", "KVM_RUN"},
		{"kvm_arch_vcpu_run_pid_change", "KVM_RUN"},
		{"irqfd_shutdown", "irqfd_shutdown"},
		{"kvm_vm_ioctl", "ioctl"},
	};

	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (stack_has(stack, calls[i].func))
			return calls[i].call;
	return NULL;
}

/* kernel-facts: what each site waits on, the same from 6.1 to 7.3 */
int stack_domain_kind(const struct stack *stack)
{
	static const struct {
		const char *func;
		enum domain_kind kind;
	} sites_on[] = {
		{"kvm_swap_active_memslots", DOMAIN_SRCU},
		{"kvm_io_bus_unregister_dev", DOMAIN_SRCU},
		{"kvm_io_bus_register_dev", DOMAIN_SRCU},
		{"kvm_vm_ioctl_set_pmu_event_filter", DOMAIN_SRCU},
		{"kvm_vm_ioctl_set_msr_filter", DOMAIN_SRCU},
		{"kvm_destroy_vm", DOMAIN_SRCU}, /* srcu_barrier() */
		{"kvm_set_irq_routing", DOMAIN_IRQ_SRCU},
		{"irqfd_shutdown", DOMAIN_IRQ_SRCU},
		{"irqfd_resampler_shutdown", DOMAIN_IRQ_SRCU},
		{"kvm_irqfd_assign", DOMAIN_IRQ_SRCU},
		{"kvm_irqfd", DOMAIN_IRQ_SRCU},
		{"kvm_unregister_irq_ack_notifier", DOMAIN_IRQ_SRCU},
		{"kvm_unregister_irq_mask_notifier", DOMAIN_IRQ_SRCU},
		{"kvm_pit_set_reinject", DOMAIN_IRQ_SRCU},
		{"mmu_notifier_unregister", DOMAIN_SHARED},
		{"mn_hlist_release", DOMAIN_SHARED},
		{"__mmu_notifier_release", DOMAIN_SHARED},
	};
	const char *caller = stack_srcu_caller(stack);

	for (size_t i = 0; caller && i < ARRAY_LEN(sites_on); i++)
		if (symbol_is(caller, sites_on[i].func))
			return sites_on[i].kind;
	return -1;
}

const char *api_name(enum ks_api api)
{
	for (size_t i = 0; i < ARRAY_LEN(apis); i++)
		if (apis[i].api == api)
			return apis[i].name;
	return NULL;
}

/* ---- all of it, once ---- */

static void find_all(struct stack *stack)
{
	stack->derived = (struct stack_derived){.in_srcu = find_in_srcu(stack)};
	stack->derived.srcu_caller = find_srcu_caller(stack);
	stack->derived.sleeps_in = find_sleeps_in(stack);
	stack->derived.call = find_call(stack);
	stack->derived.api = find_api(stack); /* the caller may tell */
	stack->derived.in_mutex = find_in_mutex(stack);
	stack->derived.in_sync = stack_has(stack, "__synchronize_srcu") ||
				 stack_has(stack, "synchronize_srcu") ||
				 stack_has(stack, "synchronize_srcu_expedited");
}

void stack_resolve(struct stack *stack, const struct symbols *syms, const __u64 *addrs, size_t cnt)
{
	stack->cnt = 0;
	for (size_t i = 0; i < cnt && i < KS_STACK_MAX; i++) {
		const char *name = symbols_find(syms, addrs[i], NULL);

		if (!name || matches_any(name, noise, ARRAY_LEN(noise)))
			continue;
		/* a probed function is there twice: its caller's trampoline, and itself */
		if (!stack->cnt || stack->names[stack->cnt - 1] != name)
			stack->names[stack->cnt++] = name;
	}
	find_all(stack);
}

bool stack_in_srcu(const struct stack *stack)
{
	return stack->derived.in_srcu;
}

const char *stack_srcu_caller(const struct stack *stack)
{
	return stack->derived.srcu_caller;
}

bool stack_in_sync(const struct stack *stack)
{
	return stack->derived.in_sync;
}

const char *stack_sleeps_in(const struct stack *stack)
{
	return stack->derived.sleeps_in;
}

const char *stack_call(const struct stack *stack)
{
	return stack->derived.call;
}

bool stack_in_mutex(const struct stack *stack)
{
	return stack->derived.in_mutex;
}

enum ks_api stack_api(const struct stack *stack)
{
	return stack->derived.api;
}
