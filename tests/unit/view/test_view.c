// SPDX-License-Identifier: GPL-2.0-only
/* What keys do to a screen, and that a screen has its size whatever is on it. */
#include "view/view.h"

#include "trace.h"

#define MS(n) ((uint64_t)(n)*1000000)

struct fixture {
	struct board board;
	struct view view;
	struct screen screen;
	struct vm vms[7];
};

static void add(struct fixture *fix, int i, uint64_t end, uint64_t ns)
{
	const struct segment seg = {.cause = KS_CAUSE_READER, .ns = ns};
	const struct ks_call rec = {
		.head = {.ts_ns = end, .tid = 7}, .begin_ns = end - ns, .tgid = fix->vms[i].tgid};
	struct stall stall = {.rec = &rec,
			      .vm = &fix->vms[i],
			      .call = CALL_SET_USER_MEMORY_REGION,
			      .begin_ns = end - ns,
			      .latency_ns = ns,
			      .stall_ns = ns,
			      .without_ns = ns,
			      .cause = KS_CAUSE_READER,
			      .is_complete = true,
			      .segments = &seg,
			      .segments_cnt = 1};

	stall.by_cause[KS_CAUSE_READER] = ns;
	board_stall(&fix->board, &stall);
}

/* Seven VMs; the i-th lost 10 * i ms. */
static struct fixture *new_fixture(void)
{
	const struct filter all = {.pid = 0};
	const struct board_source source = {.backend = "kprobe", .text = {.host.hz = TRACE_HZ}};
	struct fixture *fix = calloc(1, sizeof(*fix));

	assert_non_null(fix);
	assert_int_equal(board_init(&fix->board, &all, MS(1)), 0);
	board_begin(&fix->board, &source);
	for (uint32_t i = 0; i < CNT(fix->vms); i++) {
		fix->vms[i] = (struct vm){.id = i + 1, .tgid = TGID(i + 1)};
		snprintf(fix->vms[i].name, sizeof(fix->vms[i].name), "web%u", i);
		board_vm_new(&fix->board, &fix->vms[i]);
		if (i)
			add(fix, (int)i, MS(1000), MS(10 * i));
	}
	view_init(&fix->view, false, false);
	screen_init(&fix->screen);
	return fix;
}

static void free_fixture(struct fixture *fix)
{
	screen_fini(&fix->screen);
	board_fini(&fix->board);
	free(fix);
}

/* The screen as text; the caller's. */
static char *drawn(struct fixture *fix, size_t rows, size_t cols)
{
	struct str text;

	board_tick(&fix->board, MS(2000));
	screen_reset(&fix->screen, rows, cols, true);
	view_draw(&fix->view, &fix->board, &fix->screen);
	str_init(&text);
	screen_plain(&fix->screen, &text);
	assert_false(str_failed(&text));
	return str_take(&text);
}

static void assert_shows(struct fixture *fix, const char *what, bool does)
{
	char *text = drawn(fix, 24, 80);

	if ((strstr(text, what) != NULL) != does)
		fail_msg("'%s' is %s in:\n%s", what, does ? "not" : "", text);
	free(text);
}

static enum view_action press(struct fixture *fix, const char *keys)
{
	enum view_action action = VIEW_NOTHING;

	for (; *keys; keys++)
		action = view_key(&fix->view, &fix->board, (unsigned char)*keys);
	return action;
}

static void enter(struct fixture *fix)
{
	view_key(&fix->view, &fix->board, VIEW_KEY_ENTER);
}

