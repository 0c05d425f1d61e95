// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/reorder.h"

#include <errno.h>

#include <kvmstall/records.h>

#include "unit.h"

#define WINDOW 100

/* What came out: "10a 20b ", the time and the record's name. */
struct taken_out {
	char text[512];
	size_t cnt;
	int ret;
};

static int take(void *ctx, const void *record, size_t size)
{
	const struct ks_step *step = record;
	struct taken_out *out = ctx;
	size_t len = strlen(out->text);

	assert_int_equal(size, sizeof(*step));
	out->cnt++;
	if (step->val)
		snprintf(out->text + len, sizeof(out->text) - len, "%u%c ",
			 (unsigned int)step->head.ts_ns, (char)step->val);
	return step->val == 'a' ? out->ret : 0;
}

static int push(struct reorder *order, uint64_t ts_ns, char name)
{
	struct ks_step step = {.head = {.ts_ns = ts_ns, .type = KS_GP_BEGIN}, .val = name};

	return reorder_push(order, &step, sizeof(step));
}

static void records_leave_in_order_once_the_window_has_passed(void **state)
{
	struct taken_out out = {""};
	struct reorder *order = reorder_new(WINDOW, take, &out);

	(void)state;
	push(order, 300, 'a');
	push(order, 250, 'b');
	push(order, 310, 'c');
	assert_string_equal(out.text, "");
	push(order, 349, 'd');
	assert_string_equal(out.text, "");
	push(order, 350, 'e'); /* 250 is a window old */
	assert_string_equal(out.text, "250b ");
	push(order, 409, 'f');
	assert_string_equal(out.text, "250b 300a ");
	push(order, 305, 'g'); /* within the window */
	assert_string_equal(out.text, "250b 300a 305g ");
	assert_int_equal(reorder_late(order), 0);
	reorder_flush(order, UINT64_MAX);
	assert_string_equal(out.text, "250b 300a 305g 310c 349d 350e 409f ");
	reorder_free(order);
}

static void equals_in_time_keep_the_order_of_arrival(void **state)
{
	struct taken_out out = {""};
	struct reorder *order = reorder_new(WINDOW, take, &out);

	(void)state;
	for (char name = 'a'; name <= 'm'; name++)
		push(order, name % 2 ? 7 : 5, name);
	reorder_flush(order, UINT64_MAX);
	assert_string_equal(out.text, "5b 5d 5f 5h 5j 5l 7a 7c 7e 7g 7i 7k 7m ");
	reorder_free(order);
}

static void who_comes_after_younger_ones_left_is_passed_on_and_counted(void **state)
{
	struct taken_out out = {""};
	struct reorder *order = reorder_new(WINDOW, take, &out);

	(void)state;
	push(order, 300, 'a');
	push(order, 450, 'b');
	push(order, 299, 'c');
	push(order, 300, 'd'); /* as old as the one that left: not late */
	assert_string_equal(out.text, "300a 299c 300d ");
	assert_int_equal(reorder_late(order), 1);
	push(order, 298, 'e');
	push(order, 299, 'f'); /* behind 'e', but 300 has left */
	assert_int_equal(reorder_late(order), 3);
	reorder_flush(order, UINT64_MAX);
	reorder_free(order);
}

static void time_alone_lets_records_go(void **state)
{
	struct taken_out out = {""};
	struct reorder *order = reorder_new(WINDOW, take, &out);

	(void)state;
	push(order, 300, 'a');
	push(order, 320, 'b');
	reorder_flush(order, 0);
	reorder_flush(order, 50);
	reorder_flush(order, 399);
	assert_string_equal(out.text, "");
	reorder_flush(order, 400);
	assert_string_equal(out.text, "300a ");
	reorder_flush(order, 1000);
	reorder_flush(order, 1000);
	assert_string_equal(out.text, "300a 320b ");
	reorder_free(order);
}

static void the_end_of_time_leaves_too(void **state)
{
	struct taken_out out = {""};
	struct reorder *order = reorder_new(WINDOW, take, &out);

	(void)state;
	push(order, 3, 'a');
	push(order, UINT64_MAX, 0);
	assert_int_equal(out.cnt, 2);
	push(order, 4, 'b');
	assert_int_equal(reorder_late(order), 1);
	assert_string_equal(out.text, "3a 4b ");
	reorder_free(order);
}

