// SPDX-License-Identifier: GPL-2.0-only
/* JSON as it is written: numbers, text of anybody's making, nesting, and no memory. */
#include "output/ndjson.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>

#include "base/str.h"
#include "unit.h"

static void objects_and_arrays_nest(void **state)
{
	struct ndjson json;
	struct str out;

	(void)state;
	str_init(&out);
	ndjson_begin(&json, &out, "x");
	ndjson_object(&json, "empty");
	ndjson_end_object(&json);
	ndjson_array(&json, "list");
	ndjson_int(&json, NULL, -1);
	ndjson_array(&json, NULL);
	ndjson_end_array(&json);
	ndjson_object(&json, NULL);
	ndjson_bool(&json, "yes", true);
	ndjson_bool(&json, "no", false);
	ndjson_end_object(&json);
	ndjson_null(&json, NULL);
	ndjson_end_array(&json);
	ndjson_text(&json, "none", NULL);
	ndjson_text(&json, "blank", "");
	ndjson_text_or_null(&json, "unknown", "");
	assert_int_equal(ndjson_finish_line(&json), 0);
	assert_string_equal(out.text, "{\"type\":\"x\",\"v\":1,\"empty\":{},\"list\":[-1,[],"
				      "{\"yes\":true,\"no\":false},null],\"none\":null,"
				      "\"blank\":\"\",\"unknown\":null}\n");
	str_reset(&out);
	ndjson_begin_bare(&json, &out);
	assert_int_equal(ndjson_finish(&json), 0);
	assert_string_equal(out.text, "{}");
	str_fini(&out);
}

/* @text as one string of JSON, which is also read back. */
static void assert_text(const char *text, const char *written, const char *read)
{
	struct ndjson json;
	json_t *object;
	struct str out;
	char line[256];

	str_init(&out);
	ndjson_begin_bare(&json, &out);
	ndjson_text(&json, "x", text);
	assert_int_equal(ndjson_finish(&json), 0);
	snprintf(line, sizeof(line), "{\"x\":\"%s\"}", written);
	assert_string_equal(out.text, line);
	object = json_loads(out.text, 0, NULL);
	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, "x")), read);
	json_decref(object);
	str_fini(&out);
}

static void text_is_cleaned_byte_by_byte(void **state)
{
	(void)state;
	assert_text("plain", "plain", "plain");
	assert_text("a\"b\\c/d", "a\\\"b\\\\c/d", "a\"b\\c/d");
	assert_text("ab\xff"
		    "c",
		    "ab?c", "ab?c");
	assert_text("\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9");
	assert_text("\033[2J\n\t\x7f", "?[2J???", "?[2J???");
	assert_text("\xe2\x80\xae"
		    "exe",
		    "???exe", "???exe");     /* U+202E: the rest from right to left */
	assert_text("\xc2\x9b", "??", "??"); /* U+009B: CSI in one character */
	assert_text("cut\xe2\x80", "cut??", "cut??");
}

static void reals_have_six_digits_and_a_point(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{0, "0.0"},
		{1, "1.0"},
		{0.05, "0.05"},
		{-0.5, "-0.5"},
		{1.0 / 3, "0.333333"},
		{123456789, "1.23457e8"},
		{0.0000123, "1.23e-5"},
		{1e100, "1e100"},
		{NAN, "null"},
		{INFINITY, "null"},
	};
	struct ndjson json;
	char line[64];
	struct str out;

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		str_init(&out);
		ndjson_begin_bare(&json, &out);
		ndjson_real(&json, "x", cases[i].value);
		assert_int_equal(ndjson_finish(&json), 0);
		snprintf(line, sizeof(line), "{\"x\":%s}", cases[i].text);
		assert_string_equal(out.text, line);
		str_fini(&out);
	}
}

static void no_memory_is_an_error(void **state)
{
	struct ndjson json;
	struct str out;

	(void)state;
	str_init(&out);
	ndjson_begin(&json, &out, "x");
	out.failed = true; /* as after a realloc() that returned NULL */
	ndjson_int(&json, "y", 1);
	assert_int_equal(ndjson_finish_line(&json), -ENOMEM);
	assert_true(str_failed(&out));
	str_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_and_arrays_nest),
		cmocka_unit_test(text_is_cleaned_byte_by_byte),
		cmocka_unit_test(reals_have_six_digits_and_a_point),
		cmocka_unit_test(no_memory_is_an_error),
	};

	return cmocka_run_group_tests_name("ndjson", tests, NULL, NULL);
}