static void every_size_has_its_lines_and_no_line_is_too_long(void **state)
{
	static const size_t sizes[][2] = {{1, 1},  {2, 7},   {5, 20},	{6, 40},
					  {7, 79}, {24, 80}, {50, 200}, {53, 997}};
	struct fixture *fix = new_fixture();

	(void)state;
	for (int page = 0; page < 3; page++) {
		fix->view.is_open = page == 1;
		fix->view.has_help = page == 2;
		for (size_t i = 0; i < CNT(sizes); i++) {
			char *text = drawn(fix, sizes[i][0], sizes[i][1]);
			size_t lines = 0;

			for (const char *line = text; *line; lines++) {
				size_t len = strcspn(line, "\n");

				assert_true(len <= sizes[i][1]);
				line += len + 1;
			}
			assert_int_equal(lines, sizes[i][0]);
			free(text);
		}
	}
	free_fixture(fix);
}

static void backend_and_losses_are_in_the_first_line_of_each_page(void **state)
{
	struct fixture *fix = new_fixture();

	(void)state;
	for (int page = 0; page < 3; page++) {
		fix->view.is_open = page == 1;
		fix->view.has_help = page == 2;
		assert_shows(fix, page == 2 ? "\nany key: back\n" : "h help", true);
		memset(fix->board.losses, 0, sizeof(fix->board.losses));
		assert_shows(fix, "kvmstall top by kprobe, nothing lost", true);
		fix->board.losses[KS_LOSS_RING] = 17;
		fix->board.losses[KS_LOSS_TASKS] = 2;
		assert_shows(fix, "kvmstall top by kprobe, 19 LOST: ring 17, tasks 2", true);
	}
	free_fixture(fix);
}

static void enter_opens_the_chosen_vm_and_escape_leaves_it(void **state)
{
	struct fixture *fix = new_fixture();

	(void)state;
	assert_shows(fix, "web6[7000]", true);
	enter(fix);
	assert_shows(fix, "web6[7000]: 1 stall in 1 call that slept; 60.00ms lost", true);
	assert_shows(fix, "web5[6000]", false);
	view_key(&fix->view, &fix->board, VIEW_KEY_ESCAPE);
	view_key(&fix->view, &fix->board, VIEW_KEY_DOWN);
	press(fix, "j");
	enter(fix);
	assert_shows(fix, "web4[5000]: 1 stall", true);
	free_fixture(fix);
}

/* Its row moves; what was chosen stays. */
static void a_chosen_vm_stays_chosen(void **state)
{
	struct fixture *fix = new_fixture();

	(void)state;
	press(fix, "jj");
	add(fix, 0, MS(1500), MS(500));
	free(drawn(fix, 24, 80));
	assert_int_equal(fix->view.row_id, 5);
	enter(fix);
	assert_shows(fix, "web4[5000]: 1 stall", true);
	free_fixture(fix);
}

static void a_filter_is_typed_and_ends_with_enter(void **state)
{
	struct fixture *fix = new_fixture();

	(void)state;
	assert_int_equal(press(fix, "/q"), VIEW_NOTHING); /* a letter, now */
	view_key(&fix->view, &fix->board, VIEW_KEY_BACKSPACE);
	press(fix, "b3");
	assert_shows(fix, "name: b3_", true);
	enter(fix);
	assert_shows(fix, "web3[4000]", true);
	assert_shows(fix, "web4[5000]", false);
	press(fix, "/x");
	enter(fix);
	assert_shows(fix, "no VM has this in its name", true);
	view_key(&fix->view, &fix->board, VIEW_KEY_ESCAPE);
	assert_shows(fix, "web4[5000]", true);
	free_fixture(fix);
}

static void keys_sort_pause_zero_and_quit(void **state)
{
	struct fixture *fix = new_fixture();

	(void)state;
	press(fix, "sss");
	assert_shows(fix, "sort: now", true);
	press(fix, "S ");
	assert_shows(fix, "sort: worst", true);
	assert_shows(fix, "PAUSED", true);
	press(fix, " z");
	assert_shows(fix, "PAUSED", false);
	assert_shows(fix, "0 stalls in 0 calls", true);
	assert_int_equal(press(fix, "w"), VIEW_WRITE);
	assert_int_equal(press(fix, "q"), VIEW_QUIT);
	assert_int_equal(press(fix, "\x03"), VIEW_QUIT);
	assert_int_equal(press(fix, "h\x03"), VIEW_QUIT);
	assert_int_equal(press(fix, "/\x03"), VIEW_QUIT);
	free_fixture(fix);
}

