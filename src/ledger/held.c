// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/held.h"

#include <string.h>

/* srcu_gp_seq: a counter, and the state of the grace period in the lowest two bits. */
#define SEQ_STATE_BITS 2
#define SEQ_STATE      3

static void forget(struct held_queue *queue, size_t i)
{
	queue->cnt--;
	memmove(queue->list + i, queue->list + i + 1, (queue->cnt - i) * sizeof(queue->list[0]));
}

static size_t find(const struct held_queue *queue, uint64_t ssp)
{
	size_t i = 0;

	while (i < queue->cnt && queue->list[i].ssp != ssp)
		i++;
	return i;
}

static void add(struct held_queue *queue, const struct ks_step *step)
{
	size_t i = find(queue, step->ssp);

	if (!step->ssp)
		return;
	if (i == HELD_MAX) {
		queue->dropped++;
		return;
	}
	if (i == queue->cnt)
		queue->cnt++;
	queue->list[i] = (struct held_domain){
		.ssp = step->ssp, .gp = step->seq >> SEQ_STATE_BITS, .kvm = step->val};
}

void held_seek(struct held_queue *queue, uint64_t ssp, uint64_t kvm)
{
	const struct ks_step step = {.ssp = ssp, .val = kvm};

	if (find(queue, ssp) == queue->cnt)
		add(queue, &step);
}

void held_record(struct held_queue *queue, const struct ks_head *head, size_t size)
{
	const struct ks_step *step = (const struct ks_step *)head;
	size_t i;

	if (size < sizeof(*step))
		return;
	if (head->type == KS_HELD)
		add(queue, step);
	if (head->type != KS_GP_END)
		return;
	i = find(queue, step->ssp);
	if (i < queue->cnt &&
	    (!(step->seq & SEQ_STATE) || step->seq >> SEQ_STATE_BITS != queue->list[i].gp))
		forget(queue, i);
}

static uint64_t next_scan_ns(const struct held_queue *queue)
{
	return queue->scan_ns ? queue->scan_ns + HELD_DISTANCE_NS : 0;
}

const struct held_domain *held_next(const struct held_queue *queue, uint64_t now_ns)
{
	if (now_ns < next_scan_ns(queue))
		return NULL;
	for (size_t i = 0; i < queue->cnt; i++)
		if (queue->list[i].not_before_ns <= now_ns)
			return &queue->list[i];
	return NULL;
}

/* 100 ms, 200 ms, ... and no more than half an hour: an hour's wait costs some sixteen scans. */
static uint64_t distance_ns(uint32_t scans)
{
	return HELD_DISTANCE_NS << (scans < HELD_DOUBLINGS ? scans : HELD_DOUBLINGS);
}

void held_scanned(struct held_queue *queue, const struct held_domain *held, uint64_t now_ns)
{
	struct held_domain *its = &queue->list[held - queue->list];

	queue->scan_ns = now_ns;
	its->scans++;
	its->not_before_ns = now_ns + distance_ns(its->scans);
}

void held_done(struct held_queue *queue, const struct held_domain *held)
{
	forget(queue, held - queue->list);
}

void held_postpone(struct held_queue *queue, const struct held_domain *held, uint64_t now_ns)
{
	struct held_domain *its = &queue->list[held - queue->list];

	its->not_before_ns = now_ns + distance_ns(its->scans++);
}

uint64_t held_when_ns(const struct held_queue *queue)
{
	uint64_t when = UINT64_MAX;

	for (size_t i = 0; i < queue->cnt; i++)
		if (queue->list[i].not_before_ns < when)
			when = queue->list[i].not_before_ns;
	if (when != UINT64_MAX && when < next_scan_ns(queue))
		when = next_scan_ns(queue);
	return when;
}
