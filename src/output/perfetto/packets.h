/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets of Perfetto's trace format: TrackEvents, and the tracks that they are on
 * (protos/perfetto/trace of its sources: the numbers of the fields are public, and never change).
 */
#ifndef OUTPUT_PERFETTO_PACKETS_H
#define OUTPUT_PERFETTO_PACKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum counter_unit { UNIT_TIME_NS = 1, UNIT_COUNT = 2 };
enum event_type { SLICE_BEGIN = 1, SLICE_END = 2, INSTANT = 3, COUNTER = 4 };

/* What a slice or an instant is. */
struct event {
	uint64_t begin_ns, ns;
	const char *category, *name;
	uint64_t flow;	    /* that leaves it, or passes through; 0: none */
	uint64_t last_flow; /* that ends there; 0: none */
};

struct packets {
	struct str *out;
	struct str *events; /* .out, or where those of a call are kept that may never end */
	struct str packet, body, part, text;
	uint64_t last_uuid; /* of a track; names flows as well */
	bool has_begun;
	int failed; /* -ENOMEM: not all was written */
};

/* Packets are appended to @out. */
void packets_init(struct packets *packets, struct str *out);
void packets_fini(struct packets *packets);

/* A track called @name below another (0: at the top). Returns its uuid. */
uint64_t packets_new_track(struct packets *packets, uint64_t parent, const char *name);

/* The same at the top, of a uuid that was in use before its name was known. */
void packets_describe(struct packets *packets, uint64_t uuid, const char *name);

/* An event on @track: what is said of it follows, then packets_put(). */
void packets_begin(struct packets *packets, uint64_t track, enum event_type type,
		   const struct event *event);
void packets_int(struct packets *packets, const char *name, int64_t value);
void packets_text(struct packets *packets, const char *name, const char *text); /* NULL: nothing */
void packets_bool(struct packets *packets, const char *name, bool value);
void packets_put(struct packets *packets, uint64_t ts_ns);

/* The end of the slice on @track that began last. */
void packets_end_slice(struct packets *packets, uint64_t track, uint64_t ts_ns);

/* A whole one of which nothing is said. */
void packets_put_slice(struct packets *packets, uint64_t track, const struct event *event);
void packets_put_instant(struct packets *packets, uint64_t track, const struct event *event);

/* A track of a number that changes, and one of its values. */
uint64_t packets_new_counter(struct packets *packets, const char *name, enum counter_unit unit);
void packets_put_count(struct packets *packets, uint64_t track, uint64_t ts_ns, int64_t value);

#endif
