// SPDX-License-Identifier: GPL-2.0-only
#include "import/formats.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "import/event_line.h"
#include "import/graph.h"
#include "import/lexer.h"
#include "import/perf.h"
#include "import/perf_trace.h"
#include "import/stack_line.h"
#include "import/strace_line.h"

#define STRACE "strace -f -ttt -T -y -e trace=ioctl,close,clone,clone3 -o FILE"
#define TRACE  "perf trace -e ioctl,close -o FILE"
#define RECORD "kvmstall record -o FILE"
#define STACKS "for t in /proc/PID/task/*; do echo $t/stack; cat $t/stack; done >FILE"
#define CRASH  "crash VMLINUX DUMP, and there: foreach UN bt >FILE"
#define DUMP   "echo w >/proc/sysrq-trigger; echo t >/proc/sysrq-trigger; dmesg >FILE"
#define FIELDS "perf script -F comm,tid,time,event,trace >FILE"
#define GRAPH  "trace-cmd record -p function_graph -g kvm_vm_ioctl; trace-cmd report >FILE"
#define PROBES                                                                                     \
	"perf probe kvm_vm_ioctl; perf probe kvm_vm_ioctl%return; perf record -e 'probe:*' -a; "   \
	"perf script >FILE"

static bool begins(const char *line, const char *text)
{
	return !strncmp(line + strspn(line, " \t"), text, strlen(text));
}

/* ---- strace ---- */

static bool is_syscall(const char *line, struct syscall_line *parsed)
{
	enum line_kind kind = strace_parse(line, parsed);

	return kind == LINE_CALL || kind == LINE_RESUMED;
}

static bool is_strace(const char *line)
{
	struct syscall_line parsed;

	return is_syscall(line, &parsed) && (parsed.time != TIME_NONE || parsed.has_latency);
}

static bool is_strace_bare(const char *line)
{
	struct syscall_line parsed;

	if (begins(line, "VCPU>") || begins(line, "VCPU+"))
		return true;
	return is_syscall(line, &parsed) &&
	       (parsed.has_ret || parsed.is_killed || strstr(line, "<unfinished ...>"));
}

static bool is_strace_count(const char *line)
{
	return begins(line, "% time     seconds");
}

/* ---- perf and tracefs ---- */

static bool is_perf_trace(const char *line)
{
	struct syscall_line parsed;
	char buf[256];
	enum line_kind kind = perf_trace_parse(line, &parsed, buf, sizeof(buf));

	return kind == LINE_CALL || kind == LINE_RESUMED;
}

static bool is_perf_trace_summary(const char *line)
{
	return begins(line, "syscall            calls") || begins(line, "Summary of events:");
}

static bool has_event(const char *line, enum event_use use)
{
	struct event_line event;

	return event_parse(line, &event) && perf_use(&event) == use;
}

static bool is_probes(const char *line)
{
	return has_event(line, EVENT_READ);
}

static bool is_kvm_events(const char *line)
{
	return has_event(line, EVENT_KVM);
}

static bool is_events(const char *line)
{
	return has_event(line, EVENT_OTHER);
}

/* Fields are missing: "kvmstall 30150 syscalls:sys_enter_ioctl: fd: 0x00000005" has no time. */
static bool is_events_bare(const char *line)
{
	const char *event = strstr(line, "syscalls:sys_e");
	struct event_line parsed;

	if (has_event(line, EVENT_BARE))
		return true;
	if (!event)
		event = strstr(line, "probe:");
	return event && strstr(event, ": ") && !event_parse(line, &parsed);
}

/* "     0.024 kvmstall/29172 syscalls:sys_exit_ioctl(__syscall_nr: 16, ret: 12)" */
static bool is_trace_events(const char *line)
{
	struct lexer scan = {line + strspn(line, " ")};
	uint64_t ns;

	const char *event;

	if (!lexer_seconds(&scan, &ns) || *scan.at != ' ')
		return false;
	event = strstr(scan.at, "syscalls:sys_e");
	if (!event)
		return false;
	event += strcspn(event + strlen("syscalls:"), "(: ") + strlen("syscalls:");
	return *event == '(' || *event == ':';
}

static bool is_perf_kvm_stat(const char *line)
{
	return begins(line, "kvm statistics") || begins(line, "Analyze events for ") ||
	       begins(line, "VM-EXIT    Samples");
}

