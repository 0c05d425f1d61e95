/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a page shows of recordings (html.h), as one JSON value: VMs, calls with their segments,
 * waits and culprits, grace periods and callbacks. Compact, since there may be thousands of VMs:
 * lists of numbers, where texts are indices into "strings", and times are ns since the recording's
 * start. The lists are named in page.js, which alone reads them: they are no contract.
 */
#ifndef OUTPUT_PAGE_H
#define OUTPUT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/filter.h"
#include "output/text/text.h"

struct page;
struct str;
struct summary;
struct symbols;

/* A page with more calls has the worst: all that stalled first, then those that lost most; of grace
 * periods and of callbacks the longest. It says what it lacks. */
#define PAGE_CALLS_MAX 65536
#define PAGE_GPS_MAX   262144

/* NULL when out of memory. */
struct page *page_new(void);
void page_free(struct page *page);

/* As those of perfetto.h. @backend: what recorded it. */
void page_next_file(struct page *page, const struct text_cfg *cfg, const char *backend,
		    const struct filter *filter);
void page_record(struct page *page, const void *record, size_t size, const struct symbols *syms);
void page_vm_new(struct page *page, const struct vm *vm, bool is_wanted);
void page_vm_gone(struct page *page, const struct vm *vm);
void page_call(struct page *page, const struct stall *stall, bool is_stall);
void page_asleep(struct page *page, const struct stall *stall);

/* Append the whole page. Returns 0 or -ENOMEM. */
int page_end(struct page *page, const struct summary *summary, struct str *out);

#endif
