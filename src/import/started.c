// SPDX-License-Identifier: GPL-2.0-only
#include "import/started.h"

#include <string.h>

#include "import/ioctl_text.h"
#include "import/lexer.h"
#include "import/strace_line.h"

#define CLONE_THREAD 0x10000 /* include/uapi/linux/sched.h */

enum sys started_sys(const struct word *name)
{
	static const struct {
		const char *name;
		enum sys sys;
	} known[] = {
		{"ioctl", SYS_IOCTL},  {"close", SYS_CLOSE},	 {"clone", SYS_CLONE},
		{"clone3", SYS_CLONE}, {"fork", SYS_CLONE},	 {"vfork", SYS_CLONE},
		{"dup", SYS_DUP},      {"dup2", SYS_DUP},	 {"dup3", SYS_DUP},
		{"fcntl", SYS_DUP},    {"execve", SYS_EXEC},	 {"close_range", SYS_CLOSE_RANGE},
		{"sendmsg", SYS_SEND}, {"recvmsg", SYS_RECEIVE},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (word_is(name, known[i].name))
			return known[i].sys;
	return SYS_OTHER;
}

/* "flags=CLONE_VM|CLONE_THREAD", "flags=0x3d0f00", "0x3d0f00, 0x7f..." of -e raw, "VM|THREAD". */
static void start_clone(struct started *started, const struct syscall_line *line)
{
	const char *flags = strstr(line->args, "flags=");
	struct lexer scan = {flags ? flags + strlen("flags=") : line->args};
	uint64_t number;

	if (strstr(line->args, "CLONE_THREAD") || strstr(line->args, "|THREAD|"))
		started->is_thread = true;
	else if (word_is(&line->name, "fork") || word_is(&line->name, "vfork"))
		;
	else if (!flags && word_is(&line->name, "clone3"))
		started->is_unsure = true; /* an address */
	else if (lexer_number(&scan, &number))
		started->is_thread = number & CLONE_THREAD;
}

static bool start_ioctl(struct started *started, const struct syscall_line *line,
			const struct fd_args *args)
{
	started->id = ioctl_text_id(&args->request);
	/* perf trace calls KVM_IRQ_LINE_STATUS so: both are 0x67 (tools/perf/trace/beauty). */
	if (line->is_by_nr && started->id == CALL_REGISTER_COALESCED_MMIO)
		started->id = CALL_IOCTL;
	strncpy(started->arg, args->arg, sizeof(started->arg) - 1);
	return started->id != CALL_NONE;
}

static bool start_close_range(struct started *started, const struct fd_args *args)
{
	struct lexer scan = {args->request.text};
	uint64_t last;

	if (!lexer_number(&scan, &last))
		return false;
	started->last_fd = last < UINT32_MAX ? last : UINT32_MAX;
	strncpy(started->arg, args->arg, sizeof(started->arg) - 1);
	return true;
}

static bool start_fd(struct started *started, const struct syscall_line *line)
{
	struct fd_args args;

	if (!strace_parse_fd(line->args, &args))
		return false;
	started->fd = args.fd;
	started->kind = descriptor_kind(&args.path);
	if (started->sys == SYS_IOCTL)
		return start_ioctl(started, line, &args);
	if (started->sys == SYS_CLOSE_RANGE)
		return start_close_range(started, &args);
	return !word_is(&line->name, "fcntl") || word_begins(&args.request, "F_DUPFD");
}

bool started_read(struct started *started, const struct syscall_line *line, uint64_t ts_ns)
{
	*started = (struct started){.sys = started_sys(&line->name),
				    .ts_ns = ts_ns,
				    .is_undated = line->time == TIME_NONE};
	switch (started->sys) {
	case SYS_OTHER:
		return false;
	case SYS_CLONE:
		start_clone(started, line);
		return true;
	case SYS_EXEC:
	case SYS_SEND:
	case SYS_RECEIVE:
		return true;
	default:
		return start_fd(started, line);
	}
}
