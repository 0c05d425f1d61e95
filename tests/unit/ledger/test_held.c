// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/held.h"

#include "unit.h"

#define MS	 1000000ULL
#define SSP(n)	 (0xffff888000001000ULL + (n)*0x10000ULL)
#define KVM(n)	 (0xffff888000000000ULL + (n)*0x10000ULL)
#define SEQ(gp)	 ((gp) << 2 | 1)
#define IDLE(gp) ((gp) << 2)

static void see(struct held_queue *queue, enum ks_type type, uint64_t vm, uint64_t seq)
{
	const struct ks_step step = {
		.head = {.type = type}, .ssp = SSP(vm), .seq = seq, .val = KVM(vm)};

	held_record(queue, &step.head, sizeof(step));
}

/* Scan now, if it is time to: whose threads, or 0. */
static uint64_t scan(struct held_queue *queue, uint64_t now_ns)
{
	const struct held_domain *held = held_next(queue, now_ns);
	uint64_t kvm = held ? held->kvm : 0;

	if (held) {
		held_scanned(queue, held, now_ns);
		held_done(queue, held);
	}
	return kvm;
}

/* B11: the second was forgotten, and its reader never seen. */
static void two_vms_held_at_once_are_both_scanned(void **state)
{
	struct held_queue queue = {.cnt = 0};

	(void)state;
	see(&queue, KS_HELD, 1, SEQ(7));
	see(&queue, KS_HELD, 2, SEQ(11));
	assert_true(scan(&queue, 100 * MS) == KVM(1));
	assert_true(scan(&queue, 101 * MS) == 0);
	assert_true(held_when_ns(&queue) == 150 * MS);
	assert_true(scan(&queue, 149 * MS) == 0);
	assert_true(scan(&queue, 150 * MS) == KVM(2));
	assert_true(scan(&queue, 300 * MS) == 0);
	assert_true(held_when_ns(&queue) == UINT64_MAX);
	assert_int_equal(queue.dropped, 0);
}

/* A scan for another reason than a reader: once, and not twice in the queue. */
static void one_that_is_sought_is_scanned_once(void **state)
{
	struct held_queue queue = {.cnt = 0};

	(void)state;
	held_seek(&queue, SSP(1), KVM(1));
	held_seek(&queue, SSP(1), KVM(1));
	assert_true(held_next(&queue, 100 * MS)->gp == 0);
	assert_true(scan(&queue, 100 * MS) == KVM(1));
	assert_null(held_next(&queue, 1000 * MS));
}

static void one_held_while_another_was_just_scanned_is_scanned_later(void **state)
{
	struct held_queue queue = {.cnt = 0};

	(void)state;
	see(&queue, KS_HELD, 1, SEQ(7));
	assert_true(scan(&queue, 100 * MS) == KVM(1));
	see(&queue, KS_HELD, 2, SEQ(11));
	assert_true(scan(&queue, 110 * MS) == 0);
	see(&queue, KS_GP_END, 2, SEQ(11)); /* a scan that failed: it is still held */
	assert_true(scan(&queue, 160 * MS) == KVM(2));
}

static void a_grace_period_that_is_over_needs_no_scan(void **state)
{
	struct held_queue queue = {.cnt = 0};

	(void)state;
	for (uint64_t vm = 1; vm <= 5; vm++)
		see(&queue, KS_HELD, vm, SEQ(7));
	see(&queue, KS_GP_END, 2, IDLE(8));
	see(&queue, KS_GP_END, 4, SEQ(8)); /* the next one began at once */
	see(&queue, KS_GP_END, 5, SEQ(7));
	see(&queue, KS_GP_END, 6, IDLE(8)); /* was never held */
	assert_true(scan(&queue, 100 * MS) == KVM(1));
	assert_true(scan(&queue, 200 * MS) == KVM(3));
	assert_true(scan(&queue, 300 * MS) == KVM(5));
	assert_true(scan(&queue, 400 * MS) == 0);
}

