// SPDX-License-Identifier: GPL-2.0-only
#include "output/text/account_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "base/sanitize.h"
#include "base/str.h"
#include "base/wrap.h"
#include "ledger/ioctls.h"
#include "output/text/text.h"
#include "output/text/words.h"

static size_t text_width(const struct text_cfg *cfg)
{
	return cfg->width ? cfg->width : TEXT_WIDTH;
}

/* Innermost first, folded. */
static void add_stack(struct str *out, const struct stack *stack, size_t width)
{
	size_t column = 0;

	for (size_t i = 0; i < stack->cnt; i++) {
		size_t len = strlen(stack->names[i]) + 3;
		bool fits = column && column + len <= width;

		if (!fits)
			str_addf(out, "%s       ", column ? "\n" : "");
		column = fits ? column + len : 8 + len;
		str_addf(out, i ? " < %s" : " %s", stack->names[i]);
	}
	if (stack->cnt)
		str_addf(out, "\n");
}

/* Of a call that is stuck: the wait that it is in. */
static bool is_open(const struct wait *wait, const struct stall *stall)
{
	return stall->is_stuck && wait->begin_ns + wait->ns == stall->rec->head.ts_ns;
}

/* ", which runs hog[12] (real-time 99)"; SCHED_DEADLINE has no priority */
static void add_runs(struct str *out, const struct culprit *culprit)
{
	if (culprit->kind != CULPRIT_CPU || !culprit->late_tid || !culprit->is_known)
		return;
	str_adds(out, ", which runs ");
	words_task(out, culprit->comm, culprit->tid);
	if (culprit->rt_priority)
		str_addf(out, " (real-time %u)", culprit->rt_priority);
	else if (culprit->is_realtime)
		str_adds(out, " (real-time)");
}

/* Of a wait that goes on: its grace period is over, and what it waits for is its callback. */
static void add_ended(struct str *out, const struct wait *wait, const struct stall *stall,
		      size_t width)
{
	char age[DURATION_LEN];
	struct str line;

	str_init(&line);
	words_gp(&line, wait->dom, wait->gp_needed);
	str_addf(&line, " ended %s ago",
		 format_nsec(stall_since_ns(stall, wait), age, sizeof(age)));
	if (wait->since == CALLBACKS_QUEUED) {
		str_addf(&line, "; its callbacks wait on CPU %u", wait->queue_cpu);
		if (stall->culprit.seg && stall->culprit.seg->dom == wait->dom)
			add_runs(&line, &stall->culprit);
	} else if (stall_may_have_lost(stall, wait)) {
		str_adds(&line, ", and no callbacks are queued: the one that was to end this wait "
				"may be lost (before Linux 6.7 some were)");
	}
	if (line.text)
		words_folded(out, "        ", line.text, width);
	str_fini(&line);
}

static void add_gps(struct str *out, const struct wait *wait, bool is_open)
{
	str_adds(out, "        ");
	if (wait->gp_first) {
		words_gp(out, wait->dom, wait->gp_first);
		str_addf(out, " was in flight%s", wait->gp_needed ? "; " : "");
	}
	if (wait->gp_needed) {
		str_adds(out, is_open ? "waits for the end of " : "waited until ");
		words_gp(out, wait->dom, wait->gp_needed);
		str_adds(out, is_open ? "" : " had ended");
	}
	str_addc(out, '\n');
}

static void add_wait(struct str *out, const struct wait *wait, const struct stall *stall,
		     size_t width)
{
	char ns[DURATION_LEN];

	format_nsec(wait->ns, ns, sizeof(ns));
	str_addf(out, "    wait %s  %s%s", stall->is_ageless ? "-" : ns,
		 api_name(wait->api ? wait->api : KS_API_SYNC), wait->api ? "" : "*");
	if (wait->api < KS_API_RCU)
		str_addf(out, "(%s)",
			 wait->dom ? domain_kind_name(domain_get_kind(wait->dom)) : "?");
	if (wait->site)
		str_addf(out, " in %s", wait->site);
	str_addf(out, "\n");
	if (wait->dom && (wait->gp_needed || wait->gp_first) && wait->ns >= stall->latency_ns / 100)
		add_gps(out, wait, is_open(wait, stall));
	if (is_open(wait, stall) && stall_since_ns(stall, wait))
		add_ended(out, wait, stall, width);
	add_stack(out, &wait->stack, width);
}

