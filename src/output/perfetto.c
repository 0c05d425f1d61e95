// SPDX-License-Identifier: GPL-2.0-only
#include "output/perfetto.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/map.h"
#include "base/protobuf.h"
#include "base/sanitize.h"
#include "base/str.h"
#include "ledger/record_view.h"
#include "output/gp_timeline.h"

/* Numbers of fields and values of Perfetto's messages. */
enum trace_field { TRACE_PACKET = 1 };
enum packet_field {
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE = 10,
	PACKET_EVENT = 11,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_TRACK = 60
};
enum track_field { TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PARENT = 5, TRACK_COUNTER = 8 };
enum counter_track_field { COUNTER_UNIT = 3 };
enum counter_unit { UNIT_TIME_NS = 1, UNIT_COUNT = 2 };
enum event_field {
	EVENT_ANNOTATION = 4,
	EVENT_TYPE = 9,
	EVENT_TRACK = 11,
	EVENT_CATEGORY = 22,
	EVENT_NAME = 23,
	EVENT_COUNTER = 30,
	EVENT_FLOW = 47,
	EVENT_LAST_FLOW = 48
};
enum event_type { SLICE_BEGIN = 1, SLICE_END = 2, INSTANT = 3, COUNTER = 4 };
enum annotation_field {
	ANNOTATION_BOOL = 2,
	ANNOTATION_INT = 4,
	ANNOTATION_TEXT = 6,
	ANNOTATION_NAME = 10
};

/* We are the only one who writes; there is nothing to be remembered from before. */
#define SEQUENCE	 1
#define SEQUENCE_CLEARED 1
#define LANES_MAX	 8
#define NO_VM		 0
#define HIDDEN		 UINT64_MAX /* a group of tracks that is not shown */

/* Slices of one track must not overlap: those that do get another one of its name. */
struct lane {
	struct lane *next;
	uint64_t uuid;
	uint64_t end_ns;
};

struct track {
	uint64_t parent;
	struct lane *lanes;
	char name[160];
};

/* A domain that is no VM's own, whose kind may be known later. */
struct shared_domain {
	struct track track;
	uint64_t uuid; /* of its group; 0: nothing was shown yet */
	bool is_mmu_notifier;
};

/* What a slice or an instant is. */
struct event {
	uint64_t begin_ns, ns;
	const char *category, *name;
	uint64_t flow;	    /* that leaves it, or passes through; 0: none */
	uint64_t last_flow; /* that ends there; 0: none */
};

/* A change of the counters. */
struct counter_change {
	uint64_t ts_ns;
	uint64_t lost_ns;
	int in_flight;
};

struct perfetto {
	struct str *out;
	struct str *events; /* .out, or where those of a call are kept that may never end */
	struct str packet, body, part, text;
	struct gp_timeline *gps;
	struct text_cfg cfg;
	struct filter times; /* what is shown of grace periods */
	struct map vms;	     /* id -> uuid of the VM's group; HIDDEN */
	struct map kvms;     /* kvm -> the same, of the living */
	struct map domains;  /* ssp -> the same */
	struct map shared;   /* ssp -> struct shared_domain */
	struct map tracks;   /* some key -> struct track */
	struct map asleep;   /* tid -> struct waiting */
	struct counter_change *changes;
	size_t changes_cnt, changes_cap;
	uint64_t last_uuid;
	uint64_t file;
	bool has_begun;
	int failed; /* -ENOMEM */
};

/* ---- messages ---- */

static void put_text(struct perfetto *perfetto, struct str *out, int field, const char *text)
{
	struct str *clean = &perfetto->text;
	size_t len;

	str_reset(clean);
	for (; *text; text += len) {
		const char *shown = sanitize_next(text, &len);

		str_addn(clean, *text == '\n' ? text : shown, len);
	}
	protobuf_bytes(out, field, clean->text, clean->len);
	if (str_failed(clean))
		perfetto->failed = -ENOMEM;
}

/* .body, as a packet of its own. */
static void put_packet(struct perfetto *perfetto, enum packet_field field, uint64_t ts_ns)
{
	struct str *packet = &perfetto->packet;
	struct str *out = field == PACKET_TRACK ? perfetto->out : perfetto->events;

	str_reset(packet);
	if (field == PACKET_EVENT)
		protobuf_uint(packet, PACKET_TIMESTAMP, ts_ns);
	protobuf_uint(packet, PACKET_SEQUENCE, SEQUENCE);
	if (!perfetto->has_begun)
		protobuf_uint(packet, PACKET_SEQUENCE_FLAGS, SEQUENCE_CLEARED);
	perfetto->has_begun = true;
	protobuf_bytes(packet, field, perfetto->body.text, perfetto->body.len);
	if (str_failed(&perfetto->body) || str_failed(packet))
		perfetto->failed = -ENOMEM;
	else
		protobuf_bytes(out, TRACE_PACKET, packet->text, packet->len);
	if (str_failed(out))
		perfetto->failed = -ENOMEM;
	str_reset(&perfetto->body);
}