/* ---- sums ---- */

static bool is_histogram(const char *line)
{
	return strstr(line, ": count     distribution") ||
	       begins(line, "Tracing 1 functions for") ||
	       (begins(line, "Tracing ") && strstr(line, " functions for \""));
}

static bool is_syscount(const char *line)
{
	return begins(line, "Tracing syscalls, ");
}

static bool is_funcslower(const char *line)
{
	return begins(line, "Tracing function calls slower than ");
}

/* "    -                qemu-system-x86 (3480)" below a stack */
static bool is_offcpu_task(const char *line)
{
	size_t len = strlen(line);

	return begins(line, "-      ") && len > 3 && line[len - 1] == ')' && strchr(line, '(');
}

/* "CPU 0/KVM;do_syscall_64;kvm_vm_ioctl;schedule 12034" where it is folded */
static bool is_offcpu(const char *line)
{
	const char *count = strrchr(line, ' ');

	if (begins(line, "Tracing off-CPU time ") || is_offcpu_task(line))
		return true;
	return count && count > line && strchr(line, ';') < count && strstr(line, ";kvm_") &&
	       count[1] && !count[1 + strspn(count + 1, "0123456789")];
}

static bool is_timehist(const char *line)
{
	return strstr(line, "wait time  sch delay   run time");
}

/* "1234 18:30:56.123456789 1 qemu-system-x86 (3480) > ioctl fd=11(<f>anon_inode:kvm-vm)" */
static bool is_sysdig(const char *line)
{
	struct lexer scan = {line};
	uint64_t number;
	const char *at;

	if (!lexer_number(&scan, &number) || *scan.at != ' ')
		return false;
	at = strstr(scan.at, ") > ");
	return (at ? at : strstr(scan.at, ") < ")) != NULL;
}

static bool is_perf_stat(const char *line)
{
	return begins(line, "Performance counter stats for ");
}

static bool is_perf_report(const char *line)
{
	return begins(line, "# Overhead ") || begins(line, "# Samples: ") ||
	       begins(line, "# Children ");
}

/* perf sched latency, and perf sched map */
static bool is_sched(const char *line)
{
	return strstr(line, "|   Runtime ms ") || strstr(line, "| Avg delay ms ") ||
	       (strstr(line, " secs ") && strstr(line, " => ") && strchr("*.", line[2]));
}

static bool is_perf_lock(const char *line)
{
	return strstr(line, "acquired  contended") || strstr(line, "contended   total wait");
}

static bool is_funccount(const char *line)
{
	return begins(line, "FUNC ") && strstr(line, " COUNT");
}

static bool is_bcc_trace(const char *line)
{
	return begins(line, "PID ") && strstr(line, " COMM ") && strstr(line, " FUNC");
}

/* "qemu-3480    [001] ..... 1844674456789: p_kvm_vm_ioctl_0: (...": trace_clock is no time */
static bool is_events_clock(const char *line)
{
	const char *bracket = strstr(line, "] ");
	struct lexer scan;
	uint64_t number;

	if (!bracket || bracket - line < 4 || bracket - line > 64 || !strchr(line, '-'))
		return false;
	scan = (struct lexer){bracket + 2};
	scan.at += strcspn(scan.at, " ");
	lexer_spaces(&scan);
	return lexer_number(&scan, &number) && lexer_text(&scan, ": ") && strchr(scan.at, ':');
}

/* "# tracer: irqsoff" */
static bool is_latency_tracer(const char *line)
{
	const char *name = line + strlen("# tracer: ");

	return begins(line, "# tracer: ") && *line == '#' && strncmp(name, "nop", 3) != 0 &&
	       strncmp(name, "function", 8) != 0 && strncmp(name, "blk", 3) != 0;
}

/* "[03:12:44.123456789] (+0.012000000) host syscall_exit_ioctl: { cpu_id = 1 }, { ret = 0 }" */
static bool is_lttng(const char *line)
{
	return *line == '[' && strstr(line, "] (+") && strstr(line, ": { ");
}

/* ps, and "/proc/3480/task/3543/wchan:__synchronize_srcu" of grep */
static bool is_wchan(const char *line)
{
	return (strstr(line, " WCHAN") && strstr(line, "PID")) ||
	       (begins(line, "/proc/") && strstr(line, "/wchan"));
}

