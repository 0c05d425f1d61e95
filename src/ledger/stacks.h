/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks that were resolved already. A kernel has few ways to get to a wait, so
 * the same addresses come again and again, and names are compared once for each.
 */
#ifndef LEDGER_STACKS_H
#define LEDGER_STACKS_H

#include "ledger/stack.h"

struct stacks;
struct symbols;

/* @syms must outlive it. NULL: out of memory. */
struct stacks *stacks_new(const struct symbols *syms);
void stacks_free(struct stacks *stacks);

/* As stack_resolve(); what is returned lives until the next call. NULL: out of memory. */
const struct stack *stacks_resolve(struct stacks *stacks, const __u64 *addrs, size_t cnt);

#endif