static void describe(struct perfetto *perfetto, uint64_t uuid, uint64_t parent, const char *name)
{
	protobuf_uint(&perfetto->body, TRACK_UUID, uuid);
	if (parent)
		protobuf_uint(&perfetto->body, TRACK_PARENT, parent);
	put_text(perfetto, &perfetto->body, TRACK_NAME, name);
}

static uint64_t new_track(struct perfetto *perfetto, uint64_t parent, const char *name)
{
	uint64_t uuid = ++perfetto->last_uuid;

	describe(perfetto, uuid, parent, name);
	put_packet(perfetto, PACKET_TRACK, 0);
	return uuid;
}

/* What is said of an event, in .body after event_begin(). */
static void annotate(struct perfetto *perfetto, const char *name, enum annotation_field field,
		     int64_t value, const char *text)
{
	struct str *part = &perfetto->part;

	str_reset(part);
	protobuf_string(part, ANNOTATION_NAME, name);
	if (text)
		put_text(perfetto, part, field, text);
	else
		protobuf_uint(part, field, value);
	if (str_failed(part))
		perfetto->failed = -ENOMEM;
	protobuf_bytes(&perfetto->body, EVENT_ANNOTATION, part->text, part->len);
}

static void note_int(struct perfetto *perfetto, const char *name, int64_t value)
{
	annotate(perfetto, name, ANNOTATION_INT, value, NULL);
}

static void note_text(struct perfetto *perfetto, const char *name, const char *text)
{
	if (text)
		annotate(perfetto, name, ANNOTATION_TEXT, 0, text);
}

static void note_bool(struct perfetto *perfetto, const char *name, bool value)
{
	annotate(perfetto, name, ANNOTATION_BOOL, value, NULL);
}

/* Annotations may follow, then put_packet(). */
static void event_begin(struct perfetto *perfetto, uint64_t track, enum event_type type,
			const struct event *event)
{
	struct str *body = &perfetto->body;

	protobuf_uint(body, EVENT_TYPE, type);
	protobuf_uint(body, EVENT_TRACK, track);
	protobuf_string(body, EVENT_CATEGORY, event->category);
	put_text(perfetto, body, EVENT_NAME, event->name);
	if (event->flow)
		protobuf_fixed(body, EVENT_FLOW, event->flow);
	if (event->last_flow)
		protobuf_fixed(body, EVENT_LAST_FLOW, event->last_flow);
}

static void slice_end(struct perfetto *perfetto, uint64_t track, uint64_t ts_ns)
{
	protobuf_uint(&perfetto->body, EVENT_TYPE, SLICE_END);
	protobuf_uint(&perfetto->body, EVENT_TRACK, track);
	put_packet(perfetto, PACKET_EVENT, ts_ns);
}

static void put_slice(struct perfetto *perfetto, uint64_t track, const struct event *event)
{
	event_begin(perfetto, track, SLICE_BEGIN, event);
	put_packet(perfetto, PACKET_EVENT, event->begin_ns);
	slice_end(perfetto, track, event->begin_ns + event->ns);
}

static void put_instant(struct perfetto *perfetto, uint64_t track, const struct event *event)
{
	event_begin(perfetto, track, INSTANT, event);
	put_packet(perfetto, PACKET_EVENT, event->begin_ns);
}

/* ---- tracks ---- */

static void track_fini(struct track *track)
{
	while (track->lanes) {
		struct lane *lane = track->lanes;

		track->lanes = lane->next;
		free(lane);
	}
}

static void track_free(void *track)
{
	track_fini(track);
	free(track);
}

static void shared_free(void *shared)
{
	track_fini(&((struct shared_domain *)shared)->track);
	free(shared);
}

static struct lane *add_lane(struct perfetto *perfetto, struct track *track, struct lane *last)
{
	struct lane *lane = calloc(1, sizeof(*lane));

	if (!lane) {
		perfetto->failed = -ENOMEM;
		return NULL;
	}
	lane->uuid = new_track(perfetto, track->parent, track->name);
	if (last)
		last->next = lane;
	else
		track->lanes = lane;
	return lane;
}

