// SPDX-License-Identifier: GPL-2.0-only
#include "output/gp_timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "ledger/symbols.h"
#include "unit.h"

#define SSP	       0x1000
#define IN_PROGRESS(n) (((uint64_t)(n)-1) * 4 + 1)
#define DONE(n)	       ((uint64_t)(n)*4)

/* What was told, as text: "GP 1 100+350: timer 100+300, scan 400+50;" */
static void on_gp(void *ctx, const struct gp_slice *gp)
{
	struct str *out = ctx;

	str_addf(out, "GP %d%s%s%s %d+%d:", (int)gp->number, gp->is_normal ? "" : " expedited",
		 gp->is_open ? " open" : "", gp->has_starter ? "" : " of nobody", (int)gp->begin_ns,
		 (int)gp->ns);
	for (size_t i = 0; i < gp->parts_cnt; i++)
		str_addf(out, "%s %s %d+%d", i ? "," : "", gp_part_name(gp->parts[i].state),
			 (int)gp->parts[i].begin_ns, (int)gp->parts[i].ns);
	str_addc(out, ';');
}

static void on_callbacks(void *ctx, const struct cb_slice *cb)
{
	struct str *out = ctx;

	str_addf(out, "CPU %u %s %d+%d;", cb->cpu, cb_part_name(cb->state), (int)cb->begin_ns,
		 (int)cb->ns);
}

struct timeline_row {
	uint8_t type;
	uint64_t ts_ns, seq;
	uint64_t val; /* KS_START: normal */
	uint8_t lost;
};

static void play(const char *expected, const struct timeline_row *rows, size_t cnt)
{
	static const struct gp_timeline_ops ops = {.gp = on_gp, .callbacks = on_callbacks};
	struct symbols *syms = symbols_new();
	struct gp_timeline *timeline;
	struct str out;

	str_init(&out);
	timeline = gp_timeline_new(&ops, &out);
	assert_non_null(timeline);
	for (size_t i = 0; i < cnt; i++) {
		const struct ks_head head = {.ts_ns = rows[i].ts_ns,
					     .type = rows[i].type,
					     .tid = 7,
					     .lost = rows[i].lost};
		const struct ks_start start = {
			.head = head, .ssp = SSP, .seq = rows[i].seq, .expires = rows[i].val};
		const struct ks_step step = {.head = head, .ssp = SSP, .seq = rows[i].seq};
		const struct ks_cb cb = {
			.head = head, .ssp = SSP, .seq = rows[i].seq, .val = rows[i].val, .cpu = 3};
		const void *record = &step;
		size_t size = sizeof(step);

		if (rows[i].type == KS_START) {
			record = &start;
			size = offsetof(struct ks_start, stack);
		} else if (rows[i].type >= KS_CB_ARM && rows[i].type <= KS_CB_END) {
			record = &cb;
			size = sizeof(cb);
		}
		assert_int_equal(gp_timeline_record(timeline, record, size, syms), 0);
	}
	gp_timeline_end(timeline);
	assert_string_equal(out.text, expected);
	gp_timeline_free(timeline);
	symbols_free(syms);
	str_fini(&out);
}

static void a_normal_one_waits_for_its_timer_and_its_scan(void **state)
{
	static const struct timeline_row rows[] = {
		{KS_START, 100, IN_PROGRESS(1), 5},
		{KS_GP_QUEUE, 390, IN_PROGRESS(1)},
		{KS_GP_BEGIN, 400, IN_PROGRESS(1)},
		{KS_GP_END, 450, DONE(1)},
	};

	(void)state;
	play("GP 1 100+350: timer 100+290, queued 390+10, scan 400+50;", rows, CNT(rows));
}

static void a_reader_makes_it_poll(void **state)
{
	static const struct timeline_row rows[] = {
		{KS_START, 500, IN_PROGRESS(2), 0}, {KS_GP_BEGIN, 510, IN_PROGRESS(2)},
		{KS_GP_ARM, 515, IN_PROGRESS(2)},   {KS_GP_END, 520, IN_PROGRESS(2)},
		{KS_GP_QUEUE, 580, IN_PROGRESS(2)}, {KS_GP_BEGIN, 590, IN_PROGRESS(2)},
		{KS_GP_END, 600, DONE(2)},
	};

	(void)state;
	play("GP 2 expedited 500+100: queued 500+10, scan 510+10, poll 520+60, queued 580+10, "
	     "scan 590+10;",
	     rows, CNT(rows));
}

