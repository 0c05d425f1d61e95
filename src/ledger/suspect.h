/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may hold an SRCU read side of a VM, by its stack. kvm->srcu's readers
 * are vCPU threads between a VM exit and the next entry, and vCPU ioctls
 * (vcpu_enter_guest() drops it, kvm_vcpu_block() and the work before entry too:
 * arch/x86/kvm/x86.c, the same from 6.1 to 7.3; on arm64 only exit handlers).
 */
#ifndef LEDGER_SUSPECT_H
#define LEDGER_SUSPECT_H

#include <stdint.h>

#include "ledger/stack.h"

/* 0: no reader. Else the higher the likelier; @state as in task_struct (0: runnable). */
int suspect_rank(const struct stack *stack, uint32_t state);

/* What the reader is in: "KVM_RUN", "KVM_TRANSLATE", "vCPU ioctl"...; NULL: not in KVM. */
const char *suspect_call(const struct stack *stack);

#endif
