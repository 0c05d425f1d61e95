// SPDX-License-Identifier: GPL-2.0-only
/* Messages, as they come out on standard error. */
#include "base/log.h"

#include "unit.h"

#include <unistd.h>

/* What one message of @text comes out as, into @seen. */
static void print(const char *text, char *seen, size_t size)
{
	FILE *file = tmpfile();
	int real = dup(STDERR_FILENO);
	size_t len;

	assert_non_null(file);
	assert_true(real >= 0);
	assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
	log_msg(LOG_LEVEL_ERROR, "%s", text);
	dup2(real, STDERR_FILENO);
	close(real);
	rewind(file);
	len = fread(seen, 1, size - 1, file);
	seen[len] = '\0';
	fclose(file);
}

static void a_message_is_a_line(void **state)
{
	char seen[64];

	(void)state;
	print("no such VM", seen, sizeof(seen));
	assert_string_equal(seen, "kvmstall: no such VM\n");
	print("libbpf's has an end\n", seen, sizeof(seen));
	assert_string_equal(seen, "kvmstall: libbpf's has an end\n");
}

/* The verifier's error comes last, after all that it went through. */
static void a_long_one_is_whole(void **state)
{
	static char text[20011], seen[sizeof(text) + 64];

	(void)state;
	memset(text, '.', sizeof(text) - 1);
	memcpy(text + sizeof(text) - 8, "THE END", 7);
	text[sizeof(text) - 1] = '\0';
	print(text, seen, sizeof(seen));
	assert_int_equal(strlen(seen), strlen("kvmstall: ") + strlen(text) + 1);
	assert_string_equal(seen + strlen(seen) - 8, "THE END\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_a_line),
		cmocka_unit_test(a_long_one_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
