// SPDX-License-Identifier: GPL-2.0-only
/* What the BPF side knows of the lock that a task waits for, whatever other locks do meanwhile. */
#include "../../../bpf/locked.h"

#include "../../../bpf/away.h"

#include "unit.h"

#define MUTEX	  0xffff888000001000ULL
#define WAIT_LOCK (MUTEX + 8)
#define OTHER	  0xffff888000002000ULL

static void another_locks_end_does_not_end_the_wait(void **state)
{
	struct locked locked = {0};

	(void)state;
	assert_true(locked_begin(&locked, MUTEX, KS_LOCK_SLOTS));
	locked_end(&locked, WAIT_LOCK);
	assert_int_equal(locked.which, KS_LOCK_SLOTS);
	locked_end(&locked, MUTEX);
	assert_int_equal(locked.which, KS_LOCK_OTHER);
	locked_end(&locked, MUTEX);
	assert_int_equal(locked.which, KS_LOCK_OTHER);
}

static void a_mutex_that_spins_and_then_sleeps_is_told_once(void **state)
{
	struct locked locked = {0};

	(void)state;
	assert_true(locked_begin(&locked, MUTEX, KS_LOCK_SLOTS));
	assert_false(locked_begin(&locked, MUTEX, KS_LOCK_SLOTS));
	assert_true(locked_begin(&locked, OTHER, KS_LOCK_KVM));
	assert_int_equal(locked.which, KS_LOCK_KVM);
	locked_end(&locked, OTHER);
	assert_true(locked_begin(&locked, MUTEX, KS_LOCK_SLOTS));
}

/* Others may have it before us: each is news, and so is the first that is seen to have it. */
static void a_holder_that_is_another_one_is_news(void **state)
{
	struct locked locked = {0};

	(void)state;
	assert_true(locked_begin(&locked, MUTEX, KS_LOCK_SLOTS));
	assert_false(locked_by(&locked, 0));
	assert_true(locked_by(&locked, 12));
	assert_false(locked_by(&locked, 12));
	assert_false(locked_by(&locked, 0));
	assert_true(locked_by(&locked, 14));
	locked_end(&locked, MUTEX);
	assert_true(locked_begin(&locked, MUTEX, KS_LOCK_SLOTS));
	assert_true(locked_by(&locked, 14));
}

static void a_spin_is_over_once(void **state)
{
	struct locked locked = {0};

	(void)state;
	assert_true(locked_begin(&locked, MUTEX, KS_LOCK_SLOTS));
	assert_int_equal(locked_spun(&locked, MUTEX), 0);
	locked.spin_ns = 7;
	assert_int_equal(locked_spun(&locked, WAIT_LOCK), 0);
	assert_int_equal(locked_spun(&locked, MUTEX), 7);
	assert_int_equal(locked_spun(&locked, MUTEX), 0);
	locked.spin_ns = 7; /* and its end is not seen */
	assert_true(locked_begin(&locked, OTHER, KS_LOCK_KVM));
	assert_int_equal(locked_spun(&locked, OTHER), 0);
}

static void a_spinlock_within_another_locks_wait_is_not_about_it(void **state)
{
	struct locked locked = {0};

	(void)state;
	locked_begin(&locked, MUTEX, KS_LOCK_SLOTS);
	locked.spin_ns = 7;
	locked_spin(&locked, WAIT_LOCK, KS_LOCK_SPIN, false, 11);
	assert_int_equal(locked_spun(&locked, WAIT_LOCK), 0);
	locked_end(&locked, WAIT_LOCK);
	assert_int_equal(locked_spun(&locked, MUTEX), 7);
	locked_sleep(&locked);
	assert_int_equal(locked.which, KS_LOCK_SLOTS);
}

static void a_spinlock_whose_end_was_not_seen_is_in_nobodys_way(void **state)
{
	struct locked locked = {0};

	(void)state;
	locked_spin(&locked, OTHER, KS_LOCK_MMU, false, 7);
	locked_spin(&locked, WAIT_LOCK, KS_LOCK_SPIN, false, 11);
	assert_int_equal(locked_spun(&locked, OTHER), 0);
	assert_int_equal(locked_spun(&locked, WAIT_LOCK), 11);
	assert_true(locked_begin(&locked, MUTEX, KS_LOCK_SLOTS));
	locked_end(&locked, MUTEX);
	locked_spin(&locked, OTHER, KS_LOCK_MMU, false, 13);
	locked_sleep(&locked);
	assert_int_equal(locked.which, KS_LOCK_OTHER);
	assert_int_equal(locked_spun(&locked, OTHER), 0);
}

static void a_spin_within_a_switch_is_part_of_the_sleep(void **state)
{
	struct away away = {0};
	struct locked locked = {0};

	(void)state;
	away_sleeps(&away, 7);
	locked_spin(&locked, OTHER, KS_LOCK_SPIN, is_away(&away), 11);
	assert_int_equal(locked_spun(&locked, OTHER), 0);
	away = (struct away){.ready_ns = 13};
	locked_spin(&locked, OTHER, KS_LOCK_SPIN, is_away(&away), 17);
	assert_int_equal(locked_spun(&locked, OTHER), 0);
	assert_true(away_missed(&away));
	locked_spin(&locked, OTHER, KS_LOCK_SPIN, is_away(&away), 19);
	assert_int_equal(locked_spun(&locked, OTHER), 19);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_locks_end_does_not_end_the_wait),
		cmocka_unit_test(a_mutex_that_spins_and_then_sleeps_is_told_once),
		cmocka_unit_test(a_holder_that_is_another_one_is_news),
		cmocka_unit_test(a_spin_is_over_once),
		cmocka_unit_test(a_spinlock_within_another_locks_wait_is_not_about_it),
		cmocka_unit_test(a_spinlock_whose_end_was_not_seen_is_in_nobodys_way),
		cmocka_unit_test(a_spin_within_a_switch_is_part_of_the_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
