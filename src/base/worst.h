/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Texts of which there may be too many: the worst are kept, and put out in the order in which they
 * came. What is left out is counted.
 */
#ifndef BASE_WORST_H
#define BASE_WORST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str;

/* How bad it is: all that .is_first before all that is not, then by .weight. */
struct worst_rank {
	bool is_first;
	uint64_t weight;
};

struct worst_item {
	struct worst_rank rank;
	uint64_t nr; /* in which order they came */
	char *text;
};

struct worst {
	struct worst_item *list; /* a heap, the least bad on top */
	size_t cnt, cap, max;
	uint64_t seen;
	uint64_t left_out;
	uint64_t first_left_out;  /* of these, .is_first */
	uint64_t weight_left_out; /* the most of one of these */
};

/* Keep @max at most. */
void worst_init(struct worst *worst, size_t max);
void worst_fini(struct worst *worst);

/* Is there room for it, or does it take the place of one that is less bad? Else it is counted as
 * left out: ask once, before it is made. */
bool worst_wants(struct worst *worst, struct worst_rank rank);

/* After worst_wants(). Takes the text that is in @text, which is empty then. 0 or -ENOMEM. */
int worst_add(struct worst *worst, struct worst_rank rank, struct str *text);

/* Append all that is kept, with @sep between. It can only be asked once: the next is worst_fini().
 */
void worst_put(struct worst *worst, const char *sep, struct str *out);

#endif
