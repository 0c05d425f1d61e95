// SPDX-License-Identifier: GPL-2.0-only
/* In which order a profile's steps are taken: pure, no VM needed. */
#include "cmd/repro/profile.h"

/* A list being made; what does not fit is left out, which no table comes near. */
struct plan {
	const struct step **steps;
	size_t cnt;
};

static void plan_add(struct plan *plan, const struct step *step)
{
	if (plan->cnt < PROFILE_PLAN_MAX)
		plan->steps[plan->cnt++] = step;
}

static void plan_add_memory(struct plan *plan, const struct step *steps)
{
	const struct step *step;

	for (step = steps; step->run; step++)
		if (step->role == STEP_MEMORY)
			plan_add(plan, step);
}

/* After which step the memory steps belong; NULL: where they are. */
static const struct step *memory_anchor(const struct step *steps, enum profile_order order)
{
	const struct step *step, *anchor = NULL;

	if (order == PROFILE_ORDER_MEMSLOTS_FIRST)
		return steps;
	if (order == PROFILE_ORDER_OWN)
		return NULL;
	for (step = steps; step->run; step++)
		if (step->role == STEP_DEVICE)
			anchor = step;
	return anchor;
}

/* Make room after every device step that a step of another kind follows. */
static size_t plan_add_gaps(const struct step **steps, size_t cnt, const struct step *gap,
			    const struct step **out)
{
	struct plan plan = {.steps = out};
	size_t i;

	for (i = 0; i < cnt; i++) {
		plan_add(&plan, steps[i]);
		if (gap && steps[i]->role == STEP_DEVICE && i + 1 < cnt &&
		    steps[i + 1]->role != STEP_DEVICE)
			plan_add(&plan, gap);
	}
	return plan.cnt;
}

size_t profile_plan(const struct step *steps, enum profile_order order, const struct step *gap,
		    const struct step *plan[PROFILE_PLAN_MAX])
{
	const struct step *anchor = memory_anchor(steps, order), *step;
	const struct step *ordered[PROFILE_PLAN_MAX];
	struct plan in_order = {.steps = ordered};

	for (step = steps; step->run; step++) {
		if (!anchor || step->role != STEP_MEMORY)
			plan_add(&in_order, step);
		if (step == anchor)
			plan_add_memory(&in_order, steps);
	}
	return plan_add_gaps(ordered, in_order.cnt, gap, plan);
}
