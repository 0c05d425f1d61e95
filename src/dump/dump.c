// SPDX-License-Identifier: GPL-2.0-only
#include "dump/dump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "output/text/text.h"

#define FIRST 16

void dump_fini(struct dump *dump)
{
	free(dump->waits);
	free(dump->tasks);
	free(dump->faults);
	free(dump->pools);
	free(dump->domains);
	free(dump->vms);
	*dump = (struct dump){0};
}

/* ---- waits ---- */

/* Of what it does now: the wait that was not over, or else its last segment's domain. */
static void find_domain(const struct stall *stall, struct dump_wait *wait)
{
	const struct wait *last = stall->waits_cnt ? &stall->waits[stall->waits_cnt - 1] : NULL;
	const struct domain *dom = NULL;

	wait->since_ns = wait->begin_ns;
	if (last && last->begin_ns + last->ns == wait->seen_ns) {
		dom = last->dom;
		wait->since_ns = last->begin_ns;
		wait->needed = last->gp_needed;
	} else if (stall->segments_cnt) {
		dom = stall->segments[stall->segments_cnt - 1].dom;
		wait->since_ns = wait->seen_ns - stall->segments[stall->segments_cnt - 1].ns;
	}
	if (!dom)
		return;
	wait->ssp = domain_ssp(dom);
	wait->kind = domain_get_kind(dom);
	wait->needed = wait->needed ? gp_id_seq(wait->needed) : 0;
}

static void find_culprit(const struct stall *stall, struct dump_wait *wait)
{
	const struct culprit *culprit = &stall->culprit;

	if (!culprit->is_known)
		return;
	wait->culprit = culprit->kind;
	wait->culprit_tid = culprit->tid;
	wait->culprit_call = culprit->call;
	snprintf(wait->culprit_func, sizeof(wait->culprit_func), "%s",
		 culprit->func ? culprit->func : "");
	memcpy(wait->culprit_comm, culprit->comm, sizeof(wait->culprit_comm));
}

static struct dump_wait *find_wait(struct dump *dump, uint32_t tid)
{
	for (size_t i = 0; i < dump->waits_cnt; i++)
		if (dump->waits[i].tid == tid)
			return &dump->waits[i];
	return NULL;
}

int dump_add_wait(struct dump *dump, const struct stall *stall)
{
	struct dump_wait *wait = find_wait(dump, stall->rec->head.tid);

	if (!wait && dump->waits_cnt == DUMP_WAITS_MAX) {
		dump->dropped++;
		return 0;
	}
	if (!wait && !ARRAY_ROOM(dump->waits, dump->waits_cap, dump->waits_cnt, FIRST))
		return -ENOMEM;
	if (!wait)
		wait = &dump->waits[dump->waits_cnt++];
	*wait = (struct dump_wait){
		.seen_ns = stall->rec->head.ts_ns,
		.begin_ns = stall->begin_ns,
		.kvm = stall->vm ? stall->vm->kvm : 0,
		.call = stall->call,
		.cause = stall->cause,
		.tid = stall->rec->head.tid,
		.tgid = stall->rec->tgid,
	};
	memcpy(wait->comm, stall->rec->comm, sizeof(wait->comm));
	if (stall->vm)
		text_vm(stall->vm, wait->vm, sizeof(wait->vm));
	find_domain(stall, wait);
	find_culprit(stall, wait);
	return 0;
}

/* ---- what is to be read ---- */

static int want_domain(struct dump *dump, const struct dump_wait *wait)
{
	struct dump_domain *dom;

	for (size_t i = 0; i < dump->domains_cnt; i++)
		if (dump->domains[i].read.ssp == wait->ssp)
			return 0;
	if (!ARRAY_ROOM(dump->domains, dump->domains_cap, dump->domains_cnt, FIRST))
		return -ENOMEM;
	dom = &dump->domains[dump->domains_cnt++];
	*dom = (struct dump_domain){.read.ssp = wait->ssp, .kind = wait->kind};
	/* the host-wide one is nobody's */
	if (wait->kind != DOMAIN_SHARED && wait->kind != DOMAIN_OTHER)
		memcpy(dom->vm, wait->vm, sizeof(dom->vm));
	return 0;
}

static int want_vm(struct dump *dump, const struct dump_wait *wait)
{
	struct dump_vm *vm;

	for (size_t i = 0; i < dump->vms_cnt; i++)
		if (dump->vms[i].read.kvm == wait->kvm)
			return 0;
	if (!ARRAY_ROOM(dump->vms, dump->vms_cap, dump->vms_cnt, FIRST))
		return -ENOMEM;
	vm = &dump->vms[dump->vms_cnt++];
	*vm = (struct dump_vm){.read.kvm = wait->kvm};
	memcpy(vm->name, wait->vm, sizeof(vm->name));
	return 0;
}

static int want_pool(struct dump *dump, uint64_t pool)
{
	for (size_t i = 0; i < dump->pools_cnt; i++)
		if (dump->pools[i].pool == pool)
			return 0;
	if (!ARRAY_ROOM(dump->pools, dump->pools_cap, dump->pools_cnt, FIRST))
		return -ENOMEM;
	dump->pools[dump->pools_cnt++] = (struct ks_dump_pool){.pool = pool};
	return 0;
}

static void forget_old(struct dump *dump)
{
	uint64_t newest = 0;
	size_t kept = 0;

	for (size_t i = 0; i < dump->waits_cnt; i++)
		if (dump->waits[i].seen_ns > newest)
			newest = dump->waits[i].seen_ns;
	for (size_t i = 0; i < dump->waits_cnt; i++)
		if (dump->waits[i].seen_ns + DUMP_SCAN_NS > newest)
			dump->waits[kept++] = dump->waits[i];
	dump->waits_cnt = kept;
}

int dump_begin(struct dump *dump)
{
	int ret = 0;

	forget_old(dump);
	dump->tasks_cnt = 0;
	dump->faults_cnt = 0;
	dump->pools_cnt = 0;
	dump->domains_cnt = 0;
	dump->vms_cnt = 0;
	for (size_t i = 0; !ret && i < dump->waits_cnt; i++) {
		if (dump->waits[i].ssp)
			ret = want_domain(dump, &dump->waits[i]);
		if (!ret && dump->waits[i].kvm)
			ret = want_vm(dump, &dump->waits[i]);
	}
	return ret;
}

int dump_add_task(struct dump *dump, const struct ks_dump_task *task)
{
	if (dump->tasks_cnt == DUMP_TASKS_MAX) {
		dump->dropped++;
		return 0;
	}
	if (!ARRAY_ROOM(dump->tasks, dump->tasks_cap, dump->tasks_cnt, FIRST))
		return -ENOMEM;
	dump->tasks[dump->tasks_cnt++] = *task;
	return task->pool ? want_pool(dump, task->pool) : 0;
}

int dump_add_fault(struct dump *dump, const struct ks_dump_fault *fault)
{
	if (dump->faults_cnt == DUMP_FAULTS_MAX) {
		dump->dropped++;
		return 0;
	}
	if (!ARRAY_ROOM(dump->faults, dump->faults_cap, dump->faults_cnt, FIRST))
		return -ENOMEM;
	dump->faults[dump->faults_cnt++] = *fault;
	return 0;
}
