// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/record_view.h"

/* What the records of one struct have in common. .stack_off 0: no stack. */
static const struct layout {
	uint16_t fixed;
	uint16_t frames_off, frames_bytes, stack_off;
} layouts[] = {
#define PLAIN(type)                                                                                \
	{                                                                                          \
		.fixed = sizeof(struct type)                                                       \
	}
/* Stacks are left out when they were not taken; the rest is all there. */
#define STACKED(type)                                                                              \
	{                                                                                          \
		.fixed = offsetof(struct type, stack), .stack_off = offsetof(struct type, stack),  \
		.frames_off = offsetof(struct type, frames),                                       \
		.frames_bytes = sizeof(((struct type *)NULL)->frames)                              \
	}
	[RECORD_NONE] = {0},
	[RECORD_VM] = PLAIN(ks_vm),
	[RECORD_STEP] = PLAIN(ks_step),
	[RECORD_CB] = PLAIN(ks_cb),
	[RECORD_CALL] = PLAIN(ks_call),
	[RECORD_SLEEP] = STACKED(ks_sleep),
	[RECORD_START] = STACKED(ks_start),
	[RECORD_LOCK] = PLAIN(ks_lock),
	[RECORD_TASK] = STACKED(ks_task),
	[RECORD_CPU] = PLAIN(ks_cpu),
	[RECORD_RCU] = PLAIN(ks_rcu),
	[RECORD_READERS] = PLAIN(ks_readers),
	[RECORD_TIMER] = PLAIN(ks_timer),
#undef PLAIN
#undef STACKED
};

/* Numbers that are not here are not used any more, or not yet. */
static const uint8_t shapes[KS_TYPE_CNT] = {
	[KS_VM] = RECORD_VM,	     [KS_VM_GONE] = RECORD_STEP,    [KS_CALL] = RECORD_CALL,
	[KS_SLEEP] = RECORD_SLEEP,   [KS_START] = RECORD_START,	    [KS_GP_ARM] = RECORD_STEP,
	[KS_GP_QUEUE] = RECORD_STEP, [KS_GP_BEGIN] = RECORD_STEP,   [KS_GP_END] = RECORD_STEP,
	[KS_CB_ARM] = RECORD_CB,     [KS_CB_QUEUE] = RECORD_CB,	    [KS_CB_BEGIN] = RECORD_CB,
	[KS_CB_END] = RECORD_CB,     [KS_CALLBACK] = RECORD_START,  [KS_LOCK] = RECORD_LOCK,
	[KS_SUSPECT] = RECORD_TASK,  [KS_HELD] = RECORD_STEP,	    [KS_ASLEEP] = RECORD_TASK,
	[KS_DOMAIN] = RECORD_STEP,   [KS_CLOSING] = RECORD_STEP,    [KS_PREEMPTED] = RECORD_CPU,
	[KS_WOKEN] = RECORD_CPU,     [KS_LATE] = RECORD_CPU,	    [KS_BORN] = RECORD_STEP,
	[KS_RUN] = RECORD_STEP,	     [KS_SPUN] = RECORD_STEP,	    [KS_RCU_SLEEP] = RECORD_RCU,
	[KS_RCU_WAKE] = RECORD_RCU,  [KS_WANTS] = RECORD_CPU,	    [KS_READERS] = RECORD_READERS,
	[KS_HALTED] = RECORD_CPU,    [KS_RCU_FIRED] = RECORD_TIMER,
};

static enum record_shape shape_of(uint8_t type)
{
	return type < KS_TYPE_CNT ? shapes[type] : RECORD_NONE;
}

size_t record_fixed_bytes(uint8_t type)
{
	return layouts[shape_of(type)].fixed;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void view_stack(struct record_view *view, const struct layout *layout, size_t room)
{
	const char *record = (const char *)view->head;
	const void *frames = record + layout->frames_off;
	size_t cnt = layout->frames_bytes == sizeof(uint16_t) ? *(const uint16_t *)frames
							      : *(const uint32_t *)frames;

	view->stack = (const __u64 *)(record + layout->stack_off);
	view->frames = least(least(cnt, KS_STACK_MAX), room / sizeof(*view->stack));
}

bool record_view(const void *buf, size_t len, struct record_view *view)
{
	const struct ks_head *head = buf;
	const struct layout *layout;

	if (len < sizeof(*head))
		return false;
	view->shape = shape_of(head->type);
	layout = &layouts[view->shape];
	if (!layout->fixed || len < layout->fixed)
		return false;
	view->head = head;
	view->fixed = layout->fixed;
	view->stack = NULL;
	view->frames = 0;
	if (layout->stack_off)
		view_stack(view, layout, len - layout->fixed);
	return true;
}
