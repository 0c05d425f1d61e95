// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/entry/domains.h"

#include <errno.h>
#include <string.h>

#define DOMAINS_MAX (3 * (VMS_MAX + VMS_DEAD_MAX) + 1024)

struct domain *domains_add(struct ledger *ledger, uint64_t ssp, enum domain_kind kind, uint64_t kvm)
{
	struct domain *dom = domain_new(ssp, kind, kvm);

	if (!dom)
		return NULL;
	domain_set_budget(dom, &ledger->history);
	domain_put(map_get(&ledger->domains, ssp));
	if (map_put(&ledger->domains, ssp, dom)) {
		map_del(&ledger->domains, ssp);
		domain_put(dom);
		return NULL;
	}
	return dom;
}

struct domain *domains_find(struct ledger *ledger, uint64_t ssp)
{
	struct domain *dom = ssp ? map_get(&ledger->domains, ssp) : NULL;

	if (dom || !ssp || ledger->domains.cnt >= DOMAINS_MAX)
		return dom;
	return domains_add(ledger, ssp, DOMAIN_OTHER, 0);
}

/* Why there is none. */
static int no_domain(struct ledger *ledger, uint64_t ssp)
{
	return ssp ? book_no_room(ledger, &ledger->domains, DOMAINS_MAX, KS_LOSS_DOMAINS) : -EINVAL;
}

void domains_drop(struct ledger *ledger, struct domain *dom)
{
	if (map_get(&ledger->domains, domain_ssp(dom)) != dom)
		return; /* another VM lives at that address by now */
	map_del(&ledger->domains, domain_ssp(dom));
	domain_put(dom);
}

void domains_prove(struct ledger *ledger, struct domain *dom, const struct ks_sleep *sleep,
		   const struct stack *stack)
{
	enum domain_kind kind;
	bool is_proven;

	if (!dom || domain_get_kind(dom) != DOMAIN_OTHER)
		return;
	if (stack_domain_kind(stack, &kind))
		is_proven = kind == DOMAIN_SHARED;
	else
		is_proven = !stack->cnt && sleep->kind == KS_KIND_CLOSE && !ledger->knows_shared;
	if (!is_proven)
		return;
	domain_set_kind(dom, DOMAIN_SHARED);
	ledger->knows_shared = true;
}

int domains_take_step(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_step *step = view->step;
	struct domain *dom = domains_find(ledger, step->ssp);

	if (!dom)
		return no_domain(ledger, step->ssp);
	if (step->head.type == KS_GP_QUEUE)
		tick_learn(&ledger->tick, step->head.ts_ns, step->val);
	domain_step(dom, step);
	return 0;
}

int domains_take_callbacks(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_cb *cb = view->cb;
	struct domain *dom = domains_find(ledger, cb->ssp);

	if (!dom)
		return no_domain(ledger, cb->ssp);
	if (cb->head.type == KS_CB_QUEUE)
		tick_learn(&ledger->tick, cb->head.ts_ns, cb->val);
	domain_callbacks(dom, cb);
	return 0;
}

int domains_take_start(struct ledger *ledger, const struct record_view *view)
{
	const struct ks_start *start = view->start;
	struct domain *dom = domains_find(ledger, start->ssp);
	struct initiator initiator = {
		.kvm = start->kvm,
		.tid = start->head.tid,
		.tgid = start->tgid,
	};
	const struct stack *stack;

	if (!dom)
		return no_domain(ledger, start->ssp);
	stack = book_stack(ledger, view);
	if (!stack)
		return -ENOMEM;
	initiator.func = stack_srcu_caller(stack);
	initiator.call = start->kind ? call_of(start->kind, start->cmd) : stack_call(stack);
	/* Only an expedited request starts without a timer, and call_srcu() makes none. */
	initiator.is_sync = stack->cnt ? stack_in_sync(stack) : !start->expires;
	memcpy(initiator.comm, start->comm, sizeof(initiator.comm) - 1);
	domain_start(dom, start, &initiator);
	return 0;
}
