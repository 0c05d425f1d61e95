// SPDX-License-Identifier: GPL-2.0-only
#include "output/perfetto/perfetto.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/map.h"
#include "base/str.h"
#include "ledger/record_view.h"
#include "output/gp_timeline.h"
#include "output/perfetto/packets.h"
#include "output/perfetto/track.h"

#define NO_VM  0
#define HIDDEN UINT64_MAX /* a group of tracks that is not shown */

/* A domain that is no VM's own, whose kind may be known later. */
struct shared_domain {
	struct track track;
	uint64_t uuid; /* of its group; 0: nothing was shown yet */
	bool is_mmu_notifier;
};

/* A change of the counters. */
struct counter_change {
	uint64_t ts_ns;
	uint64_t lost_ns;
	int in_flight;
};

struct perfetto {
	struct packets out;
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
	uint64_t file;
};

static void shared_free(void *shared)
{
	track_fini(&((struct shared_domain *)shared)->track);
	free(shared);
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
	return mix(0, ++perfetto->out.last_uuid) | 1;
}

static void put_group(struct perfetto *perfetto, struct map *map, uint64_t key, uint64_t group)
{
	if (map_put(map, key, (void *)(uintptr_t)group))
		perfetto->out.failed = -ENOMEM;
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
	group = packets_new_track(&perfetto->out, 0,
				  vm ? text_vm(vm, name, sizeof(name)) : "no VM");
	put_group(perfetto, &perfetto->vms, id, group);
	return group;
}

static struct track *thread_of(struct perfetto *perfetto, uint64_t group, uint32_t tid,
			       const char *comm)
{
	char name[64];

	snprintf(name, sizeof(name), "%s %" PRIu32, comm, tid);
	return track_find(&perfetto->out, &perfetto->tracks, mix(group, tid), group, name);
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
	packets_fini(&perfetto->out);
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
			perfetto->out.failed = -ENOMEM;
			return NULL;
		}
	}
	if (!shared->uuid) {
		shared->uuid = ++perfetto->out.last_uuid; /* described once its kind is known */
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
	packets_int(&perfetto->out, "tid", gp->tid);
	packets_text(&perfetto->out, "comm", gp->comm);
	packets_text(&perfetto->out, "call", gp->call ? call_name(gp->call) : NULL);
	packets_text(&perfetto->out, "function", gp->func);
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
	uuid = track_lane_of_instant(&perfetto->out, track, gp->start_ns);
	packets_begin(&perfetto->out, uuid, INSTANT, &event);
	note_starter(perfetto, gp);
	packets_put(&perfetto->out, gp->start_ns);
}

