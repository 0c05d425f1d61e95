/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A record as its reader may read it: of which struct it is, and where its stack is. One table
 * knows the types, so that nobody else asks how long a record must be.
 */
#ifndef LEDGER_RECORD_VIEW_H
#define LEDGER_RECORD_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

/* Which struct a record is. */
enum record_shape {
	RECORD_NONE, /* of no type that we know */
	RECORD_VM,
	RECORD_STEP,
	RECORD_CB,
	RECORD_CALL,
	RECORD_SLEEP,
	RECORD_START,
	RECORD_LOCK,
	RECORD_TASK,
	RECORD_CPU,
	RECORD_RCU,
	RECORD_READERS,
	RECORD_TIMER,
};

struct record_view {
	enum record_shape shape;
	/* The record, whole but for its stack. Only the one that .shape says may be used. */
	union {
		const struct ks_head *head; /* always */
		const struct ks_vm *vm;
		const struct ks_step *step;
		const struct ks_cb *cb;
		const struct ks_call *call;
		const struct ks_sleep *sleep;
		const struct ks_start *start;
		const struct ks_lock *lock;
		const struct ks_task *task;
		const struct ks_cpu *cpu;
		const struct ks_rcu *rcu;
		const struct ks_readers *readers;
		const struct ks_timer *timer;
	};
	size_t fixed;	    /* bytes before the stack, a multiple of 8 */
	const __u64 *stack; /* NULL: its kind has none */
	size_t frames; /* that are there: what the record says, or as many as it has room for */
};

/*
 * Look at the @len bytes at @buf, aligned to 8, which may be anything. false when they are no
 * record of a type that we know, or too short for one. @view points into @buf.
 */
bool record_view(const void *buf, size_t len, struct record_view *view);

/* The bytes of a record of @type without its stack, a multiple of 8; 0: there is no such type. */
size_t record_fixed_bytes(uint8_t type);

#endif
