// SPDX-License-Identifier: GPL-2.0-only
#include "output/timeline.h"

#include <stdio.h>

#include "base/format.h"
#include "base/str.h"

#define CELLS	   40
#define BEFORE_MAX 12
/* Characters between two marks, at least. */
#define MARK_CELLS 4

struct pen {
	const char *before, *begin, *end, *stuck, *run, *mark, *older;
};

static const struct pen ascii = {.before = ".",
				 .begin = "[",
				 .end = "]",
				 .stuck = ">",
				 .run = "-",
				 .mark = "|",
				 .older = "<"};
static const struct pen utf8 = {.before = "·",
				.begin = "├",
				.end = "┤",
				.stuck = "▶",
				.run = "─",
				.mark = "┊",
				.older = "‹"};

char timeline_letter(enum ks_cause cause)
{
	static const char letters[KS_CAUSE_CNT] = {
		[KS_CAUSE_RUN] = '-',	       [KS_CAUSE_GP_TIMER] = 'T',
		[KS_CAUSE_CB_TIMER] = 'C',     [KS_CAUSE_READER] = 'R',
		[KS_CAUSE_POLL_BACKOFF] = 'B', [KS_CAUSE_KWORKER] = 'K',
		[KS_CAUSE_GP_WORK] = 'G',      [KS_CAUSE_WAKEUP] = 'W',
		[KS_CAUSE_LOCK] = 'L',	       [KS_CAUSE_OTHER_SLEEP] = 'S',
		[KS_CAUSE_UNEXPLAINED] = '?',  [KS_CAUSE_RCU] = 'U',
		[KS_CAUSE_RUNNABLE] = 'P',     [KS_CAUSE_INVALIDATION] = 'I',
		[KS_CAUSE_KTHREAD] = 'H',
	};

	return letters[cause];
}

/* Where the @i-th cell begins, in ns since the call did. */
static uint64_t cell_begin(uint64_t latency_ns, uint64_t i)
{
	return latency_ns / CELLS * i + latency_ns % CELLS * i / CELLS;
}

/* Where the segments have come to. */
struct cursor {
	const struct stall *stall;
	size_t i;
	uint64_t at_ns;	 /* since the call began */
	uint64_t end_ns; /* of the i-th segment */
};

/* What most of the time up to @to_ns went to; on from there. */
static enum ks_cause next_cause(struct cursor *cursor, uint64_t to_ns)
{
	uint64_t sums[KS_CAUSE_CNT] = {0};
	enum ks_cause most = KS_CAUSE_RUN;

	while (cursor->at_ns < to_ns && cursor->i < cursor->stall->segments_cnt) {
		const struct segment *seg = &cursor->stall->segments[cursor->i];
		uint64_t end = cursor->end_ns + seg->ns, stop = end < to_ns ? end : to_ns;

		sums[seg->cause] += stop - cursor->at_ns;
		cursor->at_ns = stop;
		if (stop == end) {
			cursor->end_ns = end;
			cursor->i++;
		}
	}
	for (int cause = 0; cause < KS_CAUSE_CNT; cause++)
		if (sums[cause] > sums[most])
			most = cause;
	return most;
}

/* How long the culprit's grace period was in flight when the call began; 0: it was not. */
static uint64_t before_ns(const struct stall *stall)
{
	const struct segment *seg = stall->culprit.seg;
	uint64_t offset = 0;
	size_t i = 0;

	if (!seg || !stall->culprit.gp || stall->culprit.is_self)
		return 0;
	while (i < stall->segments_cnt &&
	       (stall->segments[i].dom != seg->dom || stall->segments[i].gp != seg->gp))
		offset += stall->segments[i++].ns;
	return stall->culprit.age_ns > offset ? stall->culprit.age_ns - offset : 0;
}

static bool add_before(struct str *out, const struct stall *stall, const struct pen *pen)
{
	uint64_t ns = before_ns(stall), cell = stall->latency_ns / CELLS + 1;
	uint64_t cnt = ns / cell + (ns % cell != 0);

	if (cnt > BEFORE_MAX)
		str_adds(out, pen->older);
	for (uint64_t i = cnt > BEFORE_MAX; i < cnt && i < BEFORE_MAX; i++)
		str_adds(out, pen->before);
	return cnt != 0;
}

/* Between two marks; 0: there are none. */
static uint64_t mark_ns(const struct stall *stall, uint32_t hz)
{
	uint64_t jiffy_ns = hz ? 1000000000 / hz : 0;

	return jiffy_ns < stall->latency_ns / CELLS * MARK_CELLS ? 0 : jiffy_ns;
}

/* What is not seen in @used needs no words. */
static void add_legend(struct str *out, const bool *used)
{
	const char *sep = "  ";

	for (int cause = 0; cause < KS_CAUSE_CNT; cause++) {
		if (!used[cause] || cause == KS_CAUSE_RUN)
			continue;
		str_addf(out, "%s%c %s", sep, timeline_letter(cause), cause_name(cause));
		sep = ", ";
	}
}

static bool add_call(struct str *out, const struct stall *stall, const struct pen *pen,
		     uint64_t every_ns, bool *used)
{
	struct cursor cursor = {.stall = stall};
	uint64_t mark = every_ns;
	bool has_marks = false;

	for (uint64_t i = 0; i < CELLS; i++) {
		enum ks_cause cause = next_cause(&cursor, cell_begin(stall->latency_ns, i + 1));

		if (every_ns && i && cell_begin(stall->latency_ns, i) >= mark) {
			str_adds(out, pen->mark);
			mark += every_ns;
			has_marks = true;
		}
		used[cause] = true;
		if (cause == KS_CAUSE_RUN)
			str_adds(out, pen->run);
		else
			str_addc(out, timeline_letter(cause));
	}
	return has_marks;
}

void timeline_add(struct str *out, const struct stall *stall, uint32_t hz, bool use_utf8)
{
	const struct pen *pen = use_utf8 ? &utf8 : &ascii;
	bool used[KS_CAUSE_CNT] = {false}, has_before, has_marks;
	char ns[24];

	if (!stall->latency_ns)
		return;
	has_before = add_before(out, stall, pen);
	str_adds(out, pen->begin);
	has_marks = add_call(out, stall, pen, mark_ns(stall, hz), used);
	str_addf(out, "%s %s", stall->is_stuck ? pen->stuck : pen->end,
		 format_nsec(stall->latency_ns, ns, sizeof(ns)));
	add_legend(out, used);
	if (has_before)
		str_addf(out, ", %s its GP before", pen->before);
	if (has_marks)
		str_addf(out, ", %s a jiffy", pen->mark);
}
