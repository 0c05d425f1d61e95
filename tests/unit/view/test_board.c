// SPDX-License-Identifier: GPL-2.0-only
/* What top adds up and keeps, fed as a ledger feeds it. */
#include "view/board.h"

#include "output/deferral.h"
#include "trace.h"
#include "view/screen.h"
#include "view/lanes.h"

#define MS(n) ((uint64_t)(n)*1000000)

static struct board *new_board(void)
{
	const struct filter all = {.pid = 0};
	const struct board_source source = {.backend = "fentry", .text = {.host.hz = TRACE_HZ}};
	struct board *board = calloc(1, sizeof(*board));

	assert_non_null(board);
	assert_int_equal(board_init(board, &all, MS(1)), 0);
	board_begin(board, &source);
	return board;
}

static void free_board(struct board *board)
{
	board_fini(board);
	free(board);
}

static struct vm vm_of(uint32_t id)
{
	struct vm vm = {.kvm = KVM(id), .id = id, .tgid = TGID(id), .comm = "vmm"};

	return vm;
}

/* A call of @vm that ends at @end and lost @ns to @cause. */
static void add(struct board *board, const struct vm *vm, enum ks_cause cause, uint64_t end,
		uint64_t ns)
{
	const struct segment seg = {.cause = cause, .ns = ns};
	const struct ks_call rec = {
		.head = {.ts_ns = end, .tid = 7}, .begin_ns = end - ns, .tgid = vm ? vm->tgid : 1};
	struct stall stall = {.rec = &rec,
			      .vm = vm,
			      .call = CALL_CLOSE,
			      .begin_ns = end - ns,
			      .latency_ns = ns,
			      .stall_ns = cause == KS_CAUSE_RUN ? 0 : ns,
			      .without_ns = ns,
			      .cause = cause,
			      .is_complete = true,
			      .segments = &seg,
			      .segments_cnt = 1};

	stall.by_cause[cause] = ns;
	board_stall(board, &stall);
}

static void find_asleep(struct board *board, const struct vm *vm, uint32_t tid, uint64_t begin,
			uint64_t now)
{
	const struct ks_call rec = {
		.head = {.ts_ns = now, .tid = tid}, .begin_ns = begin, .tgid = vm->tgid};
	const struct stall stall = {.rec = &rec,
				    .vm = vm,
				    .call = CALL_CLOSE,
				    .begin_ns = begin,
				    .latency_ns = now - begin,
				    .stall_ns = now - begin,
				    .cause = KS_CAUSE_READER,
				    .is_stuck = true};

	board_asleep(board, &stall);
}

static void a_vm_has_the_sums_of_its_calls(void **state)
{
	struct board *board = new_board();
	struct vm one = vm_of(1), two = vm_of(2);
	const struct board_row *row;

	(void)state;
	board_vm_new(board, &one);
	board_vm_new(board, &two);
	add(board, &one, KS_CAUSE_GP_TIMER, MS(100), MS(7));
	add(board, &one, KS_CAUSE_READER, MS(200), MS(11));
	add(board, &one, KS_CAUSE_GP_TIMER, MS(210), 1000); /* no stall, but lost */
	add(board, &one, KS_CAUSE_RUN, MS(220), 1000);	    /* never slept */
	add(board, &two, KS_CAUSE_LOCK, MS(300), MS(3));
	row = board_find(board, 1);
	assert_non_null(row);
	assert_string_equal(row->name, "vmm[1000]");
	assert_int_equal(row->stalls, 2);
	assert_int_equal(row->calls, 3);
	assert_int_equal(row->lost_ns, MS(18) + 1000);
	assert_int_equal(row->by_cause[KS_CAUSE_GP_TIMER], MS(7) + 1000);
	assert_int_equal(row->by_cause[KS_CAUSE_READER], MS(11));
	assert_int_equal(row->worst_ns, MS(11));
	assert_int_equal(row->last_ns, MS(200));
	assert_int_equal(board->total.stalls, 3);
	assert_int_equal(board->vms, 2);
	free_board(board);
}

static void a_filter_leaves_others_out_but_not_out_of_time(void **state)
{
	struct board *board = new_board();
	struct vm one = vm_of(1), two = vm_of(2);

	(void)state;
	board->filter.pid = TGID(2);
	board_vm_new(board, &one);
	board_vm_new(board, &two);
	add(board, &one, KS_CAUSE_GP_TIMER, MS(100), MS(7));
	add(board, &two, KS_CAUSE_GP_TIMER, MS(100), MS(3));
	assert_null(board_find(board, 1));
	assert_int_equal(board->total.stalls, 1);
	assert_int_equal(board->vms_seen, 1);
	free_board(board);
}

