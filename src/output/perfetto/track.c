// SPDX-License-Identifier: GPL-2.0-only
#include "output/perfetto/track.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "output/perfetto/packets.h"

#define LANES_MAX 8

/* Slices of one track must not overlap: those that do get another one of its name. */
struct lane {
	struct lane *next;
	uint64_t uuid;
	uint64_t end_ns;
};

void track_fini(struct track *track)
{
	while (track->lanes) {
		struct lane *lane = track->lanes;

		track->lanes = lane->next;
		free(lane);
	}
}

void track_free(void *track)
{
	track_fini(track);
	free(track);
}

static struct lane *add_lane(struct packets *packets, struct track *track, struct lane *last)
{
	struct lane *lane = calloc(1, sizeof(*lane));

	if (!lane) {
		packets->failed = -ENOMEM;
		return NULL;
	}
	lane->uuid = packets_new_track(packets, track->parent, track->name);
	if (last)
		last->next = lane;
	else
		track->lanes = lane;
	return lane;
}

uint64_t track_lane(struct packets *packets, struct track *track, uint64_t begin_ns,
		    uint64_t end_ns)
{
	struct lane *lane = track->lanes, *last = NULL;

	for (int cnt = 1; lane && lane->end_ns > begin_ns && cnt < LANES_MAX; cnt++) {
		last = lane;
		lane = lane->next;
	}
	if (!lane)
		lane = add_lane(packets, track, last);
	if (!lane)
		return 0;
	if (end_ns > lane->end_ns)
		lane->end_ns = end_ns;
	return lane->uuid;
}

uint64_t track_lane_of_instant(struct packets *packets, struct track *track, uint64_t ts_ns)
{
	return track->lanes ? track->lanes->uuid : track_lane(packets, track, ts_ns, ts_ns);
}

struct track *track_find(struct packets *packets, struct map *tracks, uint64_t key, uint64_t parent,
			 const char *name)
{
	struct track *track = map_get(tracks, key);

	if (track)
		return track;
	track = calloc(1, sizeof(*track));
	if (!track || map_put(tracks, key, track)) {
		free(track);
		packets->failed = -ENOMEM;
		return NULL;
	}
	track->parent = parent;
	snprintf(track->name, sizeof(track->name), "%s", name);
	return track;
}
