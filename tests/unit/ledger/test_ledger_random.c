// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records as no kernel would write them, and as any broken capture may hold
 * them: nothing crashes or leaks, and every stall holds together all the same
 * (trace_check() sees each). Seeds are fixed: a failure can be run again.
 */
#include "ledger/record_view.h"
#include "trace.h"

#define SEQUENCES 499
#define RECORDS	  211

struct random {
	uint64_t state;
};

/* splitmix64 */
static uint64_t next(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint64_t below(struct random *random, uint64_t limit)
{
	return next(random) % limit;
}

/* One in @many. */
static bool rarely(struct random *random, uint64_t many)
{
	return !below(random, many);
}

/* What a sequence is made of, from harmless to hostile. */
struct mood {
	struct random random;
	uint64_t now_ns;
	uint64_t wildness; /* one field in so many is any number; 0: none */
	uint64_t seq;
};

static uint64_t wild(struct mood *mood, uint64_t value)
{
	static const uint64_t extremes[] = {0, 1, INT64_MAX, (uint64_t)INT64_MIN, UINT64_MAX};

	if (!mood->wildness || !rarely(&mood->random, mood->wildness))
		return value;
	return rarely(&mood->random, 2) ? extremes[below(&mood->random, CNT(extremes))]
					: next(&mood->random);
}

static uint64_t pick_ssp(struct mood *mood)
{
	const uint64_t ssps[] = {SRCU(1), SRCU(1), IRQ_SRCU(1), SRCU(2), MMU_SRCU};

	return wild(mood, ssps[below(&mood->random, CNT(ssps))]);
}

static uint64_t pick_past(struct mood *mood)
{
	uint64_t back = below(&mood->random, 3000);

	return wild(mood, back < mood->now_ns ? mood->now_ns - back : 0);
}

/* Mostly as SRCU counts: the state moves on within a GP, and to the next. */
static uint64_t pick_seq(struct mood *mood)
{
	if (rarely(&mood->random, 3))
		mood->seq += below(&mood->random, 4);
	return wild(mood, mood->seq + below(&mood->random, 2) * 4);
}

static uint32_t pick_stack(struct mood *mood, __u64 *stack)
{
	uint32_t cnt = below(&mood->random, KS_STACK_MAX + 1);

	for (uint32_t i = 0; i < cnt; i++)
		stack[i] =
			wild(mood, FN_BASE + below(&mood->random, CNT(trace_functions)) * FN_SIZE);
	return rarely(&mood->random, 10) ? wild(mood, cnt + 1) : cnt;
}

static void fill_vm(struct mood *mood, struct ks_vm *vm)
{
	int n = 1 + below(&mood->random, 2);

	vm->kvm = wild(mood, KVM(n));
	vm->srcu = (struct ks_domain){.ssp = wild(mood, SRCU(n)),
				      .seq = pick_seq(mood),
				      .expires = below(&mood->random, 2),
				      .gp_start = wild(mood, 5)};
	vm->irq_srcu = (struct ks_domain){.ssp = wild(mood, IRQ_SRCU(n)), .seq = pick_seq(mood)};
	vm->jiffies = wild(mood, 10);
	vm->tgid = below(&mood->random, 3);
	memset(vm->comm, 'v', sizeof(vm->comm));
}

static void fill_call(struct mood *mood, struct ks_call *call)
{
	call->begin_ns = pick_past(mood);
	call->kvm = rarely(&mood->random, 3) ? 0 : wild(mood, KVM(1 + below(&mood->random, 2)));
	call->kind = below(&mood->random, 8);
	call->cmd = CMD(0x40 + below(&mood->random, 8));
	call->sleeps = below(&mood->random, 4);
	call->flags = next(&mood->random);
	call->tgid = below(&mood->random, 3);
	memset(call->comm, 'c', sizeof(call->comm));
}

static void fill_sleep(struct mood *mood, struct ks_sleep *sleep)
{
	sleep->off_ns = pick_past(mood);
	sleep->wake_ns =
		rarely(&mood->random, 4) ? 0 : sleep->off_ns + (mood->now_ns - sleep->off_ns) / 2;
	sleep->wake_ns = wild(mood, sleep->wake_ns);
	sleep->wait_ns = rarely(&mood->random, 2) ? 0 : wild(mood, sleep->off_ns);
	sleep->ssp = rarely(&mood->random, 3) ? 0 : pick_ssp(mood);
	sleep->needed = rarely(&mood->random, 2) ? 0 : wild(mood, (mood->seq | 3) + 1);
	sleep->wake_cpu = wild(mood, below(&mood->random, 3));
	sleep->api = below(&mood->random, 5);
	sleep->lock = wild(mood, below(&mood->random, KS_LOCK_CNT + 1));
	sleep->frames = pick_stack(mood, sleep->stack);
}

static void fill_start(struct mood *mood, struct ks_start *start)
{
	start->ssp = pick_ssp(mood);
	start->seq = pick_seq(mood);
	start->expires = below(&mood->random, 2);
	start->kvm = wild(mood, KVM(1));
	start->kind = wild(mood, below(&mood->random, 8));
	start->cmd = CMD(0x40 + below(&mood->random, 8));
	start->frames = pick_stack(mood, start->stack);
	memset(start->comm, 's', sizeof(start->comm));
}

static void fill_task(struct mood *mood, struct ks_task *task)
{
	task->ssp = rarely(&mood->random, 3) ? 0 : pick_ssp(mood);
	task->kvm = rarely(&mood->random, 3) ? 0 : wild(mood, KVM(1));
	task->begin_ns = rarely(&mood->random, 3) ? 0 : pick_past(mood);
	task->off_ns = rarely(&mood->random, 3) ? 0 : pick_past(mood);
	task->wait_ns = rarely(&mood->random, 3) ? 0 : pick_past(mood);
	task->needed = wild(mood, mood->seq + 4);
	task->kind = below(&mood->random, 8);
	task->state = below(&mood->random, 3);
	task->frames = pick_stack(mood, task->stack);
	memset(task->comm, 't', sizeof(task->comm));
}

static void fill_rest(struct mood *mood, union any_record *rec)
{
	if (rec->head.type == KS_LOCK) {
		rec->lock.owner = wild(mood, below(&mood->random, 4));
		rec->lock.which = wild(mood, below(&mood->random, KS_LOCK_CNT));
		memset(rec->lock.owner_comm, 'o', sizeof(rec->lock.owner_comm));
		return;
	}
	if ((rec->head.type >= KS_PREEMPTED && rec->head.type <= KS_LATE) ||
	    rec->head.type == KS_WANTS) {
		rec->cpu.since_ns = pick_past(mood);
		rec->cpu.ran_tid = wild(mood, below(&mood->random, 4));
		rec->cpu.waker_tid = wild(mood, below(&mood->random, 4));
		memset(rec->cpu.comm, 'c', 3 * sizeof(rec->cpu.comm));
		return;
	}
	if (rec->head.type == KS_RCU_SLEEP || rec->head.type == KS_RCU_WAKE) {
		rec->rcu.seq = wild(mood, below(&mood->random, 40));
		rec->rcu.mask = rec->rcu.cpu_mask = wild(mood, below(&mood->random, 4));
		rec->rcu.tid = below(&mood->random, 4);
		rec->rcu.switches = below(&mood->random, 2);
		rec->rcu.cpu = wild(mood, below(&mood->random, 3));
		rec->rcu.state = below(&mood->random, 2) ? KS_RCU_WAIT_FQS : KS_RCU_WAIT_GPS;
		rec->rcu.flags = below(&mood->random, 8);
		memset(rec->rcu.comm, 'r', sizeof(rec->rcu.comm));
		return;
	}
	if (rec->head.type == KS_RCU_FIRED) {
		rec->timer.armed_ns = pick_past(mood);
		rec->timer.expires = wild(mood, below(&mood->random, 5));
		rec->timer.jiffies = wild(mood, below(&mood->random, 5));
		return;
	}
	rec->step.ssp = pick_ssp(mood);
	rec->step.seq = pick_seq(mood);
	rec->cb.cpu = wild(mood, below(&mood->random, 3));
	rec->step.val = rarely(&mood->random, 3) ? KVM(1) : wild(mood, below(&mood->random, 5));
}

static void fill(struct mood *mood, union any_record *rec)
{
	memset(rec, 0, sizeof(*rec));
	mood->now_ns += below(&mood->random, 500);
	rec->head = (struct ks_head){.ts_ns = wild(mood, mood->now_ns),
				     .tid = wild(mood, 1 + below(&mood->random, 3)),
				     .cpu = wild(mood, below(&mood->random, 3)),
				     .type = 1 + below(&mood->random, KS_TYPE_CNT - 1),
				     .lost = rarely(&mood->random, 50)};
	switch (rec->head.type) {
	case KS_VM:
		fill_vm(mood, &rec->vm);
		break;
	case KS_CALL:
		fill_call(mood, &rec->call);
		break;
	case KS_SLEEP:
		fill_sleep(mood, &rec->sleep);
		break;
	case KS_START:
	case KS_CALLBACK:
		fill_start(mood, &rec->start);
		break;
	case KS_SUSPECT:
	case KS_ASLEEP:
		fill_task(mood, &rec->task);
		break;
	default:
		fill_rest(mood, rec);
	}
}

/* Sleeps and calls are what stalls are made of: one in two records is one. */
static void make_it_matter(struct mood *mood, union any_record *rec)
{
	while (rec->head.type != KS_SLEEP && rec->head.type != KS_CALL && rarely(&mood->random, 3))
		fill(mood, rec);
}

static size_t pick_size(struct mood *mood, const union any_record *rec)
{
	size_t min = record_fixed_bytes(rec->head.type);

	if (rarely(&mood->random, 40))
		return below(&mood->random, sizeof(*rec) + 1);
	return min + below(&mood->random, sizeof(*rec) - min + 1);
}

static uint64_t run(uint64_t seed, uint64_t wildness)
{
	struct mood mood = {.random = {seed}, .wildness = wildness, .now_ns = 100000};
	struct trace *trace = trace_new();
	uint64_t stalls;

	mood.seq = seed % 3 ? seed : -seed;
	trace->count_only = true;
	for (int i = 0; i < RECORDS; i++) {
		union any_record rec;

		fill(&mood, &rec);
		make_it_matter(&mood, &rec);
		trace_feed_sized(trace, &rec, pick_size(&mood, &rec));
	}
	stalls = trace->cnt;
	trace_free(trace);
	return stalls;
}

static void plausible_records_in_any_order(void **state)
{
	uint64_t stalls = 0;

	(void)state;
	for (uint64_t seed = 0; seed < SEQUENCES; seed++)
		stalls += run(seed, 0);
	assert_true(stalls > SEQUENCES); /* else nothing was tested */
}

static void some_fields_are_any_number(void **state)
{
	uint64_t stalls = 0;

	(void)state;
	for (uint64_t seed = 0; seed < SEQUENCES; seed++)
		stalls += run(seed, 23);
	assert_true(stalls > SEQUENCES);
}

static void most_fields_are_any_number(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEQUENCES; seed++)
		run(seed, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plausible_records_in_any_order),
		cmocka_unit_test(some_fields_are_any_number),
		cmocka_unit_test(most_fields_are_any_number),
	};

	return cmocka_run_group_tests_name("ledger-random", tests, NULL, NULL);
}
