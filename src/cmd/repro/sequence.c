// SPDX-License-Identifier: GPL-2.0-only
/* In which order a profile's steps are taken: pure, no VM needed. */
#include "cmd/repro/profile.h"

/* A list being made; what does not fit is left out, which no table comes near. */
struct sequence {
	const struct step **steps;
	size_t cnt;
};

static void sequence_add(struct sequence *plan, const struct step *step)
{
	if (plan->cnt < PROFILE_SEQUENCE_MAX)
		plan->steps[plan->cnt++] = step;
}

static void sequence_add_memory(struct sequence *plan, const struct step *steps)
{
	const struct step *step;

	for (step = steps; step->run; step++)
		if (step->role == STEP_MEMORY)
			sequence_add(plan, step);
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
static size_t sequence_add_gaps(const struct step **steps, size_t cnt, const struct step *gap,
				const struct step **out)
{
	struct sequence plan = {.steps = out};
	size_t i;

	for (i = 0; i < cnt; i++) {
		sequence_add(&plan, steps[i]);
		if (gap && steps[i]->role == STEP_DEVICE && i + 1 < cnt &&
		    steps[i + 1]->role != STEP_DEVICE)
			sequence_add(&plan, gap);
	}
	return plan.cnt;
}

size_t profile_sequence(const struct step *steps, enum profile_order order, const struct step *gap,
			const struct step *plan[PROFILE_SEQUENCE_MAX])
{
	const struct step *anchor = memory_anchor(steps, order), *step;
	const struct step *ordered[PROFILE_SEQUENCE_MAX];
	struct sequence in_order = {.steps = ordered};

	for (step = steps; step->run; step++) {
		if (!anchor || step->role != STEP_MEMORY)
			sequence_add(&in_order, step);
		if (step == anchor)
			sequence_add_memory(&in_order, steps);
	}
	return sequence_add_gaps(ordered, in_order.cnt, gap, plan);
}
