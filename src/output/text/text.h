/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines for people. */
#ifndef OUTPUT_TEXT_TEXT_H
#define OUTPUT_TEXT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "output/advice.h"
#include "output/storm.h"
#include "ledger/stall.h"

struct str;

struct text_cfg {
	int64_t clock_offset_ns; /* from CLOCK_MONOTONIC to local time of day, in ns since midnight
				  */
	bool use_colour;
	bool show_account; /* -v */
	bool show_timeline;
	bool use_utf8;	 /* in the timeline: see timeline_add() */
	size_t width;	 /* at which accounts are folded; 0: as they always are */
	size_t vm_width; /* of the column of VMs, by text_fit() */
	struct advice_host host;
};

/* "09:14:49.583", the time of day of @ts_ns. */
void text_time(uint64_t ts_ns, int64_t clock_offset_ns, char *buf, size_t size);

void text_header(struct str *out);

/*
 * Make the columns wide enough for this stall. They never get narrower again,
 * so that what follows stays in line; a name that no column is wide enough for
 * is cut in its middle.
 */
void text_fit(struct text_cfg *cfg, const struct stall *stall);

/* "KVM_IRQFD of vmm[12] has waited for 312ms (reader)" */
void text_stop(struct str *out, const struct stall *stall);

/* One line a stall, "STUCK" in front of its cause while it is not over; with .show_account its
 * account under it. */
void text_stall(struct str *out, const struct stall *stall, const struct text_cfg *cfg);

/* One line, in the columns of a stall: what they took together. */
void text_storm(struct str *out, const struct storm *storm, const struct text_cfg *cfg);

/*
 * "name[pid]", or "name[pid]#id" for a VM whose process had one before; the name
 * is its operator's, or its process's. A VM has the same all its life. Into @buf,
 * which is returned.
 */
char *text_vm(const struct vm *vm, char *buf, size_t size);

#endif
