// SPDX-License-Identifier: GPL-2.0-only
#include "diff/pair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diff/comparison.h"

static bool is_pair(const struct group *a, const struct group *b, bool is_strict)
{
	return a->call == b->call && a->occurrence == b->occurrence &&
	       (!is_strict || a->phase == b->phase);
}

static bool is_taken(const struct comparison *comparison, const struct group *group)
{
	for (size_t i = 0; i < comparison->cnt; i++)
		for (int side = 0; side < SIDE_CNT; side++)
			if (comparison->changes[i].sides[side].group == group)
				return true;
	return false;
}

static const struct group *find_partner(const struct comparison *comparison,
					const struct samples *samples, const struct group *group,
					bool is_strict)
{
	for (size_t i = 0; i < samples->cnt; i++)
		if (is_pair(group, samples->groups[i], is_strict) &&
		    !is_taken(comparison, samples->groups[i]))
			return samples->groups[i];
	return NULL;
}

static void add_pair(struct comparison *comparison, const struct group *base,
		     const struct group *new)
{
	struct change *change = &comparison->changes[comparison->cnt++];

	*change = (struct change){.p = 1, .test = {.p = 1}};
	change->sides[SIDE_BASE].group = base;
	change->sides[SIDE_NEW].group = new;
}

/*
 * First those of the same phase. What is left is paired over phases: a VMM that moves devices after
 * the memory slots, or vCPUs before them, has moved the call into another phase and wants to know
 * what that did to it.
 */
int pair_groups(struct comparison *comparison)
{
	const struct samples *base = &comparison->sides[SIDE_BASE]->samples;
	const struct samples *new = &comparison->sides[SIDE_NEW]->samples;

	comparison->changes = calloc(base->cnt + new->cnt + 1, sizeof(struct change));
	if (!comparison->changes)
		return -ENOMEM;
	for (int is_strict = 1; is_strict >= 0; is_strict--)
		for (size_t i = 0; i < base->cnt; i++) {
			const struct group *group = base->groups[i], *partner;

			if (is_taken(comparison, group))
				continue;
			partner = find_partner(comparison, new, group, is_strict);
			/* what one version does not report is no change */
			if (partner || (!is_strict && !group_is_span(group)))
				add_pair(comparison, group, partner);
		}
	for (size_t i = 0; i < new->cnt; i++)
		if (!is_taken(comparison, new->groups[i]) && !group_is_span(new->groups[i]))
			add_pair(comparison, NULL, new->groups[i]);
	return 0;
}