/* Where [@begin_ns, @end_ns] has room; 0 when out of memory. */
static uint64_t lane_for(struct perfetto *perfetto, struct track *track, uint64_t begin_ns,
			 uint64_t end_ns)
{
	struct lane *lane = track->lanes, *last = NULL;

	for (int cnt = 1; lane && lane->end_ns > begin_ns && cnt < LANES_MAX; cnt++) {
		last = lane;
		lane = lane->next;
	}
	if (!lane)
		lane = add_lane(perfetto, track, last);
	if (!lane)
		return 0;
	if (end_ns > lane->end_ns)
		lane->end_ns = end_ns;
	return lane->uuid;
}

/* Where an instant is put: it has room anywhere. 0 when out of memory. */
static uint64_t lane_of_instant(struct perfetto *perfetto, struct track *track, uint64_t ts_ns)
{
	return track->lanes ? track->lanes->uuid : lane_for(perfetto, track, ts_ns, ts_ns);
}

/* By a key that is its own; NULL when out of memory. */
static struct track *find_track(struct perfetto *perfetto, uint64_t key, uint64_t parent,
				const char *name)
{
	struct track *track = map_get(&perfetto->tracks, key);

	if (track)
		return track;
	track = calloc(1, sizeof(*track));
	if (!track || map_put(&perfetto->tracks, key, track)) {
		free(track);
		perfetto->failed = -ENOMEM;
		return NULL;
	}
	track->parent = parent;
	snprintf(track->name, sizeof(track->name), "%s", name);
	return track;
}

/* Keys of tracks of different kinds must differ: splitmix64's finalizer of what they are made of.
 */
static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9e3779b97f4a7c15ULL + b;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static uint64_t flow_of_gp(const struct perfetto *perfetto, uint64_t ssp, uint64_t gp)
{
	return mix(mix(ssp, gp), perfetto->file) | 1;
}

static uint64_t new_flow(struct perfetto *perfetto)
{
	return mix(0, ++perfetto->last_uuid) | 1;
}

static void put_group(struct perfetto *perfetto, struct map *map, uint64_t key, uint64_t group)
{
	if (map_put(map, key, (void *)(uintptr_t)group))
		perfetto->failed = -ENOMEM;
}

static uint64_t get_group(const struct map *map, uint64_t key)
{
	return (uint64_t)(uintptr_t)map_get(map, key);
}

/* The group of @vm's tracks (NULL: not known), made on demand: who is to blame may be a VM that is
 * left out. */
static uint64_t group_of(struct perfetto *perfetto, const struct vm *vm)
{
	uint64_t id = vm ? vm->id : NO_VM, group = get_group(&perfetto->vms, id);
	char name[128];

	if (group && group != HIDDEN)
		return group;
	group = new_track(perfetto, 0, vm ? text_vm(vm, name, sizeof(name)) : "no VM");
	put_group(perfetto, &perfetto->vms, id, group);
	return group;
}

static struct track *thread_of(struct perfetto *perfetto, uint64_t group, uint32_t tid,
			       const char *comm)
{
	char name[64];

	snprintf(name, sizeof(name), "%s %" PRIu32, comm, tid);
	return find_track(perfetto, mix(group, tid), group, name);
}

/* ---- life ---- */

/* A call that was found waiting, as it is shown if it never ends. */
struct waiting {
	struct str events;
	uint64_t begin_ns;
};

static void waiting_free(void *value)
{
	struct waiting *waiting = value;

	str_fini(&waiting->events);
	free(waiting);
}

static void forget_file(struct perfetto *perfetto)
{
	map_fini(&perfetto->vms);
	map_fini(&perfetto->kvms);
	map_fini(&perfetto->domains);
	map_clear(&perfetto->shared, shared_free);
	map_clear(&perfetto->tracks, track_free);
	map_clear(&perfetto->asleep, waiting_free);
}

void perfetto_free(struct perfetto *perfetto)
{
	if (!perfetto)
		return;
	forget_file(perfetto);
	gp_timeline_free(perfetto->gps);
	str_fini(&perfetto->packet);
	str_fini(&perfetto->body);
	str_fini(&perfetto->part);
	str_fini(&perfetto->text);
	free(perfetto->changes);
	free(perfetto);
}

/* ---- grace periods ---- */

