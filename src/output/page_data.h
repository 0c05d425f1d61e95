/* SPDX-License-Identifier: GPL-2.0-only */
/* What page.h keeps of recordings, and how it is written: the page's sentence and its JSON value.
 */
#ifndef OUTPUT_PAGE_DATA_H
#define OUTPUT_PAGE_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/str.h"
#include "base/worst.h"
#include "ledger/filter.h"
#include "output/text/text.h"

struct gp_timeline;
struct summary;

/* A list of JSON values as it grows. */
struct value_list {
	struct str text;
	size_t cnt;
};

struct page_vm {
	int64_t born_ns, gone_ns; /* .gone_ns 0: lives */
	size_t name;		  /* string */
	uint32_t id, pid, file;
};

/* A text, and what calls lost to it where it is a culprit. */
struct page_string {
	size_t text_off; /* in .texts */
	uint64_t lost_ns;
};

struct page {
	struct gp_timeline *gps_seen;
	struct value_list files, domains_list;
	struct worst calls, gps, callbacks;
	struct str texts;
	struct page_string *strings; /* from 1 */
	size_t strings_cnt, strings_cap;
	struct page_vm *vms;
	size_t vms_cnt, vms_cap;
	struct map by_hash; /* of a text -> its index */
	struct map ids;	    /* of VMs -> index + 1 */
	struct map kvms;    /* of living VMs -> index + 1 */
	struct map domains; /* ssp -> index + 1, or HIDDEN */
	struct map asleep;  /* tid -> struct sleeper */
	struct text_cfg cfg;
	struct filter times; /* what is shown of grace periods */
	uint64_t base_ns;
	int failed;
};

/* The text of a string of .strings. */
const char *page_string_at(const struct page *page, size_t at);

/* What the page says in one sentence. */
void page_add_verdict(struct str *out, const struct page *page, const struct summary *summary);

/* Append the value that page.js reads. Returns 0 or -ENOMEM. */
int page_put_data(struct page *page, const struct summary *summary, struct str *out);

#endif
