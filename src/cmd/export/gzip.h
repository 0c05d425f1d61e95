/* SPDX-License-Identifier: GPL-2.0-only */
/* What is long goes over the wire in the format of gzip(1): a scrape says the same things often. */
#ifndef CMD_EXPORT_GZIP_H
#define CMD_EXPORT_GZIP_H

#include <stddef.h>

struct str;

/* @text compressed, to be freed; its length in *@len. NULL: out of memory, or of 2 GiB and more. */
char *gzip_text(const struct str *text, size_t *len);

#endif
