/* SPDX-License-Identifier: GPL-2.0-only */
/* Which of a VM's calls KVM lets come before which: whether advice to swap two can be followed. */
#ifndef OUTPUT_CALL_ORDER_H
#define OUTPUT_CALL_ORDER_H

#include "ledger/ioctls.h"

enum machine_arch { ARCH_OTHER, ARCH_X86, ARCH_ARM64 };

/* By uname's word for it: "x86_64", "aarch64"; NULL is ARCH_OTHER. */
enum machine_arch machine_arch_of(const char *machine);

/* Why @first cannot be made before @then, which it was made after; NULL: it can. */
const char *call_order_refusal(enum call_id first, enum call_id then, enum machine_arch arch);

#endif
