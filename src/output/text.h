/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines for people. */
#ifndef OUTPUT_TEXT_H
#define OUTPUT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "output/advice.h"
#include "ledger/stall.h"

struct str;
struct summary;

struct text_cfg {
	int64_t clock_offset_ns; /* from CLOCK_MONOTONIC to local time of day, in ns since midnight
				  */
	bool use_colour;
	bool show_account; /* -v */
	struct advice_host host;
};

void text_header(struct str *out);

/* One line a stall, "STUCK" in front of its cause while it is not over; with .show_account its
 * account under it. */
void text_stall(struct str *out, const struct stall *stall, const struct text_cfg *cfg);

void text_summary(struct str *out, const struct summary *summary, const char *backend);

/* "comm[pid]" or its name; into @buf, which is returned. */
char *text_vm(const struct vm *vm, char *buf, size_t size);

#endif
