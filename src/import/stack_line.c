// SPDX-License-Identifier: GPL-2.0-only
#include "import/stack_line.h"

#include <string.h>

#include "import/lexer.h"

#define PREFIX_MAX 100

/* "Nov 25 18:30:56 host kernel: " of a journal, "[Wed Nov 25 18:30:56 2026] " of dmesg -T,
 * "2026-11-25T18:30:56,123456+00:00 " of dmesg --time-format iso: no time since boot. */
static void scan_prefix(struct lexer *scan)
{
	const char *kernel = strstr(scan->at, "kernel: ");
	size_t len;

	if (kernel && kernel - scan->at < PREFIX_MAX)
		scan->at = kernel + strlen("kernel: ");
	len = strcspn(scan->at, "]");
	if (*scan->at == '[' && scan->at[len] && len < 48 &&
	    (memchr(scan->at, ':', len) || memchr(scan->at, '.', len)))
		scan->at += len + 1;
	len = strcspn(scan->at, " ");
	if (len > 20 && strspn(scan->at, "0123456789") == 4 && scan->at[4] == '-' &&
	    scan->at[10] == 'T' && scan->at[len])
		scan->at += len;
	lexer_spaces(scan);
}

/* "3,1234,245196253,-;" of /dev/kmsg: level, number, microseconds, flags. */
static bool scan_kmsg(struct lexer *scan, struct stack_line *line)
{
	struct lexer part = *scan;
	uint64_t level, number, us;
	const char *end;

	if (!lexer_number(&part, &level) || !lexer_text(&part, ",") ||
	    !lexer_number(&part, &number) || !lexer_text(&part, ",") || !lexer_number(&part, &us) ||
	    !lexer_text(&part, ",") || us > UINT64_MAX / 1000)
		return false;
	end = strchr(part.at, ';');
	if (!end)
		return false;
	line->ts_ns = us * 1000;
	scan->at = end + 1;
	lexer_spaces(scan);
	return true;
}

/* "host kernel: " after the time, of journalctl -o short-monotonic. */
static void scan_host(struct lexer *scan)
{
	size_t len = strcspn(scan->at, " ");

	if (!strncmp(scan->at + len, " kernel: ", strlen(" kernel: ")))
		scan->at += len + strlen(" kernel: ");
	lexer_spaces(scan);
}

/* "[  T3487] ", "[    C1] ", "[T3543@C1] ": who printed it, if it is the first. */
static bool scan_caller(struct lexer *scan, struct stack_line *line)
{
	const char *text = scan->at + 1 + (*scan->at == '[' ? strspn(scan->at + 1, " ") : 0);
	size_t len = *scan->at == '[' ? strspn(text, " TC@0123456789") : 0;

	if (!len || text[len] != ']')
		return false;
	if (!line->caller[0])
		memcpy(line->caller, text,
		       len < sizeof(line->caller) ? len : sizeof(line->caller) - 1);
	scan->at = text + len + 1;
	return true;
}

/* "[  245.196253] ", after a journal's prefix or without; "[  T3487] " may follow */
static void scan_stamp(struct lexer *scan, struct stack_line *line)
{
	const char *bracket = strchr(scan->at, '[');

	if (scan_kmsg(scan, line))
		return;
	for (; bracket; bracket = strchr(bracket + 1, '[')) {
		struct lexer part = {bracket + 1};
		const char *begin;

		lexer_spaces(&part);
		begin = part.at;
		if (!lexer_seconds(&part, &line->ts_ns) || !memchr(begin, '.', part.at - begin))
			continue;
		if (!strncmp(part.at, " <", 2)) /* dmesg -d */
			part.at += strcspn(part.at, "]");
		if (!lexer_text(&part, "]"))
			continue;
		*scan = part;
		break;
	}
	if (!bracket) {
		line->ts_ns = 0;
		scan_prefix(scan);
		return;
	}
	lexer_spaces(scan);
	while (scan_caller(scan, line))
		lexer_spaces(scan);
	scan_host(scan);
}

static bool number_after(const char *text, const char *name, uint32_t *number)
{
	const char *at = strstr(text, name);
	struct lexer scan;
	uint64_t value;

	if (!at)
		return false;
	scan = (struct lexer){at + strlen(name)};
	lexer_spaces(&scan);
	if (!lexer_number(&scan, &value) || value > INT32_MAX)
		return false;
	*number = value;
	return true;
}

