/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers for people. */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* A duration for people into @buf: "25.18ms", "312us", "1.20s", "950ns"; returns @buf. */
char *format_nsec(uint64_t ns, char *buf, size_t size);

/* What the noun after @cnt ends with: "", for one, or "s". */
const char *format_s(uint64_t cnt);

#endif
