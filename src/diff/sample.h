/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calls of one or more recordings, in groups whose calls can be compared with each other: the
 * same call, in the same phase of a VM's life, for the n-th time in that VM. The first memory slot
 * finds the devices' grace period in flight, the tenth does not.
 */
#ifndef DIFF_SAMPLE_H
#define DIFF_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/causes.h>

#include "base/map.h"
#include "ledger/stall.h"

/* Occurrences that are kept apart; the last stands for itself and all that follow. */
#define OCCURRENCE_MAX 4

/* What is kept of a group. Of more, one in two, four, eight... is kept, so memory has a bound. */
#define SAMPLES_KEPT 2048

#define ORIGINS_MAX 8

/* Behind what a call stalled. */
struct origin {
	char func[64];	   /* the culprit's function, or the one slept in; "": not known */
	enum call_id call; /* that the culprit was in; CALL_NONE: none, or not known */
	bool is_place;	   /* there is no culprit: it is where the call slept */
};

struct sample {
	uint64_t ns;
	uint64_t by_cause[KS_CAUSE_CNT];
	uint16_t recording;
	uint8_t cause;	/* the headline */
	uint8_t origin; /* index into the group's, 0: not known */
	uint8_t timers; /* waits for a timer of SRCU's */
	/* It started the GP whose timer it waited for: it came within srcutree.exp_holdoff. */
	bool is_held_off;
};

struct group {
	enum call_id call; /* CALL_CLOSE_LAST is the one that destroys the VM */
	enum phase phase;
	unsigned int occurrence; /* 1...OCCURRENCE_MAX; 0: this call is not counted */
	uint64_t cnt;		 /* calls seen */
	uint64_t stride;	 /* one sample stands for so many calls */
	struct origin origins[ORIGINS_MAX];
	size_t origins_cnt;
	size_t kept;
	/* In the order of time. Memory that was never written to is the kernel's still. */
	struct sample samples[SAMPLES_KEPT];
};

struct span;

struct samples {
	struct group **groups;
	size_t cnt;
	struct map vms; /* id -> counters, the living */
	uint64_t vms_cnt;
	uint64_t calls_seen;
	uint64_t incomplete; /* records that may belong to them were lost */
	uint64_t inferred;   /* from a log: their causes are a guess */
	uint16_t recordings;
	uint64_t random;
};

void samples_init(struct samples *samples);
void samples_fini(struct samples *samples);

/* Another recording begins: its VMs are others. */
void samples_begin(struct samples *samples);

/* A call, as the ledger reports it. 0 or -ENOMEM. */
int samples_add(struct samples *samples, const struct stall *stall);

/* The start or the end of a VM: a group of its own, CALL_VM_START or CALL_VM_END. What was outside
 * calls is KS_CAUSE_RUN. 0 or -ENOMEM. */
int samples_add_span(struct samples *samples, const struct span *span);

bool group_is_span(const struct group *group);

void samples_vm_gone(struct samples *samples, const struct vm *vm);

/* By call, phase and occurrence: an order that does not depend on which call came first. */
void samples_sort(struct samples *samples);

#endif