static void set_comm(struct stack_line *line, const char *text, size_t len)
{
	while (len && text[len - 1] == ' ')
		len--;
	memcpy(line->comm, text, len < KS_COMM_LEN ? len : KS_COMM_LEN - 1);
}

/* "CPU 0/KVM:3543", up to @end: which, and in @comm what it is called. */
static bool scan_name(const char *text, const char *end, char comm[KS_COMM_LEN], uint32_t *tid)
{
	const char *colon = NULL;
	size_t len;

	for (const char *at = text; at < end; at++)
		if (*at == ':')
			colon = at;
	if (!colon || !number_after(colon, ":", tid))
		return false;
	len = colon - text;
	memcpy(comm, text, len < KS_COMM_LEN ? len : KS_COMM_LEN - 1);
	return true;
}

/* "INFO: task CPU 0/KVM:3543 blocked for more than 122 seconds.", "... blocked in I/O wait for" */
static bool scan_hung(const char *text, struct stack_line *line)
{
	const char *blocked = strstr(text, " blocked "), *than = strstr(text, " for more than ");
	uint32_t seconds;

	if (strncmp(text, "INFO: task ", 11) || !blocked || !than || than < blocked - 1)
		return false;
	if (!scan_name(text + 11, blocked, line->comm, &line->tid) ||
	    !number_after(than, " than ", &seconds))
		return false;
	line->age_ns = seconds * 1000000000ULL;
	return true;
}

/* "INFO: task fc_api:71 is blocked on a mutex likely owned by task fc_main:70.": since v6.16
 * 3cf67d61ff98 ("hung_task: show the blocker task if the task is hung on mutex"); since v6.17 also
 * "INFO: task fc_api:71 <writer> blocked on an rw-semaphore likely owned by task fc_main:70
 * <reader>" */
static bool scan_owner(const char *text, struct stack_line *line)
{
	const char *blocked = strstr(text, " blocked on a"), *owner = strstr(text, " by task ");

	if (strncmp(text, "INFO: task ", 11) || !blocked || !owner || owner < blocked)
		return false;
	owner += strlen(" by task ");
	return scan_name(text + 11, blocked, line->comm, &line->tid) &&
	       scan_name(owner, owner + strlen(owner), line->owner_comm, &line->owner_tid);
}

/* "task:CPU 0/KVM       state:D stack:    0 pid: 3543 tgid: 3487 ppid:  3480 flags:0x4000" */
static bool scan_task(const char *text, struct stack_line *line)
{
	const char *state = strstr(text, "state:");

	if (strncmp(text, "task:", 5) || !state || !number_after(state, " pid:", &line->tid))
		return false;
	set_comm(line, text + 5, state - text - 5);
	line->state = state[6];
	number_after(state, "tgid:", &line->tgid);
	number_after(state, "ppid:", &line->ppid);
	return true;
}

/* The word that ends at @end, and where it begins. */
static bool word_before(const char *text, const char **end, struct lexer *word)
{
	const char *at = *end;

	while (at > text && at[-1] == ' ')
		at--;
	while (at > text && at[-1] != ' ')
		at--;
	*word = (struct lexer){at};
	*end = at;
	return at > text;
}

/*
 * Until v5.11: "CPU 0/KVM       D    0  3543   3480 0x80004080", and in v3.10 with an address after
 * the state; "R  running task". sched_show_task() of kernel/sched/core.c.
 */
static bool scan_old_task(const char *text, struct stack_line *line)
{
	static const char running[] = "running task";
	const char *end = text + strlen(text);
	struct lexer flags, ppid, pid, free, state;
	uint64_t its_pid, its_ppid, value;

	if (!word_before(text, &end, &flags) || !lexer_text(&flags, "0x") ||
	    !word_before(text, &end, &ppid) || !lexer_number(&ppid, &its_ppid) ||
	    !word_before(text, &end, &pid) || !lexer_number(&pid, &its_pid) ||
	    !word_before(text, &end, &free) || !lexer_number(&free, &value))
		return false;
	while (end > text && end[-1] == ' ')
		end--;
	if ((size_t)(end - text) > sizeof(running) &&
	    !strncmp(end - strlen(running), running, strlen(running)))
		end -= strlen(running);
	if (!word_before(text, &end, &state))
		return false;
	if (strspn(state.at, "0123456789abcdef") >= 8 && !word_before(text, &end, &state))
		return false;
	if (!strchr("RSDTtXZPI", *state.at) || state.at[1] != ' ' || its_pid > INT32_MAX)
		return false;
	line->tid = its_pid;
	line->ppid = its_ppid <= INT32_MAX ? its_ppid : 0;
	line->state = *state.at;
	set_comm(line, text, state.at - text);
	return true;
}

