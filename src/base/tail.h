/* SPDX-License-Identifier: GPL-2.0-only */
/* The newest items of a sequence, oldest first: grows on demand up to a limit, then forgets. */
#ifndef BASE_TAIL_H
#define BASE_TAIL_H

#include <stddef.h>
#include <stdint.h>

struct tail {
	void *items;
	uint16_t cnt;
	uint16_t cap;
};

/*
 * Room for one more item of @size bytes, zeroed, as the newest; with @max of
 * them the oldest few go, and *@dropped (may be NULL) counts them. When memory is
 * short it goes too, and NULL is returned only when there is no room at all.
 */
void *tail_push(struct tail *tail, size_t size, size_t max, uint64_t *dropped);

/* Forget the oldest @cnt items, and the memory that is then far too much. */
void tail_drop(struct tail *tail, size_t size, size_t cnt);

/* Forget all but the last item, and all memory but its own. */
void tail_keep_last(struct tail *tail, size_t size);

void tail_fini(struct tail *tail);

#endif
