// SPDX-License-Identifier: GPL-2.0-only
#include "output/gp_timeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/vec.h"
#include "ledger/domain.h"
#include "ledger/gp_durations.h"
#include "ledger/record_view.h"
#include "ledger/stack.h"

/* Of one grace period that scans fail of. What follows lengthens the last one. */
#define PARTS_MAX 509

static const char *const part_names[GP_PART_CNT] = {"timer", "queued", "scan", "poll"};
static const char *const cb_names[CB_PART_CNT] = {"callback timer", "callbacks queued",
						  "callbacks"};

VEC_DECL(gp_parts, struct gp_part);

/* Callbacks of one CPU that are not done. */
struct cpu {
	struct cpu *next;
	uint64_t since_ns;
	uint64_t callbacks;
	enum cb_part_state state;
	uint16_t cpu;
	bool is_idle;
	bool has_timer; /* beside what .state says */
};

/* A domain whose grace period is in progress, or was. */
struct progress {
	struct gp_slice slice; /* the one in progress; .gp 0: none */
	struct gp_parts parts;
	enum gp_part_state after_run; /* what the run leaves */
	bool is_running;
	bool is_counted_from_birth; /* see note_birth() of ledger/domain.c */
	uint32_t run_tid;
	struct cpu *cpus;
	char comm[KS_COMM_LEN];
	char func[64]; /* the symbols may be gone when it is told */
};

struct gp_timeline {
	const struct gp_timeline_ops *ops;
	void *ctx;
	struct gp_durations durations;
	struct map domains; /* ssp -> struct progress */
	uint64_t last_ns;
};

const char *gp_part_name(enum gp_part_state state)
{
	return part_names[state];
}

const char *cb_part_name(enum cb_part_state state)
{
	return cb_names[state];
}

/* ---- life ---- */

struct gp_timeline *gp_timeline_new(const struct gp_timeline_ops *ops, void *ctx)
{
	struct gp_timeline *timeline = calloc(1, sizeof(*timeline));

	if (timeline) {
		timeline->ops = ops;
		timeline->ctx = ctx;
	}
	return timeline;
}

static void progress_free(void *value)
{
	struct progress *progress = value;

	if (!progress)
		return;
	while (progress->cpus) {
		struct cpu *cpu = progress->cpus;

		progress->cpus = cpu->next;
		free(cpu);
	}
	gp_parts_fini(&progress->parts);
	free(progress);
}

static void forget_all(struct gp_timeline *timeline)
{
	map_clear(&timeline->domains, progress_free);
	gp_durations_lose(&timeline->durations);
}

/* Records were lost: of what is in progress nothing is known. How GPs are counted still is. */
static void lose(struct gp_timeline *timeline)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&timeline->domains, &pos))) {
		struct progress *progress = slot->value;

		gp_parts_cut(&progress->parts, 0);
		progress->is_running = false;
		progress->slice.has_starter = false;
		for (struct cpu *cpu = progress->cpus; cpu; cpu = cpu->next)
			cpu->is_idle = true;
	}
	gp_durations_lose(&timeline->durations);
}

void gp_timeline_free(struct gp_timeline *timeline)
{
	if (!timeline)
		return;
	forget_all(timeline);
	gp_durations_fini(&timeline->durations);
	free(timeline);
}

/* The domain is another one's now. */
static void forget_domain(struct gp_timeline *timeline, uint64_t ssp)
{
	progress_free(map_del(&timeline->domains, ssp));
	gp_durations_forget(&timeline->durations, ssp);
}

static struct progress *find_progress(struct gp_timeline *timeline, uint64_t ssp, uint64_t seq)
{
	struct progress *progress = map_get(&timeline->domains, ssp);

	if (!progress) {
		progress = calloc(1, sizeof(*progress));
		if (progress && map_put(&timeline->domains, ssp, progress)) {
			free(progress);
			return NULL;
		}
	}
	if (progress && (int64_t)seq < 0)
		progress->is_counted_from_birth = true;
	return progress;
}