/* "PID: 3543  TASK: ffff88810  CPU: 3  COMMAND: "CPU 0/KVM"" of crash */
static bool scan_crash(const char *text, struct stack_line *line)
{
	const char *comm = strstr(text, "COMMAND: \"");

	if (strncmp(text, "PID: ", 5) || !comm || !number_after(text, "PID:", &line->tid))
		return false;
	comm += strlen("COMMAND: \"");
	set_comm(line, comm, strcspn(comm, "\""));
	return true;
}

/* ">>> prog.stack_trace(3543)" of drgn's prompt */
static bool scan_drgn(const char *text, struct stack_line *line)
{
	return number_after(text, "stack_trace(", &line->tid);
}

/* "==> /proc/3487/task/3543/stack <==", "/proc/3543/stack:"; grep has a frame after it */
static bool scan_path(const char *text, struct stack_line *line)
{
	const char *proc = strstr(text, "/proc/");

	if (!proc || !strstr(proc, "/stack") || !number_after(proc, "/proc/", &line->tgid))
		return false;
	line->tid = line->tgid;
	number_after(proc, "/task/", &line->tid);
	return true;
}

/* "watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [CPU 0/KVM:3543]": kernel/watchdog.c;
 * "Watchdog detected hard LOCKUP on cpu 3"; "rcu: INFO: rcu_preempt self-detected stall on CPU" */
static bool scan_busy(const char *text, struct stack_line *line)
{
	const char *lockup = strstr(text, "BUG: soft lockup - CPU#");
	const char *stall = strstr(text, "INFO: rcu_"), *name, *end;
	uint32_t seconds = 0;

	if (!lockup)
		return strstr(text, "hard LOCKUP on cpu") || (stall && strstr(stall, "stall"));
	number_after(lockup, " stuck for ", &seconds);
	line->age_ns = seconds * 1000000000ULL;
	name = strchr(lockup, '[');
	end = strrchr(lockup, ']');
	if (name && end && end > name)
		scan_name(name + 1, end, line->comm, &line->tid);
	return true;
}

/* "CPU: 3 UID: 0 PID: 3543 Comm: CPU 0/KVM Not tainted 6.1.0": dump_stack_print_info() of
 * lib/dump_stack.c; "Kdump: loaded" may come before, "Tainted: G" is after */
static bool scan_on_cpu(const char *text, struct stack_line *line)
{
	static const char *const after[] = {" Kdump: ", " Not tainted", " Tainted: "};
	const char *comm = strstr(text, " Comm: "), *end = NULL;

	if (strncmp(text, "CPU: ", 5) || !comm || !number_after(text, " PID: ", &line->tid))
		return false;
	comm += strlen(" Comm: ");
	for (size_t i = 0; !end && i < sizeof(after) / sizeof(after[0]); i++)
		end = strstr(comm, after[i]);
	set_comm(line, comm, end ? (size_t)(end - comm) : strlen(comm));
	line->state = 'R';
	return true;
}

/* Of warnings, oopses, lockdep and KASAN: they have stacks of what is over, or could be. */
static bool is_report(const char *text)
{
	static const char *const begin[] = {
		"------------[ cut here",
		"WARNING: ",
		"BUG: ",
		"Oops",
		"Kernel panic",
		"general protection ",
		"-> #",
		"INFO: possible",
		"INFO: trying to",
		"Allocated by task ",
		"Freed by task ",
		"INFO: inconsistent",
	};

	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		if (!strncmp(text, begin[i], strlen(begin[i])))
			return true;
	return false;
}

static enum stack_line_kind parse_report(const char *text, struct stack_line *line)
{
	if (scan_busy(text, line))
		return STACK_BUSY;
	if (!strncmp(text, "NMI backtrace for cpu", strlen("NMI backtrace for cpu")))
		return STACK_ACTIVE;
	if (scan_on_cpu(text, line))
		return STACK_ON_CPU;
	return is_report(text) ? STACK_REPORT : STACK_OTHER;
}

static bool scan_frame(const char *text, struct stack_line *line);

/* "RIP: 0010:kvm_mmu_zap_all_fast+0x45/0x120 [kvm]"; arm64: "pc : ..." */
static bool scan_place(const char *text, struct stack_line *line)
{
	static const char rip[] = "RIP: 0010:", pc[] = "pc : ";

	if (!strncmp(text, rip, strlen(rip)))
		return scan_frame(text + strlen(rip), line);
	return !strncmp(text, pc, strlen(pc)) && scan_frame(text + strlen(pc), line);
}

