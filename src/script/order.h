/* SPDX-License-Identifier: GPL-2.0-only */
/* The same calls in another order: what can be asked for, and what KVM would refuse. */
#ifndef SCRIPT_ORDER_H
#define SCRIPT_ORDER_H

#include "script/script.h"

enum script_order {
	ORDER_DEVICES_FIRST,  /* memory slots after the last call that registers a device */
	ORDER_MEMSLOTS_FIRST, /* right after KVM_CREATE_VM */
	ORDER_OWN,
};

/*
 * Move the memory slots' calls that the VM's start has, in their own order. A gap stays with its
 * call. What comes after the first KVM_RUN is the guest's and stays.
 */
void order_move(struct script *script, enum script_order order);

/* Do something else for @gap_ns after each group of calls that register devices. */
void order_add_gaps(struct script *script, uint64_t gap_ns);

/* Move op @from to where @to is; calls between move up or down by one. */
void order_move_op(struct script *script, size_t from, size_t to);

/*
 * Put @script's calls in the order of @wanted, a list that was made of it: gaps, threads and times
 * are @wanted's. A call that @script has not is an error; those that @wanted has not are left out
 * and counted in *@left_out.
 */
int order_apply(struct script *script, const struct script *wanted, uint32_t *left_out,
		struct err *err);

/* Would KVM make these calls in this order? Else a negative errno and the reason in @err. */
int order_check(const struct script *script, enum machine_arch arch, struct err *err);

/* Does the call set up memory slots? Does it register devices? */
bool order_is_memory(const struct script_op *op);
bool order_is_device(const struct script_op *op);

#endif
