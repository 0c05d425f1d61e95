/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel stack as names, and what it says: which SRCU call, from where, in which KVM call. */
#ifndef LEDGER_STACK_H
#define LEDGER_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

#include "ledger/sites.h"

struct symbols;

/* What it says, found out once: comparing names takes time. */
struct stack_derived {
	const char *srcu_caller, *rcu_caller, *sleeps_in;
	enum call_id call, reads; /* CALL_NONE: it does not say */
	enum ks_api api;
	uint32_t is; /* enum site_is, of all frames together */
};

struct stack {
	const char *names[KS_STACK_MAX]; /* innermost first; live as long as the symbols */
	size_t cnt;
	struct stack_derived derived;
};

/* Names for @cnt addresses; the tracer's own frames and the scheduler's are left out. */
void stack_resolve(struct stack *stack, const struct symbols *syms, const __u64 *addrs, size_t cnt);

/* The same of @cnt names, which must live as long. */
void stack_of_names(struct stack *stack, const char *const *names, size_t cnt);

/* Is a function in it that is so? */
bool stack_has(const struct stack *stack, enum site_is is);

/* The function of SRCU or of plain RCU that it waits in, or KS_API_NONE. */
enum ks_api stack_api(const struct stack *stack);

/* Is it in one of SRCU's own functions that ask for a grace period? */
bool stack_in_srcu(const struct stack *stack);

/* Who called SRCU: "kvm_swap_active_memslots"; NULL when it is not in SRCU. */
const char *stack_srcu_caller(const struct stack *stack);

/* Does it wait for plain RCU: for a grace period, or for callbacks? */
bool stack_in_rcu(const struct stack *stack);

/* Who waits for plain RCU: "expand_files"; NULL: nobody. Ways to sleep, and RCU's own, are left
 * out. */
const char *stack_rcu_caller(const struct stack *stack);

/* Is it in a wait for a grace period of SRCU, whoever started that? */
bool stack_in_sync(const struct stack *stack);

/* What it sleeps in: the innermost function that is not a way to sleep; NULL for an empty stack. */
const char *stack_sleeps_in(const struct stack *stack);

/* Is it blocked on a mutex? */
bool stack_in_mutex(const struct stack *stack);

/* Does it wait until no MMU-notifier invalidation is in flight? A task ends such a wait. */
bool stack_in_invalidation(const struct stack *stack);

/* The system call that its outermost functions are of; CALL_NONE: none that is known. */
enum call_id stack_system_call(const struct stack *stack);

/* Where in an MMU-notifier invalidation it is; NULL: in none that is known. */
const char *stack_unmaps_in(const struct stack *stack);

/* Does it wait until nobody reads a VMA? */
bool stack_in_vma_lock(const struct stack *stack);

/* Does it wait for a vCPU's mutex, whose own functions the stack may lack? */
bool stack_in_vcpu_lock(const struct stack *stack);

/* Does it sleep until one thread of the kernel has started, ended, or finished its work? */
bool stack_in_kthread_wait(const struct stack *stack);

/* Is it in a wait of SRCU that KVM, or the end of an address space with KVM in it, asked for? */
bool stack_in_kvm_wait(const struct stack *stack);

/* The call that it is in, for one that no probe announced; CALL_NONE: it does not say. */
enum call_id stack_call(const struct stack *stack);

/* What it is in that holds the read side of kvm->srcu, if it does; CALL_NONE: in nothing. */
enum call_id stack_reads(const struct stack *stack);

/* Whose callback an address space's notifiers call in it: "kvm_mmu_notifier_release"; NULL: it is
 * not in one. */
const char *stack_notifier(const struct stack *stack);

/* Which kind of domain the caller of SRCU waits on; false: not known, @kind is as it was. */
bool stack_domain_kind(const struct stack *stack, enum domain_kind *kind);

#endif
