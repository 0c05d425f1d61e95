// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

static int add_rule(scmp_filter_ctx filter, const struct sandbox_rule *rule)
{
	struct scmp_arg_cmp cmp = {
		.arg = rule->arg,
		.op = SCMP_CMP_MASKED_EQ,
		.datum_a = rule->mask,
		.datum_b = rule->value,
	};

	if (rule->call < 0)
		return 0;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule->call, rule->mask != 0, &cmp);
}

static bool has_filters(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

int sandbox_limit(const struct sandbox_rule *rules, size_t cnt, struct err *err)
{
	const char *mode = getenv("KVMSTALL_SECCOMP");
	bool is_strict = mode && !strcmp(mode, "kill");
	scmp_filter_ctx filter;
	int ret;

	if (!has_filters())
		return err_set(err, -ENOTSUP, "this kernel cannot limit system calls");
	filter = seccomp_init(is_strict ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM));
	ret = filter ? 0 : -ENOMEM;
	for (size_t i = 0; i < cnt && !ret; i++)
		ret = add_rule(filter, &rules[i]);
	if (!ret)
		ret = seccomp_load(filter);
	seccomp_release(filter);
	return ret ? err_set(err, ret, "cannot limit system calls: %s", strerror(-ret)) : 0;
}

/* ---- read and print ---- */

#define ALL 0xffffffffU

/* open(2) makes, empties or writes a file by any of these. */
#define OPEN_WRITES (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))

static const struct sandbox_rule reading[] = {
	/* clang-format off */
	/* files; standard output may be one */
	{SCMP_SYS(openat), 2, OPEN_WRITES, O_RDONLY}, {SCMP_SYS(read)}, {SCMP_SYS(pread64)}, {SCMP_SYS(close)},
	{SCMP_SYS(lseek)}, {SCMP_SYS(fstat)}, {SCMP_SYS(newfstatat)}, {SCMP_SYS(poll)}, {SCMP_SYS(ppoll)},
	{SCMP_SYS(access)}, {SCMP_SYS(faccessat)}, {SCMP_SYS(faccessat2)}, {SCMP_SYS(fcntl), 1, ALL, F_GETFD},
	{SCMP_SYS(fcntl), 1, ALL, F_GETFL},
	{SCMP_SYS(ioctl), 1, ALL, TCGETS}, {SCMP_SYS(ioctl), 1, ALL, TIOCGWINSZ},
	/* memory, not to be executed */
	{SCMP_SYS(brk)}, {SCMP_SYS(munmap)}, {SCMP_SYS(mremap)}, {SCMP_SYS(madvise)}, {SCMP_SYS(sysinfo)},
	{SCMP_SYS(mmap), 2, PROT_EXEC, 0}, {SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
	/* time, signals, the end */
	{SCMP_SYS(clock_gettime)}, {SCMP_SYS(gettimeofday)}, {SCMP_SYS(getpid)}, {SCMP_SYS(gettid)},
	{SCMP_SYS(getrandom)}, {SCMP_SYS(futex)}, {SCMP_SYS(rt_sigreturn)}, {SCMP_SYS(rt_sigprocmask)},
	{SCMP_SYS(rt_sigaction)}, {SCMP_SYS(restart_syscall)}, {SCMP_SYS(wait4)}, {SCMP_SYS(exit)},
	{SCMP_SYS(exit_group)},
	/* clang-format on */
};

/* What writes to the descriptor that is the first argument. */
static const int writing[] = {SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwritev2),
			      SCMP_SYS(ftruncate)};

#define READING_CNT (sizeof(reading) / sizeof(reading[0]))
#define WRITING_CNT (sizeof(writing) / sizeof(writing[0]))
#define FDS_MAX	    4 /* the two that all have, and others */

static size_t add_writing(struct sandbox_rule *rules, int fd)
{
	if (fd < 0)
		return 0;
	for (size_t i = 0; i < WRITING_CNT; i++)
		rules[i] = (struct sandbox_rule){writing[i], 0, ALL, fd};
	return WRITING_CNT;
}

int sandbox_read_only(const int *fds, size_t cnt, struct err *err)
{
	struct sandbox_rule rules[READING_CNT + FDS_MAX * WRITING_CNT + 1];
	size_t used = READING_CNT;
	int ret;

	memcpy(rules, reading, sizeof(reading));
	/* abort(3) sends itself a signal; nobody else gets one. */
	rules[used++] = (struct sandbox_rule){SCMP_SYS(tgkill), 0, ALL, getpid()};
	used += add_writing(rules + used, STDOUT_FILENO);
	used += add_writing(rules + used, STDERR_FILENO);
	for (size_t i = 0; i < cnt && i < FDS_MAX - 2; i++)
		if (fds[i] > STDERR_FILENO)
			used += add_writing(rules + used, fds[i]);
	ret = sandbox_limit(rules, used, err);
	if (ret != -ENOTSUP)
		return ret;
	log_info("%s", err->msg);
	*err = (struct err){.msg = ""};
	return 0;
}
