/* SPDX-License-Identifier: GPL-2.0-only */
/* A track of events: as many of one name as it takes for none of their slices to overlap. */
#ifndef OUTPUT_PERFETTO_TRACK_H
#define OUTPUT_PERFETTO_TRACK_H

#include <stdint.h>

#include "base/map.h"

struct lane;
struct packets;

struct track {
	uint64_t parent;
	struct lane *lanes;
	char name[160];
};

/* The track of this key in @tracks, made if there is none; NULL when out of memory. */
struct track *track_find(struct packets *packets, struct map *tracks, uint64_t key, uint64_t parent,
			 const char *name);

void track_fini(struct track *track); /* all but @track itself */
void track_free(void *track);

/* The uuid of where [@begin_ns, @end_ns] has room; 0 when out of memory. */
uint64_t track_lane(struct packets *packets, struct track *track, uint64_t begin_ns,
		    uint64_t end_ns);

/* Where an instant is put: it has room anywhere. */
uint64_t track_lane_of_instant(struct packets *packets, struct track *track, uint64_t ts_ns);

#endif