static void a_domain_held_again_waits_once(void **state)
{
	struct held_queue queue = {.cnt = 0};

	(void)state;
	see(&queue, KS_HELD, 1, SEQ(7));
	see(&queue, KS_HELD, 2, SEQ(7));
	see(&queue, KS_HELD, 1, SEQ(9)); /* the end of 7 was lost */
	see(&queue, KS_GP_END, 1, SEQ(9));
	assert_int_equal(queue.cnt, 2);
	assert_true(scan(&queue, 100 * MS) == KVM(1));
	assert_true(scan(&queue, 200 * MS) == KVM(2));
	assert_true(scan(&queue, 300 * MS) == 0);
}

static void a_vm_that_is_not_known_yet_lets_others_go_first(void **state)
{
	struct held_queue queue = {.cnt = 0};

	(void)state;
	see(&queue, KS_HELD, 1, SEQ(7));
	see(&queue, KS_HELD, 2, SEQ(7));
	held_postpone(&queue, held_next(&queue, 100 * MS), 100 * MS);
	assert_true(scan(&queue, 101 * MS) == KVM(2));
	assert_true(scan(&queue, 151 * MS) == KVM(1));
	assert_true(held_when_ns(&queue) == UINT64_MAX);
}

static void what_finds_no_room_is_counted(void **state)
{
	struct held_queue queue = {.cnt = 0};
	uint64_t scans = 0;

	(void)state;
	for (uint64_t vm = 1; vm <= 101; vm++)
		see(&queue, KS_HELD, vm, SEQ(7));
	assert_int_equal(queue.cnt + queue.dropped, 101);
	for (uint64_t now = 100; now < 10000; now += 50)
		scans += scan(&queue, now * MS) == KVM(scans + 1);
	assert_int_equal(scans, HELD_MAX);
}

/* C12: the host-wide domain is not a VM's own, and was not scanned for. */
static void what_is_of_no_vm_waits_for_its_turn_too(void **state)
{
	struct held_queue queue = {.cnt = 0};
	const struct ks_step step = {.head = {.type = KS_HELD}, .ssp = SSP(1), .seq = SEQ(7)};

	(void)state;
	held_record(&queue, &step.head, sizeof(step));
	assert_int_equal(queue.cnt, 1);
	assert_true(held_next(&queue, 100 * MS)->ssp == SSP(1));
	assert_true(held_next(&queue, 100 * MS)->kvm == 0);
}

static void what_is_cut_or_of_no_domain_is_nothing(void **state)
{
	struct held_queue queue = {.cnt = 0};
	const struct ks_step step = {.head = {.type = KS_HELD}, .seq = SEQ(7), .val = KVM(1)};

	(void)state;
	held_record(&queue, &step.head, sizeof(step));
	held_record(&queue, &step.head, sizeof(step.head));
	assert_int_equal(queue.cnt + queue.dropped, 0);
}

/* Scans that see nobody go on, ever more seldom: an hour's wait must not cost thousands. */
static void a_reader_that_no_scan_saw_is_scanned_for_again(void **state)
{
	struct held_queue queue = {.cnt = 0};
	uint64_t scans = 0, last_ms = 0;

	(void)state;
	see(&queue, KS_HELD, 1, SEQ(7));
	for (uint64_t ms = 100; ms < 3600000; ms += 10) {
		const struct held_domain *held = held_next(&queue, ms * MS);

		if (!held)
			continue;
		assert_true(ms - last_ms >= 50);
		last_ms = ms;
		held_scanned(&queue, held, ms * MS);
		scans++;
	}
	assert_within(scans, 11, 19);
	see(&queue, KS_GP_END, 1, IDLE(8));
	assert_true(held_when_ns(&queue) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_sought_is_scanned_once),
		cmocka_unit_test(two_vms_held_at_once_are_both_scanned),
		cmocka_unit_test(one_held_while_another_was_just_scanned_is_scanned_later),
		cmocka_unit_test(a_grace_period_that_is_over_needs_no_scan),
		cmocka_unit_test(a_domain_held_again_waits_once),
		cmocka_unit_test(a_vm_that_is_not_known_yet_lets_others_go_first),
		cmocka_unit_test(what_finds_no_room_is_counted),
		cmocka_unit_test(what_is_of_no_vm_waits_for_its_turn_too),
		cmocka_unit_test(what_is_cut_or_of_no_domain_is_nothing),
		cmocka_unit_test(a_reader_that_no_scan_saw_is_scanned_for_again),
	};

	return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