/* Those of a domain that is nobody's own have a group beside the VMs. */
static struct track *shared_track(struct perfetto *perfetto, uint64_t ssp)
{
	struct shared_domain *shared = map_get(&perfetto->shared, ssp);

	if (!shared) {
		shared = calloc(1, sizeof(*shared));
		if (!shared || map_put(&perfetto->shared, ssp, shared)) {
			free(shared);
			perfetto->failed = -ENOMEM;
			return NULL;
		}
	}
	if (!shared->uuid) {
		shared->uuid = ++perfetto->last_uuid; /* described once its kind is known */
		shared->track.parent = shared->uuid;
		snprintf(shared->track.name, sizeof(shared->track.name), "grace periods");
	}
	return &shared->track;
}

/* The track of its grace periods; NULL: not to be shown. */
static struct track *domain_track(struct perfetto *perfetto, uint64_t ssp)
{
	uint64_t group = get_group(&perfetto->domains, ssp);
	struct track *track = map_get(&perfetto->tracks, ssp);

	if (group == HIDDEN)
		return NULL;
	return group ? track : shared_track(perfetto, ssp);
}

static void note_starter(struct perfetto *perfetto, const struct gp_slice *gp)
{
	note_int(perfetto, "tid", gp->tid);
	note_text(perfetto, "comm", gp->comm);
	note_text(perfetto, "call", gp->call ? call_name(gp->call) : NULL);
	note_text(perfetto, "function", gp->func);
}

/* In the thread that started it, at that moment. */
static void put_starter(struct perfetto *perfetto, const struct gp_slice *gp, const char *name)
{
	uint64_t vm = gp->kvm ? get_group(&perfetto->kvms, gp->kvm) : 0;
	uint64_t group = vm && vm != HIDDEN ? vm : group_of(perfetto, NULL);
	struct track *track = thread_of(perfetto, group, gp->tid, gp->comm);
	struct event event = {.begin_ns = gp->start_ns,
			      .category = "start",
			      .flow = flow_of_gp(perfetto, gp->ssp, gp->gp)};
	char text[192];
	uint64_t uuid;

	if (!track)
		return;
	snprintf(text, sizeof(text), "starts %s%s%s", name, gp->func ? " in " : "",
		 gp->func ? gp->func : "");
	event.name = text;
	uuid = lane_of_instant(perfetto, track, gp->start_ns);
	event_begin(perfetto, uuid, INSTANT, &event);
	note_starter(perfetto, gp);
	put_packet(perfetto, PACKET_EVENT, gp->start_ns);
}

static void put_parts(struct perfetto *perfetto, uint64_t uuid, const struct gp_slice *gp)
{
	for (size_t i = 0; i < gp->parts_cnt; i++)
		put_slice(perfetto, uuid,
			  &(struct event){.begin_ns = gp->parts[i].begin_ns,
					  .ns = gp->parts[i].ns,
					  .category = "gp-part",
					  .name = gp_part_name(gp->parts[i].state)});
}

static struct track *track_if_shown(struct perfetto *perfetto, uint64_t ssp, uint64_t begin_ns,
				    uint64_t ns)
{
	return filter_wants_time(&perfetto->times, begin_ns, ns) ? domain_track(perfetto, ssp)
								 : NULL;
}

static void on_gp(void *ctx, const struct gp_slice *gp)
{
	struct perfetto *perfetto = ctx;
	struct track *track = track_if_shown(perfetto, gp->ssp, gp->begin_ns, gp->ns);
	char name[32] = "a grace period";
	struct event event = {
		.begin_ns = gp->begin_ns, .ns = gp->ns, .category = "gp", .name = name};
	uint64_t uuid;

	if (!track)
		return;
	if (gp->number >= 0)
		snprintf(name, sizeof(name), "GP %" PRId64, gp->number);
	uuid = lane_for(perfetto, track, gp->begin_ns, gp->begin_ns + gp->ns);
	if (gp->has_starter) {
		put_starter(perfetto, gp, name);
		event.last_flow = flow_of_gp(perfetto, gp->ssp, gp->gp);
	}
	event_begin(perfetto, uuid, SLICE_BEGIN, &event);
	note_text(perfetto, "kind", gp->is_normal ? "normal" : "expedited");
	note_int(perfetto, "gp", gp->number);
	note_int(perfetto, "scans", (int64_t)gp->scans);
	if (gp->is_open)
		note_bool(perfetto, "open", true);
	if (gp->has_starter)
		note_starter(perfetto, gp);
	put_packet(perfetto, PACKET_EVENT, gp->begin_ns);
	put_parts(perfetto, uuid, gp);
	slice_end(perfetto, uuid, gp->begin_ns + gp->ns);
}