static int64_t number_of(const struct progress *progress, uint64_t gp)
{
	uint64_t first = gp_id_done(0) - (progress->is_counted_from_birth ? 100 : 0);

	return gp < first ? -1 : (int64_t)(gp - first);
}

/* ---- parts ---- */

static struct gp_part *last_part(const struct progress *progress)
{
	return gp_parts_last(&progress->parts);
}

static void end_part(struct progress *progress, uint64_t ts_ns)
{
	struct gp_part *last = last_part(progress);

	if (last && ts_ns > last->begin_ns)
		last->ns = ts_ns - last->begin_ns;
}

/* Returns 0 or -ENOMEM. */
static int add_part(struct progress *progress, enum gp_part_state state, uint64_t ts_ns)
{
	struct gp_part *last = last_part(progress);

	end_part(progress, ts_ns);
	progress->slice.scans += state == GP_PART_SCAN;
	if ((last && last->state == state) || gp_parts_cnt(&progress->parts) == PARTS_MAX)
		return 0;
	/* Moments are in order, whatever came late. */
	if (last && ts_ns < last->begin_ns + last->ns)
		ts_ns = last->begin_ns + last->ns;
	last = gp_parts_push(&progress->parts, PARTS_MAX, NULL);
	if (!last)
		return -ENOMEM;
	*last = (struct gp_part){.begin_ns = ts_ns, .state = state};
	return 0;
}

/* ---- a grace period ends ---- */

/* Parts reach to the moment of the end, and not beyond. */
static void cut_parts(struct progress *progress, uint64_t end_ns)
{
	struct gp_part *last;

	while ((last = last_part(progress)) && last->begin_ns >= end_ns)
		gp_parts_cut(&progress->parts, gp_parts_cnt(&progress->parts) - 1);
	if (last)
		last->ns = end_ns - last->begin_ns;
}

static void report_gp(struct gp_timeline *timeline, struct progress *progress,
		      const struct gp_duration *ended)
{
	struct gp_slice *slice = &progress->slice;

	slice->ssp = ended->ssp;
	slice->gp = ended->gp;
	slice->number = number_of(progress, ended->gp);
	slice->begin_ns = ended->begin_ns;
	slice->ns = ended->ns;
	slice->is_normal = ended->is_normal;
	cut_parts(progress, ended->begin_ns + ended->ns);
	slice->parts_cnt = gp_parts_cnt(&progress->parts);
	slice->parts = slice->parts_cnt ? gp_parts_at(&progress->parts, 0) : NULL;
	slice->comm = progress->comm;
	timeline->ops->gp(timeline->ctx, slice);
}

/* The next one began as that one ended: who started that one started it. */
static void next_gp(struct progress *progress)
{
	gp_parts_cut(&progress->parts, 0);
	progress->slice.scans = 0;
	progress->slice.is_open = false;
}

/* ---- records ---- */

static void note_starter(struct progress *progress, const struct record_view *view,
			 const struct symbols *syms)
{
	const struct ks_start *start = view->start;
	struct gp_slice *slice = &progress->slice;
	struct stack stack;
	const char *func;

	stack_resolve(&stack, syms, view->stack, view->frames);
	slice->has_starter = true;
	slice->start_ns = start->head.ts_ns;
	slice->kvm = start->kvm;
	slice->tid = start->head.tid;
	slice->call = start->kind ? call_of(start->kind, start->cmd) : stack_call(&stack);
	func = stack_srcu_caller(&stack);
	snprintf(progress->func, sizeof(progress->func), "%s", func ? func : "");
	slice->func = func ? progress->func : NULL;
	memcpy(progress->comm, start->comm, sizeof(progress->comm) - 1);
}