/* Who started the first started the one that follows it at once. */
static void one_may_begin_as_another_ends(void **state)
{
	static const struct timeline_row rows[] = {
		{KS_START, 100, IN_PROGRESS(1), 5}, {KS_GP_BEGIN, 400, IN_PROGRESS(1)},
		{KS_GP_QUEUE, 440, IN_PROGRESS(2)}, {KS_GP_END, 450, IN_PROGRESS(2)},
		{KS_GP_BEGIN, 460, IN_PROGRESS(2)}, {KS_GP_END, 470, DONE(2)},
	};

	(void)state;
	play("GP 1 100+350: timer 100+300, scan 400+50;GP 2 expedited 450+20: queued 450+10, scan "
	     "460+10;",
	     rows, CNT(rows));
}

static void what_is_not_over_is_open(void **state)
{
	static const struct timeline_row rows[] = {
		{KS_START, 100, IN_PROGRESS(1), 5},
		{KS_GP_BEGIN, 400, IN_PROGRESS(1)},
	};

	(void)state;
	play("GP 1 open 100+300: timer 100+300;", rows, CNT(rows));
}

static void of_what_was_lost_nothing_is_told(void **state)
{
	static const struct timeline_row rows[] = {
		{KS_START, 100, IN_PROGRESS(1), 5},	  {KS_CB_ARM, 150, IN_PROGRESS(1), 9},
		{KS_GP_BEGIN, 400, IN_PROGRESS(1), 0, 1}, {KS_GP_END, 450, DONE(1)},
		{KS_CB_BEGIN, 460, DONE(1), 1},		  {KS_CB_END, 470, DONE(1)},
	};

	(void)state;
	play("CPU 3 callbacks 460+10;", rows, CNT(rows));
}

static void callbacks_have_a_timer_and_a_queue(void **state)
{
	static const struct timeline_row rows[] = {
		{KS_CB_ARM, 100, DONE(1), 9},
		{KS_CB_QUEUE, 130, DONE(1)},
		{KS_CB_BEGIN, 137, DONE(1), 2},
		{KS_CB_ARM, 138, DONE(2), 9}, /* of the next ones: it is pending after these ran */
		{KS_CB_END, 150, DONE(1)},
		{KS_CB_QUEUE, 190, DONE(2)},
		{KS_CB_BEGIN, 191, DONE(2), 1},
		{KS_CB_END, 193, DONE(2)},
	};

	(void)state;
	play("CPU 3 callback timer 100+30;CPU 3 callbacks queued 130+7;CPU 3 callbacks 137+13;"
	     "CPU 3 callback timer 150+40;CPU 3 callbacks queued 190+1;CPU 3 callbacks 191+2;",
	     rows, CNT(rows));
}

/* As many as a reader that never goes makes: the list ends, the time does not. */
static void parts_are_bounded(void **state)
{
	static struct timeline_row rows[2 + 2 * 1009];
	static const struct gp_timeline_ops ops = {.gp = on_gp, .callbacks = on_callbacks};
	struct gp_timeline *timeline;
	struct str out;
	uint64_t ts_ns = 100;

	(void)state;
	str_init(&out);
	timeline = gp_timeline_new(&ops, &out);
	for (size_t i = 0; i < CNT(rows); i++) {
		const struct ks_step step = {
			.head = {.ts_ns = ts_ns += 10, .type = i % 2 ? KS_GP_END : KS_GP_BEGIN},
			.ssp = SSP,
			.seq = i == CNT(rows) - 1 ? DONE(1) : IN_PROGRESS(1)};
		const struct ks_start start = {.head = {.ts_ns = ts_ns, .type = KS_START},
					       .ssp = SSP,
					       .seq = IN_PROGRESS(1)};

		if (!i)
			gp_timeline_record(timeline, &start, offsetof(struct ks_start, stack),
					   NULL);
		gp_timeline_record(timeline, &step, sizeof(step), NULL);
	}
	assert_int_equal(strncmp(out.text, "GP 1 expedited 110+20190:", 25), 0);
	assert_true(out.len < 509 * 20);
	gp_timeline_free(timeline);
	str_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_normal_one_waits_for_its_timer_and_its_scan),
		cmocka_unit_test(a_reader_makes_it_poll),
		cmocka_unit_test(one_may_begin_as_another_ends),
		cmocka_unit_test(what_is_not_over_is_open),
		cmocka_unit_test(of_what_was_lost_nothing_is_told),
		cmocka_unit_test(callbacks_have_a_timer_and_a_queue),
		cmocka_unit_test(parts_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