static void put_parts(struct perfetto *perfetto, uint64_t uuid, const struct gp_slice *gp)
{
	for (size_t i = 0; i < gp->parts_cnt; i++)
		packets_put_slice(&perfetto->out, uuid,
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
	uuid = track_lane(&perfetto->out, track, gp->begin_ns, gp->begin_ns + gp->ns);
	if (gp->has_starter) {
		put_starter(perfetto, gp, name);
		event.last_flow = flow_of_gp(perfetto, gp->ssp, gp->gp);
	}
	packets_begin(&perfetto->out, uuid, SLICE_BEGIN, &event);
	packets_text(&perfetto->out, "kind", gp->is_normal ? "normal" : "expedited");
	packets_int(&perfetto->out, "gp", gp->number);
	packets_int(&perfetto->out, "scans", (int64_t)gp->scans);
	if (gp->is_open)
		packets_bool(&perfetto->out, "open", true);
	if (gp->has_starter)
		note_starter(perfetto, gp);
	packets_put(&perfetto->out, gp->begin_ns);
	put_parts(perfetto, uuid, gp);
	packets_end_slice(&perfetto->out, uuid, gp->begin_ns + gp->ns);
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
	track = track_find(&perfetto->out, &perfetto->tracks,
			   mix(mix(cb->ssp, gps->parent), cb->cpu), gps->parent, name);
	if (!track)
		return;
	uuid = track_lane(&perfetto->out, track, cb->begin_ns, cb->begin_ns + cb->ns);
	packets_begin(&perfetto->out, uuid, SLICE_BEGIN, &event);
	if (cb->state == CB_PART_RUN)
		packets_int(&perfetto->out, "callbacks", (int64_t)cb->callbacks);
	packets_put(&perfetto->out, event.begin_ns);
	packets_end_slice(&perfetto->out, uuid, event.begin_ns + event.ns);
}

static const struct gp_timeline_ops gp_ops = {.gp = on_gp, .callbacks = on_callbacks};

struct perfetto *perfetto_new(struct str *out)
{
	struct perfetto *perfetto = calloc(1, sizeof(*perfetto));

	if (!perfetto)
		return NULL;
	packets_init(&perfetto->out, out);
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
	track_find(&perfetto->out, &perfetto->tracks, ssp, group, text);
}

void perfetto_vm_new(struct perfetto *perfetto, const struct vm *vm, bool is_wanted)
{
	char name[128];
	uint64_t group =
		is_wanted ? packets_new_track(&perfetto->out, 0, text_vm(vm, name, sizeof(name)))
			  : HIDDEN;

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
		perfetto->out.failed = -ENOMEM;
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
	uint64_t uuid = track ? track_lane_of_instant(&perfetto->out, track, event->begin_ns) : 0;

	if (!uuid)
		return 0;
	packets_put_instant(&perfetto->out, uuid, event);
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
	uuid = track ? track_lane_of_instant(&perfetto->out, track, ts_ns) : 0;
	if (!uuid)
		return 0;
	packets_put_instant(&perfetto->out, uuid, &event);
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
	packets_begin(&perfetto->out, cursor->track, SLICE_BEGIN, &event);
	if (seg->dom && seg->gp)
		packets_int(&perfetto->out, "gp", domain_gp_number(seg->dom, seg->gp));
	packets_text(&perfetto->out, "function", seg->func);
	packets_put(&perfetto->out, event.begin_ns);
	packets_end_slice(&perfetto->out, cursor->track, to_ns);
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
	packets_begin(&perfetto->out, cursor->track, SLICE_BEGIN, &event);
	packets_int(&perfetto->out, "ns", (int64_t)wait->ns);
	packets_text(&perfetto->out, "site", wait->site);
	if (wait->dom)
		packets_text(&perfetto->out, "domain",
			     domain_kind_name(domain_get_kind(wait->dom)));
	if (wait->dom && wait->gp_needed)
		packets_int(&perfetto->out, "gp_needed",
			    domain_gp_number(wait->dom, wait->gp_needed));
	packets_put(&perfetto->out, begin_ns);
	put_pieces(perfetto, cursor, end_ns);
	packets_end_slice(&perfetto->out, cursor->track, end_ns);
}

static void note_call(struct perfetto *perfetto, const struct stall *stall)
{
	struct str account;
	char args[128];

	ioctl_format_args(stall->rec, args, sizeof(args));
	packets_int(&perfetto->out, "tid", stall->rec->head.tid);
	packets_text(&perfetto->out, "comm", stall->rec->comm);
	if (args[0])
		packets_text(&perfetto->out, "arguments", args);
	packets_int(&perfetto->out, "latency_ns", (int64_t)stall->latency_ns);
	packets_int(&perfetto->out, "stall_ns", (int64_t)stall->stall_ns);
	packets_text(&perfetto->out, "cause", cause_name(stall->cause));
	packets_int(&perfetto->out, "without_ns", (int64_t)stall->without_ns);
	packets_text(&perfetto->out, "phase", phase_name(stall->phase));
	packets_bool(&perfetto->out, "complete", stall->is_complete);
	if (stall->is_stuck)
		packets_bool(&perfetto->out, "stuck", true);
	str_init(&account);
	text_stall(&account, stall, &perfetto->cfg);
	if (str_failed(&account))
		perfetto->out.failed = -ENOMEM;
	packets_text(&perfetto->out, "account", account.text);
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
	cursor.track = track_lane(&perfetto->out, track, stall->begin_ns,
				  stall->is_stuck ? stall->begin_ns : end_ns);
	packets_begin(&perfetto->out, cursor.track, SLICE_BEGIN, &event);
	note_call(perfetto, stall);
	packets_put(&perfetto->out, stall->begin_ns);
	for (size_t i = 0; i < stall->waits_cnt; i++)
		put_wait(perfetto, &cursor, &stall->waits[i]);
	put_pieces(perfetto, &cursor, end_ns);
	packets_end_slice(&perfetto->out, cursor.track, end_ns);
}

static void add_change(struct perfetto *perfetto, uint64_t ts_ns, int in_flight, uint64_t lost_ns)
{
	if (!ARRAY_ROOM(perfetto->changes, perfetto->changes_cap, perfetto->changes_cnt, 64)) {
		perfetto->out.failed = -ENOMEM;
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
		perfetto->out.failed = -ENOMEM;
		return;
	}
	str_init(&waiting->events);
	waiting->begin_ns = stall->begin_ns;
	learn_domains(perfetto, stall);
	perfetto->out.events = &waiting->events;
	put_call(perfetto, stall);
	perfetto->out.events = perfetto->out.out;
}

/* ---- the end ---- */

static void put_asleep(struct perfetto *perfetto)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&perfetto->asleep, &pos))) {
		const struct waiting *waiting = slot->value;

		str_addn(perfetto->out.out, waiting->events.text, waiting->events.len);
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
		packets_describe(&perfetto->out, shared->uuid,
				 shared->is_mmu_notifier ? "host-wide domain of mmu_notifier"
							 : "SRCU domain of no VM");
	}
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
	in_flight = packets_new_counter(&perfetto->out, "calls in flight", UNIT_COUNT);
	lost = packets_new_counter(&perfetto->out, "time lost", UNIT_TIME_NS);
	qsort(perfetto->changes, perfetto->changes_cnt, sizeof(*perfetto->changes),
	      compare_changes);
	for (size_t i = 0; i < perfetto->changes_cnt; i++) {
		const struct counter_change *change = &perfetto->changes[i];

		cnt += change->in_flight;
		lost_ns += change->lost_ns;
		packets_put_count(&perfetto->out, in_flight, change->ts_ns, cnt);
		if (change->in_flight < 0)
			packets_put_count(&perfetto->out, lost, change->ts_ns, (int64_t)lost_ns);
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
	return perfetto->out.failed;
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