static bool is_top(const char *line)
{
	return begins(line, "top - ") || (strstr(line, " PID ") && strstr(line, "%CPU"));
}

/* "[0 00:47:12.318] [UN]  PID: 3543     TASK: ffff888102a3c000  CPU: 1    COMMAND: ..." of ps -m */
static bool is_crash_ps(const char *line)
{
	return (strstr(line, "]  PID: ") && strstr(line, "COMMAND: ")) ||
	       (strstr(line, " PPID ") && strstr(line, " TASK ") && strstr(line, " ST "));
}

/* Its maps, histograms, and stacks: "@[", "]: 12", "[4, 8)    1 |@    |" */
static bool is_bpftrace(const char *line)
{
	return begins(line, "Attaching ") ||
	       (*line == '@' && (strchr(line, ':') || strchr(line, '['))) || begins(line, "]: ") ||
	       (*line == '[' && strchr(line, '|') && strchr(line, '@'));
}

/* ---- stacks ---- */

static bool is_stack(const char *line)
{
	struct stack_line parsed;
	enum stack_line_kind kind = stack_line_parse(line, &parsed);

	return kind != STACK_OTHER && kind != STACK_END && kind != STACK_REPORT;
}

/* gdb, pstack, coredumpctl; and "   0: rust_begin_unwind" below "stack backtrace:" */
static bool is_user_stack(const char *line)
{
	const char *text = line + strspn(line, " \t");
	struct lexer scan = {text + 1};
	uint64_t number;

	if (begins(line, "Thread ") && (strstr(line, " (LWP ") || strstr(line, " (Thread ")))
		return true;
	if (begins(line, "stack backtrace:"))
		return true;
	return *text == '#' && lexer_number(&scan, &number) && *scan.at == ' ' &&
	       (strstr(scan.at, " (") || strstr(scan.at, " 0x"));
}

/* ---- logs of programs ---- */

/* "3480@1709604764.123456:kvm_vm_ioctl type 0x4020ae46, arg 0x7ffd8643bfa0" */
static bool is_qemu_events(const char *line)
{
	struct lexer scan = {line};
	uint64_t pid, ns;

	return lexer_number(&scan, &pid) && lexer_text(&scan, "@") && lexer_seconds(&scan, &ns) &&
	       lexer_text(&scan, ":");
}

/* "2024-03-05T03:12:44.123456789": its length; 0: it is none */
static size_t date_len(const char *line)
{
	if (strspn(line, "0123456789") != 4 || line[4] != '-')
		return 0;
	return strspn(line, "0123456789-+:.TZ");
}

/* Firecracker, Cloud Hypervisor, libvirt and its file of each QEMU, crosvm */
static bool is_vmm_log(const char *line)
{
	const char *rest = line + date_len(line);

	if (begins(line, "cloud-hypervisor: ") || begins(line, "qemu-kvm: ") ||
	    (begins(line, "qemu-system-") && strstr(line, ": ")) || begins(line, "-name guest=") ||
	    (*line == '[' && date_len(line + 1) && strstr(line, "crosvm")))
		return true;
	if (rest == line)
		return false;
	return (!strncmp(rest, " [", 2) && strchr(rest, ']')) || strstr(rest, ": starting up ") ||
	       strstr(rest, ": info : ") || strstr(rest, ": warning : ") ||
	       strstr(rest, ": error : ") || strstr(rest, ": debug : ") ||
	       strstr(rest, "qemu-system-") || strstr(rest, ": shutting down");
}

/* "[ 1234.567890] e1000e ...", "Mar  5 03:12:44 kvm01 kernel: ..." */
static bool is_kernel_log(const char *line)
{
	struct lexer scan = {line + 1};
	const char *kernel = strstr(line, " kernel: ");
	uint64_t ns;

	if (kernel && kernel - line < 64)
		return true;
	lexer_spaces(&scan);
	return *line == '[' && lexer_seconds(&scan, &ns) && lexer_text(&scan, "]");
}

/* ---- kvmstall's own ---- */

static bool is_own_text(const char *line)
{
	return begins(line, "TIME          VM ") || begins(line, "{\"type\":\"stall\"") ||
	       begins(line, "{\"type\": \"stall\"") || begins(line, "ts_ns,vm_id,");
}

