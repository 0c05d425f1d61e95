// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/vmset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/sanitize.h"
#include "ledger/stall.h"

/* The set owns its VMs and what they have; gcc 12 loses sight of that in a list of them. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

/* To take another's place, a VM must have stalled this much longer: series that come and go
 * with every scrape are of no use to anybody. */
#define TAKEOVER_FACTOR 2
/* What has been waiting for so long may never end, and so never be counted: it is shown at once. */
#define STUCK_NS 1000000000ULL
/* Changes wait for others: a VM that lives for a moment only has no series. */
#define JUDGE_NS 1000000000ULL
/* How long the dead keep their series, so that every scraper sees the last value: when all places
 * are taken the living get theirs after a minute, which is the longest interval that is usual. */
#define KEEP_NS	    300000000000ULL
#define KEEP_MIN_NS 60000000000ULL
#define LABEL_LEN   72
#define SUFFIX_LEN  8 /* "#12345", to tell VMs of one name apart */
#define NS_BYTES    (KS_CAUSE_CNT * sizeof(uint64_t))

int vmset_init(struct vmset *set, uint32_t limit)
{
	*set = (struct vmset){.limit = limit, .expires_ns = UINT64_MAX};
	set->shown = calloc(limit + 1, sizeof(*set->shown));
	return set->shown ? 0 : -ENOMEM;
}

static void vm_free(void *value)
{
	struct vmset_vm *vm = value;

	free(vm->identity);
	free(vm->name);
	free(vm->label);
	free(vm->ns);
	free(vm);
}

void vmset_fini(struct vmset *set)
{
	map_clear(&set->vms, vm_free);
	map_fini(&set->labels);
	free(set->shown);
}

/* NULL: no memory. */
static uint64_t *sums_of(struct vmset_vm *vm)
{
	if (!vm->ns)
		vm->ns = calloc(1, NS_BYTES);
	return vm->ns;
}

/* ---- labels ---- */

/* Two labels of one hash count as the same: then one of them gets a suffix, no harm done. */
static uint64_t hash_of(const char *label)
{
	return hash_text(HASH_START, label);
}

static void hide(struct vmset *set, struct vmset_vm *vm)
{
	for (size_t i = 0; i < set->shown_cnt; i++) {
		if (set->shown[i] != vm)
			continue;
		memmove(set->shown + i, set->shown + i + 1,
			(set->shown_cnt - i - 1) * sizeof(*set->shown));
		set->shown_cnt--;
		break;
	}
	map_del(&set->labels, hash_of(vm->label));
	vm->is_shown = false;
	free(vm->label);
	vm->label = NULL;
	free(vm->identity);
	vm->identity = NULL;
}

static void forget(struct vmset *set, struct vmset_vm *vm)
{
	if (vm->is_shown)
		hide(set, vm);
	map_del(&set->vms, vm->id);
	vm_free(vm);
}

/* A VM that bears the name of one that is gone continues its series. */
static void inherit(struct vmset *set, struct vmset_vm *vm, struct vmset_vm *dead)
{
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		vm->ns[i] += dead->ns[i];
	vm->born_ns = dead->born_ns;
	forget(set, dead);
}

static void find_label(struct vmset *set, struct vmset_vm *vm, char label[LABEL_LEN])
{
	char plain[LABEL_LEN - SUFFIX_LEN];
	struct vmset_vm *holder;

	if (vm->name)
		snprintf(plain, sizeof(plain), "%s", vm->name);
	else
		snprintf(plain, sizeof(plain), "%s[%u]", vm->comm, vm->tgid);
	snprintf(label, LABEL_LEN, "%s", plain);
	holder = map_get(&set->labels, hash_of(label));
	if (holder && holder->is_gone) {
		inherit(set, vm, holder);
		holder = NULL;
	}
	/* Nobody may call a VM as the sum is called. */
	for (unsigned int n = 2; holder || !strcmp(label, "other"); n++) {
		snprintf(label, LABEL_LEN, "%s#%u", plain, n);
		holder = map_get(&set->labels, hash_of(label));
	}
}

/* ---- who is shown ---- */

static void identify(struct vmset *set, struct vmset_vm *vm)
{
	struct identity *identity;

	if (!set->identify)
		return;
	identity = calloc(1, sizeof(*identity));
	if (identity && set->identify(set->ctx, vm->tgid, identity)) {
		set->cut += vm->identity ? 0 : identity->cut;
		free(vm->identity);
		vm->identity = identity;
	} else {
		free(identity); /* gone, or no memory: what was known stays */
	}
}

