/* SPDX-License-Identifier: GPL-2.0-only */
/* The call that suffers from an injected cause. */
#ifndef CMD_REPRO_VICTIM_H
#define CMD_REPRO_VICTIM_H

#include <stdint.h>

struct err;
struct machine;

/* An update of extra memslot @extra that is marked as suffering from @name. */
int victim_update(struct machine *vm, uint32_t extra, const char *name, struct err *err);

/* The sentence for a failed call of @vm: exit status 3 when the kernel refused it. */
int victim_error(struct machine *vm, int ret, struct err *err);

#endif
