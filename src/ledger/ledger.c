// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/ledger.h"

#include <errno.h>
#include <stdlib.h>

#include "base/map.h"
#include "ledger/entry/book.h"
#include "ledger/entry/calls.h"
#include "ledger/entry/domains.h"
#include "ledger/entry/lives.h"
#include "ledger/entry/scans.h"
#include "ledger/entry/tasks.h"
#include "ledger/symbols.h"

/* Between two scans for what can be forgotten. */
#define TIDY_NS 5000000000ULL

/* What the past of all domains may take, beside the little that each of them keeps in any case. */
#define HISTORY_MAX_BYTES (8 << 20)

struct ledger *ledger_new(const struct symbols *syms, uint32_t hz, const struct ledger_ops *ops,
			  void *ctx)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger)
		return NULL;
	ledger->stacks = stacks_new(syms);
	if (!ledger->stacks) {
		free(ledger);
		return NULL;
	}
	ledger->hz = hz;
	tick_init(&ledger->tick, hz);
	ledger->ops = *ops;
	ledger->ctx = ctx;
	ledger->history.max_bytes = HISTORY_MAX_BYTES;
	vms_init(&ledger->vms);
	return ledger;
}

static void forget_task(void *task)
{
	task_free(task);
}

static void forget_domain(void *dom)
{
	domain_put(dom);
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	vms_fini(&ledger->vms);
	map_clear(&ledger->tasks, forget_task);
	map_clear(&ledger->domains, forget_domain);
	stacks_free(ledger->stacks);
	irqfds_fini(&ledger->irqfds);
	children_fini(&ledger->children);
	cpu_waits_fini(&ledger->late);
	rcu_history_fini(&ledger->rcu);
	task_free(ledger->spare);
	free(ledger->scratch.segments);
	free(ledger);
}

size_t ledger_history_bytes(const struct ledger *ledger)
{
	return ledger->history.bytes + rcu_history_bytes(&ledger->rcu);
}

const struct ledger_stats *ledger_get_stats(const struct ledger *ledger)
{
	return &ledger->stats;
}

struct vm *ledger_vm(const struct ledger *ledger, uint64_t kvm)
{
	return vms_living(&ledger->vms, kvm);
}

const struct domain *ledger_domain(const struct ledger *ledger, uint64_t ssp)
{
	return map_get(&ledger->domains, ssp);
}

uint64_t ledger_take_sought(struct ledger *ledger, uint64_t *ssp)
{
	const struct vm *vm = ledger->sought_kvm ? ledger_vm(ledger, ledger->sought_kvm) : NULL;

	ledger->sought_kvm = 0;
	if (!vm || !vm->srcu)
		return 0;
	*ssp = domain_ssp(vm->srcu);
	return vm->kvm;
}

const struct map *ledger_vms(const struct ledger *ledger)
{
	return &ledger->vms.living;
}

static void lose(struct ledger *ledger, uint64_t cnt, uint64_t from_ns, uint64_t to_ns)
{
	const struct map_slot *slot;
	size_t pos = 0;

	ledger->stats.lost += cnt;
	loss_windows_add(&ledger->losses, from_ns, to_ns);
	rcu_history_lose(&ledger->rcu, from_ns);
	while ((slot = map_next(&ledger->domains, &pos)))
		domain_lose(slot->value, from_ns);
}

static void note_cpu(struct ledger *ledger, const struct ks_head *head)
{
	uint64_t *last = &ledger->cpu_ts[head->cpu % CPUS_MAX];

	if (head->lost)
		lose(ledger, head->lost, *last, head->ts_ns);
	*last = head->ts_ns;
}

static int take_nothing(struct ledger *ledger, const struct record_view *view)
{
	(void)ledger;
	(void)view;
	return 0;
}

static int (*const takers[KS_TYPE_CNT])(struct ledger *ledger, const struct record_view *view) = {
	[KS_VM] = lives_take_vm,
	[KS_VM_GONE] = lives_take_vm_gone,
	[KS_CALL] = calls_take,
	[KS_SLEEP] = tasks_take_sleep,
	[KS_START] = domains_take_start,
	[KS_GP_ARM] = domains_take_step,
	[KS_GP_QUEUE] = domains_take_step,
	[KS_GP_BEGIN] = domains_take_step,
	[KS_GP_END] = domains_take_step,
	[KS_CB_ARM] = domains_take_callbacks,
	[KS_CB_QUEUE] = domains_take_callbacks,
	[KS_CB_BEGIN] = domains_take_callbacks,
	[KS_CB_END] = domains_take_callbacks,
	[KS_CALLBACK] = take_nothing,
	[KS_LOCK] = tasks_take_lock,
	[KS_SUSPECT] = scans_take_suspect,
	[KS_HELD] = take_nothing,
	[KS_ASLEEP] = scans_take_asleep,
	[KS_DOMAIN] = lives_take_domain,
	[KS_CLOSING] = lives_take_closing,
	[KS_PREEMPTED] = tasks_take_cpu,
	[KS_WOKEN] = tasks_take_cpu,
	[KS_LATE] = tasks_take_cpu,
	[KS_BORN] = lives_take_born,
	[KS_RUN] = lives_take_run,
	[KS_SPUN] = tasks_take_spun,
	[KS_RCU_SLEEP] = tasks_take_rcu,
	[KS_RCU_WAKE] = tasks_take_rcu,
	[KS_WANTS] = tasks_take_cpu,
	[KS_READERS] = scans_take_readers,
	[KS_HALTED] = scans_take_halted,
	[KS_RCU_FIRED] = tasks_take_rcu_timer,
};

void ledger_tidy(struct ledger *ledger, uint64_t now_ns)
{
	const struct map_slot *slot;
	size_t pos = 0;

	ledger->tidy_ns = now_ns + TIDY_NS;
	ledger->tidy_records = ledger->stats.records + ledger->domains.cnt + ledger->tasks.cnt;
	lives_bury_old(ledger, now_ns);
	lives_end_paused(ledger, now_ns);
	tasks_forget_old(ledger, now_ns);
	while ((slot = map_next(&ledger->domains, &pos)))
		domain_tidy(slot->value, now_ns);
}

void ledger_finish(struct ledger *ledger)
{
	lives_finish(ledger);
}

int ledger_record(struct ledger *ledger, const void *record, size_t size)
{
	const struct ks_head *head = record;
	struct record_view view;
	int ret;

	ledger->stats.records++;
	if (!record_view(record, size, &view) || view.head->ts_ns > INT64_MAX) {
		ledger->stats.malformed++;
		return -EINVAL;
	}
	note_cpu(ledger, head);
	if (head->ts_ns >= ledger->tidy_ns && ledger->stats.records >= ledger->tidy_records)
		ledger_tidy(ledger, head->ts_ns);
	ret = takers[head->type](ledger, &view);
	if (ret == -EINVAL)
		ledger->stats.malformed++;
	return ledger->history.lacks_memory ? -ENOMEM : ret;
}
