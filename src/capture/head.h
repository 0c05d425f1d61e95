/* SPDX-License-Identifier: GPL-2.0-only */
/* The first and the last block of a capture: JSON, so that what is added later breaks nobody. */
#ifndef CAPTURE_HEAD_H
#define CAPTURE_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "capture/capture.h"
#include "capture/pack.h"

struct err;
struct summary;

/* Bytes of each record type without its stack, as the file has them; 0: no such type. */
struct capture_sizes {
	uint16_t list[PACK_TYPES];
};

/* As text, to be freed; NULL: out of memory. */
char *capture_head_text(const struct capture_head *head);
char *capture_end_text(const struct summary *summary);

/* Returns 0 or a negative errno with @err set; environment_fini(&head->environment) is the
 * caller's. */
int capture_head_parse(const char *text, size_t len, struct capture_head *head,
		       struct capture_sizes *sizes, struct err *err);
int capture_end_parse(const char *text, size_t len, struct summary *summary, struct err *err);

#endif
