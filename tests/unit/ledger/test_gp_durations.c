// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/gp_durations.h"

#include "unit.h"

#define SSP	       0x1000
#define IN_PROGRESS(n) (((uint64_t)(n)-1) * 4 + 1)
#define DONE(n)	       ((uint64_t)(n)*4)

struct gp_durations_row {
	uint8_t type; /* KS_START, or a step */
	uint64_t ts_ns, seq;
	uint64_t expires; /* KS_START: normal */
	uint64_t ns;	  /* of the period that it ends; 0: none */
	bool is_normal;
};

static void play(const struct gp_durations_row *rows, size_t cnt)
{
	struct gp_durations periods = {0};

	for (size_t i = 0; i < cnt; i++) {
		const struct ks_head head = {.ts_ns = rows[i].ts_ns, .type = rows[i].type};
		const struct ks_start start = {
			.head = head, .ssp = SSP, .seq = rows[i].seq, .expires = rows[i].expires};
		const struct ks_step step = {.head = head, .ssp = SSP, .seq = rows[i].seq};
		struct gp_duration ended = {0};
		bool is_over;

		if (rows[i].type == KS_START)
			is_over = gp_durations_start(&periods, &start, &ended);
		else
			is_over = gp_durations_step(&periods, &step, &ended);
		if (is_over != (rows[i].ns != 0) || ended.ns != rows[i].ns ||
		    (is_over && ended.is_normal != rows[i].is_normal))
			fail_msg("row %zu: %s %llu ns", i, is_over ? "over" : "not over",
				 (unsigned long long)ended.ns);
	}
	gp_durations_fini(&periods);
}

static void a_period_lasts_from_its_start_to_its_end(void **state)
{
	static const struct gp_durations_row rows[] = {
		{KS_START, 100, IN_PROGRESS(1), 5, 0, false},
		{KS_GP_BEGIN, 400, IN_PROGRESS(1), 0, 0, false},
		{KS_GP_END, 450, DONE(1), 0, 350, true},
		{KS_START, 500, IN_PROGRESS(2), 0, 0, false},
		{KS_GP_BEGIN, 510, IN_PROGRESS(2), 0, 0, false},
		{KS_GP_END, 520, IN_PROGRESS(2), 0, 0, false}, /* a reader: not over */
		{KS_GP_ARM, 521, IN_PROGRESS(2), 0, 0, false},
		{KS_GP_END, 600, DONE(2), 0, 100, false},
	};

	(void)state;
	play(rows, CNT(rows));
}

static void one_may_begin_as_another_ends(void **state)
{
	static const struct gp_durations_row rows[] = {
		{KS_START, 100, IN_PROGRESS(1), 0, 0, false},
		{KS_GP_BEGIN, 110, IN_PROGRESS(1), 0, 0, false},
		{KS_GP_ARM, 120, IN_PROGRESS(2), 0, 20, false}, /* normal: with a timer */
		{KS_GP_END, 125, IN_PROGRESS(2), 0, 0, false},
		{KS_GP_BEGIN, 400, IN_PROGRESS(2), 0, 0, false},
		{KS_GP_END, 410, IN_PROGRESS(3), 0, 290, true}, /* and one without */
		{KS_GP_BEGIN, 420, IN_PROGRESS(3), 0, 0, false},
		{KS_START, 430, IN_PROGRESS(4), 7, 20, false}, /* before the run has returned */
		{KS_GP_END, 440, IN_PROGRESS(4), 0, 0, false},
		{KS_GP_END, 530, DONE(4), 0, 100, true},
	};

	(void)state;
	play(rows, CNT(rows));
}

static void what_was_not_seen_to_begin_is_not_measured(void **state)
{
	static const struct gp_durations_row rows[] = {
		{KS_GP_BEGIN, 100, IN_PROGRESS(1), 0, 0, false},
		{KS_GP_END, 110, DONE(1), 0, 0, false},
	};
	struct gp_durations periods = {0};
	struct gp_duration ended;
	const struct ks_start start = {.ssp = SSP, .seq = IN_PROGRESS(1)};
	const struct ks_step end = {.head.type = KS_GP_END, .ssp = SSP, .seq = DONE(1)};

	(void)state;
	play(rows, CNT(rows));
	gp_durations_start(&periods, &start, &ended);
	gp_durations_lose(&periods);
	assert_false(gp_durations_step(&periods, &end, &ended));
	gp_durations_start(&periods, &start, &ended);
	gp_durations_forget(&periods, SSP);
	assert_false(gp_durations_step(&periods, &end, &ended));
	gp_durations_fini(&periods);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_period_lasts_from_its_start_to_its_end),
		cmocka_unit_test(one_may_begin_as_another_ends),
		cmocka_unit_test(what_was_not_seen_to_begin_is_not_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
