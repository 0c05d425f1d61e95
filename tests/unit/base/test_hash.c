// SPDX-License-Identifier: GPL-2.0-only
#include "base/hash.h"

#include "unit.h"

/* Of the reference code's test vectors: draft-eastlake-fnv, appendix C. */
static void the_hashes_are_those_of_the_reference(void **state)
{
	(void)state;
	assert_true(hash_text(HASH_START, "") == 0xcbf29ce484222325ULL);
	assert_true(hash_text(HASH_START, "a") == 0xaf63dc4c8601ec8cULL);
	assert_true(hash_text(HASH_START, "foobar") == 0x85944171f73967e8ULL);
	assert_int_equal(hash_bytes32("", 0), 0x811c9dc5u);
	assert_int_equal(hash_bytes32("a", 1), 0xe40c292cu);
	assert_int_equal(hash_bytes32("foobar", 6), 0xbf9cf968u);
}

static void what_follows_is_added(void **state)
{
	(void)state;
	assert_true(hash_text(hash_text(HASH_START, "foo"), "bar") ==
		    hash_text(HASH_START, "foobar"));
	assert_true(hash_word(hash_word(HASH_START, 'f'), 'o') == hash_text(HASH_START, "fo"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hashes_are_those_of_the_reference),
		cmocka_unit_test(what_follows_is_added),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
