// SPDX-License-Identifier: GPL-2.0-only
#include "output/deferral.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "output/quantile.h"
#include "ledger/record_view.h"
#include "ledger/stack.h"
#include "ledger/symbols.h"
#include "output/table.h"
#include "output/text/text.h"

/* Tasks whose call's own record never comes are forgotten in the end. */
#define PENDING_MAX 65536
/* More VMs than anybody reads of: those that follow share one account. */
#define ACCOUNTS_MAX 16384
#define COLS_MAX     10

struct account {
	struct account *next; /* in the order of births */
	uint64_t callbacks;
	uint64_t calls; /* that made them, and whose end was seen */
	uint64_t calls_ns;
	uint64_t stalls; /* that waited for a grace period of theirs */
	uint64_t lost_ns;
	const char *path; /* NULL: of several VMs */
	uint32_t id;
	char vm[96];
};

/* Callbacks of a call that is not over. */
struct pending {
	struct account *account;
	uint64_t ts_ns;
};

struct deferral {
	struct account *first, *last;
	size_t cnt;
	struct map domains; /* ssp -> struct account, of living VMs */
	struct map pending; /* tid -> struct pending */
	struct quantile expedited;
	struct table_col cols[COLS_MAX];
	const char *path;
	size_t files;
	bool sees_callbacks;
	bool is_at_least;
};

struct deferral *deferral_new(void)
{
	return calloc(1, sizeof(struct deferral));
}

static void forget_pending(struct deferral *deferral)
{
	map_clear(&deferral->pending, free);
}

void deferral_free(struct deferral *deferral)
{
	if (!deferral)
		return;
	while (deferral->first) {
		struct account *account = deferral->first;

		deferral->first = account->next;
		free(account);
	}
	forget_pending(deferral);
	map_fini(&deferral->domains);
	quantile_fini(&deferral->expedited);
	free(deferral);
}

void deferral_next_file(struct deferral *deferral, const char *path, bool sees_callbacks)
{
	forget_pending(deferral);
	map_fini(&deferral->domains);
	deferral->path = path;
	deferral->files++;
	deferral->sees_callbacks = sees_callbacks;
}

/* ---- VMs ---- */

static void name_account(const struct deferral *deferral, struct account *account,
			 const struct vm *vm)
{
	account->path = deferral->path;
	account->id = vm->id;
	text_vm(vm, account->vm, sizeof(account->vm));
}

/* The last that there is room for is for all that follow. */
static struct account *add_account(struct deferral *deferral, const struct vm *vm)
{
	struct account *account;

	if (deferral->cnt == ACCOUNTS_MAX)
		return deferral->last;
	account = calloc(1, sizeof(*account));
	if (!account)
		return NULL;
	if (++deferral->cnt == ACCOUNTS_MAX)
		snprintf(account->vm, sizeof(account->vm), "other VMs");
	else
		name_account(deferral, account, vm);
	if (deferral->last)
		deferral->last->next = account;
	else
		deferral->first = account;
	deferral->last = account;
	return account;
}

int deferral_vm_new(struct deferral *deferral, const struct vm *vm)
{
	struct account *account;

	if (!vm->srcu || !vm->irq_srcu)
		return 0; /* from a log: nothing is known of its domains */
	account = add_account(deferral, vm);
	if (!account)
		return -ENOMEM;
	if (map_put(&deferral->domains, domain_ssp(vm->srcu), account) ||
	    map_put(&deferral->domains, domain_ssp(vm->irq_srcu), account))
		return -ENOMEM;
	return 0;
}

void deferral_vm_gone(struct deferral *deferral, const struct vm *vm)
{
	if (!vm->srcu || !vm->irq_srcu)
		return;
	map_del(&deferral->domains, domain_ssp(vm->srcu));
	map_del(&deferral->domains, domain_ssp(vm->irq_srcu));
}

/* ---- callbacks ---- */

static int note_pending(struct deferral *deferral, const struct ks_head *head,
			struct account *account)
{
	uint64_t key = head->tid;
	struct pending *pending = map_get(&deferral->pending, key);

	if (!pending && deferral->pending.cnt >= PENDING_MAX)
		forget_pending(deferral);
	if (!pending) {
		pending = calloc(1, sizeof(*pending));
		if (!pending || map_put(&deferral->pending, key, pending)) {
			free(pending);
			return -ENOMEM;
		}
	}
	*pending = (struct pending){account, head->ts_ns};
	return 0;
}

/* Without a record of each callback: was this grace period started by one, or by a wait? */
static bool is_by_callback(const struct record_view *view, const struct symbols *syms)
{
	struct stack stack;

	if (!view->start->expires || !view->frames)
		return false; /* expedited, or nobody knows */
	stack_resolve(&stack, syms, view->stack, view->frames);
	return stack_has(&stack, SITE_QUEUES | SITE_REGISTERS);
}

/* Is it kvm_io_bus_register_dev()'s? One whose name is not known is: nobody else defers there. */
static bool is_registration(const struct ks_start *start, const struct symbols *syms)
{
	const char *callback = start->func ? symbols_find(syms, start->func, NULL) : NULL;
	const struct site *site = site_of_callback(callback);

	return !callback || (site && site->is & SITE_REGISTERS);
}

static bool is_deferral(const struct deferral *deferral, const struct record_view *view,
			const struct symbols *syms)
{
	if (!deferral->sees_callbacks)
		return is_by_callback(view, syms);
	return view->head->type == KS_CALLBACK && is_registration(view->start, syms);
}

