/* SPDX-License-Identifier: GPL-2.0-only */
/* Who holds whom up: from the holder of a lock, who may wait for another lock, to the last one. */
#ifndef LEDGER_BLAME_LOCKS_H
#define LEDGER_BLAME_LOCKS_H

#include <stdint.h>

struct held_lock;
struct lock_root;
struct map;
struct task;

/*
 * Fill in @root: where it ends that @waiter waited for the holder of @lock in [@begin_ns, @end_ns].
 * @tasks: struct task by tid.
 */
void locks_root(const struct map *tasks, const struct task *waiter, const struct held_lock *lock,
		uint64_t begin_ns, uint64_t end_ns, struct lock_root *root);

#endif
