// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/export/privdrop.h"

#include <errno.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/parse.h"
#include "cmd/sandbox.h"
#include "live/privileges.h"

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

/* ---- the user ---- */

/* Of this thread and those that it will start: glibc would wait for one that KVM may hold
 * (live/selftest.h). */
static int become(const struct privdrop_user *user, struct err *err)
{
	if (geteuid())
		return 0;
	if (syscall(SYS_setgroups, 0, NULL) ||
	    syscall(SYS_setresgid, user->gid, user->gid, user->gid) ||
	    syscall(SYS_setresuid, user->uid, user->uid, user->uid))
		return err_set(err, -errno, "cannot become user %u: %s", user->uid,
			       strerror(errno));
	return 0;
}

/* ---- system calls ---- */

#define ALL 0xffffffffU

static const struct sandbox_rule allowed[] = {
	/* clang-format off */
	/* what descriptors are for */
	{SCMP_SYS(read)}, {SCMP_SYS(write)}, {SCMP_SYS(writev)}, {SCMP_SYS(close)}, {SCMP_SYS(lseek)},
	{SCMP_SYS(fcntl)}, {SCMP_SYS(fstat)}, {SCMP_SYS(newfstatat)}, {SCMP_SYS(poll)}, {SCMP_SYS(ppoll)},
	{SCMP_SYS(epoll_wait)}, {SCMP_SYS(epoll_pwait)}, {SCMP_SYS(epoll_ctl)},
	/* HTTP */
	{SCMP_SYS(accept4)}, {SCMP_SYS(recvfrom)}, {SCMP_SYS(sendto)}, {SCMP_SYS(sendmsg)},
	{SCMP_SYS(sendfile)}, {SCMP_SYS(shutdown)}, {SCMP_SYS(setsockopt)}, {SCMP_SYS(getsockopt)},
	{SCMP_SYS(getsockname)}, {SCMP_SYS(eventfd2)},
	/* names in /proc, and --textfile */
	{SCMP_SYS(openat)}, {SCMP_SYS(readlink)}, {SCMP_SYS(readlinkat)}, {SCMP_SYS(renameat)},
	{SCMP_SYS(renameat2)}, {SCMP_SYS(unlinkat)}, {SCMP_SYS(ftruncate)},
	/* memory, as long as it is not to be executed; time, signals, the end */
	{SCMP_SYS(brk)}, {SCMP_SYS(munmap)}, {SCMP_SYS(mremap)}, {SCMP_SYS(madvise)},
	{SCMP_SYS(mmap), 2, PROT_EXEC, 0}, {SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
	{SCMP_SYS(clock_gettime)}, {SCMP_SYS(gettimeofday)}, {SCMP_SYS(clock_nanosleep)},
	{SCMP_SYS(getpid)}, {SCMP_SYS(gettid)}, {SCMP_SYS(getrusage)}, {SCMP_SYS(getrandom)},
	{SCMP_SYS(futex)}, {SCMP_SYS(rt_sigreturn)}, {SCMP_SYS(rt_sigprocmask)}, {SCMP_SYS(rt_sigaction)},
	{SCMP_SYS(restart_syscall)}, {SCMP_SYS(tgkill)}, {SCMP_SYS(exit)}, {SCMP_SYS(exit_group)},
	/* readers that are on a CPU are sampled (kern/sampler.c) */
	{SCMP_SYS(ioctl), 1, ALL, PERF_EVENT_IOC_REFRESH},
	/* Finding calls that are asleep takes an iterator; a program that is run counts a domain's
	 * readers; what programs cost is asked of them; and after a loss it is asked which VMs live.
	 */
	{SCMP_SYS(bpf), 0, ALL, BPF_LINK_CREATE}, {SCMP_SYS(bpf), 0, ALL, BPF_ITER_CREATE},
	{SCMP_SYS(bpf), 0, ALL, BPF_OBJ_GET_INFO_BY_FD}, {SCMP_SYS(bpf), 0, ALL, BPF_MAP_LOOKUP_BATCH},
	{SCMP_SYS(bpf), 0, ALL, BPF_PROG_TEST_RUN},
	/* clang-format on */
};

int privdrop_apply(const struct privdrop_user *user, struct err *err)
{
	const struct rlimit none = {0, 0};
	int ret;

	privileges_drop_bounding();
	ret = become(user, err);
	if (!ret)
		ret = privileges_keep(NULL, 0, err);
	if (ret)
		return ret;
	setrlimit(RLIMIT_CORE, &none);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return err_set(err, -errno, "cannot hide from other processes: %s",
			       strerror(errno));
	return sandbox_limit(allowed, sizeof(allowed) / sizeof(allowed[0]), err);
}