/* What a VM needs that has series. False: no memory. */
static bool prepare(struct vmset *set, struct vmset_vm *vm)
{
	char label[LABEL_LEN];

	if (!sums_of(vm))
		return false;
	find_label(set, vm, label);
	if (map_put(&set->labels, hash_of(label), vm))
		return false;
	vm->label = strdup(label);
	if (!vm->label)
		map_del(&set->labels, hash_of(label));
	return vm->label;
}

static void show(struct vmset *set, struct vmset_vm *vm)
{
	size_t at;

	if (!prepare(set, vm))
		return;
	for (at = set->shown_cnt; at && set->shown[at - 1]->id > vm->id; at--)
		set->shown[at] = set->shown[at - 1];
	set->shown[at] = vm;
	set->shown_cnt++;
	vm->is_shown = true;
	identify(set, vm);
}

static void add_to_other(struct vmset *set, struct vmset_vm *vm)
{
	for (int i = 0; vm->ns && i < KS_CAUSE_CNT; i++)
		set->other_ns[i] += vm->ns[i];
	free(vm->ns);
	vm->ns = NULL;
}

static void bury(struct vmset *set, uint64_t now_ns)
{
	set->expires_ns = UINT64_MAX;
	for (size_t i = set->shown_cnt; i-- > 0;) {
		struct vmset_vm *vm = set->shown[i];

		if (!vm->is_gone)
			continue;
		if (!vm->gone_ns)
			vm->gone_ns = now_ns;
		if (now_ns - vm->gone_ns >= KEEP_NS)
			forget(set, vm);
		else if (vm->gone_ns + KEEP_NS < set->expires_ns)
			set->expires_ns = vm->gone_ns + KEEP_NS;
	}
}

/* For how long it has been waiting now, if that is long: a scan under way has not found it yet. */
static uint64_t stuck_ns(const struct vmset_vm *vm)
{
	uint64_t ns = vm->asleep_ns > vm->was_asleep_ns ? vm->asleep_ns : vm->was_asleep_ns;

	return ns >= STUCK_NS ? ns : 0;
}

/* Those who wait now first, then the most stalled, then the oldest. */
static int worse_first(const void *a, const void *b)
{
	const struct vmset_vm *one = *(struct vmset_vm *const *)a;
	const struct vmset_vm *two = *(struct vmset_vm *const *)b;

	if (stuck_ns(one) != stuck_ns(two))
		return stuck_ns(one) > stuck_ns(two) ? -1 : 1;
	if (one->total_ns != two->total_ns)
		return one->total_ns > two->total_ns ? -1 : 1;
	return one->id < two->id ? -1 : one->id > two->id;
}

/* Those without series, most stalled first; to be freed. */
static struct vmset_vm **list_hidden(const struct vmset *set, size_t *cnt)
{
	struct vmset_vm **list = malloc((set->vms.cnt + 1) * sizeof(struct vmset_vm *));
	const struct map_slot *slot;
	size_t pos = 0;

	*cnt = 0;
	while (list && (slot = map_next(&set->vms, &pos))) {
		struct vmset_vm *vm = slot->value;

		if (!vm->is_shown)
			list[(*cnt)++] = vm;
	}
	if (list)
		qsort(list, *cnt, sizeof(struct vmset_vm *), worse_first);
	return list;
}

static struct vmset_vm *least_shown(const struct vmset *set)
{
	struct vmset_vm *least = NULL;

	for (size_t i = 0; i < set->shown_cnt; i++)
		if (!set->shown[i]->is_gone && !stuck_ns(set->shown[i]) &&
		    (!least || set->shown[i]->total_ns < least->total_ns))
			least = set->shown[i];
	return least;
}

/* NULL: none that may go yet. */
static struct vmset_vm *longest_dead(const struct vmset *set, uint64_t now_ns)
{
	struct vmset_vm *longest = NULL;

	for (size_t i = 0; i < set->shown_cnt; i++)
		if (set->shown[i]->is_gone && now_ns - set->shown[i]->gone_ns >= KEEP_MIN_NS &&
		    (!longest || set->shown[i]->gone_ns < longest->gone_ns))
			longest = set->shown[i];
	return longest;
}

