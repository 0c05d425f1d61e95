// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/blame/locks.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/map.h"
#include "ledger/ioctls.h"
#include "ledger/task.h"

/* More locks in a row than that are not followed: a cycle that @waiter is not in has no end. */
#define LINKS_MAX 32

static void name_holder(const struct held_lock *lock, struct lock_root *root)
{
	root->tid = lock->owner;
	root->call = lock->owner_kind ? call_of(lock->owner_kind, lock->owner_cmd) : CALL_NONE;
	memcpy(root->comm, lock->owner_comm, sizeof(root->comm));
}

/* What its call, that is over, was held up by: that was found out then. */
static bool take_past(const struct task *holder, struct lock_root *root)
{
	uint32_t links = root->links;

	if (holder->past.cause != KS_CAUSE_LOCK || !holder->past.root.tid)
		return false;
	*root = holder->past.root;
	root->links += links + 1;
	return true;
}

/* The lock that it waited for meanwhile, in its call that is not over; NULL: it did not. */
static const struct held_lock *lock_of(const struct task *holder, uint64_t begin_ns,
				       uint64_t end_ns)
{
	if (task_is_stuck(holder))
		return holder->stuck.cause == KS_CAUSE_LOCK ? &holder->stuck.lock : NULL;
	if (!task_in_call(holder, begin_ns, end_ns))
		return NULL;
	return &holder->blamed;
}

static bool was_there(const uint32_t *tids, size_t cnt, uint32_t tid)
{
	for (size_t i = 0; i < cnt; i++)
		if (tids[i] == tid)
			return true;
	return false;
}

void locks_root(const struct map *tasks, const struct task *waiter, const struct held_lock *lock,
		uint64_t begin_ns, uint64_t end_ns, struct lock_root *root)
{
	uint32_t tids[LINKS_MAX + 1] = {waiter->tid};

	*root = (struct lock_root){.cause = KS_CAUSE_RUN};
	while (lock && lock->owner && root->links < LINKS_MAX) {
		const struct task *holder = map_get(tasks, lock->owner);

		name_holder(lock, root);
		root->is_cycle = was_there(tids, root->links + 1, lock->owner);
		root->cause = task_stalled_for(holder, begin_ns, end_ns);
		if (root->is_cycle || !holder || root->cause != KS_CAUSE_LOCK)
			return;
		lock = lock_of(holder, begin_ns, end_ns);
		if (!lock && take_past(holder, root))
			return;
		if (!lock || !lock->owner)
			return;
		tids[++root->links] = holder->tid;
	}
}
