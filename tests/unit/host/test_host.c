// SPDX-License-Identifier: GPL-2.0-only
#include "host/host.h"

#include "unit.h"

#define CNT(array) (sizeof(array) / sizeof((array)[0]))
#define SPAN_NS	   60000000ULL

/* A tick may be early or late at each end. */
static void ticks_that_fit_the_config_confirm_it(void **state)
{
	static const uint32_t configs[] = {24, 100, 128, 250, 256, 300, 500, 1000, 1024};

	(void)state;
	for (size_t i = 0; i < CNT(configs); i++) {
		uint64_t ticks = configs[i] * SPAN_NS / 1000000000;

		for (uint64_t seen = ticks ? ticks - 1 : 0; seen <= ticks + 1; seen++)
			assert_int_equal(host_hz_of_ticks(seen, SPAN_NS, configs[i]),
					 seen ? configs[i] : 0);
	}
}

/* The file in /boot is of another build of the same release. */
static void ticks_beat_a_config_that_they_do_not_fit(void **state)
{
	(void)state;
	assert_int_equal(host_hz_of_ticks(15, SPAN_NS, 300), 250);
	assert_int_equal(host_hz_of_ticks(18, SPAN_NS, 250), 300);
	assert_int_equal(host_hz_of_ticks(60, SPAN_NS, 250), 1000);
	assert_int_equal(host_hz_of_ticks(6, SPAN_NS, 1000), 100);
}

static void without_a_config_the_nearest_hz_that_there_is_counts(void **state)
{
	static const uint32_t known[] = {100, 250, 300, 500, 600, 750, 1000};

	(void)state;
	for (size_t i = 0; i < CNT(known); i++) {
		uint64_t ticks = known[i] * SPAN_NS / 1000000000;

		assert_int_equal(host_hz_of_ticks(ticks - 1, SPAN_NS, 0), known[i]);
		assert_int_equal(host_hz_of_ticks(ticks, SPAN_NS, 0), known[i]);
		assert_int_equal(host_hz_of_ticks(ticks + 1, SPAN_NS, 0), known[i]);
	}
	/* A host that slept for longer than it was asked to. */
	assert_int_equal(host_hz_of_ticks(251, 1000000000, 0), 250);
	assert_int_equal(host_hz_of_ticks(1003, 2000000000, 0), 500);
}

static void nothing_measured_is_nothing_known(void **state)
{
	(void)state;
	assert_int_equal(host_hz_of_ticks(0, SPAN_NS, 250), 0);
	assert_int_equal(host_hz_of_ticks(7, 0, 250), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_that_fit_the_config_confirm_it),
		cmocka_unit_test(ticks_beat_a_config_that_they_do_not_fit),
		cmocka_unit_test(without_a_config_the_nearest_hz_that_there_is_counts),
		cmocka_unit_test(nothing_measured_is_nothing_known),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