static bool make_room(struct vmset *set, const struct vmset_vm *vm, uint64_t now_ns)
{
	struct vmset_vm *least, *dead;

	if (set->shown_cnt < set->limit)
		return true;
	dead = longest_dead(set, now_ns);
	if (dead) {
		forget(set, dead);
		return true;
	}
	least = vm->total_ns || stuck_ns(vm) ? least_shown(set) : NULL;
	if (!least || (!stuck_ns(vm) && vm->total_ns / TAKEOVER_FACTOR < least->total_ns))
		return false;
	hide(set, least);
	set->evictions++;
	return true;
}

/* From the most stalled on: once one finds no place, none after it does. */
static void promote(struct vmset *set, uint64_t now_ns)
{
	size_t cnt, i = 0;
	struct vmset_vm **hidden = list_hidden(set, &cnt);

	for (; i < cnt && make_room(set, hidden[i], now_ns); i++)
		show(set, hidden[i]);
	for (i = 0; i < cnt; i++) {
		if (!hidden[i]->is_shown && !hidden[i]->is_judged)
			add_to_other(set, hidden[i]);
		hidden[i]->is_judged = true;
	}
	free(hidden);
}

void vmset_judge(struct vmset *set, uint64_t now_ns)
{
	bury(set, now_ns);
	promote(set, now_ns);
	set->is_changed = false;
	set->changed_ns = 0;
}

uint64_t vmset_due_ns(struct vmset *set, uint64_t now_ns)
{
	if (set->is_changed && !set->changed_ns)
		set->changed_ns = now_ns;
	if (set->changed_ns && set->changed_ns + JUDGE_NS < set->expires_ns)
		return set->changed_ns + JUDGE_NS;
	return set->expires_ns;
}

void vmset_reidentify(struct vmset *set)
{
	for (size_t i = 0; i < set->shown_cnt; i++)
		identify(set, set->shown[i]);
}

/* ---- what happens ---- */

void vmset_add(struct vmset *set, const struct vm *vm)
{
	struct vmset_vm *copy = calloc(1, sizeof(*copy));
	char name[sizeof(vm->name)];

	if (!copy || map_put(&set->vms, vm->id, copy)) {
		free(copy); /* its time will be in "other" */
		return;
	}
	copy->id = vm->id;
	copy->tgid = vm->tgid;
	copy->born_ns = vm->born_ns;
	set->cut += sanitize(name, sizeof(name), vm->name);
	copy->name = *name ? strdup(name) : NULL;
	set->cut += sanitize(copy->comm, sizeof(copy->comm), vm->comm);
	set->living++;
	set->is_changed = true;
}

void vmset_remove(struct vmset *set, uint32_t id)
{
	struct vmset_vm *vm = map_get(&set->vms, id);

	if (!vm || vm->is_gone)
		return;
	set->living--;
	vm->is_gone = true;
	vm->asleep_ns = vm->was_asleep_ns = 0;
	set->is_changed = true;
	if (vm->is_shown)
		return;
	if (!vm->is_judged)
		add_to_other(set, vm);
	forget(set, vm);
}

void vmset_asleep_begin(struct vmset *set)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&set->vms, &pos))) {
		struct vmset_vm *vm = slot->value;

		vm->was_asleep_ns = vm->asleep_ns;
		vm->asleep_ns = 0;
	}
}

void vmset_asleep(struct vmset *set, uint32_t id, uint64_t ns)
{
	struct vmset_vm *vm = map_get(&set->vms, id);

	if (!vm || vm->is_gone || ns <= vm->asleep_ns)
		return;
	vm->asleep_ns = ns;
	set->is_changed |= !vm->is_shown && stuck_ns(vm);
}

/*
 * Not judged yet: its time waits. Hidden: what it has is from when it was shown, and stays for
 * the day it is again.
 */
static uint64_t *sum_of(struct vmset *set, struct vmset_vm *vm)
{
	if (!vm || (vm->is_judged && !vm->is_shown))
		return set->other_ns;
	return sums_of(vm) ? vm->ns : set->other_ns;
}

void vmset_count(struct vmset *set, const struct vm *vm, const uint64_t ns[KS_CAUSE_CNT])
{
	struct vmset_vm *entry = vm ? map_get(&set->vms, vm->id) : NULL;
	uint64_t *sum = sum_of(set, entry);

	for (int i = 0; i < KS_CAUSE_CNT; i++) {
		if (i == KS_CAUSE_RUN)
			continue;
		sum[i] += ns[i];
		if (entry)
			entry->total_ns += ns[i];
		set->is_changed |= entry && ns[i];
	}
}
