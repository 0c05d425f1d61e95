// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/stack.h"

#include "ledger/symbols.h"

static uint32_t find_is(const struct stack *stack)
{
	uint32_t is = 0;

	for (size_t i = 0; i < stack->cnt; i++)
		is |= site_is(stack->names[i]);
	return is;
}

static bool has(const struct stack *stack, const char *func)
{
	for (size_t i = 0; i < stack->cnt; i++)
		if (symbol_is(stack->names[i], func))
			return true;
	return false;
}

/*
 * The tail call of __synchronize_srcu() leaves no frame of the function that
 * KVM called: then the caller says which, where its API is the same in every release.
 */
static enum ks_api find_api(const struct stack *stack)
{
	const struct site *caller = site_find(stack->derived.srcu_caller);

	for (size_t i = 0; i < sites_cnt; i++)
		if (sites[i].api && sites[i].is & (SITE_SRCU | SITE_RCU) &&
		    has(stack, sites[i].func))
			return sites[i].api;
	return caller ? caller->api : KS_API_NONE;
}

static const char *find_srcu_caller(const struct stack *stack)
{
	bool in_srcu = false;

	for (size_t i = 0; i < stack->cnt; i++) {
		uint32_t is = site_is(stack->names[i]);

		if (is & SITE_INTERRUPT)
			in_srcu = false; /* and who was interrupted must be in it */
		else if (is & SITE_SRCU)
			in_srcu = true;
		else if (in_srcu)
			return stack->names[i];
	}
	return NULL;
}

/* percpu_down_write() waits for RCU on behalf of who called it. */
static const char *find_rcu_caller(const struct stack *stack)
{
	bool in_rcu = false;

	for (size_t i = 0; i < stack->cnt; i++) {
		uint32_t is = site_is(stack->names[i]);

		if (is & SITE_RCU)
			in_rcu = true;
		else if (in_rcu && !(is & SITE_SLEEPS))
			return stack->names[i];
	}
	return NULL;
}

static const char *find_sleeps_in(const struct stack *stack)
{
	for (size_t i = 0; i < stack->cnt; i++)
		if (!(site_is(stack->names[i]) & SITE_SLEEPS))
			return stack->names[i];
	return NULL;
}

static enum call_id find_call(const struct stack *stack)
{
	for (size_t i = 0; i < sites_cnt; i++)
		if (sites[i].call && has(stack, sites[i].func))
			return sites[i].call;
	return CALL_NONE;
}

static enum call_id find_reads(const struct stack *stack)
{
	for (size_t i = 0; i < sites_cnt; i++)
		if (sites[i].reads && has(stack, sites[i].func))
			return sites[i].reads;
	return CALL_NONE;
}

bool stack_in_kvm_wait(const struct stack *stack)
{
	return stack_in_srcu(stack) && stack_has(stack, SITE_KVM);
}

const char *stack_notifier(const struct stack *stack)
{
	for (size_t i = 0; i < stack->cnt; i++)
		if (site_is(stack->names[i]) & SITE_NOTIFIES)
			return stack->names[i ? i - 1 : 0];
	return NULL;
}

bool stack_domain_kind(const struct stack *stack, enum domain_kind *kind)
{
	const struct site *caller = site_find(stack->derived.srcu_caller);

	for (int i = 0; caller && i < DOMAIN_KIND_CNT; i++) {
		if (!(caller->domains & (1 << i)))
			continue;
		*kind = i;
		return true;
	}
	return false;
}

/* ---- all of it, once ---- */

static void find_all(struct stack *stack)
{
	stack->derived = (struct stack_derived){.is = find_is(stack)};
	stack->derived.srcu_caller = find_srcu_caller(stack);
	stack->derived.rcu_caller = find_rcu_caller(stack);
	stack->derived.sleeps_in = find_sleeps_in(stack);
	stack->derived.call = find_call(stack);
	stack->derived.reads = find_reads(stack);
	stack->derived.api = find_api(stack); /* the caller may tell */
}