static void older_stalls_can_be_looked_at_and_the_last_is_followed(void **state)
{
	struct fixture *fix = new_fixture();

	(void)state;
	for (int i = 0; i < 11; i++)
		add(fix, 6, MS(1100 + 100 * i), MS(71 + i));
	enter(fix);
	assert_shows(fix, "stall 12 of 12, 1 of the last 8", true);
	press(fix, "nn");
	assert_shows(fix, "stall 10 of 12, 3 of the last 8", true);
	add(fix, 6, MS(3000), MS(97));
	assert_shows(fix, "stall 10 of 13, 4 of the last 8", true);
	press(fix, "nnnnnnnnnnn");
	assert_shows(fix, "stall 6 of 13, 8 of the last 8", true);
	add(fix, 6, MS(4000), MS(101)); /* that one is forgotten */
	assert_shows(fix, "of the last 8", true);
	press(fix, "ppppppppppp");
	assert_shows(fix, "stall 14 of 14, 1 of the last 8", true);
	add(fix, 6, MS(5000), MS(103));
	assert_shows(fix, "stall 15 of 15, 1 of the last 8", true);
	free_fixture(fix);
}

/* Any keys, in any order. */
static void no_keys_lead_out_of_the_strip(void **state)
{
	static const int keys[] = {
		VIEW_KEY_LEFT, VIEW_KEY_RIGHT,	   '+',		'-', 'n', 'p', 'l',
		VIEW_KEY_DOWN, VIEW_KEY_PAGE_DOWN, VIEW_KEY_UP, 'h'};
	struct fixture *fix = new_fixture();
	uint32_t seed = 1;

	(void)state;
	enter(fix);
	for (int i = 0; i < 9973; i++) {
		seed = seed * 1664525 + 1013904223;
		view_key(&fix->view, &fix->board, keys[(seed >> 16) % CNT(keys)]);
		if (i % 7 == 0)
			free(drawn(fix, 24, 80));
	}
	free_fixture(fix);
}

/* Names are anybody's. */
static void a_name_cannot_write_to_the_terminal(void **state)
{
	struct fixture *fix = new_fixture();
	struct vm bad = {.id = 23, .tgid = 1};

	(void)state;
	strcpy(bad.name, "\033[31m\001\xff");
	board_vm_new(&fix->board, &bad);
	for (int page = 0; page < 2; page++) {
		fix->view.is_open = page;
		fix->view.has_row = page;
		fix->view.row_id = 23;
		screen_reset(&fix->screen, 24, 80, false);
		view_draw(&fix->view, &fix->board, &fix->screen);
		for (const char *text = fix->screen.text.text; *text; text++) {
			if (*text == SCREEN_MARK)
				text++;
			else
				assert_true(*text == '\n' || (*text >= ' ' && *text < 127));
		}
	}
	assert_shows(fix, "?[31m??[1]", true);
	free_fixture(fix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_has_its_lines_and_no_line_is_too_long),
		cmocka_unit_test(backend_and_losses_are_in_the_first_line_of_each_page),
		cmocka_unit_test(enter_opens_the_chosen_vm_and_escape_leaves_it),
		cmocka_unit_test(a_chosen_vm_stays_chosen),
		cmocka_unit_test(a_filter_is_typed_and_ends_with_enter),
		cmocka_unit_test(keys_sort_pause_zero_and_quit),
		cmocka_unit_test(older_stalls_can_be_looked_at_and_the_last_is_followed),
		cmocka_unit_test(no_keys_lead_out_of_the_strip),
		cmocka_unit_test(a_name_cannot_write_to_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
