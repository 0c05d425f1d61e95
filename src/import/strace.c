// SPDX-License-Identifier: GPL-2.0-only
#include "import/strace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "ledger/ioctls.h"
#include "import/log_calls.h"
#include "import/lexer.h"

#define KVM_TYPE    0xae
#define KVM_RUN_NR  0x80
#define PENDING_MAX 4096 /* threads with a call that has not ended */
#define DAY_NS	    (86400ULL * 1000000000ULL)

struct strace {
	struct log *log;
	struct map pending; /* tid + 1 -> struct unfinished */
	uint64_t untimed;
};

/* A call whose line ended "<unfinished ...>". */
struct unfinished {
	uint64_t ts_ns;
	uint32_t fd;
	uint8_t nr;
	char arg[160];
};

/* ---- one line ---- */

/* "45726 ", "[pid 45726] ", or nothing. */
static void scan_tid(struct lexer *scan, uint32_t *tid)
{
	struct lexer saved = *scan;
	bool has_bracket = lexer_text(scan, "[pid");
	uint64_t value;

	lexer_spaces(scan);
	if (lexer_number(scan, &value) && value <= UINT32_MAX &&
	    (!has_bracket || lexer_text(scan, "]")) && lexer_text(scan, " ")) {
		*tid = value;
		lexer_spaces(scan);
		return;
	}
	*scan = saved;
}

/* "14:45:32.914330", "14:45:32", "1771257872.914330" */
static bool scan_time(struct lexer *scan, uint64_t *ns)
{
	struct lexer saved = *scan;
	uint64_t hours, minutes, rest;

	if (lexer_number(scan, &hours) && lexer_text(scan, ":") && lexer_number(scan, &minutes) &&
	    lexer_text(scan, ":") && lexer_seconds(scan, &rest) && hours < 24 && minutes < 60) {
		*ns = (hours * 3600 + minutes * 60) * 1000000000ULL + rest;
		return lexer_text(scan, " ");
	}
	*scan = saved;
	return lexer_seconds(scan, ns) && lexer_text(scan, " ");
}

/* "25" or "25<anon_inode:kvm-vm>" or "4</dev/kvm<char 10:232>>": strace -y and -yy. */
static bool scan_fd(struct lexer *scan, uint32_t *fd)
{
	uint64_t value;
	int depth = 0;

	if (!lexer_number(scan, &value) || value > INT32_MAX)
		return false;
	*fd = value;
	if (*scan->at != '<')
		return true;
	do {
		depth += *scan->at == '<';
		depth -= *scan->at == '>';
		scan->at++;
	} while (depth && *scan->at);
	return !depth;
}

/* " = 28 <0.000137>", " = -1 EINTR (Interrupted system call) <0.000041>", " = ? <unavailable>" */
static void scan_result(struct lexer *scan, struct strace_line *line)
{
	const char *equals = NULL, *duration = NULL;
	struct lexer part;

	/* The argument may be anything: the last of each is the one. */
	for (const char *at = scan->at; *at; at++) {
		if (!strncmp(at, " = ", 3))
			equals = at + 3;
		if (*at == '<')
			duration = at + 1;
	}
	if (equals) {
		part = (struct lexer){equals};
		line->has_ret = lexer_signed(&part, &line->ret);
	}
	if (duration) {
		part = (struct lexer){duration};
		line->has_latency =
			lexer_seconds(&part, &line->latency_ns) && lexer_text(&part, ">");
	}
}

static bool scan_begun(struct lexer *scan, struct strace_line *line)
{
	if (!scan_fd(scan, &line->fd) || !lexer_text(scan, ", "))
		return false;
	line->request = scan->at;
	/* "KVM_A or KVM_B": a number that two requests share; the first is KVM's */
	line->request_len = strcspn(scan->at, " ,)");
	if (!strncmp(scan->at, "_IOC(", 5))
		line->request_len = strcspn(scan->at, ")") + 1;
	if (strlen(scan->at) < line->request_len)
		return false;
	scan->at += line->request_len;
	scan->at += strcspn(scan->at, ",<)");
	line->arg = *scan->at == ',' ? scan->at + 1 : scan->at;
	return true;
}