int deferral_record(struct deferral *deferral, const void *record, size_t size,
		    const struct symbols *syms)
{
	struct record_view view;
	struct account *account;

	if (!record_view(record, size, &view) || view.shape != RECORD_START)
		return 0;
	if (!is_deferral(deferral, &view, syms))
		return 0;
	account = map_get(&deferral->domains, view.start->ssp);
	if (!account)
		return 0; /* of no VM that we know */
	if (!deferral->sees_callbacks)
		deferral->is_at_least = true;
	account->callbacks++;
	return note_pending(deferral, view.head, account);
}

/* ---- stalls ---- */

static void add_call(struct deferral *deferral, const struct stall *stall)
{
	struct pending *pending = map_del(&deferral->pending, stall->rec->head.tid);

	if (pending && pending->ts_ns >= stall->begin_ns &&
	    pending->ts_ns <= stall->rec->head.ts_ns && stall->rec->kind) {
		pending->account->calls++;
		pending->account->calls_ns += stall->latency_ns;
	}
	free(pending);
}

/* Who started the grace period that the call waited for; NULL: not known. */
static const struct initiator *initiator_of(const struct stall *stall)
{
	const struct culprit *culprit = &stall->culprit;

	if (culprit->kind != CULPRIT_INITIATOR || !culprit->is_known || !culprit->gp)
		return NULL;
	return domain_initiator(culprit->seg->dom, culprit->gp);
}

static void add_lost(struct deferral *deferral, const struct stall *stall)
{
	const struct initiator *initiator = initiator_of(stall);
	struct account *account;

	if (!stall->vm || !stall->vm->srcu || !initiator || initiator->is_sync ||
	    !initiator->is_delayed || stall->without_ns >= stall->latency_ns)
		return;
	account = map_get(&deferral->domains, domain_ssp(stall->vm->srcu));
	if (!account)
		return;
	account->stalls++;
	account->lost_ns += stall->latency_ns - stall->without_ns;
}

/* Short waits have no stack that names the API; what memory slots wait for is always expedited. */
static bool is_expedited(const struct stall *stall, const struct wait *wait)
{
	if (wait->api)
		return wait->api == KS_API_SYNC_EXPEDITED;
	return stall->call == CALL_SET_USER_MEMORY_REGION ||
	       stall->call == CALL_SET_USER_MEMORY_REGION2;
}

static int add_expedited(struct deferral *deferral, const struct stall *stall)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < stall->waits_cnt; i++) {
		const struct wait *wait = &stall->waits[i];

		if (is_expedited(stall, wait) && wait->dom && !wait->gp_first &&
		    domain_get_kind(wait->dom) == DOMAIN_SRCU && stall->is_complete)
			ret = quantile_add(&deferral->expedited, wait->ns);
	}
	return ret;
}

int deferral_stall(struct deferral *deferral, const struct stall *stall)
{
	add_call(deferral, stall);
	add_lost(deferral, stall);
	return add_expedited(deferral, stall);
}

/* ---- out ---- */

bool deferral_is_at_least(const struct deferral *deferral)
{
	return deferral->is_at_least;
}

uint64_t deferral_expedited_ns(struct deferral *deferral, uint64_t *cnt)
{
	*cnt = deferral->expedited.cnt;
	return quantile_get(&deferral->expedited, 50);
}

static void add_cells(struct table *table, const struct account *account, uint64_t expedited_ns)
{
	table_add_value(table, account->callbacks);
	table_add_value(table, account->calls);
	table_add_value(table, account->calls_ns);
	table_add_value(table, account->stalls);
	table_add_value(table, account->lost_ns);
	if (expedited_ns) {
		table_add_value(table, account->callbacks * expedited_ns);
		table_add_value(table, account->callbacks * expedited_ns - account->lost_ns);
	} else {
		table_add_none(table);
		table_add_none(table);
	}
	table_add_vm(table, account->path, account->id);
	table_add_text(table, account->vm);
}

static size_t make_cols(const struct deferral *deferral, struct table_col *out)
{
	static const struct table_col cols[] = {
		{"DEFERRED", "callbacks", TABLE_COUNT},
		{"CALLS", "calls", TABLE_COUNT},
		{"TOOK", "calls_ns", TABLE_NS},
		{"STALLS", "stalls", TABLE_COUNT},
		{"LOST", "lost_ns", TABLE_NS},
		{"EXPEDITED", "expedited_ns", TABLE_NS},
		{"NET", "net_ns", TABLE_NS},
	};
	size_t cnt = sizeof(cols) / sizeof(cols[0]);

	memcpy(out, cols, sizeof(cols));
	cnt += table_vm_cols(&out[cnt], deferral->files > 1);
	out[cnt++] = (struct table_col){"VM", "key", TABLE_TEXT};
	return cnt;
}

int deferral_table(struct deferral *deferral, struct table *table)
{
	uint64_t cnt, expedited_ns = deferral_expedited_ns(deferral, &cnt);

	table_init(table, deferral->cols, make_cols(deferral, deferral->cols));
	for (const struct account *account = deferral->first; account; account = account->next)
		if (account->callbacks || account->stalls)
			add_cells(table, account, expedited_ns);
	return 0;
}

void deferral_add_up(struct deferral *deferral, uint32_t id, struct deferral_sum *sum)
{
	uint64_t cnt, each_ns = deferral_expedited_ns(deferral, &cnt);

	*sum = (struct deferral_sum){.callbacks = 0};
	for (const struct account *account = deferral->first; account; account = account->next) {
		if (id && account->id != id)
			continue;
		sum->callbacks += account->callbacks;
		sum->stalls += account->stalls;
		sum->lost_ns += account->lost_ns;
	}
	sum->expedited_ns = sum->callbacks * each_ns;
}
