// SPDX-License-Identifier: GPL-2.0-only
#include "output/text/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "base/str.h"
#include "ledger/ioctls.h"
#include "base/sanitize.h"
#include "output/advice.h"
#include "output/text/account_text.h"
#include "output/text/culprit_text.h"
#include "output/text/words.h"
#include "output/timeline.h"

#define DAY_NS (86400ULL * 1000000000ULL)
#define RED    "\033[31m"
#define BOLD   "\033[1m"
#define PLAIN  "\033[0m"

#define VM_WIDTH     18 /* until text_fit() has seen a longer one */
#define VM_WIDTH_MAX 40
#define VM_LEN	     96
#define OWNER_LEN    32 /* of "[4294967295]#4294967295" */
#define CUT	     ".."
#define CALL_WIDTH   36

void text_time(uint64_t ts_ns, int64_t clock_offset_ns, char *buf, size_t size)
{
	uint64_t ms = (ts_ns + clock_offset_ns) % DAY_NS / 1000000;

	snprintf(buf, size, "%02u:%02u:%02u.%03u", (unsigned int)(ms / 3600000),
		 (unsigned int)(ms / 60000 % 60), (unsigned int)(ms / 1000 % 60),
		 (unsigned int)(ms % 1000));
}

/* "[12]#3"; a log may not say whose it is */
static void format_owner(const struct vm *vm, char *buf, size_t size)
{
	int len = 0;

	buf[0] = 0;
	if (vm->tgid)
		len = snprintf(buf, size, "[%" PRIu32 "]", vm->tgid);
	if (vm->is_further)
		snprintf(buf + len, size - len, "#%" PRIu32, vm->id);
}

/* What processes call themselves goes to terminals, and terminals obey. */
static void format_name(const struct vm *vm, char *buf, size_t size)
{
	sanitize(buf, size, vm->name[0] ? vm->name : vm->comm);
}

char *text_vm(const struct vm *vm, char *buf, size_t size)
{
	char name[sizeof(vm->name)], owner[OWNER_LEN];

	if (!vm) {
		snprintf(buf, size, "-");
		return buf;
	}
	format_name(vm, name, sizeof(name));
	format_owner(vm, owner, sizeof(owner));
	snprintf(buf, size, "%s%s", name, owner);
	return buf;
}

static bool begins_character(char byte)
{
	return (byte & 0xc0) != 0x80;
}

static size_t columns_of(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += begins_character(*text);
	return columns;
}

/* Where the character after the first @columns begins. */
static const char *skip_columns(const char *text, size_t columns)
{
	for (; *text; text++)
		if (begins_character(*text) && !columns--)
			break;
	return text;
}

/* "a-very-long..-of-a-vm[12]": how a name begins and how it ends, and all of what is no name. */
static void add_vm(struct str *out, const struct vm *vm, size_t width)
{
	char name[sizeof(vm->name)], text[VM_LEN], owner[OWNER_LEN];
	size_t columns = columns_of(text_vm(vm, text, sizeof(text))), room, head;

	if (columns <= width || !vm) {
		str_addf(out, "%s%*s", text, (int)(width - columns), "");
		return;
	}
	format_name(vm, name, sizeof(name));
	format_owner(vm, owner, sizeof(owner));
	room = strlen(owner) + strlen(CUT);
	room = width > room ? width - room : 0;
	head = (room + 1) / 2;
	str_addn(out, name, skip_columns(name, head) - name);
	str_adds(out, CUT);
	str_adds(out, skip_columns(name, columns_of(name) - (room - head)));
	str_adds(out, owner);
}

static size_t vm_width(const struct text_cfg *cfg)
{
	return cfg->vm_width < VM_WIDTH ? VM_WIDTH : cfg->vm_width;
}

void text_fit(struct text_cfg *cfg, const struct stall *stall)
{
	char text[VM_LEN];
	size_t columns = columns_of(text_vm(stall->vm, text, sizeof(text)));

	if (columns > VM_WIDTH_MAX)
		columns = VM_WIDTH_MAX;
	if (columns > cfg->vm_width)
		cfg->vm_width = columns;
}

void text_header(struct str *out)
{
	str_addf(out, "%-12s  %-*s %7s  %-*s %8s %8s  %s\n", "TIME", VM_WIDTH, "VM", "TID",
		 CALL_WIDTH, "CALL", "LATENCY", "STALL", "CAUSE");
}

/* Other sleeps, and waits for plain RCU and for threads, have no culprit but a place. */
static void add_place(struct str *out, const struct stall *stall)
{
	const struct segment *seg = stall->culprit.seg;

	if (seg && seg->func)
		str_addf(out, " in %s", seg->func);
}

static void add_cause(struct str *out, const struct stall *stall, const struct text_cfg *cfg)
{
	str_addf(out, "%s%s%s%s", cfg->use_colour ? RED : "", stall->is_stuck ? "STUCK " : "",
		 cause_name(stall->cause), cfg->use_colour ? PLAIN : "");
	if (stall->is_inferred && stall->cause != KS_CAUSE_UNEXPLAINED)
		str_addf(out, " (inferred)");
	if (stall->cause == KS_CAUSE_OTHER_SLEEP || stall->cause == KS_CAUSE_RCU ||
	    stall->cause == KS_CAUSE_INVALIDATION || stall->cause == KS_CAUSE_KTHREAD)
		add_place(out, stall);
	culprit_text(out, stall);
	if (!stall->is_complete)
		str_addf(out, " (incomplete)");
	if (!stall->is_stuck && !stall->is_inferred) /* of a log it is -1 */
		words_errno(out, " (failed: ", stall->rec->ret, ")");
	if (stall->rec->flags & KS_CALL_KILLED)
		str_addf(out, " (killed)");
	if (stall->is_stop)
		str_adds(out, " (--stop-on)");
}