static void on_callbacks(void *ctx, const struct cb_slice *cb)
{
	struct perfetto *perfetto = ctx;
	const struct track *gps = track_if_shown(perfetto, cb->ssp, cb->begin_ns, cb->ns);
	struct event event = {.begin_ns = cb->begin_ns,
			      .ns = cb->ns,
			      .category = "callbacks",
			      .name = cb_part_name(cb->state)};
	struct track *track;
	char name[192];
	uint64_t uuid;

	if (!gps)
		return;
	snprintf(name, sizeof(name), "%.140s: callbacks of CPU %u", gps->name, cb->cpu);
	track = find_track(perfetto, mix(mix(cb->ssp, gps->parent), cb->cpu), gps->parent, name);
	if (!track)
		return;
	uuid = lane_for(perfetto, track, cb->begin_ns, cb->begin_ns + cb->ns);
	event_begin(perfetto, uuid, SLICE_BEGIN, &event);
	if (cb->state == CB_PART_RUN)
		note_int(perfetto, "callbacks", (int64_t)cb->callbacks);
	put_packet(perfetto, PACKET_EVENT, event.begin_ns);
	slice_end(perfetto, uuid, event.begin_ns + event.ns);
}

static const struct gp_timeline_ops gp_ops = {.gp = on_gp, .callbacks = on_callbacks};

struct perfetto *perfetto_new(struct str *out)
{
	struct perfetto *perfetto = calloc(1, sizeof(*perfetto));

	if (!perfetto)
		return NULL;
	perfetto->out = perfetto->events = out;
	str_init(&perfetto->packet);
	str_init(&perfetto->body);
	str_init(&perfetto->part);
	str_init(&perfetto->text);
	perfetto->gps = gp_timeline_new(&gp_ops, perfetto);
	if (perfetto->gps)
		return perfetto;
	perfetto_free(perfetto);
	return NULL;
}

/* ---- VMs ---- */

/* @ssp is a domain of this group's from now on, called @name. */
static void add_domain(struct perfetto *perfetto, uint64_t group, uint64_t ssp, const char *name)
{
	struct track *old = map_del(&perfetto->tracks, ssp);
	char text[64];

	if (old)
		track_free(old);
	put_group(perfetto, &perfetto->domains, ssp, group);
	if (group == HIDDEN)
		return;
	snprintf(text, sizeof(text), "grace periods of %s", name);
	find_track(perfetto, ssp, group, text);
}

void perfetto_vm_new(struct perfetto *perfetto, const struct vm *vm, bool is_wanted)
{
	char name[128];
	uint64_t group =
		is_wanted ? new_track(perfetto, 0, text_vm(vm, name, sizeof(name))) : HIDDEN;

	put_group(perfetto, &perfetto->vms, vm->id, group);
	put_group(perfetto, &perfetto->kvms, vm->kvm, group);
	if (!vm->srcu || !vm->irq_srcu)
		return; /* of a log: nothing is known of its domains */
	add_domain(perfetto, group, domain_ssp(vm->srcu), domain_kind_name(DOMAIN_SRCU));
	add_domain(perfetto, group, domain_ssp(vm->irq_srcu), domain_kind_name(DOMAIN_IRQ_SRCU));
}

/* What its domains may still do is not to be taken for a host-wide one's. */
void perfetto_vm_gone(struct perfetto *perfetto, const struct vm *vm)
{
	map_del(&perfetto->kvms, vm->kvm);
	if (!vm->srcu || !vm->irq_srcu)
		return;
	add_domain(perfetto, HIDDEN, domain_ssp(vm->srcu), "");
	add_domain(perfetto, HIDDEN, domain_ssp(vm->irq_srcu), "");
}

/* The recorder's own VM is reported to nobody, and yet its domains are no host-wide ones. */
static void hide_domain(struct perfetto *perfetto, uint64_t ssp)
{
	if (!get_group(&perfetto->domains, ssp))
		put_group(perfetto, &perfetto->domains, ssp, HIDDEN);
}

void perfetto_record(struct perfetto *perfetto, const void *record, size_t size,
		     const struct symbols *syms)
{
	struct record_view view;
	uint64_t group;

	if (!record_view(record, size, &view))
		return;
	if (view.shape == RECORD_VM) {
		hide_domain(perfetto, view.vm->srcu.ssp);
		hide_domain(perfetto, view.vm->irq_srcu.ssp);
	}
	if (view.head->type == KS_DOMAIN && view.step->ssp) {
		group = get_group(&perfetto->kvms, view.step->val);
		add_domain(perfetto, group ? group : HIDDEN, view.step->ssp,
			   domain_kind_name(DOMAIN_TRACK));
	}
	if (gp_timeline_record(perfetto->gps, record, size, syms))
		perfetto->failed = -ENOMEM;
}

