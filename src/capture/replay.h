/* SPDX-License-Identifier: GPL-2.0-only */
/* A capture through the ledger: what comes out is what came out where it was recorded. */
#ifndef CAPTURE_REPLAY_H
#define CAPTURE_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "capture/capture.h"
#include "ledger/ledger.h"

struct replay;

struct replay_ops {
	/* As a live session calls them: VMs have their names, the recorder's own are left out. */
	struct ledger_ops ledger;
	/* Once, before all else; @head is the replay's, and lives as long (its facts may grow). */
	int (*head)(void *ctx, const struct capture_head *head);
	/* Each record, before the ledger takes it, and the names of its addresses. */
	int (*record)(void *ctx, const void *record, size_t size, const struct symbols *syms);
	/* There is no more; all facts are known. Not when it is malformed. */
	void (*done)(void *ctx, const struct capture_head *head);
};

struct replay *replay_new(const struct replay_ops *ops, void *ctx);
void replay_free(struct replay *replay);

/* As capture_reader_feed() and capture_reader_finish(). */
int replay_feed(struct replay *replay, const void *bytes, size_t len, struct err *err);
int replay_finish(struct replay *replay, struct err *err);

/*
 * Fill in what a session and its end would: records, losses, cost, duration
 * and COMMAND's status. Of a capture that is cut, what its records tell.
 */
void replay_summary(const struct replay *replay, struct summary *summary);

#endif