static int take_start(struct gp_timeline *timeline, const struct record_view *view,
		      const struct symbols *syms)
{
	const struct ks_start *start = view->start;
	struct progress *progress;
	struct gp_duration ended;

	if (view->head->type != KS_START || !start->ssp)
		return 0;
	progress = find_progress(timeline, start->ssp, start->seq);
	if (!progress)
		return -ENOMEM;
	if (gp_durations_start(&timeline->durations, start, &ended))
		report_gp(timeline, progress, &ended);
	next_gp(progress);
	progress->is_running = false; /* a run that goes on is of the one before */
	note_starter(progress, view, syms);
	return add_part(progress, start->expires ? GP_PART_TIMER : GP_PART_QUEUED,
			start->head.ts_ns);
}

/* A run is over: what does the one in progress wait for now? */
static int end_run(struct progress *progress, const struct ks_step *step, bool is_over)
{
	enum gp_part_state next = progress->after_run;

	if (!progress->is_running)
		return 0;
	progress->is_running = false;
	if (gp_seq_is_idle(step->seq)) {
		gp_parts_cut(&progress->parts, 0);
		progress->slice.has_starter = false;
		return 0;
	}
	if (!is_over && next == GP_PART_TIMER)
		next = GP_PART_POLL; /* the scan has failed */
	return add_part(progress, next, step->head.ts_ns);
}

static int move_on(struct progress *progress, const struct ks_step *step, bool is_over)
{
	bool is_running = progress->is_running;

	switch (step->head.type) {
	case KS_GP_ARM:
		progress->after_run = GP_PART_TIMER;
		return is_running ? 0 : add_part(progress, GP_PART_TIMER, step->head.ts_ns);
	case KS_GP_QUEUE:
		progress->after_run = GP_PART_QUEUED;
		return is_running ? 0 : add_part(progress, GP_PART_QUEUED, step->head.ts_ns);
	case KS_GP_BEGIN:
		progress->is_running = true;
		progress->run_tid = step->head.tid;
		progress->after_run = GP_PART_QUEUED;
		return add_part(progress, GP_PART_SCAN, step->head.ts_ns);
	case KS_GP_END:
		return end_run(progress, step, is_over || !gp_parts_cnt(&progress->parts));
	}
	return 0;
}

static int take_step(struct gp_timeline *timeline, const struct ks_step *step)
{
	struct progress *progress;
	struct gp_duration ended;
	bool is_over;

	if (!step->ssp || step->head.type < KS_GP_ARM || step->head.type > KS_GP_END)
		return 0;
	progress = find_progress(timeline, step->ssp, step->seq);
	if (!progress)
		return -ENOMEM;
	is_over = gp_durations_step(&timeline->durations, step, &ended);
	if (is_over) {
		end_part(progress, step->head.ts_ns);
		report_gp(timeline, progress, &ended);
		next_gp(progress);
	}
	return move_on(progress, step, is_over);
}

/* ---- callbacks ---- */

static struct cpu *find_cpu(struct progress *progress, uint16_t nr)
{
	struct cpu *cpu = progress->cpus;

	while (cpu && cpu->cpu != nr)
		cpu = cpu->next;
	if (cpu)
		return cpu;
	cpu = calloc(1, sizeof(*cpu));
	if (!cpu)
		return NULL;
	*cpu = (struct cpu){.next = progress->cpus, .cpu = nr, .is_idle = true};
	progress->cpus = cpu;
	return cpu;
}

static void report_cb(struct gp_timeline *timeline, uint64_t ssp, const struct cpu *cpu,
		      uint64_t ts_ns)
{
	const struct cb_slice slice = {
		.ssp = ssp,
		.begin_ns = cpu->since_ns,
		.ns = ts_ns > cpu->since_ns ? ts_ns - cpu->since_ns : 0,
		.state = cpu->state,
		.cpu = cpu->cpu,
		.callbacks = cpu->state == CB_PART_RUN ? cpu->callbacks : 0,
	};

	if (!cpu->is_idle)
		timeline->ops->callbacks(timeline->ctx, &slice);
}

static void move_cpu(struct gp_timeline *timeline, struct cpu *cpu, const struct ks_cb *cb,
		     enum cb_part_state state)
{
	report_cb(timeline, cb->ssp, cpu, cb->head.ts_ns);
	cpu->is_idle = false;
	cpu->state = state;
	cpu->since_ns = cb->head.ts_ns;
	cpu->callbacks = cb->val;
}