/* ---- calls ---- */

/* Where the way along a call's segments is. */
struct progress_in_call {
	const struct stall *stall;
	uint64_t track;
	size_t i;	   /* the segment */
	uint64_t begin_ns; /* that segment's */
	uint64_t at_ns;
	bool has_culprit; /* the flow is there */
};

/* A moment of the grace period that the call waited for. */
static uint64_t put_waited_for(struct perfetto *perfetto, const struct stall *stall,
			       const struct event *event)
{
	const struct segment *seg = stall->culprit.seg;
	struct track *track = seg->dom ? domain_track(perfetto, domain_ssp(seg->dom)) : NULL;
	uint64_t uuid = track ? lane_of_instant(perfetto, track, event->begin_ns) : 0;

	if (!uuid)
		return 0;
	put_instant(perfetto, uuid, event);
	return event->flow;
}

/* The flow that leads to the time that the culprit cost, from it or from its grace period. 0: none.
 */
static uint64_t put_culprit(struct perfetto *perfetto, const struct stall *stall, uint64_t ts_ns)
{
	const struct culprit *culprit = &stall->culprit;
	char name[160], vm[96];
	struct event event = {.begin_ns = ts_ns, .category = "culprit", .name = name};
	struct track *track;
	uint64_t uuid;

	if (!culprit->is_known || culprit->is_self)
		return 0;
	event.flow = new_flow(perfetto);
	snprintf(name, sizeof(name), "%s of %s waits", call_name(stall->call),
		 text_vm(stall->vm, vm, sizeof(vm)));
	if (culprit->kind == CULPRIT_INITIATOR)
		return put_waited_for(perfetto, stall, &event);
	track = thread_of(perfetto, group_of(perfetto, culprit->vm), culprit->tid, culprit->comm);
	uuid = track ? lane_of_instant(perfetto, track, ts_ns) : 0;
	if (!uuid)
		return 0;
	put_instant(perfetto, uuid, &event);
	return event.flow;
}

static void put_piece(struct perfetto *perfetto, struct progress_in_call *cursor, uint64_t to_ns)
{
	const struct segment *seg = &cursor->stall->segments[cursor->i];
	struct event event = {.begin_ns = cursor->at_ns,
			      .ns = to_ns - cursor->at_ns,
			      .category = "cause",
			      .name = cause_name(seg->cause)};

	if (seg == cursor->stall->culprit.seg && !cursor->has_culprit) {
		event.last_flow = put_culprit(perfetto, cursor->stall, event.begin_ns);
		cursor->has_culprit = true;
	}
	event_begin(perfetto, cursor->track, SLICE_BEGIN, &event);
	if (seg->dom && seg->gp)
		note_int(perfetto, "gp", domain_gp_number(seg->dom, seg->gp));
	note_text(perfetto, "function", seg->func);
	put_packet(perfetto, PACKET_EVENT, event.begin_ns);
	slice_end(perfetto, cursor->track, to_ns);
}

/* Segments up to @to_ns: one that goes on is cut in two there. */
static void put_pieces(struct perfetto *perfetto, struct progress_in_call *cursor, uint64_t to_ns)
{
	while (cursor->i < cursor->stall->segments_cnt) {
		uint64_t end_ns = cursor->begin_ns + cursor->stall->segments[cursor->i].ns;
		uint64_t stop_ns = end_ns < to_ns ? end_ns : to_ns;

		if (stop_ns > cursor->at_ns) {
			put_piece(perfetto, cursor, stop_ns);
			cursor->at_ns = stop_ns;
		}
		if (end_ns > to_ns)
			return;
		cursor->begin_ns = end_ns;
		cursor->i++;
	}
}