static void the_takers_error_is_handed_on_and_stops_nobody(void **state)
{
	struct taken_out out = {"", .ret = -EINVAL};
	struct reorder *order = reorder_new(WINDOW, take, &out);

	(void)state;
	assert_int_equal(push(order, 10, 'a'), 0);
	assert_int_equal(push(order, 20, 'b'), 0);
	assert_int_equal(push(order, 500, 'c'), -EINVAL);
	assert_string_equal(out.text, "10a 20b ");
	reorder_free(order); /* one is still in it */
	reorder_free(NULL);
}

/* Many records, shuffled within the window: out in order, all of them, none late. */
static uint64_t last_ns;

static int check(void *ctx, const void *record, size_t size)
{
	(void)size;
	assert_true(((const struct ks_head *)record)->ts_ns >= last_ns);
	last_ns = ((const struct ks_head *)record)->ts_ns;
	(*(int *)ctx)++;
	return 0;
}

static void sort_shuffled(uint64_t window_ns)
{
	int cnt = 0;
	struct reorder *order = reorder_new(window_ns, check, &cnt);
	uint64_t dice = 3;

	last_ns = 0;
	for (int i = 0; i < 10007; i++) {
		dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
		push(order, 10 * i + (dice >> 40) % (window_ns - 1), 'x');
	}
	assert_true(cnt > 10007 - (int)(window_ns / 5));
	reorder_flush(order, UINT64_MAX);
	assert_int_equal(cnt, 10007);
	assert_int_equal(reorder_late(order), 0);
	reorder_free(order);
}

static void a_shuffled_stream_is_sorted(void **state)
{
	(void)state;
	sort_shuffled(1000);
}

/* Each overtakes up to 3000 others. */
static void one_that_is_shuffled_far_is_sorted_too(void **state)
{
	(void)state;
	sort_shuffled(30011);
}

/* 'b' and 'd' come when more have overtaken them than are put in their place one by one. */
static void equals_keep_their_order_however_late_they_are(void **state)
{
	struct taken_out out = {""};
	struct reorder *order = reorder_new(100000, take, &out);

	(void)state;
	push(order, 7, 'a');
	for (int i = 0; i < 1009; i++)
		push(order, 100 + i, 0);
	push(order, 7, 'b');
	push(order, 8, 'c');
	push(order, 7, 'd');
	push(order, 1108, 'e');
	reorder_flush(order, UINT64_MAX);
	assert_string_equal(out.text, "7a 7b 7d 8c 1108e ");
	assert_int_equal(out.cnt, 1014);
	reorder_free(order);
}

/* By time, and then by arrival. */
static int check_both(void *ctx, const void *record, size_t size)
{
	const struct ks_step *step = record, *last = ctx;

	(void)size;
	assert_true(step->head.ts_ns > last->head.ts_ns ||
		    (step->head.ts_ns == last->head.ts_ns && step->val > last->val));
	*(struct ks_step *)ctx = *step;
	return 0;
}

/* Some hundred of each time, in runs of all lengths: in order, against it, and by chance. */
static void whatever_comes_leaves_by_time_and_arrival(void **state)
{
	struct ks_step last = {.head.type = 0}, step = {.head.type = KS_GP_BEGIN};
	struct reorder *order = reorder_new(100000, check_both, &last);
	uint64_t dice = 5, ts_ns = 50;

	(void)state;
	for (step.val = 1; step.val <= 10007; step.val++) {
		dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
		if (dice >> 60 == 0)
			ts_ns = 1 + (dice >> 40) % 97;
		else if (dice >> 63 && ts_ns < 97)
			ts_ns++;
		else if (dice >> 62 && ts_ns > 1)
			ts_ns--;
		step.head.ts_ns = ts_ns;
		assert_int_equal(reorder_push(order, &step, sizeof(step)), 0);
		if (step.val == 5003) /* of which none is late */
			reorder_flush(order, 100000);
	}
	reorder_flush(order, UINT64_MAX);
	reorder_free(order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_leave_in_order_once_the_window_has_passed),
		cmocka_unit_test(equals_in_time_keep_the_order_of_arrival),
		cmocka_unit_test(who_comes_after_younger_ones_left_is_passed_on_and_counted),
		cmocka_unit_test(time_alone_lets_records_go),
		cmocka_unit_test(the_end_of_time_leaves_too),
		cmocka_unit_test(the_takers_error_is_handed_on_and_stops_nobody),
		cmocka_unit_test(a_shuffled_stream_is_sorted),
		cmocka_unit_test(one_that_is_shuffled_far_is_sorted_too),
		cmocka_unit_test(equals_keep_their_order_however_late_they_are),
		cmocka_unit_test(whatever_comes_leaves_by_time_and_arrival),
	};

	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
