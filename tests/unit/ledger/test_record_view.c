// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/record_view.h"

#include <stdlib.h>

#include "trace.h"

/* A view of the first @size bytes of @rec, in memory that ends there. */
static bool view_exact(const union any_record *rec, size_t size, void **exact,
		       struct record_view *view)
{
	*exact = malloc(size ? size : 1);
	assert_non_null(*exact);
	memcpy(*exact, rec, size);
	return record_view(*exact, size, view);
}

static void a_record_is_seen_as_its_struct_and_not_when_it_is_short(void **state)
{
	(void)state;
	for (int type = 0; type < 256; type++) {
		const union any_record rec = {.head = {.ts_ns = 1, .type = type}};
		size_t fixed = record_fixed_bytes(type);
		struct record_view view;
		void *exact;

		assert_int_equal(fixed % 8, 0);
		assert_true(fixed <= sizeof(rec));
		if (fixed) {
			assert_true(view_exact(&rec, fixed, &exact, &view));
			assert_ptr_equal(view.head, exact);
			assert_int_equal(view.fixed, fixed);
			assert_int_not_equal(view.shape, RECORD_NONE);
			assert_int_equal(view.frames, 0);
			free(exact);
		}
		assert_false(view_exact(&rec, fixed ? fixed - 1 : sizeof(rec), &exact, &view));
		free(exact);
	}
}

/* A stack has as many frames as the record says, holds, and may have: the fewest of these. */
static void frames_are_those_that_are_there(void **state)
{
	static const struct {
		uint32_t says;
		size_t room, frames;
	} cases[] = {
		{0, 23, 0}, {5, 23, 5}, {5, 3, 3}, {5, 0, 0}, {9999, 24, 24}, {65535, 13, 13},
	};
	static const uint8_t types[] = {KS_SLEEP, KS_START, KS_CALLBACK, KS_SUSPECT, KS_ASLEEP};

	(void)state;
	for (size_t i = 0; i < CNT(types) * CNT(cases); i++) {
		union any_record rec = {.head = {.type = types[i / CNT(cases)]}};
		size_t fixed = record_fixed_bytes(rec.head.type), nr = i % CNT(cases);
		struct record_view view;
		void *exact;

		if (rec.head.type == KS_SLEEP)
			rec.sleep.frames = cases[nr].says;
		else if (rec.head.type == KS_START || rec.head.type == KS_CALLBACK)
			rec.start.frames = cases[nr].says;
		else
			rec.task.frames = cases[nr].says;
		/* and a part of a frame, which is none */
		assert_true(view_exact(&rec,
				       fixed + cases[nr].room * 8 + (cases[nr].room < 24 ? 7 : 0),
				       &exact, &view));
		assert_int_equal(view.frames, cases[nr].frames);
		assert_ptr_equal(view.stack, (char *)exact + fixed);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_seen_as_its_struct_and_not_when_it_is_short),
		cmocka_unit_test(frames_are_those_that_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
