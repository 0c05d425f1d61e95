/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains whose grace period a reader holds open (KS_HELD), until somebody has scanned for that
 * reader. A scan walks every thread of the host, so scans keep a distance: the next domain waits
 * for its turn, as long as its grace period is in progress. No clock: the caller says what time it
 * is.
 */
#ifndef LEDGER_HELD_H
#define LEDGER_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

/* Between two scans. */
#define HELD_DISTANCE_NS 50000000ULL
/* Scanning for all of these takes three seconds: what comes then is more than can be helped. */
#define HELD_MAX 61

/* Of HELD_DISTANCE_NS, between the scans for one domain. */
#define HELD_DOUBLINGS 15

struct held_domain {
	uint64_t ssp;
	uint64_t gp;  /* srcu_gp_seq's counter; 0: none is held, one scan is enough */
	uint64_t kvm; /* whose threads may hold it; 0: it is not a VM's own */
	uint64_t not_before_ns;
	uint32_t scans; /* made for it so far, or put off */
};

struct held_queue {
	struct held_domain list[HELD_MAX]; /* the oldest first */
	size_t cnt;
	uint64_t scan_ns; /* of the last scan; 0: none */
	uint64_t dropped; /* that found no room */
};

/*
 * Take a record into account, of any type and before the ledger has it: KS_HELD of a VM's domain
 * adds one, KS_GP_END of another grace period takes it away.
 */
void held_record(struct held_queue *queue, const struct ks_head *head, size_t size);

/* The threads of @kvm's process are to be scanned once, for another reason: @ssp is its
 * kvm->srcu. */
void held_seek(struct held_queue *queue, uint64_t ssp, uint64_t kvm);

/* The domain to scan now, or NULL. It stays until held_done() or held_postpone(). */
const struct held_domain *held_next(const struct held_queue *queue, uint64_t now_ns);

/* A scan is made for what held_next() returned. It may see nobody: the next is due once this wait
 * has grown to twice as long, until held_done(). */
void held_scanned(struct held_queue *queue, const struct held_domain *held, uint64_t now_ns);

/* Who holds it is known, or cannot be. */
void held_done(struct held_queue *queue, const struct held_domain *held);

/* Whose it is is not known yet: the next goes first. */
void held_postpone(struct held_queue *queue, const struct held_domain *held, uint64_t now_ns);

/* When held_next() may have something, with no further record; UINT64_MAX: never. */
uint64_t held_when_ns(const struct held_queue *queue);

#endif
