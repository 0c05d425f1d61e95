// SPDX-License-Identifier: GPL-2.0-only
/* What a confined process asks for and does not get: each is tried in a child, by a system call of
 * its own. */
#include "cmd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "unit.h"

static struct {
	char path[64]; /* a file that may be written */
	int file, output;
} world;

/* Made by syscall(2): what a library would do before or instead is not in question. */
static const struct attempt {
	const char *what;
	long call;
	long args[6];
	bool is_allowed;
} attempts[] = {
	{"a socket", SYS_socket, {AF_INET, SOCK_STREAM}},
	{"a local socket", SYS_socket, {AF_UNIX, SOCK_DGRAM}},
	{"exec", SYS_execve, {(long)"/bin/true"}},
	{"a new process", SYS_clone, {17}},
	{"open to write", SYS_openat, {AT_FDCWD, (long)world.path, O_WRONLY}},
	{"open to read and write", SYS_openat, {AT_FDCWD, (long)world.path, O_RDWR}},
	{"create", SYS_openat, {AT_FDCWD, (long)"made", O_RDONLY | O_CREAT, 0600}},
	{"empty", SYS_openat, {AT_FDCWD, (long)world.path, O_RDONLY | O_TRUNC}},
	{"a file without a name", SYS_openat, {AT_FDCWD, (long)"/tmp", O_RDWR | O_TMPFILE, 0600}},
	{"remove", SYS_unlinkat, {AT_FDCWD, (long)world.path}},
	{"rename", SYS_renameat2, {AT_FDCWD, (long)world.path, AT_FDCWD, (long)"other"}},
	{"a folder", SYS_mkdirat, {AT_FDCWD, (long)"folder", 0700}},
	{"write to what it inherited", SYS_write, {7, (long)"x", 1}},
	{"empty what it inherited", SYS_ftruncate, {7}},
	{"make that its output", SYS_dup3, {7, 8}},
	{"make that another number", SYS_fcntl, {7, F_DUPFD, 8}},
	{"executable memory",
	 SYS_mmap,
	 {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1}},
	{"BPF", SYS_bpf, {BPF_PROG_GET_NEXT_ID}},
	{"ptrace", SYS_ptrace, {PTRACE_TRACEME}},
	{"a signal to another process", SYS_kill, {1}},
	{"a signal to another's thread", SYS_tgkill, {1, 1}},
	{"io_uring", SYS_io_uring_setup, {1}},
	{"terminal input", SYS_ioctl, {0, 0x5412}},
	{"is it a terminal", SYS_ioctl, {9, 0x802c542a}, true}, /* TCGETS2, of glibc 2.42 */
	{"open to read", SYS_openat, {AT_FDCWD, (long)world.path, O_RDONLY | O_CLOEXEC}, true},
	{"write to the output", SYS_write, {9, (long)"x", 1}, true},
	{"memory",
	 SYS_mmap,
	 {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1},
	 true},
};

/* 0: as it should be. */
static int child(void)
{
	struct err err = {.msg = ""};
	int fds[] = {9, -1}, bad = 0;

	if (dup2(world.file, 7) != 7 || dup2(world.output, 9) != 9 ||
	    sandbox_read_only(fds, 2, &err))
		return 100;
	for (size_t i = 0; i < CNT(attempts); i++) {
		const long *args = attempts[i].args;
		long ret = syscall(attempts[i].call, args[0], args[1], args[2], args[3], args[4],
				   args[5]);
		bool is_refused = ret < 0 && errno == EPERM;

		if (is_refused != attempts[i].is_allowed)
			continue;
		bad = i + 1;
		dprintf(STDERR_FILENO, "%s: %s\n", attempts[i].what,
			is_refused ? "refused" : "allowed");
		if (attempts[i].call == SYS_clone && !ret)
			syscall(SYS_exit_group, 0); /* the process that should not be */
	}
	return bad;
}

static void test_a_confined_process_gets_only_what_reading_takes(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	snprintf(world.path, sizeof(world.path), "/tmp/test-sandbox.XXXXXX");
	world.file = mkstemp(world.path);
	world.output = open("/dev/null", O_WRONLY);
	assert_true(world.file >= 0 && world.output >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		syscall(SYS_exit_group,
			child()); /* _exit() is the sanitizer's, and asks for more */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(world.path);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(lseek(world.file, 0, SEEK_END), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_confined_process_gets_only_what_reading_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