/* "/proc/3487/task/3543/stack:[<0>] __synchronize_srcu+0x79/0xa0" */
static enum stack_line_kind parse_path(const char *text, struct stack_line *line)
{
	const char *rest = strstr(text, "/stack:");

	return rest && scan_frame(rest + strlen("/stack:"), line) ? STACK_TASK_FRAME : STACK_TASK;
}

/* " (./kernel/sched/core.c:6561:8)" of drgn; a debugger has arguments there, and the file after */
static bool is_source(const char *text)
{
	const char *close = strrchr(text, ')');

	return !strncmp(text, " (", 2) && close &&
	       (strstr(text, ".c:") || strstr(text, ".h:") || strstr(text, ".S:") ||
		strstr(text, ".rs:"));
}

/* " at ffffffff81e0d1a4", "+121 at ffffffff81e0d1a4": crash, with or without -s */
static bool is_address(const char *text)
{
	if (*text == '+')
		text += 1 + strspn(text + 1, "0123456789");
	return !strncmp(text, " at ", 4) && strspn(text + 4, "0123456789abcdef") >= 8;
}

/* "name+0x79/0xa0 [kvm]", "#1 [ffffc9] name at ffffffff", "#1  name (kernel/sched/core.c:6)", "#1
 * 0xffffffff81e0d1a4 in name (...) at kernel/sched/core.c:6" of a debugger of the kernel */
static bool scan_frame(const char *text, struct stack_line *line)
{
	struct lexer scan = {text};
	uint64_t number;
	bool is_numbered = lexer_text(&scan, "#") && lexer_number(&scan, &number);

	lexer_spaces(&scan);
	lexer_text(&scan, "(");				  /* the first one of s390 */
	while (*scan.at == '[' && strchr(scan.at, ']')) { /* two on powerpc */
		scan.at = strchr(scan.at, ']') + 1;
		lexer_spaces(&scan);
	}
	if (is_numbered && !strncmp(scan.at, "0x", 2)) {
		if (!lexer_number(&scan, &number) || number >> 48 != 0xffff ||
		    !lexer_text(&scan, " in "))
			return false; /* a debugger's, of user space */
		line->func = (struct word){scan.at, lexer_name_len(scan.at, 0)};
		return line->func.len != 0;
	}
	line->func = (struct word){scan.at, lexer_name_len(scan.at, 0)};
	scan.at += line->func.len;
	if (!line->func.len)
		return false;
	if (is_numbered)
		return is_address(scan.at) || !strncmp(scan.at, "+0x", 3) ||
		       (is_source(scan.at) && scan.at[strlen(scan.at) - 1] == ')');
	if (is_source(scan.at)) /* scripts/decode_stacktrace.sh of the kernel: a module after it */
		return !strchr(scan.at, '=') && !strchr(strrchr(scan.at, ')'), ':');
	return !strncmp(scan.at, "+0x", 3) && strstr(scan.at, "/0x");
}

/* "RDX: 00007ffd8643bfa0 RSI: 000000004020ae46 RDI: 0000000000000006": the register called @name.
 */
static bool register_after(const char *text, const char *name, uint64_t *value)
{
	const char *at = strstr(text, name);
	size_t len;

	if (!at)
		return false;
	at += strlen(name);
	len = strspn(at, "0123456789abcdef");
	*value = 0;
	for (size_t i = 0; i < len && len == 16; i++)
		*value = *value << 4 | (at[i] <= '9' ? at[i] - '0' : at[i] - 'a' + 10);
	return len == 16;
}

/*
 * Those of user space, below the stack of each task that came by a system call: __show_regs() of
 * arch/x86/kernel/process_64.c, and crash. An exception inside the kernel has -1 for ORIG_RAX.
 */
static bool scan_registers(const char *text, struct stack_line *line)
{
	uint64_t nr, request;

	line->has_nr = register_after(text, "ORIG_RAX: ", &nr);
	line->is_ioctl = line->has_nr && nr == 16;
	if (register_after(text, "RSI: ", &request) && request <= UINT32_MAX)
		line->request = request;
	return line->has_nr || line->request;
}

static enum stack_line_kind parse(const char *text, struct stack_line *line)
{
	enum stack_line_kind kind;

