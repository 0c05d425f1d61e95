// SPDX-License-Identifier: GPL-2.0-only
/* How many readers a domain has, by what the CPUs have counted, and what two counts say. */
#include "ledger/blame/readers.h"

#include <kvmstall/records.h>

#include "ledger/domain.h"
#include "unit.h"

#define SSP   0xffff888000001000ULL
#define MS    1000000ULL
#define SEQ   ((7ULL << 2) | 1)
#define SEQ_2 ((7ULL << 2) | 2)
#define GP    gp_id_in_progress(SEQ)

/* Index 1 is the one that the grace period waits for; new readers are on index 0. */
#define CPU(n, lock, unlock)                                                                       \
	{                                                                                          \
		.ssp = SSP, .seq = SEQ, .locks = {1009, lock}, .unlocks = {1000, unlock},          \
		.cpu = n, .idx = 1, .is_known = 1                                                  \
	}

static struct ks_readers sum_of(const struct ks_readers_cpu *cpus, size_t cnt)
{
	struct ks_readers sum = {.ssp = 0};

	for (size_t i = 0; i < cnt; i++)
		assert_true(readers_add(&sum, &cpus[i]));
	return sum;
}

static void what_cpus_count_is_summed_for_the_index_that_is_waited_for(void **state)
{
	static const struct {
		struct ks_readers_cpu cpus[3];
		uint64_t in;
		int64_t excess;
		uint16_t cpu, differ;
	} cases[] = {
		{{CPU(0, 40, 40), CPU(1, 23, 23), CPU(2, 0, 0)}, 0, 0, 0, 0},
		/* a read lock that was leaked on CPU 1 */
		{{CPU(0, 40, 40), CPU(1, 24, 23), CPU(2, 0, 0)}, 1, 1, 1, 1},
		/* readers let go on another CPU than they came on: that is no more readers */
		{{CPU(0, 40, 47), CPU(1, 30, 23), CPU(2, 0, 0)}, 0, 7, 1, 2},
		{{CPU(0, 40, 45), CPU(1, 23, 21), CPU(2, 9, 1)}, 5, 8, 2, 3},
		/* both wrap */
		{{CPU(0, 1, UINT64_MAX), CPU(1, 0, 0), CPU(2, UINT64_MAX, 0)}, 1, 2, 0, 2},
		/* one that was never online has nothing to read */
		{{CPU(0, 40, 40), CPU(1, 26, 23), {.ssp = SSP, .cpu = 2}}, 3, 3, 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct ks_readers sum = sum_of(cases[i].cpus, 3);

		assert_true(sum.ssp == SSP && sum.seq == SEQ);
		assert_int_equal(sum.locks - sum.unlocks, cases[i].in);
		assert_int_equal(sum.excess, cases[i].excess);
		assert_int_equal(sum.cpu, cases[i].cpu);
		assert_int_equal(sum.cpus, cases[i].differ);
	}
}

/* The index changes in the middle of a grace period, and the counters with it. */
static void counters_of_two_grace_periods_are_not_added(void **state)
{
	const struct ks_readers_cpu first = CPU(0, 41, 40);
	struct ks_readers_cpu second = CPU(1, 23, 23);
	struct ks_readers sum = {.ssp = 0};

	(void)state;
	second.seq = SEQ_2;
	assert_true(readers_add(&sum, &first));
	assert_false(readers_add(&sum, &second));
}

struct count {
	uint64_t ms, seq, locks, unlocks;
};

static void two_counts_say_whether_readers_are_the_same_ones(void **state)
{
	static const struct {
		struct count counts[4];
		enum readers_state state;
		uint64_t in, came, same_ms;
	} cases[] = {
		{{{10, SEQ, 101, 100}}, READERS_UNKNOWN, 1, 0, 0},
		{{{10, SEQ, 101, 101}}, READERS_LEFT, 0, 0, 0},
		/* one stays: so does a page fault that takes long, for a while */
		{{{10, SEQ, 101, 100}, {1009, SEQ, 101, 100}}, READERS_UNKNOWN, 1, 0, 999},
		{{{10, SEQ, 103, 100}, {110, SEQ, 103, 100}, {1010, SEQ, 103, 100}},
		 READERS_STAY,
		 3,
		 0,
		 1000},
		/* of three two have left, and the third stays */
		{{{10, SEQ, 103, 100}, {110, SEQ, 103, 102}, {1009, SEQ, 103, 102}},
		 READERS_UNKNOWN,
		 1,
		 0,
		 899},
		{{{10, SEQ, 103, 100}, {110, SEQ, 103, 102}, {1110, SEQ, 103, 102}},
		 READERS_STAY,
		 1,
		 0,
		 1000},
		/* they come and go, and never are all gone */
		{{{10, SEQ, 103, 100}, {110, SEQ, 120, 119}, {310, SEQ, 141, 139}},
		 READERS_COME,
		 2,
		 38,
		 0},
		{{{10, SEQ, 103, 100}, {110, SEQ, 120, 117}, {310, SEQ, 120, 117}},
		 READERS_COME,
		 3,
		 17,
		 200},
		/* who came last stays */
		{{{10, SEQ, 103, 100}, {110, SEQ, 120, 119}, {1310, SEQ, 120, 119}},
		 READERS_STAY,
		 1,
		 17,
		 1200},
		{{{10, SEQ, 103, 100}, {110, SEQ, 120, 120}}, READERS_LEFT, 0, 17, 0},
		/* the other index is another number */
		{{{10, SEQ, 101, 100}, {1310, SEQ_2, 101, 100}}, READERS_UNKNOWN, 1, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct reader_counts counts = {.gp = 0};

		for (size_t k = 0; k < CNT(cases[i].counts) && cases[i].counts[k].ms; k++)
			readers_note(&counts,
				     &(struct ks_readers){.head.ts_ns = cases[i].counts[k].ms * MS,
							  .ssp = SSP,
							  .seq = cases[i].counts[k].seq,
							  .locks = cases[i].counts[k].locks,
							  .unlocks = cases[i].counts[k].unlocks},
				     GP);
		assert_int_equal(readers_state(&counts), cases[i].state);
		assert_int_equal(readers_cnt(&counts), cases[i].in);
		assert_int_equal(counts.came, cases[i].came);
		assert_int_equal(counts.counted_ns - counts.same_since_ns, cases[i].same_ms * MS);
	}
}

static void another_grace_period_is_counted_anew(void **state)
{
	struct reader_counts counts = {.gp = 0};
	const struct ks_readers rec = {.seq = SEQ, .locks = 2, .unlocks = 1};

	(void)state;
	readers_note(&counts, &rec, GP);
	readers_note(
		&counts,
		&(struct ks_readers){.head.ts_ns = 5000 * MS, .seq = SEQ, .locks = 2, .unlocks = 1},
		GP + 1);
	assert_int_equal(readers_state(&counts), READERS_UNKNOWN);
	assert_int_equal(counts.gp, GP + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cpus_count_is_summed_for_the_index_that_is_waited_for),
		cmocka_unit_test(counters_of_two_grace_periods_are_not_added),
		cmocka_unit_test(two_counts_say_whether_readers_are_the_same_ones),
		cmocka_unit_test(another_grace_period_is_counted_anew),
	};

	return cmocka_run_group_tests_name("readers", tests, NULL, NULL);
}