static void put_wait(struct perfetto *perfetto, struct progress_in_call *cursor,
		     const struct wait *wait)
{
	uint64_t call_end_ns = cursor->stall->begin_ns + cursor->stall->latency_ns;
	uint64_t end_ns = wait->begin_ns + wait->ns, begin_ns = wait->begin_ns;
	struct event event = {.category = "wait",
			      .name = api_name(wait->api ? wait->api : KS_API_SYNC)};

	if (end_ns > call_end_ns)
		end_ns = call_end_ns;
	put_pieces(perfetto, cursor, begin_ns < end_ns ? begin_ns : end_ns);
	if (begin_ns < cursor->at_ns)
		begin_ns = cursor->at_ns;
	if (end_ns < begin_ns)
		end_ns = begin_ns;
	event_begin(perfetto, cursor->track, SLICE_BEGIN, &event);
	note_int(perfetto, "ns", (int64_t)wait->ns);
	note_text(perfetto, "site", wait->site);
	if (wait->dom)
		note_text(perfetto, "domain", domain_kind_name(domain_get_kind(wait->dom)));
	if (wait->dom && wait->gp_needed)
		note_int(perfetto, "gp_needed", domain_gp_number(wait->dom, wait->gp_needed));
	put_packet(perfetto, PACKET_EVENT, begin_ns);
	put_pieces(perfetto, cursor, end_ns);
	slice_end(perfetto, cursor->track, end_ns);
}

static void note_call(struct perfetto *perfetto, const struct stall *stall)
{
	struct str account;
	char args[128];

	ioctl_format_args(stall->rec, args, sizeof(args));
	note_int(perfetto, "tid", stall->rec->head.tid);
	note_text(perfetto, "comm", stall->rec->comm);
	if (args[0])
		note_text(perfetto, "arguments", args);
	note_int(perfetto, "latency_ns", (int64_t)stall->latency_ns);
	note_int(perfetto, "stall_ns", (int64_t)stall->stall_ns);
	note_text(perfetto, "cause", cause_name(stall->cause));
	note_int(perfetto, "without_ns", (int64_t)stall->without_ns);
	note_text(perfetto, "phase", phase_name(stall->phase));
	note_bool(perfetto, "complete", stall->is_complete);
	if (stall->is_stuck)
		note_bool(perfetto, "stuck", true);
	str_init(&account);
	text_stall(&account, stall, &perfetto->cfg);
	if (str_failed(&account))
		perfetto->failed = -ENOMEM;
	note_text(perfetto, "account", account.text);
	str_fini(&account);
}

static void put_call(struct perfetto *perfetto, const struct stall *stall)
{
	uint64_t end_ns = stall->begin_ns + stall->latency_ns;
	struct track *track = thread_of(perfetto, group_of(perfetto, stall->vm),
					stall->rec->head.tid, stall->rec->comm);
	const struct event event = {.category = "call", .name = call_name(stall->call)};
	struct progress_in_call cursor = {
		.stall = stall, .begin_ns = stall->begin_ns, .at_ns = stall->begin_ns};

	if (!track)
		return;
	/* One that is not over is put once more if it ends. */
	cursor.track = lane_for(perfetto, track, stall->begin_ns,
				stall->is_stuck ? stall->begin_ns : end_ns);
	event_begin(perfetto, cursor.track, SLICE_BEGIN, &event);
	note_call(perfetto, stall);
	put_packet(perfetto, PACKET_EVENT, stall->begin_ns);
	for (size_t i = 0; i < stall->waits_cnt; i++)
		put_wait(perfetto, &cursor, &stall->waits[i]);
	put_pieces(perfetto, &cursor, end_ns);
	slice_end(perfetto, cursor.track, end_ns);
}

static void add_change(struct perfetto *perfetto, uint64_t ts_ns, int in_flight, uint64_t lost_ns)
{
	if (!ARRAY_ROOM(perfetto->changes, perfetto->changes_cap, perfetto->changes_cnt, 64)) {
		perfetto->failed = -ENOMEM;
		return;
	}
	perfetto->changes[perfetto->changes_cnt++] =
		(struct counter_change){.ts_ns = ts_ns, .in_flight = in_flight, .lost_ns = lost_ns};
}

/* What a stall shows of domains that are nobody's own. */
static void learn_domains(struct perfetto *perfetto, const struct stall *stall)
{
	for (size_t i = 0; i < stall->waits_cnt; i++) {
		const struct domain *dom = stall->waits[i].dom;
		struct shared_domain *shared =
			dom ? map_get(&perfetto->shared, domain_ssp(dom)) : NULL;

		if (shared)
			shared->is_mmu_notifier |= domain_get_kind(dom) == DOMAIN_SHARED;
	}
}

static void forget_asleep(struct perfetto *perfetto, uint32_t tid)
{
	struct waiting *waiting = map_del(&perfetto->asleep, tid);

	if (waiting)
		waiting_free(waiting);
}