bool strace_parse(const char *text, struct strace_line *line)
{
	struct lexer scan = {text};

	*line = (struct strace_line){.arg = ""};
	scan_tid(&scan, &line->tid);
	if (!scan_time(&scan, &line->ts_ns))
		return false;
	line->is_resumed = lexer_text(&scan, "<... ioctl resumed>");
	if (!line->is_resumed && (!lexer_text(&scan, "ioctl(") || !scan_begun(&scan, line)))
		return false;
	line->is_unfinished = strstr(scan.at, "<unfinished ...>");
	if (!line->is_unfinished)
		scan_result(&scan, line);
	return true;
}

/* ---- which ioctl ---- */

/* "_IOC(_IOC_NONE, 0xae, 0x41, 0)" */
static bool scan_ioc(struct lexer *scan, uint64_t *nr)
{
	uint64_t type;

	if (!lexer_text(scan, "_IOC("))
		return false;
	scan->at += strcspn(scan->at, ",");
	if (!lexer_text(scan, ", ") || !lexer_number(scan, &type) || type != KVM_TYPE)
		return false;
	return lexer_text(scan, ", ") && lexer_number(scan, nr);
}

/* The number of a request on KVM; 0: it is none. */
static uint8_t request_nr(const struct strace_line *line)
{
	struct lexer scan = {line->request};
	const struct ioctl_desc *desc = ioctl_by_name(line->request, line->request_len);
	uint64_t value;

	if (desc)
		return desc->nr;
	if (line->request_len == 7 && !strncmp(line->request, "KVM_RUN", 7))
		return KVM_RUN_NR;
	if (scan_ioc(&scan, &value))
		return value <= UINT8_MAX ? value : 0;
	scan = (struct lexer){line->request};
	if (lexer_number(&scan, &value) && (value >> 8 & 0xff) == KVM_TYPE)
		return value & 0xff;
	return 0;
}

static enum ks_call_kind kind_of(uint8_t nr)
{
	static const enum ks_call_kind kinds[] = {KS_KIND_DEV, KS_KIND_VM, KS_KIND_DEVICE};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (ioctl_find(kinds[i], nr))
			return kinds[i];
	return KS_KIND_NONE;
}

/* ---- arguments ---- */

/* What strace calls the members that we call otherwise. */
static const char *member_of(const char *name)
{
	if (!strcmp(name, "gpa"))
		return "guest_phys_addr";
	return strcmp(name, "size") ? name : "memory_size";
}

static bool find_member(const char *text, const char *name, int64_t *value)
{
	size_t len = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at += len) {
		struct lexer scan = {at + len};

		if (at > text && strchr("{ ,", at[-1]) && lexer_text(&scan, "="))
			return lexer_signed(&scan, value);
	}
	return false;
}

static void set_member(struct ks_call *rec, const struct ioctl_arg *arg, int64_t value)
{
	uint32_t word = value;

	if (arg->type == IOCTL_ARG_U64 || arg->type == IOCTL_ARG_HEX)
		memcpy(rec->args + arg->offset, &value, sizeof(value));
	else
		memcpy(rec->args + arg->offset, &word, sizeof(word));
}

/* All of them or none: what was not printed must not look like 0. */
static void set_args(struct ks_call *rec, const char *text)
{
	const struct ioctl_desc *desc = ioctl_find(rec->kind, rec->cmd);
	struct lexer scan = {text};
	int64_t value;
	size_t cnt = 0;

	lexer_spaces(&scan);
	if (lexer_signed(&scan, &value))
		rec->arg = value;
	for (size_t i = 0; desc && i < IOCTL_ARGS_MAX && desc->args[i].name; i++) {
		if (desc->args[i].is_value ||
		    !find_member(text, member_of(desc->args[i].name), &value))
			return;
		set_member(rec, &desc->args[i], value);
		cnt++;
	}
	if (cnt)
		rec->flags |= KS_CALL_HAS_ARG;
}

/* ---- calls ---- */

static struct log_vm *vm_of(struct log *log, const struct strace_line *line, enum ks_call_kind kind)
{
	struct log_vm *vm;

