/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which VMs have series of their own. Every nanosecond is counted in exactly
 * one series: that of its VM, or "other". A VM's time waits until the first
 * judgement after its birth decides where; nothing that is in "other" ever
 * leaves it. Reading changes nothing: judgements have times of their own, so
 * that what one scraper sees does not depend on whether there is another.
 */
#ifndef METRICS_VMSET_H
#define METRICS_VMSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/causes.h>

#include "base/map.h"
#include "host/identity.h"

struct vm;

/* A VM as the metrics know it. Of 10 000 of them few have series: the others have no memory for it.
 */
struct vmset_vm {
	uint32_t id;
	uint32_t tgid;
	uint64_t born_ns;
	char *name;  /* as its operator calls it; NULL: not known */
	char *label; /* of those shown: unique among them; else NULL */
	char comm[20];
	bool is_shown;	  /* has series of its own */
	bool is_judged;	  /* has been through a judgement */
	bool is_gone;	  /* dead: its series stay for a time */
	bool is_set_up;	  /* metrics/setups: its set-up is over, or was not seen */
	bool has_stalled; /* a call of its set-up did, for long enough to count */
	uint64_t gone_ns; /* of the first judgement after its death; 0: there was none */
	uint64_t *ns;	  /* KS_CAUSE_CNT of them; NULL: not shown yet, nor to be judged with any */
	uint64_t total_ns;	   /* all that it stalled, wherever that is counted */
	uint64_t asleep_ns;	   /* age of its oldest call in flight; 0: none */
	uint64_t was_asleep_ns;	   /* the same as the scan before the last one found it */
	uint64_t setup_ns;	   /* that its set-up stalled so far */
	struct identity *identity; /* of those shown; NULL: not known */
};

struct vmset {
	uint32_t limit;
	struct map vms;		 /* id -> struct vmset_vm, the living and the dead that are shown */
	struct map labels;	 /* hash of the label -> struct vmset_vm, those shown */
	struct vmset_vm **shown; /* limit of them, by id */
	size_t shown_cnt;
	size_t living;
	bool is_changed;     /* since the last judgement... */
	uint64_t changed_ns; /* ... as vmset_due_ns() first noticed it; 0: it has not */
	uint64_t expires_ns; /* when the next of the dead leaves; UINT64_MAX: none is there */
	uint64_t other_ns[KS_CAUSE_CNT];
	uint64_t evictions;
	uint64_t cut; /* label values that were too long */
	bool (*identify)(void *ctx, uint32_t tgid, struct identity *identity);
	void *ctx;
};

/* Returns 0 or -ENOMEM. */
int vmset_init(struct vmset *set, uint32_t limit);
void vmset_fini(struct vmset *set);

void vmset_add(struct vmset *set, const struct vm *vm);
void vmset_remove(struct vmset *set, uint32_t id);

/* Time of a call of this VM (NULL: of one that is not known), by cause. */
void vmset_count(struct vmset *set, const struct vm *vm, const uint64_t ns[KS_CAUSE_CNT]);

/* Calls in flight: forget those of the last scan, then one call of one VM at a time. */
void vmset_asleep_begin(struct vmset *set);
void vmset_asleep(struct vmset *set, uint32_t id, uint64_t ns);

/*
 * Decide who is shown from now on, at @now_ns (CLOCK_MONOTONIC). The dead stay for five minutes;
 * for one at least when the living need their places.
 */
void vmset_judge(struct vmset *set, uint64_t now_ns);

/* When to judge, as things are at @now_ns: UINT64_MAX when a judgement would change nothing. */
uint64_t vmset_due_ns(struct vmset *set, uint64_t now_ns);

void vmset_reidentify(struct vmset *set);

#endif
