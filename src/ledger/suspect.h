/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may hold an SRCU read side of a VM, by its stack. kvm->srcu's readers
 * are vCPU threads between a VM exit and the next entry, and vCPU ioctls:
 * ledger/sites.c has which functions hold it, and which drop it.
 */
#ifndef LEDGER_SUSPECT_H
#define LEDGER_SUSPECT_H

#include <stdint.h>

#include "ledger/stack.h"

/* 0: no reader. Else the higher the likelier; @state as in task_struct (0: runnable). */
int suspect_rank(const struct stack *stack, uint32_t state);

#endif
