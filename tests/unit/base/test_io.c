// SPDX-License-Identifier: GPL-2.0-only
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define LEN (1009 * 1013) /* many times what a pipe holds */

static char bytes[LEN];

/* Are these the bytes, in order, and nothing else? Ends the process. */
static void read_all(int fd)
{
	char buf[4093];
	size_t at = 0;
	ssize_t len;

	while ((len = read(fd, buf, sizeof(buf))) > 0) {
		if (at + len > LEN || memcmp(buf, bytes + at, len))
			_exit(1);
		at += len;
	}
	_exit(at != LEN);
}

static void a_full_pipe_that_does_not_block_gets_all(void **state)
{
	uint64_t written = 7;
	int ends[2], status;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < LEN; i++)
		bytes[i] = (char)(i * 31);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(ends[1]);
		read_all(ends[0]);
	}
	close(ends[0]);
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(io_write_all(ends[1], bytes, LEN, &written, NULL), 0);
	close(ends[1]);
	assert_int_equal(written, 7 + LEN);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void what_cannot_be_written_is_an_error(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	uint64_t written = 0;

	(void)state;
	assert_int_equal(io_write_all(fd, "x", 0, NULL, NULL), 0);
	assert_int_equal(io_write_all(fd, "x", 1, &written, NULL), -ENOSPC);
	assert_int_equal(written, 0);
	close(fd);
	assert_int_equal(io_write_all(-1, "x", 1, NULL, NULL), -EBADF);
}

/* Lets @ctx attempts pass. */
static int wait_so_often(void *ctx, int fd)
{
	int *left = ctx;

	(void)fd;
	return (*left)-- ? 0 : -ETIMEDOUT;
}

/* Neither a pipe that blocks nor one that does not keeps a waiter from giving up. */
static void a_full_pipe_is_given_up_when_the_waiter_says_so(void **state)
{
	static const int flags[] = {0, O_NONBLOCK};

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		int ends[2], left = 1;
		const struct io_waiter waiter = {wait_so_often, &left};
		uint64_t written = 0;

		assert_int_equal(pipe(ends), 0);
		assert_int_equal(fcntl(ends[1], F_SETFL, flags[i]), 0);
		assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 65536), 65536);
		assert_int_equal(io_write_all(ends[1], bytes, LEN, &written, &waiter), -ETIMEDOUT);
		assert_within(written, 1, 65536);
		close(ends[0]);
		close(ends[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_pipe_that_does_not_block_gets_all),
		cmocka_unit_test(what_cannot_be_written_is_an_error),
		cmocka_unit_test(a_full_pipe_is_given_up_when_the_waiter_says_so),
	};

	return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