/* A timer that is armed while they are queued or run is for those that come after: see
 * ledger/domain.c. */
static void step_cpu(struct gp_timeline *timeline, const struct progress *progress, struct cpu *cpu,
		     const struct ks_cb *cb)
{
	bool by_end = progress->is_running && cb->head.tid == progress->run_tid;
	bool is_armed = cpu->has_timer || (!cpu->is_idle && cpu->state == CB_PART_TIMER);

	switch (cb->head.type) {
	case KS_CB_ARM:
		if (!cpu->is_idle && cpu->state != CB_PART_TIMER)
			cpu->has_timer = true;
		else if (cpu->is_idle)
			move_cpu(timeline, cpu, cb, CB_PART_TIMER);
		break;
	case KS_CB_QUEUE:
		move_cpu(timeline, cpu, cb, CB_PART_QUEUED);
		cpu->has_timer = by_end && is_armed;
		break;
	case KS_CB_BEGIN:
		move_cpu(timeline, cpu, cb, CB_PART_RUN);
		break;
	case KS_CB_END:
		if (cpu->state != CB_PART_RUN)
			break;
		report_cb(timeline, cb->ssp, cpu, cb->head.ts_ns);
		cpu->is_idle = !cpu->has_timer;
		cpu->state = CB_PART_TIMER;
		cpu->since_ns = cb->head.ts_ns;
		cpu->has_timer = false;
		break;
	}
}

static int take_callbacks(struct gp_timeline *timeline, const struct ks_cb *cb)
{
	struct progress *progress = cb->ssp ? find_progress(timeline, cb->ssp, cb->seq) : NULL;
	struct cpu *cpu = progress ? find_cpu(progress, cb->cpu) : NULL;

	if (!cb->ssp)
		return 0;
	if (!cpu)
		return -ENOMEM;
	step_cpu(timeline, progress, cpu, cb);
	return 0;
}

static int take_domain(struct gp_timeline *timeline, const struct ks_domain *dom)
{
	forget_domain(timeline, dom->ssp);
	if (!dom->ssp || find_progress(timeline, dom->ssp, dom->seq))
		return 0;
	return -ENOMEM;
}

static int take_vm(struct gp_timeline *timeline, const struct ks_vm *vm)
{
	int ret = take_domain(timeline, &vm->srcu);

	return ret ? ret : take_domain(timeline, &vm->irq_srcu);
}

int gp_timeline_record(struct gp_timeline *timeline, const void *record, size_t size,
		       const struct symbols *syms)
{
	struct record_view view;

	if (!record_view(record, size, &view))
		return 0;
	if (view.head->lost)
		lose(timeline);
	if (view.head->ts_ns > timeline->last_ns)
		timeline->last_ns = view.head->ts_ns;
	switch (view.shape) {
	case RECORD_VM:
		return take_vm(timeline, view.vm);
	case RECORD_START:
		return take_start(timeline, &view, syms);
	case RECORD_STEP:
		return take_step(timeline, view.step);
	case RECORD_CB:
		return take_callbacks(timeline, view.cb);
	default:
		return 0;
	}
}

/* ---- the end ---- */

static void end_domain(struct gp_timeline *timeline, uint64_t ssp, struct progress *progress)
{
	const struct gp_duration *running = map_get(&timeline->durations.running, ssp);
	struct gp_duration open;

	for (const struct cpu *cpu = progress->cpus; cpu; cpu = cpu->next)
		report_cb(timeline, ssp, cpu, timeline->last_ns);
	if (!running || running->begin_ns > timeline->last_ns)
		return;
	open = *running;
	open.ns = timeline->last_ns - open.begin_ns;
	progress->slice.is_open = true;
	report_gp(timeline, progress, &open);
}

void gp_timeline_end(struct gp_timeline *timeline)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&timeline->domains, &pos)))
		end_domain(timeline, slot->key, slot->value);
	forget_all(timeline);
	timeline->last_ns = 0;
}
