// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/stacks.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"

/* Far more than one kernel's; who makes up others pays with time, not with our memory. */
#define STACKS_MAX 1024

struct known {
	struct known *next; /* of the same hash */
	struct stack stack;
	size_t cnt;
	__u64 addrs[];
};

struct stacks {
	const struct symbols *syms;
	struct map known; /* hash -> struct known */
	size_t cnt;
	struct stack none;
};

struct stacks *stacks_new(const struct symbols *syms)
{
	struct stacks *stacks = calloc(1, sizeof(*stacks));

	if (stacks)
		stacks->syms = syms;
	return stacks;
}

/* All of one hash. */
static void forget_known(void *first)
{
	struct known *known = first, *next;

	for (; known; known = next) {
		next = known->next;
		free(known);
	}
}

static void forget_all(struct stacks *stacks)
{
	map_clear(&stacks->known, forget_known);
	stacks->cnt = 0;
}

void stacks_free(struct stacks *stacks)
{
	if (!stacks)
		return;
	forget_all(stacks);
	free(stacks);
}

static uint64_t hash_of(const __u64 *addrs, size_t cnt)
{
	uint64_t hash = cnt + 1;

	for (size_t i = 0; i < cnt; i++)
		hash = (hash ^ addrs[i]) * 0x9e3779b97f4a7c15ULL;
	return hash;
}

static struct known *add(struct stacks *stacks, uint64_t hash, const __u64 *addrs, size_t cnt)
{
	struct known *known = malloc(sizeof(*known) + cnt * sizeof(*addrs));

	if (!known)
		return NULL;
	if (stacks->cnt >= STACKS_MAX)
		forget_all(stacks);
	known->next = map_get(&stacks->known, hash);
	known->cnt = cnt;
	memcpy(known->addrs, addrs, cnt * sizeof(*addrs));
	stack_resolve(&known->stack, stacks->syms, addrs, cnt);
	if (map_put(&stacks->known, hash, known)) {
		free(known);
		return NULL;
	}
	stacks->cnt++;
	return known;
}

const struct stack *stacks_resolve(struct stacks *stacks, const __u64 *addrs, size_t cnt)
{
	struct known *known;
	uint64_t hash;

	if (!cnt)
		return &stacks->none;
	if (cnt > KS_STACK_MAX)
		cnt = KS_STACK_MAX;
	hash = hash_of(addrs, cnt);
	for (known = map_get(&stacks->known, hash); known; known = known->next)
		if (known->cnt == cnt && !memcmp(known->addrs, addrs, cnt * sizeof(*addrs)))
			return &known->stack;
	known = add(stacks, hash, addrs, cnt);
	return known ? &known->stack : NULL;
}