/* Where the last word of @call begins to be too much. */
static size_t last_word(const char *call)
{
	const char *space = strrchr(call, ' ');

	return space ? (size_t)(space - call) : CALL_WIDTH;
}

static void add_call(struct str *out, const struct stall *stall)
{
	char args[128], call[192];

	ioctl_format_args(stall->rec, args, sizeof(args));
	snprintf(call, sizeof(call), "%s%s%s", call_name(stall->call), args[0] ? " " : "", args);
	if (strlen(call) > CALL_WIDTH) { /* whole arguments only */
		call[CALL_WIDTH + 1] = 0;
		call[last_word(call)] = 0;
	}
	str_addf(out, "%-*s", CALL_WIDTH, call);
}

static void add_line(struct str *out, const struct stall *stall, const struct text_cfg *cfg)
{
	char time[16], tid[16], latency[DURATION_LEN], stalled[DURATION_LEN];

	text_time(stall->begin_ns, cfg->clock_offset_ns, time, sizeof(time));
	snprintf(tid, sizeof(tid), "%u", stall->rec->head.tid);
	str_addf(out, "%-12s  ", stall->is_undated ? "-" : time);
	add_vm(out, stall->vm, vm_width(cfg));
	str_addf(out, " %7s  ", stall->is_inferred && !stall->rec->head.tid ? "-" : tid);
	add_call(out, stall);
	format_nsec(stall->latency_ns, latency, sizeof(latency));
	format_nsec(stall->stall_ns, stalled, sizeof(stalled));
	str_addf(out, " %8s %8s  ", stall->is_ageless ? "-" : latency,
		 stall->is_ageless ? "-" : stalled);
	add_cause(out, stall, cfg);
	str_addf(out, "\n");
}

void text_stop(struct str *out, const struct stall *stall)
{
	char vm[96], ns[DURATION_LEN];

	str_addf(out, "%s of %s %s %s (%s)", call_name(stall->call),
		 text_vm(stall->vm, vm, sizeof(vm)),
		 stall->is_stuck ? "has waited for" : "was stalled for",
		 format_nsec(stall->stall_ns, ns, sizeof(ns)), cause_name(stall->cause));
}

void text_stall(struct str *out, const struct stall *stall, const struct text_cfg *cfg)
{
	add_line(out, stall, cfg);
	if (cfg->show_timeline && stall->latency_ns) {
		str_adds(out, "    ");
		timeline_add(out, stall, cfg->host.hz, cfg->use_utf8);
		str_addc(out, '\n');
	}
	if (cfg->show_account)
		account_text(out, stall, cfg);
}

/* ---- storms ---- */

/* "60% run, 40% cb-timer": the three largest, of at least a twentieth. */
static void add_shares(struct str *out, const struct storm *storm)
{
	bool is_said[KS_CAUSE_CNT] = {false};
	const char *sep = "";

	for (int n = 0; n < 3; n++) {
		int best = -1;

		for (int i = 0; i < KS_CAUSE_CNT; i++)
			if (!is_said[i] && (best < 0 || storm->by_cause[i] > storm->by_cause[best]))
				best = i;
		if (storm->by_cause[best] < storm->sum_ns / 20)
			break;
		is_said[best] = true;
		str_addf(out, "%s%.0f%% %s", sep, 100.0 * storm->by_cause[best] / storm->sum_ns,
			 cause_name(best));
		sep = ", ";
	}
}

static void add_storm_culprit(struct str *out, const struct storm *storm)
{
	if (!storm->culprit_ns)
		return;
	str_adds(out, "; the longest because of ");
	if (storm->culprit_call)
		str_addf(out, "%s of ", call_name(storm->culprit_call));
	words_task(out, storm->culprit_comm, storm->culprit_tid);
}

void text_storm(struct str *out, const struct storm *storm, const struct text_cfg *cfg)
{
	char time[16], sum[DURATION_LEN], stalled[DURATION_LEN], a[DURATION_LEN], call[96];

	text_time(storm->begin_ns, cfg->clock_offset_ns, time, sizeof(time));
	str_addf(out, "%s  ", time);
	add_vm(out, storm->vm.id ? &storm->vm : NULL, vm_width(cfg));
	snprintf(call, sizeof(call), "%" PRIu64 " x %s", storm->cnt, call_name(storm->call));
	str_addf(out, " %7u  %-*s %8s %8s  ", storm->tid, CALL_WIDTH, call,
		 format_nsec(storm->sum_ns, sum, sizeof(sum)),
		 format_nsec(storm->sum_ns - storm->by_cause[KS_CAUSE_RUN], stalled,
			     sizeof(stalled)));
	str_addf(out, "%sstorm%s of %s%s: ", cfg->use_colour ? RED : "",
		 cfg->use_colour ? PLAIN : "",
		 format_nsec(storm->end_ns - storm->begin_ns, a, sizeof(a)),
		 storm->is_over ? "" : " so far");
	str_addf(out, "median %s", format_nsec(storm_median_ns(storm), a, sizeof(a)));
	str_addf(out, ", longest %s; ", format_nsec(storm->max_ns, a, sizeof(a)));
	add_shares(out, storm);
	add_storm_culprit(out, storm);
	str_addc(out, '\n');
	if (cfg->show_account && storm->is_over && advice_for_storm(storm))
		words_folded(out, "    advice: ", advice_for_storm(storm),
			     cfg->width ? cfg->width : TEXT_WIDTH);
}
