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
#define FIELDS "perf script -F comm,tid,time,event,trace >FILE"
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

	return lexer_seconds(&scan, &ns) && *scan.at == ' ' && strstr(scan.at, "syscalls:sys_e");
}

static bool is_perf_kvm_stat(const char *line)
{
	return begins(line, "Analyze events for ") || begins(line, "VM-EXIT    Samples");
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

/* "CPU 0/KVM;do_syscall_64;kvm_vm_ioctl;schedule 12034" where it is folded */
static bool is_offcpu(const char *line)
{
	const char *count = strrchr(line, ' ');

	if (begins(line, "Tracing off-CPU time "))
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

static bool is_wchan(const char *line)
{
	return strstr(line, " WCHAN ") && strstr(line, "PID");
}

static bool is_bpftrace(const char *line)
{
	return begins(line, "Attaching ") || (*line == '@' && strchr(line, ':')) ||
	       (*line == '[' && strstr(line, ") ") && strchr(line, '|'));
}

/* ---- stacks ---- */

static bool is_stack(const char *line)
{
	struct stack_line parsed;
	enum stack_line_kind kind = stack_line_parse(line, &parsed);

	return kind != STACK_OTHER && kind != STACK_END;
}

static bool is_user_stack(const char *line)
{
	return begins(line, "#0  0x") || begins(line, "#1  0x") || begins(line, "Thread 1 (");
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
	{IMPORT_EVENTS_BARE, "perf script", is_events_bare, false, "times, or arguments", FIELDS},
	{IMPORT_EVENTS_DELTA, "perf script --deltatime", NULL, false, "times of day", FIELDS},
	{IMPORT_GRAPH, "function_graph", graph_is_line, true,
	 "a whole function of KVM's that waits (echo kvm_vm_ioctl >set_graph_function)", RECORD},
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
	{IMPORT_WCHAN, "an output of ps", is_wchan, false, "whole stacks", STACKS},
	{IMPORT_BPFTRACE, "an output of bpftrace", is_bpftrace, false,
	 "a format of its own: each program's is another", RECORD},
	{IMPORT_STACKS, "stacks", is_stack, true, "a stack that waits in KVM", STACKS},
	{IMPORT_USER_STACK, "a stack of a debugger", is_user_stack, false, "the kernel's part",
	 STACKS},
	{IMPORT_OWN_TEXT, "an output of kvmstall's own", is_own_text, false,
	 "the records that it was made from", RECORD},
	{IMPORT_JSON, "lines of JSON", is_json, false, "a message (MESSAGE, log, msg, message)",
	 "jq -r .NAME FILE >NEW, for the field that has the log's lines"},
	{IMPORT_UTF16, "text in UTF-16", is_utf16, false, "bytes that are read",
	 "iconv -f UTF-16 -t UTF-8 FILE >NEW"},
	{IMPORT_PERF_DATA, "a perf.data file", is_perf_data, false, "text (its own kernel's names)",
	 "perf script >FILE"},
	{IMPORT_TRACE_DAT, "a trace.dat file", is_trace_dat, false, "text",
	 "trace-cmd report >FILE"},
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
		       "%s without %s; record with: %s", format->name, format->lacks,
		       format->command);
}
