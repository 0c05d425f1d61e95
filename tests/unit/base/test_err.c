// SPDX-License-Identifier: GPL-2.0-only
#include "base/err.h"

#include <errno.h>

#include "unit.h"

static void each_function_sets_its_kind_and_returns_its_code(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(err_set(&err, -ENOENT, "cannot open '%s'", "x"), -ENOENT);
	assert_string_equal(err.msg, "cannot open 'x'");
	assert_int_equal(err.kind, ERR_FAILED);

	assert_int_equal(err_usage(&err, "unknown option '%s'", "-z"), -EINVAL);
	assert_string_equal(err.msg, "unknown option '-z'");
	assert_int_equal(err.kind, ERR_USAGE);

	assert_int_equal(err_cannot(&err, "no BTF"), -EOPNOTSUPP);
	assert_string_equal(err.msg, "no BTF");
	assert_int_equal(err.kind, ERR_CANNOT);
}

static void a_new_sentence_replaces_the_old_kind(void **state)
{
	struct err err = {0};

	(void)state;
	err_cannot(&err, "no BTF");
	err_set(&err, -EIO, "cannot read");
	assert_int_equal(err.kind, ERR_FAILED);
}

static void context_goes_in_front(void **state)
{
	struct err err = {0};

	(void)state;
	err_cannot(&err, "no BTF");
	assert_int_equal(err_wrap(&err, -EPERM, "backend %s", "fentry"), -EPERM);
	assert_int_equal(err_wrap(&err, -EPERM, "trace"), -EPERM);
	assert_string_equal(err.msg, "trace: backend fentry: no BTF");
	assert_int_equal(err.kind, ERR_CANNOT);
}

/* Lengths on both sides of the buffer's size, for the sentence and for its context. */
static void long_sentences_are_cut(void **state)
{
	struct err err = {0};

	(void)state;
	for (int len = (int)sizeof(err.msg) - 3; len < (int)sizeof(err.msg) + 3; len++) {
		size_t kept = (size_t)len < sizeof(err.msg) ? (size_t)len : sizeof(err.msg) - 1;

		err_set(&err, -EIO, "%*s", len, "end");
		assert_int_equal(strlen(err.msg), kept);
		err_wrap(&err, -EIO, "context");
		assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
		assert_memory_equal(err.msg, "context:  ", 10);
		err_wrap(&err, -EIO, "%*s", len, "start");
		assert_true(strlen(err.msg) <= sizeof(err.msg) - 1);
	}
}

static void nobody_has_to_listen(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, -EIO, "x"), -EIO);
	assert_int_equal(err_usage(NULL, "x"), -EINVAL);
	assert_int_equal(err_cannot(NULL, "x"), -EOPNOTSUPP);
	assert_int_equal(err_wrap(NULL, -EIO, "x"), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_function_sets_its_kind_and_returns_its_code),
		cmocka_unit_test(a_new_sentence_replaces_the_old_kind),
		cmocka_unit_test(context_goes_in_front),
		cmocka_unit_test(long_sentences_are_cut),
		cmocka_unit_test(nobody_has_to_listen),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