void perfetto_call(struct perfetto *perfetto, const struct stall *stall)
{
	forget_asleep(perfetto, stall->rec->head.tid);
	learn_domains(perfetto, stall);
	put_call(perfetto, stall);
	add_change(perfetto, stall->begin_ns, 1, 0);
	add_change(perfetto, stall->begin_ns + stall->latency_ns, -1, stall->stall_ns);
}

void perfetto_asleep(struct perfetto *perfetto, const struct stall *stall)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	forget_asleep(perfetto, stall->rec->head.tid);
	if (!waiting || map_put(&perfetto->asleep, stall->rec->head.tid, waiting)) {
		free(waiting);
		perfetto->failed = -ENOMEM;
		return;
	}
	str_init(&waiting->events);
	waiting->begin_ns = stall->begin_ns;
	learn_domains(perfetto, stall);
	perfetto->events = &waiting->events;
	put_call(perfetto, stall);
	perfetto->events = perfetto->out;
}

/* ---- the end ---- */

static void put_asleep(struct perfetto *perfetto)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&perfetto->asleep, &pos))) {
		const struct waiting *waiting = slot->value;

		str_addn(perfetto->out, waiting->events.text, waiting->events.len);
		add_change(perfetto, waiting->begin_ns, 1, 0);
	}
}

static void put_shared(struct perfetto *perfetto)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&perfetto->shared, &pos))) {
		const struct shared_domain *shared = slot->value;

		if (!shared->uuid)
			continue;
		describe(perfetto, shared->uuid, 0,
			 shared->is_mmu_notifier ? "host-wide domain of mmu_notifier"
						 : "SRCU domain of no VM");
		put_packet(perfetto, PACKET_TRACK, 0);
	}
}

static uint64_t counter_track(struct perfetto *perfetto, const char *name, enum counter_unit unit)
{
	uint64_t uuid = ++perfetto->last_uuid;

	describe(perfetto, uuid, 0, name);
	str_reset(&perfetto->part);
	protobuf_uint(&perfetto->part, COUNTER_UNIT, unit);
	protobuf_bytes(&perfetto->body, TRACK_COUNTER, perfetto->part.text, perfetto->part.len);
	put_packet(perfetto, PACKET_TRACK, 0);
	return uuid;
}

static void put_counter(struct perfetto *perfetto, uint64_t track, uint64_t ts_ns, int64_t value)
{
	protobuf_uint(&perfetto->body, EVENT_TYPE, COUNTER);
	protobuf_uint(&perfetto->body, EVENT_TRACK, track);
	protobuf_uint(&perfetto->body, EVENT_COUNTER, value);
	put_packet(perfetto, PACKET_EVENT, ts_ns);
}

static int compare_changes(const void *a, const void *b)
{
	const struct counter_change *x = a, *y = b;

	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	return x->in_flight - y->in_flight; /* who ends makes room for who begins */
}

static void put_counters(struct perfetto *perfetto)
{
	uint64_t in_flight, lost, lost_ns = 0;
	int cnt = 0;

	if (!perfetto->changes_cnt)
		return;
	in_flight = counter_track(perfetto, "calls in flight", UNIT_COUNT);
	lost = counter_track(perfetto, "time lost", UNIT_TIME_NS);
	qsort(perfetto->changes, perfetto->changes_cnt, sizeof(*perfetto->changes),
	      compare_changes);
	for (size_t i = 0; i < perfetto->changes_cnt; i++) {
		const struct counter_change *change = &perfetto->changes[i];

		cnt += change->in_flight;
		lost_ns += change->lost_ns;
		put_counter(perfetto, in_flight, change->ts_ns, cnt);
		if (change->in_flight < 0)
			put_counter(perfetto, lost, change->ts_ns, (int64_t)lost_ns);
	}
	perfetto->changes_cnt = 0;
}

int perfetto_end(struct perfetto *perfetto)
{
	gp_timeline_end(perfetto->gps);
	put_asleep(perfetto);
	put_shared(perfetto);
	put_counters(perfetto);
	forget_file(perfetto);
	return perfetto->failed;
}

void perfetto_next_file(struct perfetto *perfetto, const struct text_cfg *cfg,
			const struct filter *filter)
{
	perfetto_end(perfetto);
	perfetto->file++;
	perfetto->cfg = *cfg;
	perfetto->cfg.show_account = true;
	perfetto->cfg.use_colour = false;
	perfetto->times =
		(struct filter){.since_ns = filter->since_ns, .until_ns = filter->until_ns};
}
