// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

/*
 * The filter is made here and not by libseccomp, whose names of system calls are used: it does not
 * survive an allocation that fails (2.5.4: a double free, no end, or a filter that is not whole).
 */
#define RULE_INSNS 6
#define RULES_MAX  128
#define INSNS_MAX  (RULE_INSNS * RULES_MAX + 5)

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#define INSN(...) ((struct sock_filter)BPF_STMT(__VA_ARGS__))
#define JUMP(...) ((struct sock_filter)BPF_JUMP(__VA_ARGS__))

static struct sock_filter load_word(size_t offset)
{
	return INSN(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* The number of the call is loaded, before it and after it. */
static size_t put_rule(struct sock_filter *insns, const struct sandbox_rule *rule)
{
	size_t cnt = 0;

	if (rule->call < 0)
		return 0;
	insns[cnt++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->call, 0, rule->mask ? 5 : 1);
	if (rule->mask) { /* of the lower half: these machines have it first */
		insns[cnt++] = load_word(offsetof(struct seccomp_data, args) + 8 * rule->arg);
		insns[cnt++] = INSN(BPF_ALU | BPF_AND | BPF_K, rule->mask);
		insns[cnt++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, rule->value, 0, 1);
	}
	insns[cnt++] = INSN(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (rule->mask)
		insns[cnt++] = load_word(offsetof(struct seccomp_data, nr));
	return cnt;
}

/* Calls of another architecture (i386, x32) have other numbers. */
static size_t put_all(struct sock_filter *insns, const struct sandbox_rule *rules, size_t rules_cnt,
		      uint32_t otherwise)
{
	size_t cnt = 0;

	insns[cnt++] = load_word(offsetof(struct seccomp_data, arch));
	insns[cnt++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	insns[cnt++] = INSN(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	insns[cnt++] = load_word(offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < rules_cnt; i++)
		cnt += put_rule(insns + cnt, &rules[i]);
	insns[cnt++] = INSN(BPF_RET | BPF_K, otherwise);
	return cnt;
}

static bool has_filters(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

static bool is_on;

bool sandbox_is_on(void)
{
	return is_on;
}

int sandbox_limit(const struct sandbox_rule *rules, size_t cnt, struct err *err)
{
	const char *mode = getenv("KVMSTALL_SECCOMP");
	bool is_strict = mode && !strcmp(mode, "kill");
	struct sock_filter insns[INSNS_MAX];
	struct sock_fprog filter = {.filter = insns};

	if (!has_filters())
		return err_set(err, -ENOTSUP, "this kernel cannot limit system calls");
	if (cnt > RULES_MAX)
		return err_set(err, -E2BIG, "cannot limit system calls: %s", strerror(E2BIG));
	filter.len = put_all(insns, rules, cnt,
			     is_strict ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EPERM);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0))
		return err_set(err, -errno, "cannot limit system calls: %s", strerror(errno));
	is_on = true;
	return 0;
}

/* ---- read and print ---- */

#define ALL 0xffffffffU

/* open(2) makes, empties or writes a file by any of these. */
#define OPEN_WRITES (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))

/* TCGETS2, which isatty(3) asks since glibc 2.42; its header and <termios.h> exclude each other. */
#define IS_TERMINAL 0x802c542a

static const struct sandbox_rule reading[] = {
	/* clang-format off */
	/* files; standard output may be one */
	{SCMP_SYS(openat), 2, OPEN_WRITES, O_RDONLY}, {SCMP_SYS(read)}, {SCMP_SYS(pread64)}, {SCMP_SYS(close)},
	{SCMP_SYS(lseek)}, {SCMP_SYS(fstat)}, {SCMP_SYS(newfstatat)}, {SCMP_SYS(poll)}, {SCMP_SYS(ppoll)},
	{SCMP_SYS(access)}, {SCMP_SYS(faccessat)}, {SCMP_SYS(faccessat2)}, {SCMP_SYS(fcntl), 1, ALL, F_GETFD},
	{SCMP_SYS(fcntl), 1, ALL, F_GETFL},
	{SCMP_SYS(ioctl), 1, ALL, TCGETS}, {SCMP_SYS(ioctl), 1, ALL, IS_TERMINAL}, {SCMP_SYS(ioctl), 1, ALL, TIOCGWINSZ},
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
#define FDS_MAX	    5 /* the two that all have, and others */
#define MORE_MAX    4

static size_t add_writing(struct sandbox_rule *rules, int fd)
{
	if (fd < 0)
		return 0;
	for (size_t i = 0; i < WRITING_CNT; i++)
		rules[i] = (struct sandbox_rule){writing[i], 0, ALL, fd};
	return WRITING_CNT;
}

static int limit_to(const struct sandbox_rule *more, size_t more_cnt, const int *fds, size_t cnt,
		    struct err *err)
{
	struct sandbox_rule rules[READING_CNT + FDS_MAX * WRITING_CNT + MORE_MAX + 1];
	size_t used = READING_CNT;
	int ret;

	memcpy(rules, reading, sizeof(reading));
	for (size_t i = 0; i < more_cnt && i < MORE_MAX; i++)
		rules[used++] = more[i];
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

int sandbox_read_only(const int *fds, size_t cnt, struct err *err)
{
	return limit_to(NULL, 0, fds, cnt, err);
}

/* What ncurses sets, and how a size that changed is learned of. */
int sandbox_screen(const int *fds, size_t cnt, struct err *err)
{
	static const struct sandbox_rule more[] = {
		{SCMP_SYS(ioctl), 1, ALL, TCSETS},
		{SCMP_SYS(ioctl), 1, ALL, TCSETSW},
		{SCMP_SYS(ioctl), 1, ALL, TCSETSF},
	};

	return limit_to(more, sizeof(more) / sizeof(more[0]), fds, cnt, err);
}