static void who_waits_is_gone_with_the_calls_end_or_when_nobody_finds_it(void **state)
{
	struct board *board = new_board();
	struct vm one = vm_of(1);
	const struct board_row *row;

	(void)state;
	board->stale_ns = MS(100);
	board_vm_new(board, &one);
	row = board_find(board, 1);
	find_asleep(board, &one, 7, MS(10), MS(50));
	find_asleep(board, &one, 8, MS(20), MS(50));
	board_tick(board, MS(60));
	assert_int_equal(row->asleep_cnt, 2);
	assert_int_equal(row->asleep_ns, MS(10));
	assert_int_equal(board_oldest(board, NULL)->tid, 7);
	add(board, &one, KS_CAUSE_READER, MS(70), MS(60)); /* of thread 7 */
	board_tick(board, MS(80));
	assert_int_equal(row->asleep_cnt, 1);
	assert_int_equal(board_oldest(board, row)->tid, 8);
	board_tick(board, MS(151)); /* last found at 50 */
	assert_int_equal(row->asleep_cnt, 0);
	assert_null(board_oldest(board, NULL));
	free_board(board);
}

static void many_short_calls_are_a_storm_only_while_they_come(void **state)
{
	struct board *board = new_board();
	struct vm one = vm_of(1);
	const struct board_row *row;

	(void)state;
	board_vm_new(board, &one);
	row = board_find(board, 1);
	board_tick(board, MS(1000));
	for (int i = 0; i < 523; i++)
		add(board, &one, KS_CAUSE_GP_WORK, MS(1000 + i), 200000);
	board_tick(board, MS(2000)); /* 104.6 ms */
	assert_int_equal(row->storm.call, CALL_CLOSE);
	assert_int_equal(row->storm.cnt, 523);
	assert_int_equal(row->storm.ns, 523 * 200000);
	assert_int_equal(row->stalls, 0);
	for (int i = 0; i < 11; i++)
		add(board, &one, KS_CAUSE_GP_WORK, MS(2000 + i), 950000);
	board_tick(board, MS(3000)); /* long enough, but too few */
	assert_int_equal(row->storm.call, CALL_NONE);
	for (int i = 0; i < 47; i++)
		add(board, &one, KS_CAUSE_GP_WORK, MS(3000 + i), 200000);
	board_tick(board, MS(4000)); /* 9.4 ms */
	assert_int_equal(row->storm.call, CALL_NONE);
	free_board(board);
}

static void the_last_stalls_are_kept_the_newest_first(void **state)
{
	struct board *board = new_board();
	struct vm one = vm_of(1);
	const struct board_stall *kept;
	const struct board_row *row;
	uint64_t nr = 23;

	(void)state;
	board_vm_new(board, &one);
	for (int i = 1; i <= 23; i++)
		add(board, &one, KS_CAUSE_GP_TIMER, MS(100 * i), MS(i));
	row = board_find(board, 1);
	assert_int_equal(row->kept_cnt, BOARD_STALLS_MAX);
	for (kept = row->kept; kept; kept = kept->next, nr--) {
		assert_int_equal(kept->nr, nr);
		assert_int_equal(kept->lanes.to_ns - kept->lanes.begin_ns, MS(nr));
		assert_non_null(strstr(kept->text, "gp-timer"));
		assert_int_equal(kept->lanes.cnt, 1); /* the call: nothing is known of domains */
	}
	assert_int_equal(nr, 23 - BOARD_STALLS_MAX);
	free_board(board);
}

/* 2 x 4096 stalls of 1031 VMs: all are counted, and no more than a bound is kept. */
static void what_is_kept_has_a_bound_over_all_vms(void **state)
{
	struct board *board = new_board();
	uint64_t kept = 0;
	size_t cnt;
	struct board_row **rows;

	(void)state;
	for (int i = 0; i < 8; i++)
		for (uint32_t id = 1; id <= 1031; id++) {
			struct vm vm = vm_of(id);

			add(board, &vm, KS_CAUSE_GP_TIMER, MS(10 * (i + 1)), MS(2));
		}
	rows = board_list(board, SORT_LOST, "", &cnt);
	assert_int_equal(cnt, 1031);
	for (size_t i = 0; i < cnt; i++) {
		assert_true(rows[i]->kept_cnt >= BOARD_STALLS_MIN);
		assert_int_equal(rows[i]->stalls, 8);
		kept += rows[i]->kept_cnt;
	}
	assert_int_equal(kept, board->kept_cnt);
	assert_true(kept <= BOARD_STALLS_ALL);
	assert_int_equal(board->total.stalls, 8 * 1031);
	free(rows);
	free_board(board);
}

static void an_ended_vm_goes_after_a_minute_and_a_recordings_stays(void **state)
{
	const struct board_source recording = {.backend = "fentry", .path = "FILE"};

	(void)state;
	for (int is_recording = 0; is_recording < 2; is_recording++) {
		struct board *board = new_board();
		struct vm one = vm_of(1);

		if (is_recording)
			board_begin(board, &recording);
		board_vm_new(board, &one);
		add(board, &one, KS_CAUSE_GP_TIMER, MS(100), MS(7));
		one.gone_ns = MS(200);
		board_vm_gone(board, &one);
		assert_int_equal(board->vms, 0);
		board_tick(board, MS(60199));
		assert_non_null(board_find(board, 1));
		assert_null(board_find(board, 1)->vm);
		board_tick(board, MS(60200));
		assert_int_equal(board_find(board, 1) != NULL, is_recording);
		assert_int_equal(board->total.stalls, 1);
		free_board(board);
	}
}