void stack_resolve(struct stack *stack, const struct symbols *syms, const __u64 *addrs, size_t cnt)
{
	stack->cnt = 0;
	for (size_t i = 0; i < cnt && i < KS_STACK_MAX; i++) {
		const char *name = symbols_find(syms, addrs[i], NULL);

		if (!name || site_is(name) & SITE_NOISE)
			continue;
		/* a probed function is there twice: its caller's trampoline, and itself */
		if (!stack->cnt || stack->names[stack->cnt - 1] != name)
			stack->names[stack->cnt++] = name;
	}
	find_all(stack);
}

void stack_of_names(struct stack *stack, const char *const *names, size_t cnt)
{
	stack->cnt = 0;
	for (size_t i = 0; i < cnt && stack->cnt < KS_STACK_MAX; i++)
		if (!(site_is(names[i]) & SITE_NOISE))
			stack->names[stack->cnt++] = names[i];
	find_all(stack);
}

bool stack_has(const struct stack *stack, enum site_is is)
{
	return stack->derived.is & is;
}

bool stack_in_srcu(const struct stack *stack)
{
	return stack_has(stack, SITE_SRCU);
}

/* Who asks SRCU may have a domain whose grace periods ask RCU. */
bool stack_in_rcu(const struct stack *stack)
{
	return stack_has(stack, SITE_RCU) && !stack_in_srcu(stack);
}

const char *stack_rcu_caller(const struct stack *stack)
{
	return stack->derived.rcu_caller;
}

const char *stack_srcu_caller(const struct stack *stack)
{
	return stack->derived.srcu_caller;
}

bool stack_in_sync(const struct stack *stack)
{
	return stack_has(stack, SITE_SYNC);
}

const char *stack_sleeps_in(const struct stack *stack)
{
	return stack->derived.sleeps_in;
}

enum call_id stack_call(const struct stack *stack)
{
	return stack->derived.call;
}

enum call_id stack_reads(const struct stack *stack)
{
	return stack->derived.reads;
}

/* A memory slot's update sleeps in its own function for nothing else. */
bool stack_in_invalidation(const struct stack *stack)
{
	const char *sleeps_in = stack->derived.sleeps_in;

	return sleeps_in && site_is(sleeps_in) & SITE_INVALIDATED && !stack_in_mutex(stack);
}

bool stack_in_vcpu_lock(const struct stack *stack)
{
	const char *sleeps_in = stack->derived.sleeps_in;

	return sleeps_in && site_is(sleeps_in) & SITE_VCPU_LOCK;
}

enum call_id stack_system_call(const struct stack *stack)
{
	enum call_id call = CALL_NONE;

	for (size_t i = stack->cnt; i && !call; i--)
		call = call_of_entry(stack->names[i - 1]);
	return call;
}

const char *stack_unmaps_in(const struct stack *stack)
{
	const char *func = stack_notifier(stack);

	for (size_t i = 0; i < stack->cnt && !func; i++)
		if (site_is(stack->names[i]) & SITE_UNMAPS)
			func = stack->names[i];
	return func;
}

bool stack_in_vma_lock(const struct stack *stack)
{
	const char *sleeps_in = stack->derived.sleeps_in;

	return sleeps_in && site_is(sleeps_in) & SITE_VMA_LOCK && !stack_in_mutex(stack);
}

bool stack_in_kthread_wait(const struct stack *stack)
{
	uint32_t is = SITE_SLEEPS;

	for (size_t i = 0; i < stack->cnt && is & SITE_SLEEPS; i++) {
		is = site_is(stack->names[i]);
		if (is & SITE_KTHREAD)
			return !stack_in_mutex(stack);
	}
	return false;
}

bool stack_in_mutex(const struct stack *stack)
{
	return stack_has(stack, SITE_MUTEX);
}

enum ks_api stack_api(const struct stack *stack)
{
	return stack->derived.api;
}