static bool is_timer(enum ks_cause cause)
{
	return cause_is_timer(cause) || cause == KS_CAUSE_POLL_BACKOFF || cause == KS_CAUSE_RCU;
}

/* What a reader of the account need not see one by one: under a hundredth of the call. */
static bool is_small(const struct segment *seg, const struct stall *stall)
{
	return seg->ns < stall->latency_ns / 100;
}

/* ": holdout, CPU 1 and 2 others, hog[12]" */
static void add_part(struct str *out, const struct rcu_blame *rcu)
{
	if (!rcu || rcu->part == RCU_PART_NONE)
		return;
	str_addf(out, ": %s", rcu_part_name(rcu->part));
	if (rcu->has_cpu)
		str_addf(out, ", CPU %u", rcu->cpu);
	if (rcu->others)
		str_addf(out, " and %u other%s", rcu->others, format_s(rcu->others));
	if (!rcu->tid)
		return;
	str_adds(out, ", ");
	words_task(out, rcu->comm, rcu->tid);
	if (rcu_blame_in_kernel(rcu))
		str_adds(out, " in the kernel");
	else if (rcu->in_guest)
		str_adds(out, " in a guest");
}

static void add_segment(struct str *out, const struct segment *seg, const struct stall *stall,
			uint32_t hz)
{
	char ns[DURATION_LEN];

	str_addf(out, "    %-12s %9s %5.1f%%", cause_name(seg->cause),
		 format_nsec(seg->ns, ns, sizeof(ns)), 100.0 * seg->ns / stall->latency_ns);
	if (seg->dom)
		str_addf(out, "  %s", domain_kind_name(domain_get_kind(seg->dom)));
	if (seg->dom && seg->gp) {
		str_addc(out, ' ');
		words_gp(out, seg->dom, seg->gp);
	}
	if (is_timer(seg->cause) && hz)
		str_addf(out, ", %.1f jiffies", seg->ns * 1e-9 * hz);
	if (seg->func)
		str_addf(out, "  %s", seg->func);
	add_part(out, segment_rcu(seg));
	str_addf(out, "\n");
}

/* Why it took so many jiffies: armed where in one, due when, and what made it late. */
static void add_timer(struct str *out, const struct segment *seg, const struct stall *stall,
		      size_t width)
{
	const struct armed_timer *timer = segment_timer(seg);
	struct timer_story story;
	char line[320], late[DURATION_LEN] = "", ns[DURATION_LEN];
	const char *fqs;

	if (!timer || !timer_explain(timer, stall->tick, &story))
		return;
	fqs = timer_fqs_name(timer->fqs);
	if (story.late != TIMER_ON_TIME && story.late_ns > 0)
		snprintf(late, sizeof(late), " %s", format_nsec(story.late_ns, ns, sizeof(ns)));
	snprintf(line, sizeof(line),
		 "timer%s%s: armed %.2f into its jiffy, set for the %s; the wheel adds one, so due "
		 "after "
		 "%.2f jiffies; fired after %.2f: %s%s, %s",
		 fqs ? " " : "", fqs ? fqs : "", story.into,
		 story.set_for == 1  ? "next"
		 : story.set_for > 1 ? "later ones"
		 : story.set_for < 0 ? "ones before"
				     : "same",
		 story.due, story.took, timer_late_name(story.late), late,
		 timer_late_help(story.late));
	words_folded(out, "        ", line, width);
}

static void add_small(struct str *out, const struct stall *stall)
{
	uint64_t by_cause[KS_CAUSE_CNT] = {0}, sum = 0;
	char ns[DURATION_LEN];
	const char *sep = "";

	for (size_t i = 0; i < stall->segments_cnt; i++)
		if (is_small(&stall->segments[i], stall)) {
			by_cause[stall->segments[i].cause] += stall->segments[i].ns;
			sum += stall->segments[i].ns;
		}
	if (!sum)
		return;
	str_addf(out, "    %-12s %9s %5.1f%%  ", "under 1% each", format_nsec(sum, ns, sizeof(ns)),
		 100.0 * sum / stall->latency_ns);
	for (int i = 0; i < KS_CAUSE_CNT; i++) {
		if (!by_cause[i])
			continue;
		str_addf(out, "%s%s %s", sep, cause_name(i),
			 format_nsec(by_cause[i], ns, sizeof(ns)));
		sep = ", ";
	}
	str_addf(out, "\n");
}

