// SPDX-License-Identifier: GPL-2.0-only
#include "base/format.h"
#include "base/parse.h"

#include "unit.h"

struct good {
	const char *text;
	uint64_t value;
};

static void check_good(bool (*parse)(const char *, uint64_t *), const struct good *cases,
		       size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		uint64_t value = 12345;

		if (!parse(cases[i].text, &value))
			fail_msg("'%s' is refused", cases[i].text);
		if (value != cases[i].value)
			fail_msg("'%s' is %ju", cases[i].text, (uintmax_t)value);
	}
}

static void check_bad(bool (*parse)(const char *, uint64_t *), const char *const *cases, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		uint64_t value;

		if (parse(cases[i], &value))
			fail_msg("'%s' is taken", cases[i]);
	}
}

static void durations_have_units(void **state)
{
	static const struct good good[] = {
		{"0", 0},
		{"0ns", 0},
		{"40ns", 40},
		{"250us", 250000},
		{"1ms", 1000000},
		{"1.5ms", 1500000},
		{"0.5us", 500},
		{"0.001us", 1},
		{"1.000ns", 1},
		{"2s", 2000000000},
		{"1.000000001s", 1000000001},
		{"3m", 180000000000},
		{"0.5m", 30000000000},
		{"1h", 3600000000000},
		{"0001ms", 1000000},
		{"18446744073709551615ns", UINT64_MAX},
		{"18446744073.709551615s", UINT64_MAX},
	};
	static const char *const bad[] = {
		"",
		"1",
		"00",
		"0.0",
		"ns",
		"-1ms",
		"+1ms",
		" 1ms",
		"1 ms",
		"1ms ",
		"1MS",
		"1Ms",
		"1.ms",
		".5ms",
		"1..5ms",
		"1.5.5ms",
		"1,5ms",
		"0x1ms",
		"1e3ms",
		"1msx",
		"1d",
		"1sec",
		"1.5ns",
		"0.0001us",
		"1.0000000001s",
		"inf",
		"nan",
		"18446744073709551616ns",
		"18446744073.709551616s",
		"18446744073709552us",
		"5124096h",
		"99999999999999999999999999s",
	};

	(void)state;
	check_good(parse_nsec, good, CNT(good));
	check_bad(parse_nsec, bad, CNT(bad));
}

static void sizes_are_powers_of_1024(void **state)
{
	static const struct good good[] = {
		{"0", 0},
		{"512", 512},
		{"64K", 65536},
		{"64M", 67108864},
		{"1G", 1073741824},
		{"2T", 2199023255552},
		{"18446744073709551615", UINT64_MAX},
		{"18014398509481983K", UINT64_MAX - 1023},
	};
	static const char *const bad[] = {
		"",
		"K",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1 K",
		"1k",
		"1KB",
		"1KiB",
		"1.5M",
		"0x10",
		"1P",
		"1KK",
		"18446744073709551616",
		"18014398509481984K",
		"16777216T",
	};

	(void)state;
	check_good(parse_bytes, good, CNT(good));
	check_bad(parse_bytes, bad, CNT(bad));
}

static void numbers_are_digits(void **state)
{
	static const struct good good[] = {
		{"0", 0},
		{"7", 7},
		{"007", 7},
		{"4294967296", 4294967296},
		{"18446744073709551615", UINT64_MAX},
	};
	static const char *const bad[] = {
		"",
		" ",
		"-0",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1a",
		"0x1",
		"1.0",
		"1e1",
		"18446744073709551616",
		"18446744073709551620",
		"184467440737095516150",
	};

	(void)state;
	check_good(parse_u64, good, CNT(good));
	check_bad(parse_u64, bad, CNT(bad));
}

static void durations_round_to_the_unit_people_read(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "0ns"},
		{950, "950ns"},
		{999, "999ns"},
		{1000, "1.0us"},
		{1049, "1.0us"},
		{1050, "1.1us"},
		{9949, "9.9us"},
		{9950, "10us"},
		{312000, "312us"},
		{999499, "999us"},
		{999500, "1.00ms"},
		{1004999, "1.00ms"},
		{1005000, "1.01ms"},
		{25180000, "25.18ms"},
		{999994999, "999.99ms"},
		{999995000, "1.00s"},
		{1200000000, "1.20s"},
		{75000000000, "75.00s"},
		{UINT64_MAX, "18446744073.71s"},
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++)
		assert_string_equal(format_nsec(cases[i].ns, buf, sizeof(buf)), cases[i].text);
}

static void a_short_buffer_cuts_the_text(void **state)
{
	char buf[4];

	(void)state;
	assert_string_equal(format_nsec(25180000, buf, sizeof(buf)), "25.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(sizes_are_powers_of_1024),
		cmocka_unit_test(numbers_are_digits),
		cmocka_unit_test(durations_round_to_the_unit_people_read),
		cmocka_unit_test(a_short_buffer_cuts_the_text),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