static void a_vm_that_is_looked_at_stays(void **state)
{
	struct board *board = new_board();
	struct vm one = vm_of(1);

	(void)state;
	board->open_id = 1;
	board_vm_new(board, &one);
	one.gone_ns = MS(200);
	board_vm_gone(board, &one);
	board_tick(board, MS(100000));
	assert_non_null(board_find(board, 1));
	board->open_id = 0;
	board_tick(board, MS(100001));
	assert_null(board_find(board, 1));
	free_board(board);
}

static void zero_forgets_counts_and_no_vm(void **state)
{
	struct board *board = new_board();
	struct vm one = vm_of(1);
	const struct board_row *row;

	(void)state;
	board_vm_new(board, &one);
	add(board, &one, KS_CAUSE_GP_TIMER, MS(100), MS(7));
	board_zero(board);
	row = board_find(board, 1);
	assert_string_equal(row->name, "vmm[1000]");
	assert_ptr_equal(row->vm, &one);
	assert_int_equal(row->stalls + row->lost_ns + row->kept_cnt + board->kept_cnt, 0);
	assert_int_equal(board->total.lost_ns, 0);
	assert_int_equal(board->begin_ns, MS(100));
	free_board(board);
}

static void rows_come_in_the_order_that_is_asked_for(void **state)
{
	static const struct {
		enum board_sort sort;
		uint32_t ids[3];
	} cases[] = {
		{SORT_LOST, {2, 1, 3}}, {SORT_STALLS, {1, 2, 3}}, {SORT_WORST, {2, 1, 3}},
		{SORT_NOW, {3, 1, 2}},	{SORT_LAST, {1, 2, 3}},	  {SORT_NAME, {1, 2, 3}},
	};
	struct board *board = new_board();
	struct vm vms[3] = {vm_of(1), vm_of(2), vm_of(3)};

	(void)state;
	for (int i = 0; i < 3; i++)
		board_vm_new(board, &vms[i]);
	add(board, &vms[1], KS_CAUSE_GP_TIMER, MS(100), MS(50));
	add(board, &vms[0], KS_CAUSE_GP_TIMER, MS(200), MS(2));
	add(board, &vms[0], KS_CAUSE_GP_TIMER, MS(300), MS(3));
	find_asleep(board, &vms[2], 9, MS(250), MS(300));
	board_tick(board, MS(310));
	for (size_t i = 0; i < CNT(cases); i++) {
		size_t cnt;
		struct board_row **rows = board_list(board, cases[i].sort, "vmm[", &cnt);

		assert_int_equal(cnt, 3);
		for (int k = 0; k < 3; k++)
			if (rows[k]->id != cases[i].ids[k])
				fail_msg("by %s, %d is VM %u", board_sort_name(cases[i].sort), k,
					 rows[k]->id);
		free(rows);
	}
	free_board(board);
}

/* ---- from records ---- */

static void on_stall(void *ctx, const struct stall *stall)
{
	board_stall(ctx, stall);
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	board_vm_new(ctx, vm);
}

/* The strip of the stall that this was made for, from records to letters. */
static void a_strip_shows_what_the_domain_did_beside_the_call(void **state)
{
	static const struct ledger_ops ops = {.stall = on_stall, .vm_new = on_vm_new};
	struct board *board = new_board();
	struct trace *trace = trace_new_for(&ops, board);
	const struct board_stall *kept;
	struct lanes_window window;
	struct screen screen;
	struct str text;

	(void)state;
	trace_feed(trace, trace_seed_rows, CNT(trace_seed_rows));
	kept = board_find(board, 1)->kept;
	assert_non_null(kept);
	screen_init(&screen);
	screen_reset(&screen, 0, 73, false);
	window = (struct lanes_window){TRACE_NS(400), TRACE_NS(5670)};
	lanes_put(&kept->lanes, &window, TRACE_HZ, &screen);
	str_init(&text);
	screen_plain(&screen, &text);
	assert_string_equal(
		text.text,
		"call            TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTK\n"
		"kvm.srcu GP     TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT\n"
		"kvm.srcu cb                                                             K\n"
		"jiffies         |.......................................|................\n");
	str_fini(&text);
	screen_fini(&screen);
	trace_free(trace);
	free_board(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vm_has_the_sums_of_its_calls),
		cmocka_unit_test(a_filter_leaves_others_out_but_not_out_of_time),
		cmocka_unit_test(who_waits_is_gone_with_the_calls_end_or_when_nobody_finds_it),
		cmocka_unit_test(many_short_calls_are_a_storm_only_while_they_come),
		cmocka_unit_test(the_last_stalls_are_kept_the_newest_first),
		cmocka_unit_test(what_is_kept_has_a_bound_over_all_vms),
		cmocka_unit_test(an_ended_vm_goes_after_a_minute_and_a_recordings_stays),
		cmocka_unit_test(a_vm_that_is_looked_at_stays),
		cmocka_unit_test(zero_forgets_counts_and_no_vm),
		cmocka_unit_test(rows_come_in_the_order_that_is_asked_for),
		cmocka_unit_test(a_strip_shows_what_the_domain_did_beside_the_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