/* What it did, and in which call: "kvm_io_bus_register_dev in KVM_CREATE_IRQCHIP by vmm[11]". */
static void add_deed(struct str *out, const struct culprit *culprit)
{
	static const char *const verbs[CULPRIT_KIND_CNT] = {[CULPRIT_INITIATOR] = "by ",
							    [CULPRIT_READER] = "by the reader ",
							    [CULPRIT_HOLDER] = "held by ",
							    [CULPRIT_QUEUE] = "held by "};
	const char *func = culprit->func, *verb = verbs[culprit->kind];

	if (!func && culprit->kind == CULPRIT_HOLDER)
		func = "a lock";
	if (culprit->kind == CULPRIT_QUEUE)
		func = "the irqfd clean-up queue";
	if (func)
		str_addf(out, "%s ", func);
	if (culprit->call)
		str_addf(out, "%s%s ", func ? "in " : "", call_name(culprit->call));
	if (func || culprit->call)
		str_adds(out, verb ? verb : "by ");
	else if (culprit->kind == CULPRIT_READER)
		str_adds(out, "the reader ");
	words_task(out, culprit->comm, culprit->tid);
}

static void add_culprit_line(struct str *out, const struct culprit *culprit)
{
	if (!culprit->is_known)
		return;
	str_addf(out, "    culprit: ");
	add_deed(out, culprit);
	str_adds(out, culprit->is_self ? ", the stalled call itself" : "");
	if (culprit->callbacks > 0) {
		str_addf(out, "; outstanding: ");
		words_count(out, culprit->callbacks, "callback");
	}
	str_addf(out, "\n");
}

/* Who else may hold the domain, and where each of them is. */
static void add_suspects(struct str *out, const struct stall *stall, size_t width)
{
	const struct culprit *culprit = &stall->culprit;
	const struct suspect *suspects;
	size_t cnt;

	if (culprit->kind != CULPRIT_READER || !culprit->gp)
		return;
	suspects = domain_suspects(culprit->seg->dom, culprit->gp, &cnt);
	for (size_t i = 0; i < cnt; i++) {
		str_adds(out, "    suspect: ");
		words_task(out, suspects[i].comm, suspects[i].tid);
		str_addc(out, '\n');
		add_stack(out, &suspects[i].stack, width);
	}
}

/* "    readers: 1 in, the same for 12s; locks less unlocks: 1 on CPU 1" */
static void add_readers(struct str *out, const struct culprit *culprit)
{
	const struct reader_counts *readers = culprit->readers;
	char same[DURATION_LEN];

	if (!readers)
		return;
	str_addf(out, "    readers: %" PRIu64 " in", readers_cnt(readers));
	if (readers->came)
		str_addf(out, ", %" PRIu64 " came since", readers->came);
	if (readers_cnt(readers) && readers->counted_ns > readers->same_since_ns)
		str_addf(out, ", the same for %s",
			 format_nsec(readers->counted_ns - readers->same_since_ns, same,
				     sizeof(same)));
	if (readers->cpus)
		str_addf(out, "; locks less unlocks: %" PRId64 " on CPU %u", readers->excess,
			 readers->cpu);
	if (readers->cpus > 1) {
		str_adds(out, ", another number on ");
		words_count(out, readers->cpus - 1, "other CPU");
	}
	str_addc(out, '\n');
}

void account_text(struct str *out, const struct stall *stall, const struct text_cfg *cfg)
{
	char ns[DURATION_LEN], was[DURATION_LEN], advice[ADVICE_MAX];

	for (size_t i = 0; i < stall->waits_cnt; i++)
		add_wait(out, &stall->waits[i], stall, text_width(cfg));
	for (size_t i = 0; i < stall->segments_cnt; i++)
		if (!is_small(&stall->segments[i], stall)) {
			add_segment(out, &stall->segments[i], stall, cfg->host.hz);
			add_timer(out, &stall->segments[i], stall, text_width(cfg));
		}
	add_small(out, stall);
	add_culprit_line(out, &stall->culprit);
	add_readers(out, &stall->culprit);
	add_suspects(out, stall, text_width(cfg));
	if (stall->without_ns != stall->latency_ns)
		str_addf(out, "    without the outstanding grace period: %s instead of %s\n",
			 format_nsec(stall->without_ns, ns, sizeof(ns)),
			 format_nsec(stall->latency_ns, was, sizeof(was)));
	advice_for(stall, &cfg->host, advice, sizeof(advice));
	if (advice[0])
		words_folded(out, "    advice: ", advice, text_width(cfg));
}
