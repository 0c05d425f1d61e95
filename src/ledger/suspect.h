/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may hold an SRCU read side, by its stack. kvm->srcu's readers are vCPU threads between a VM
 * exit and the next entry, and vCPU ioctls. The host-wide domain's are whoever unmaps, migrates or
 * ages a page of an address space that has notifiers, of any process, or ends one. ledger/sites.c
 * has which functions hold it, and which drop it.
 */
#ifndef LEDGER_SUSPECT_H
#define LEDGER_SUSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/stack.h"

/* 0: not a reader. Else the higher the likelier; @state as in task_struct (0: runnable). */
int suspect_rank(enum domain_kind kind, const struct stack *stack, uint32_t state);

/*
 * Does a vCPU wait for the readers of kvm->srcu on its way through KVM_RUN? It is one itself,
 * unless its exit handler has dropped the read side, and then it would not wait long: AVIC's
 * deadlock of v5.13. On arm64 the first run registers the vGIC's distributor
 * (kvm_vgic_map_resources()), and is none.
 */
bool suspect_is_waiter(const struct stack *stack);

/* A waiter is named as the reader that it waits for once it has waited for so long, and no scan has
 * seen another. */
#define SUSPECT_WAITER_NS 1000000000ULL

/* What it is in: of a VM's domain, the call that holds it; of the host's, the system call. */
enum call_id suspect_call(enum domain_kind kind, const struct stack *stack);

/* What to call the place where it is: of a notifier's callback, which one. */
const char *suspect_function(enum domain_kind kind, const struct stack *stack);

#endif