	if (kind == KS_KIND_DEV)
		return line->ret >= 0 ? log_vm_new(log, line->tid, line->ret, line->ts_ns) : NULL;
	if (kind == KS_KIND_DEVICE) {
		vm = log_vm_of_thread(log, line->tid);
		return vm ? vm : log_vm_newest(log);
	}
	vm = log_vm_of(log, line->tid, line->fd);
	return vm ? vm : log_vm_new(log, line->tid, line->fd, line->ts_ns);
}

static void tell(struct strace *strace, const struct strace_line *line, uint8_t nr)
{
	enum ks_call_kind kind = kind_of(nr);
	struct log_call call = {
		.rec = {.head = {.ts_ns = line->ts_ns + line->latency_ns, .tid = line->tid},
			.begin_ns = line->ts_ns,
			.ret = line->ret,
			.cmd = KVM_TYPE << 8 | nr,
			.tgid = line->tid,
			.kind = kind,
			.comm = "?"},
		.id = call_of(kind, nr),
	};

	call.vm = vm_of(strace->log, line, kind);
	if (call.vm)
		call.vm->has_birth |= kind == KS_KIND_DEV;
	set_args(&call.rec, line->arg);
	log_call(strace->log, &call);
	if (!call.vm || line->ret < 0)
		return;
	call.vm->vcpus += call.id == CALL_CREATE_VCPU;
	if (call_registers(call.id))
		log_registered(call.vm, line->ts_ns, call.id);
}

/* The guest runs: not a call to be reported, but a phase. Its fd is a vCPU's, its thread maybe new.
 */
static void take_run(struct strace *strace, const struct strace_line *line)
{
	struct log_vm *vm = log_vm_of_thread(strace->log, line->tid);

	if (!vm)
		vm = log_vm_newest(strace->log);
	if (vm)
		vm->has_run = true;
}

static void end_call(struct strace *strace, const struct strace_line *line, uint8_t nr)
{
	if (nr == KVM_RUN_NR)
		take_run(strace, line);
	else if (kind_of(nr) == KS_KIND_NONE || !line->has_ret)
		return;
	else if (line->has_latency)
		tell(strace, line, nr);
	else
		strace->untimed++;
}

static int suspend(struct strace *strace, const struct strace_line *line, uint8_t nr)
{
	struct unfinished *pending = map_get(&strace->pending, line->tid);

	if (!pending && strace->pending.cnt == PENDING_MAX)
		return 0;
	if (!pending) {
		pending = calloc(1, sizeof(*pending));
		if (!pending || map_put(&strace->pending, line->tid, pending)) {
			free(pending);
			return -ENOMEM;
		}
	}
	*pending = (struct unfinished){.ts_ns = line->ts_ns, .fd = line->fd, .nr = nr};
	strncpy(pending->arg, line->arg, sizeof(pending->arg) - 1);
	return 0;
}

/* -T says how long the call took; where it does not, the two times of day do. */
static void resume(struct strace *strace, struct strace_line *line)
{
	struct unfinished *pending = map_del(&strace->pending, line->tid);
	uint64_t end_ns = line->ts_ns;

	if (!pending)
		return;
	line->ts_ns = pending->ts_ns;
	line->fd = pending->fd;
	line->arg = pending->arg;
	if (end_ns < line->ts_ns && line->ts_ns < DAY_NS)
		end_ns += DAY_NS; /* -tt, over midnight */
	if (!line->has_latency && end_ns >= line->ts_ns) {
		line->latency_ns = end_ns - line->ts_ns;
		line->has_latency = true;
	}
	end_call(strace, line, pending->nr);
	free(pending);
}

int strace_take(struct strace *strace, const char *text)
{
	struct strace_line line;
	uint8_t nr;

	if (!strace_parse(text, &line))
		return 0;
	if (line.is_resumed) {
		resume(strace, &line);
		return 0;
	}
	nr = request_nr(&line);
	if (!nr)
		return 0;
	if (line.is_unfinished)
		return suspend(strace, &line, nr);
	end_call(strace, &line, nr);
	return 0;
}

struct strace *strace_new(struct log *log)
{
	struct strace *strace = calloc(1, sizeof(*strace));

	if (strace)
		strace->log = log;
	return strace;
}

void strace_free(struct strace *strace)
{
	if (!strace)
		return;
	map_clear(&strace->pending, free);
	free(strace);
}

uint64_t strace_untimed(const struct strace *strace)
{
	return strace->untimed;
}