/* Those that have a message were opened: envelope.h. */
static bool is_json(const char *line)
{
	return begins(line, "{\"");
}

static bool is_utf16(const char *line)
{
	return begins(line, "\377\376") || begins(line, "\376\377");
}

static bool is_perf_data(const char *line)
{
	return begins(line, "PERFILE");
}

static bool is_trace_dat(const char *line)
{
	return begins(line, "\027\010Dtracing");
}

static bool is_core(const char *line)
{
	return begins(line, "\177ELF") || begins(line, "KDUMP   ") || begins(line, "DISKDUMP");
}

/* A line of a mail's part, all of the same length but the last. */
static bool is_base64(const char *line)
{
	size_t len = strlen(line);

	return len >= 60 && len % 4 == 0 && line[len - 1] != '=' &&
	       strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") ==
		       len;
}

/* ---- the table: those that are read first ---- */

static const struct format formats[] = {
	{IMPORT_STRACE, "strace", is_strace, true, "durations (-T)", STRACE},
	{IMPORT_PERF_TRACE, "perf trace", is_perf_trace, true, "ioctls", TRACE},
	{IMPORT_PERF, "perf", is_probes, true, "returns of the functions ('func%return')", PROBES},
	{IMPORT_STRACE_MIXED, "strace -r of several threads", NULL, false,
	 "times of day (-ttt), so the threads' calls have no order", STRACE},
	{IMPORT_STRACE_BARE, "strace", is_strace_bare, false,
	 "times of day (-ttt) and durations (-T)", STRACE},
	{IMPORT_STRACE_COUNT, "the sums of strace -c", is_strace_count, false, "single calls",
	 STRACE},
	{IMPORT_PERF_SUMMARY, "the sums of perf trace -s", is_perf_trace_summary, false,
	 "single calls", TRACE},
	{IMPORT_KVM_EVENTS, "tracepoints of KVM", is_kvm_events, false,
	 "begin and end of KVM's ioctls: these events are of a running guest", RECORD},
	{IMPORT_TRACE_EVENTS, "tracepoints of perf trace", is_trace_events, false, "durations",
	 TRACE},
	{IMPORT_EVENTS_BARE, "perf script", is_events_bare, false,
	 "threads, times or arguments that are read", FIELDS},
	{IMPORT_EVENTS_DELTA, "perf script --deltatime", NULL, false, "times of day", FIELDS},
	{IMPORT_GRAPH, "function_graph", graph_is_line, true,
	 "a whole function of KVM's that waits", GRAPH},
	{IMPORT_EVENTS, "trace events", is_events, false,
	 "a probe on a function of KVM's that waits, or its return", PROBES},
	{IMPORT_KVM_STAT, "the sums of perf kvm stat", is_perf_kvm_stat, false,
	 "KVM's ioctls: they are of a running guest", RECORD},
	{IMPORT_HISTOGRAM, "a histogram of funclatency", is_histogram, false,
	 "single calls: it has sums only", RECORD},
	{IMPORT_SYSCOUNT, "the sums of syscount", is_syscount, false, "single calls", TRACE},
	{IMPORT_FUNCSLOWER, "an output of funcslower", is_funcslower, false,
	 "times of day and the ioctl's number", RECORD},
	{IMPORT_OFFCPU, "the sums of offcputime", is_offcpu, false, "single calls", RECORD},
	{IMPORT_TIMEHIST, "perf sched timehist", is_timehist, false, "ioctls", TRACE},
	{IMPORT_SYSDIG, "an output of sysdig", is_sysdig, false, "a form that is read", TRACE},
	{IMPORT_PERF_STAT, "the sums of perf stat", is_perf_stat, false, "single calls", TRACE},
	{IMPORT_PERF_REPORT, "the sums of perf report", is_perf_report, false, "single calls",
	 TRACE},
	{IMPORT_SCHED, "an output of perf sched", is_sched, false, "ioctls", TRACE},
	{IMPORT_PERF_LOCK, "the sums of perf lock", is_perf_lock, false,
	 "single calls, and whose locks they are", RECORD},
	{IMPORT_FUNCCOUNT, "the sums of funccount", is_funccount, false, "single calls", RECORD},
	{IMPORT_BCC_TRACE, "an output of bcc's trace", is_bcc_trace, false,
	 "returns of the functions", TRACE},
	{IMPORT_LATENCY_TRACER, "a latency tracer of ftrace", is_latency_tracer, false,
	 "begin and end of KVM's ioctls", PROBES},
	{IMPORT_LTTNG, "an output of babeltrace (LTTng)", is_lttng, false, "a form that is read",
	 TRACE},
	{IMPORT_CRASH_PS, "ps of crash", is_crash_ps, false, "whole stacks", CRASH},
	{IMPORT_TOP, "an output of top", is_top, false, "whole stacks", STACKS},
	{IMPORT_WCHAN, "an output of ps", is_wchan, false, "whole stacks", STACKS},
	{IMPORT_BPFTRACE, "an output of bpftrace", is_bpftrace, false,
	 "a format of its own: each program's is another", RECORD},
	{IMPORT_STACKS, "stacks", is_stack, true, "a stack that waits in KVM", STACKS},
	{IMPORT_REPORTS, "warnings of the kernel", NULL, false, "a thread that hangs", DUMP},
	{IMPORT_EVENTS_CLOCK, "trace events of another clock", is_events_clock, false,
	 "seconds (echo local >/sys/kernel/tracing/trace_clock)", PROBES},
	{IMPORT_USER_STACK, "a stack of a debugger", is_user_stack, false, "the kernel's part",
	 STACKS},
	{IMPORT_OWN_TEXT, "an output of kvmstall's own", is_own_text, false,
	 "the records that it was made from", RECORD},
	{IMPORT_JSON, "lines of JSON", is_json, false, "a message (MESSAGE, log, msg, message)",
	 "jq -r .NAME FILE >NEW, for the field that has the log's lines", true},
	{IMPORT_UTF16, "text in UTF-16", is_utf16, false, "bytes that are read",
	 "iconv -f UTF-16 -t UTF-8 FILE >NEW", true},
	{IMPORT_PERF_DATA, "a perf.data file", is_perf_data, false, "text (its own kernel's names)",
	 "perf script >FILE", true},
	{IMPORT_TRACE_DAT, "a trace.dat file", is_trace_dat, false, "text",
	 "trace-cmd report >FILE", true},
	{IMPORT_CORE, "a core dump", is_core, false, "text", CRASH, true},
	{IMPORT_PROGRAM, "a program or library (ELF)", NULL, false, "the calls that it makes",
	 RECORD " -- PROGRAM"},
	{IMPORT_BASE64, "text in base64", is_base64, false, "lines that are read",
	 "base64 -d FILE >NEW", true},
	{IMPORT_QEMU_EVENTS, "trace events of QEMU's own", is_qemu_events, false,
	 "the ends of ioctls", STRACE},
	{IMPORT_VMM_LOG, "a VMM's own log", is_vmm_log, false, "its calls on KVM", STRACE},
	{IMPORT_KERNEL_LOG, "the kernel's log", is_kernel_log, false, "stacks", DUMP},
	{IMPORT_TEXT, "text", NULL, false, "any line of a log that is known", STRACE},
};

