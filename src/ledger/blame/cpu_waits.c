// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/blame/cpu_waits.h"

#include <string.h>

/* How long one is kept: who waited for the thread may not have been reported yet. */
#define KEEP_NS 60000000000ULL
/* 7 MiB of them; the oldest go first. */
#define WAITS_MAX 65535

/* A quarter at a time: to move all the others for each would cost more than all else. */
static void forget_old(struct cpu_wait_list *list, uint64_t now_ns)
{
	size_t old = cpu_wait_list_cnt(list) / 4;

	if (old && cpu_wait_list_at(list, old)->until_ns + KEEP_NS < now_ns)
		cpu_wait_list_drop(list, old);
}

static void copy_comm(char *to, const char *from)
{
	memcpy(to, from, KS_COMM_LEN - 1);
}

void cpu_waits_note(struct cpu_waits *waits, const struct ks_cpu *rec)
{
	struct cpu_wait *wait;

	if (rec->since_ns > rec->head.ts_ns)
		return;
	forget_old(&waits->list, rec->head.ts_ns);
	wait = cpu_wait_list_push(&waits->list, WAITS_MAX, NULL);
	if (!wait)
		return;
	wait->since_ns = rec->since_ns;
	wait->until_ns = rec->head.ts_ns;
	wait->tid = rec->head.tid;
	wait->ran_tid = rec->ran_tid;
	wait->ran_prio = (int16_t)(rec->ran_prio & 0xffff);
	/* not the upper half of a negative number, as older recordings have it */
	wait->is_throttled = (rec->ran_prio & ~0xffffU) == KS_RAN_THROTTLED;
	wait->is_open = rec->head.type == KS_WANTS;
	if (wait->is_open)
		wait->cpu = rec->waker_tid;
	else
		wait->waker_tid = rec->waker_tid;
	copy_comm(wait->comm, rec->comm);
	copy_comm(wait->ran_comm, rec->ran_comm);
	copy_comm(wait->waker_comm, rec->waker_comm);
}

uint64_t cpu_wait_overlap_ns(const struct cpu_wait *wait, uint64_t begin_ns, uint64_t end_ns)
{
	if (begin_ns < wait->since_ns)
		begin_ns = wait->since_ns;
	if (end_ns > wait->until_ns)
		end_ns = wait->until_ns;
	return begin_ns < end_ns ? end_ns - begin_ns : 0;
}

/* Of a thread; or, if .names, an open one of any thread that is called so, on .cpu. */
struct wanted_wait {
	uint32_t tid;
	uint16_t cpu;
	const char *const *names;
};

static bool is_named(const struct cpu_wait *wait, const char *const *names)
{
	for (; *names; names++)
		if (!strncmp(wait->comm, *names, strlen(*names)))
			return true;
	return false;
}

static bool is_wanted(const struct cpu_wait *wait, const struct wanted_wait *wanted)
{
	if (!wanted->names)
		return wait->tid == wanted->tid;
	return wait->is_open && (wanted->cpu == CPU_ANY || wait->cpu == wanted->cpu) &&
	       is_named(wait, wanted->names);
}

static const struct cpu_wait *find_longest(const struct cpu_waits *waits,
					   const struct wanted_wait *wanted, uint64_t begin_ns,
					   uint64_t end_ns)
{
	const struct cpu_wait *best = NULL;
	uint64_t most = 0;

	for (size_t i = cpu_wait_list_cnt(&waits->list); i; i--) {
		const struct cpu_wait *wait = cpu_wait_list_at(&waits->list, i - 1);
		uint64_t ns = cpu_wait_overlap_ns(wait, begin_ns, end_ns);

		if (wait->until_ns <= begin_ns)
			break;
		if (ns <= most || !is_wanted(wait, wanted))
			continue;
		most = ns;
		best = wait;
	}
	return best;
}

const struct cpu_wait *cpu_waits_find(const struct cpu_waits *waits, uint32_t tid,
				      uint64_t begin_ns, uint64_t end_ns)
{
	return find_longest(waits, &(struct wanted_wait){.tid = tid}, begin_ns, end_ns);
}

const struct cpu_wait *cpu_waits_find_open(const struct cpu_waits *waits, const char *const *names,
					   uint16_t cpu, uint64_t begin_ns, uint64_t end_ns)
{
	return find_longest(waits, &(struct wanted_wait){.names = names, .cpu = cpu}, begin_ns,
			    end_ns);
}

struct cpu_wait *cpu_waits_at(struct cpu_waits *waits, uint64_t ns)
{
	struct cpu_wait *last = cpu_wait_list_last(&waits->list);

	return last && last->until_ns == ns ? last : NULL;
}

void cpu_waits_fini(struct cpu_waits *waits)
{
	cpu_wait_list_fini(&waits->list);
}
