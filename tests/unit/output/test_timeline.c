// SPDX-License-Identifier: GPL-2.0-only
/* A stall in one line: what is drawn where, whatever its length. */
#include "output/timeline.h"

#include "base/str.h"
#include "trace.h"

#define SEG(kind, us)                                                                              \
	{                                                                                          \
		.cause = KS_CAUSE_##kind, .ns = TRACE_NS(us)                                       \
	}

static struct stall stall_of(const struct segment *segments, size_t cnt)
{
	struct stall stall = {.segments = segments, .segments_cnt = cnt};

	for (size_t i = 0; i < cnt; i++)
		stall.latency_ns += segments[i].ns;
	return stall;
}

static void assert_line(const struct stall *stall, uint32_t hz, bool use_utf8, const char *line)
{
	struct str out;

	str_init(&out);
	timeline_add(&out, stall, hz, use_utf8);
	assert_false(str_failed(&out));
	assert_string_equal(out.text, line);
	str_fini(&out);
}

static void each_character_is_a_fortieth_of_the_call(void **state)
{
	const struct segment segments[] = {SEG(RUN, 100), SEG(GP_TIMER, 3000), SEG(KWORKER, 400),
					   SEG(GP_WORK, 300), SEG(WAKEUP, 200)};
	const struct stall stall = stall_of(segments, CNT(segments));

	(void)state;
	assert_line(&stall, 0, false,
		    "[-TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTKKKKGGGWW] 4.00ms  "
		    "T gp-timer, K kworker, G gp-work, W wakeup");
}

/* A cause that is new without a letter would end the line. */
static void each_cause_has_a_letter_of_its_own(void **state)
{
	bool used[128] = {false};

	(void)state;
	for (int cause = 0; cause < KS_CAUSE_CNT; cause++) {
		const struct segment seg = {.cause = cause, .ns = TRACE_NS(4000)};
		const struct stall stall = stall_of(&seg, 1);
		struct str out;

		str_init(&out);
		timeline_add(&out, &stall, 0, false);
		assert_true(out.text[1] > ' ');
		assert_false(used[(unsigned char)out.text[1]]);
		used[(unsigned char)out.text[1]] = true;
		str_fini(&out);
	}
}

static void a_segment_that_fills_no_character_is_left_out_with_its_word(void **state)
{
	const struct segment segments[] = {SEG(READER, 1990), SEG(GP_WORK, 20), SEG(READER, 1990)};
	const struct stall stall = stall_of(segments, CNT(segments));

	(void)state;
	assert_line(&stall, 0, false,
		    "[RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR] 4.00ms  R reader");
}

static void a_jiffy_is_marked_where_there_is_room(void **state)
{
	const struct segment wide[] = {SEG(GP_TIMER, 8000)}, narrow[] = {SEG(GP_TIMER, 80000)};
	const struct stall two = stall_of(wide, 1), twenty = stall_of(narrow, 1);

	(void)state;
	assert_line(&two, 250, false,
		    "[TTTTTTTTTTTTTTTTTTTT|TTTTTTTTTTTTTTTTTTTT] 8.00ms  T gp-timer, | a jiffy");
	assert_line(&two, 250, true,
		    "├TTTTTTTTTTTTTTTTTTTT┊TTTTTTTTTTTTTTTTTTTT┤ 8.00ms  T gp-timer, ┊ a jiffy");
	assert_line(&twenty, 250, false,
		    "[TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT] 80.00ms  T gp-timer");
}

static void the_gp_before_the_call_is_drawn_to_scale_and_cut(void **state)
{
	const struct segment segments[] = {
		SEG(RUN, 100), {.cause = KS_CAUSE_GP_TIMER, .gp = 1, .ns = TRACE_NS(3900)}};
	struct stall stall = stall_of(segments, CNT(segments));

	(void)state;
	stall.culprit = (struct culprit){
		.kind = CULPRIT_INITIATOR, .seg = &segments[1], .gp = 1, .age_ns = TRACE_NS(400)};
	assert_line(&stall, 0, false,
		    "...[-TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT] 4.00ms  "
		    "T gp-timer, . its GP before");
	stall.culprit.age_ns = TRACE_NS(50); /* it began within the call */
	assert_line(&stall, 0, false,
		    "[-TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT] 4.00ms  T gp-timer");
	stall.culprit.age_ns = UINT64_MAX;
	assert_line(&stall, 0, false,
		    "<...........[-TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT] 4.00ms  "
		    "T gp-timer, . its GP before");
}

static void what_is_not_over_has_no_end(void **state)
{
	const struct segment segments[] = {SEG(LOCK, 4000)};
	struct stall stall = stall_of(segments, 1);

	(void)state;
	stall.is_stuck = true;
	assert_line(&stall, 0, false, "[LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL> 4.00ms  L lock");
	assert_line(&stall, 0, true, "├LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL▶ 4.00ms  L lock");
}

static void no_length_is_too_small_or_too_large(void **state)
{
	const struct segment ends[] = {{.cause = KS_CAUSE_RCU, .ns = 1},
				       {.cause = KS_CAUSE_RCU, .ns = INT64_MAX}};
	const struct stall shortest = stall_of(ends, 1), longest = stall_of(ends + 1, 1),
			   none = {.latency_ns = 0};

	(void)state;
	assert_line(&none, 250, false, "");
	assert_line(&shortest, 250, false, "[---------------------------------------U] 1ns  U rcu");
	assert_line(&longest, 250, false,
		    "[UUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUU] 9223372036.85s  U rcu");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_character_is_a_fortieth_of_the_call),
		cmocka_unit_test(each_cause_has_a_letter_of_its_own),
		cmocka_unit_test(a_segment_that_fills_no_character_is_left_out_with_its_word),
		cmocka_unit_test(a_jiffy_is_marked_where_there_is_room),
		cmocka_unit_test(the_gp_before_the_call_is_drawn_to_scale_and_cut),
		cmocka_unit_test(what_is_not_over_has_no_end),
		cmocka_unit_test(no_length_is_too_small_or_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