	if (scan_frame(text, line)) /* as most are */
		return STACK_FRAME;
	if (scan_hung(text, line))
		return STACK_AGE;
	if (scan_owner(text, line))
		return STACK_OWNER;
	if (scan_path(text, line))
		return parse_path(text, line);
	if (scan_task(text, line) || scan_crash(text, line) || scan_drgn(text, line))
		return STACK_TASK;
	kind = parse_report(text, line);
	if (kind != STACK_OTHER)
		return kind;
	if (scan_place(text, line))
		return STACK_PLACE;
	if (!strncmp(text, "? ", 2)) /* the unwinder does not vouch for it */
		return STACK_OTHER;
	if (scan_registers(text, line))
		return STACK_REGISTERS;
	if (scan_old_task(text, line))
		return STACK_TASK;
	return *text ? STACK_OTHER : STACK_END;
}

/* ---- behind what others put before a line ---- */

/* Is what follows a function's place in a stack at most a module, or how sure it is? */
static bool is_end_of_frame(const char *text)
{
	size_t len = strcspn(text, " ");

	text += len;
	while (*text == ' ')
		text++;
	return !*text || *text == '[' || *text == '(';
}

/* Where a word begins of which @at is a part. */
static const char *word_begin(const char *text, const char *at)
{
	while (at > text && lexer_name_len(at - 1, 0))
		at--;
	return at;
}

/* "__schedule+0x201/0x690" at the end of a line: not what an address in a sentence is. */
static bool find_frame(const char *text, struct stack_line *line)
{
	const char *place = strstr(text, "+0x"), *name;

	if (!place || !strstr(place, "/0x") || !is_end_of_frame(place))
		return false;
	name = word_begin(text, place);
	if (name == text || name == place || (name[-1] != ' ' && name[-1] != '>'))
		return false;
	if (name - text > 1 && strchr("?:", name[-2])) /* not sure; "at: " */
		return false;
	if (name - text > 2 && !strncmp(name - 3, "=> ", 3))
		return false;
	if (strstr(text, "PID:") || strstr(text, "RIP:") || strstr(text, " at "))
		return false;
	line->func = (struct word){name, place - name};
	return true;
}

/* "E  INFO: task ...", "<3>1 2024-03-05T03:12:44+01:00 host kernel - - - INFO: task ..." */
static enum stack_line_kind parse_anywhere(const char *text, struct stack_line *line)
{
	const char *info = strstr(text, "INFO: task "), *task = strstr(text, "task:");

	if (info && scan_hung(info, line))
		return STACK_AGE;
	if (info && scan_owner(info, line))
		return STACK_OWNER;
	if (task && scan_task(task, line))
		return STACK_TASK;
	return find_frame(text, line) ? STACK_FRAME : STACK_OTHER;
}

/* "[<0>] ", "[<ffffffff8b77f1c9>] "; not "[<    0.000207>] " of dmesg */
static bool is_proc_frame(const char *text)
{
	size_t len = strncmp(text, "[<", 2) ? 0 : strspn(text + 2, "0123456789abcdef");

	return len && !strncmp(text + 2 + len, ">]", 2);
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

/* "PID 70", "--- 70 firecracker ---", "fc_vcpu 0(72):", "== /proc/72"; not "03:12:44" nor "6.1" */
uint32_t stack_header_tid(const char *text)
{
	uint64_t number, best = 0;
	char before = ' ';

	for (struct lexer scan = {text}; *scan.at; before = *scan.at, scan.at++) {
		const char *begin = scan.at;

		if (*begin < '0' || *begin > '9' || !lexer_number(&scan, &number))
			continue;
		if (!is_word(before) && !is_word(*scan.at) &&
		    !(*scan.at == ':' && scan.at[1] >= '0' && scan.at[1] <= '9') &&
		    !(before == ':' && begin - text > 1 && begin[-2] <= '9' && begin[-2] >= '0') &&
		    number > best && number > 1 && number <= INT32_MAX)
			best = number;
		if (!*scan.at)
			break;
	}
	return best;
}

enum stack_line_kind stack_line_parse(const char *text, struct stack_line *line)
{
	struct lexer scan = {text};
	bool is_proc;

	*line = (struct stack_line){.func = {"", 0}};
	lexer_spaces(&scan);
	is_proc = is_proc_frame(scan.at);
	if (!is_proc)
		scan_stamp(&scan, line);
	line->kind = parse(scan.at, line);
	if (line->kind == STACK_OTHER)
		line->kind = parse_anywhere(scan.at, line);
	line->is_proc = is_proc && line->kind == STACK_FRAME;
	return line->kind;
}
