// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/blame/timer.h"

/* What fires within so much of a tick came with it: most do within 50 us, a hundredth at HZ=250. */
#define WITH_TICK(period_ns) ((int64_t)(period_ns) / 10)
/* The tick is known as well as the fastest reading of it was. */
#define SLACK(period_ns) ((int64_t)(period_ns) / 50)
/* A timer of so many jiffies is rounded by more than one (kernel/time/timer.c, LVL_START(1)). */
#define WHEEL_LEVEL_0 63
/* Timers are of ten jiffies at most: what is further off is of another clock. */
#define JIFFIES_MAX 100000

static const struct {
	const char *name, *help;
} lates[TIMER_LATE_CNT] = {
	[TIMER_ON_TIME] = {"on-time", "with the tick that it was due in"},
	[TIMER_EARLY_TICK] = {"early-tick",
			      "a tick later: its CPU's tick read jiffies before they had advanced"},
	[TIMER_STALE_JIFFIES] =
		{"stale-jiffies",
		 "the count of jiffies was behind the clock, no CPU had advanced it"},
	[TIMER_IDLE_CPU] = {"idle-cpu", "its CPU was idle, and was woken late"},
	[TIMER_NO_TICK] = {"no-tick", "its CPU handled no tick meanwhile: interrupts were off, or "
				      "a hypervisor had the CPU"},
	[TIMER_SOFTIRQ] = {"softirq", "the tick came late, or the softirq after it"},
	[TIMER_LATE_UNKNOWN] = {"unexplained", "for a reason that is not known"},
};

const char *timer_late_name(enum timer_late late)
{
	return lates[late].name;
}

const char *timer_late_help(enum timer_late late)
{
	return lates[late].help;
}

const char *timer_fqs_name(enum timer_fqs fqs)
{
	static const char *const names[TIMER_FQS_CNT] = {
		[TIMER_FQS_FIRST] = "first-fqs", [TIMER_FQS_NEXT] = "next-fqs"};

	return names[fqs];
}

void tick_init(struct tick *tick, uint32_t hz)
{
	/* include/linux/jiffies.h: TICK_NSEC */
	*tick = (struct tick){.period_ns = hz ? (1000000000ULL + hz / 2) / hz : 0};
}

void tick_learn(struct tick *tick, uint64_t ts_ns, uint64_t jiffies)
{
	uint64_t origin_ns = ts_ns - jiffies * tick->period_ns;

	if (!tick->period_ns || !jiffies)
		return;
	if (!tick->is_known || (int64_t)(origin_ns - tick->origin_ns) < 0)
		tick->origin_ns = origin_ns;
	tick->is_known = true;
}

/* When the count of jiffies became @jiffies, by the clock. */
static uint64_t edge_of(const struct tick *tick, uint64_t jiffies)
{
	return tick->origin_ns + jiffies * tick->period_ns;
}

static enum timer_late judge(const struct armed_timer *timer, int64_t late_ns, int64_t period_ns)
{
	int64_t whole, rest, counted;
	bool is_idle = !timer->tid;

	if (late_ns < -SLACK(period_ns))
		return TIMER_LATE_UNKNOWN;
	late_ns += SLACK(period_ns);
	whole = late_ns / period_ns;
	rest = late_ns % period_ns;
	counted = (int64_t)(timer->jiffies - timer->expires - 1);
	if (rest < WITH_TICK(period_ns) && whole < 2)
		return whole ? TIMER_EARLY_TICK : TIMER_ON_TIME;
	if (counted < whole && rest >= WITH_TICK(period_ns))
		return TIMER_STALE_JIFFIES;
	if (is_idle)
		return TIMER_IDLE_CPU;
	return whole ? TIMER_NO_TICK : TIMER_SOFTIRQ;
}

static bool is_sane(const struct armed_timer *timer, const struct tick *tick)
{
	int64_t ahead = (int64_t)(timer->armed_ns - edge_of(tick, timer->expires));

	return ahead / (int64_t)tick->period_ns < JIFFIES_MAX &&
	       ahead / (int64_t)tick->period_ns > -JIFFIES_MAX;
}

bool timer_explain(const struct armed_timer *timer, const struct tick *tick,
		   struct timer_story *story)
{
	int64_t period_ns = tick ? (int64_t)tick->period_ns : 0, to_edge;
	uint64_t due_ns;

	if (!period_ns || !tick->is_known || !timer || !timer->fired_ns || !timer->jiffies ||
	    !is_sane(timer, tick))
		return false;
	due_ns = edge_of(tick, timer->expires + 1);
	to_edge = (int64_t)(edge_of(tick, timer->expires) - timer->armed_ns);
	/* rounded up, below zero as well */
	story->set_for = (int)((to_edge > 0 ? to_edge + period_ns - 1 : to_edge) / period_ns);
	if (story->set_for >= WHEEL_LEVEL_0)
		return false;
	story->into = story->set_for - (double)to_edge / period_ns;
	story->due = (double)(int64_t)(due_ns - timer->armed_ns) / period_ns;
	story->took = (double)(int64_t)(timer->fired_ns - timer->armed_ns) / period_ns;
	story->late_ns = (int64_t)(timer->fired_ns - due_ns);
	story->late = judge(timer, story->late_ns, period_ns);
	return true;
}
