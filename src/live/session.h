/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pipeline, wired once for every command that looks at this kernel:
 * probes -> order -> ledger. What comes out is the command's own business.
 */
#ifndef LIVE_SESSION_H
#define LIVE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "host/attach_plan.h"

/* CPUs overtake each other by what one can be kept from a record: an interrupt, not a time slice.
 * So long each record waits for older ones. */
#define SESSION_SETTLE_NS 10000000ULL

struct advice_host;
struct err;
struct summary;
struct symbols;
struct session;

struct session_cfg {
	enum backend backend; /* BACKEND_CNT: the best */
	bool want_all_calls;
	bool want_fork;
	bool want_cost;	     /* count the programs' run time: about 20 ns more a run */
	uint64_t min_ns;     /* --min: see struct probes_cfg */
	uint64_t ring_bytes; /* 0: the default */
	const struct ledger_ops *ops;
	/* Each record, in order, once the ledger has taken it; NULL: not wanted. An error ends
	 * session_wait(). */
	int (*tap)(void *ctx, const void *record, size_t size);
	void *ctx;
};

/* Try, plan, load. NULL with @err set. */
struct session *session_new(const struct session_cfg *cfg, struct err *err);
void session_free(struct session *session);

/* Attach, and find the VMs that exist. */
int session_start(struct session *session, struct err *err);

int session_follow(struct session *session, uint32_t tgid, struct err *err);

/* How many processes that session_follow() named, and children of these, are there. */
unsigned int session_followed_cnt(const struct session *session);

/*
 * Wait up to @timeout_ms (-1: for ever) for records, or for @wake_fd to be readable, then take
 * what there is. Returns 1 when @wake_fd is readable, else 0, or a negative errno.
 */
int session_wait(struct session *session, int wake_fd, int timeout_ms);

/* Detach, and take all that is left. */
int session_stop(struct session *session);

const char *session_backend(const struct session *session);
/* What advice depends on. */
const struct advice_host *session_host(const struct session *session);

/* This kernel's. */
const struct symbols *session_symbols(const struct session *session);

/* Make the ledger report what is asleep now; the answers come with the next records, and are all
 * there by a session_take() that is SESSION_SETTLE_NS later. */
void session_scan(struct session *session);

/* On a host where no records come, forget what no call can need any more: else records' time does.
 */
void session_tidy(struct session *session);

/* Take what there is, without waiting. Returns 0 or a negative errno. */
int session_take(struct session *session);

/* The same once none of them waits for older ones any more. */
int session_settle(struct session *session);

/* Fill in records, losses and cost; calls and VMs are for the command to count. */
void session_summary(const struct session *session, struct summary *summary);

#endif
