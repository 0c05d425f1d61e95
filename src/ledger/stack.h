/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel stack as names, and what it says: which SRCU call, from where, in which KVM call. */
#ifndef LEDGER_STACK_H
#define LEDGER_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

struct symbols;

/* What it says, found out once: comparing names takes time. */
struct stack_derived {
	const char *srcu_caller, *sleeps_in, *call;
	enum ks_api api;
	bool in_srcu, in_mutex, in_sync;
};

struct stack {
	const char *names[KS_STACK_MAX]; /* innermost first; live as long as the symbols */
	size_t cnt;
	struct stack_derived derived;
};

/* Names for @cnt addresses; the tracer's own frames and the scheduler's are left out. */
void stack_resolve(struct stack *stack, const struct symbols *syms, const __u64 *addrs, size_t cnt);

/* Is a function of this name in it? Compiler suffixes (".part.0", ".isra.0") do not count. */
bool stack_has(const struct stack *stack, const char *name);

/* The SRCU function it waits in, or KS_API_NONE. */
enum ks_api stack_api(const struct stack *stack);

/* Is it in one of SRCU's own functions that ask for a grace period? */
bool stack_in_srcu(const struct stack *stack);

/* Who called SRCU: "kvm_swap_active_memslots"; NULL when it is not in SRCU. */
const char *stack_srcu_caller(const struct stack *stack);

/* Is it in a wait for a grace period, whoever started that? */
bool stack_in_sync(const struct stack *stack);

/* What it sleeps in: the innermost function that is not a way to sleep; NULL for an empty stack. */
const char *stack_sleeps_in(const struct stack *stack);

/* Is it blocked on a mutex? */
bool stack_in_mutex(const struct stack *stack);

/* Is it in a wait of SRCU that KVM, or the end of an address space with KVM in it, asked for? */
bool stack_in_kvm_wait(const struct stack *stack);

/* The call that it is in, for one that no probe announced: "KVM_RUN"; NULL: it does not tell. */
const char *stack_call(const struct stack *stack);

/* Which kind of domain (enum domain_kind) the site waits on; -1: not known. */
int stack_domain_kind(const struct stack *stack);

const char *api_name(enum ks_api api);

/* Does @name equal @plain, but for a compiler's suffix? */
bool symbol_is(const char *name, const char *plain);

#endif