#define FORMATS_CNT (sizeof(formats) / sizeof(formats[0]))

const struct format *format_of(enum import_format id)
{
	size_t i = 0;

	while (i + 1 < FORMATS_CNT && formats[i].id != id)
		i++;
	return &formats[i];
}

enum import_format format_of_line(const char *line)
{
	if (is_json(line)) /* whatever it has inside */
		return is_own_text(line) ? IMPORT_OWN_TEXT : IMPORT_JSON;
	for (size_t i = 0; i < FORMATS_CNT; i++)
		if (formats[i].has && formats[i].has(line))
			return formats[i].id;
	return IMPORT_TEXT;
}

/* Of what is or could be read, but for these. */
static bool lacks_durations(const struct format *format)
{
	return format->is_read || format->id == IMPORT_STRACE_MIXED ||
	       format->id == IMPORT_STRACE_BARE || format->id == IMPORT_EVENTS_BARE ||
	       format->id == IMPORT_EVENTS_DELTA || format->id == IMPORT_TRACE_EVENTS;
}

int format_refuse(enum import_format id, struct err *err)
{
	const struct format *format = format_of(id);

	return err_set(err, lacks_durations(format) ? -ENODATA : -EINVAL,
		       "%s without %s; %s with: %s", format->name, format->lacks,
		       format->is_converted ? "convert it" : "record", format->command);
}
