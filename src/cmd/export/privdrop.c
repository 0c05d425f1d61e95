// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/export/privdrop.h"

#include <errno.h>
#include <grp.h>
#include <linux/bpf.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/parse.h"

/* /etc/passwd alone: what else the host asks for names is not asked by a root process. */
int privdrop_find_user(const char *name, struct privdrop_user *user, struct err *err)
{
	_fclose_ FILE *file = NULL;
	const struct passwd *entry;
	uint64_t uid;

	if (parse_u64(name, &uid) && uid < UINT32_MAX) {
		*user = (struct privdrop_user){.uid = uid, .gid = uid};
		return 0;
	}
	file = fopen("/etc/passwd", "re");
	while (file && (entry = fgetpwent(file))) {
		if (strcmp(entry->pw_name, name))
			continue;
		*user = (struct privdrop_user){.uid = entry->pw_uid, .gid = entry->pw_gid};
		return 0;
	}
	return err_usage(err, "--user: there is no user '%s' in /etc/passwd; a number will do",
			 name);
}

/* ---- user and capabilities ---- */

static int become(const struct privdrop_user *user, struct err *err)
{
	if (geteuid())
		return 0;
	if (setgroups(0, NULL) || setresgid(user->gid, user->gid, user->gid) ||
	    setresuid(user->uid, user->uid, user->uid))
		return err_set(err, -errno, "cannot become user %u: %s", user->uid,
			       strerror(errno));
	return 0;
}

/* The bounding set needs CAP_SETPCAP, so it goes first; without it, it is not ours to shrink. */
static void drop_bounding(void)
{
	for (int cap = 0; cap_get_bound(cap) >= 0; cap++)
		cap_drop_bound(cap);
}

static int drop_caps(struct err *err)
{
	cap_t none = cap_init();
	int ret = 0;

	cap_reset_ambient();
	if (!none || cap_set_proc(none))
		ret = err_set(err, -errno, "cannot drop capabilities: %s", strerror(errno));
	cap_free(none);
	return ret;
}

/* ---- system calls ---- */

static const int allowed[] = {
	/* clang-format off */
	/* what descriptors are for */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(lseek),
	SCMP_SYS(fcntl), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
	/* HTTP */
	SCMP_SYS(accept4), SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
	SCMP_SYS(sendfile), SCMP_SYS(shutdown), SCMP_SYS(setsockopt), SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname), SCMP_SYS(eventfd2),
	/* names in /proc, and --textfile */
	SCMP_SYS(openat), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(renameat),
	SCMP_SYS(renameat2), SCMP_SYS(unlinkat), SCMP_SYS(ftruncate),
	/* memory, time, signals, the end */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getrusage), SCMP_SYS(getrandom),
	SCMP_SYS(futex), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
	SCMP_SYS(restart_syscall), SCMP_SYS(tgkill), SCMP_SYS(exit), SCMP_SYS(exit_group),
	/* clang-format on */
};

/* Finding calls that are asleep takes an iterator; what programs cost is asked of them; and after a
 * loss it is asked which VMs live. */
static const int bpf_commands[] = {
	BPF_LINK_CREATE,
	BPF_ITER_CREATE,
	BPF_OBJ_GET_INFO_BY_FD,
	BPF_MAP_LOOKUP_BATCH,
};

/* Memory, as long as it is not to be executed. */
static const int memory_calls[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};

static int add_rules(scmp_filter_ctx filter)
{
	int ret = 0;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && !ret; i++)
		if (allowed[i] >= 0) /* else this architecture has it not */
			ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < sizeof(bpf_commands) / sizeof(bpf_commands[0]) && !ret; i++)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 1,
				       SCMP_A0_32(SCMP_CMP_EQ, bpf_commands[i]));
	for (size_t i = 0; i < sizeof(memory_calls) / sizeof(memory_calls[0]) && !ret; i++)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, memory_calls[i], 1,
				       SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return ret;
}

/*
 * What is not on the list fails with EPERM: a C library that one day takes
 * another call loses a function, not the host its daemon. The tests set
 * KVMSTALL_SECCOMP=kill, so that nothing on the list is missing unnoticed.
 */
static int limit_calls(struct err *err)
{
	const char *mode = getenv("KVMSTALL_SECCOMP");
	bool is_strict = mode && !strcmp(mode, "kill");
	scmp_filter_ctx filter =
		seccomp_init(is_strict ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM));
	int ret = filter ? add_rules(filter) : -ENOMEM;

	if (!ret)
		ret = seccomp_load(filter);
	seccomp_release(filter);
	return ret ? err_set(err, ret, "cannot limit system calls: %s", strerror(-ret)) : 0;
}

int privdrop_apply(const struct privdrop_user *user, struct err *err)
{
	const struct rlimit none = {0, 0};
	int ret;

	drop_bounding();
	ret = become(user, err);
	if (!ret)
		ret = drop_caps(err);
	if (ret)
		return ret;
	setrlimit(RLIMIT_CORE, &none);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return err_set(err, -errno, "cannot give up new privileges: %s", strerror(errno));
	return limit_calls(err);
}
