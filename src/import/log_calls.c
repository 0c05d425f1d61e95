// SPDX-License-Identifier: GPL-2.0-only
#include "import/log_calls.h"

#include <string.h>

/* A jiffy where they are shortest, HZ=1000: logs do not say which HZ they are from. */
#define JIFFY_NS 1000000ULL

/* SRCU's timer takes one to three jiffies; this is four of the longest, HZ=100. */
#define TIMER_MAX_NS 40000000ULL

/* What is less is since boot, not since 1970: 2001. And September 2025. */
#define DATE_MIN_NS	1000000000000000000ULL
#define DEFERS_SINCE_NS 1756684800000000000ULL

/* ---- VMs ---- */

/* A log is refused where durations are missing: nothing is printed before there is one. */
void log_begin(struct log *log)
{
	if (log->has_begun)
		return;
	log->has_begun = true;
	if (log->ops.head)
		log->failed = log->ops.head(log->ctx, log->head);
	for (size_t i = 0; log->ops.ledger.vm_new && i < log->vms_cnt; i++)
		log->ops.ledger.vm_new(log->ctx, &log->vms[i].vm);
}

static void drop_vm(struct log *log, size_t idx, uint64_t ts_ns)
{
	log->vms[idx].vm.gone_ns = ts_ns;
	log->vms[idx].vm.is_gone = true;
	if (log->has_begun && log->ops.ledger.vm_gone)
		log->ops.ledger.vm_gone(log->ctx, &log->vms[idx].vm);
	log->vms_cnt--;
	memmove(&log->vms[idx], &log->vms[idx + 1], (log->vms_cnt - idx) * sizeof(log->vms[0]));
}

struct log_vm *log_vm_of(struct log *log, uint32_t tgid, uint32_t fd, bool is_known)
{
	struct log_vm *found = NULL;

	for (size_t i = log->vms_cnt; i; i--) {
		struct log_vm *vm = &log->vms[i - 1];

		if (vm->fd != fd)
			continue;
		if (vm->vm.tgid == tgid)
			return vm;
		if (!found && !is_known)
			found = vm;
	}
	return found;
}

struct log_vm *log_vm_by_id(struct log *log, uint32_t id)
{
	for (size_t i = 0; i < log->vms_cnt; i++)
		if (log->vms[i].vm.id == id)
			return &log->vms[i];
	return NULL;
}

struct log_vm *log_vm_of_process(struct log *log, uint32_t tgid)
{
	for (size_t i = log->vms_cnt; i; i--)
		if (log->vms[i - 1].vm.tgid == tgid)
			return &log->vms[i - 1];
	return NULL;
}

struct log_vm *log_vm_between(struct log *log, uint32_t tgid, uint32_t first_fd, uint32_t last_fd)
{
	for (size_t i = 0; i < log->vms_cnt; i++)
		if (log->vms[i].vm.tgid == tgid && log->vms[i].fd >= first_fd &&
		    log->vms[i].fd <= last_fd)
			return &log->vms[i];
	return NULL;
}

void log_vm_end(struct log *log, struct log_vm *vm, uint64_t ts_ns)
{
	drop_vm(log, vm - log->vms, ts_ns);
}

struct log_vm *log_vm_newest(struct log *log)
{
	return log->vms_cnt ? &log->vms[log->vms_cnt - 1] : NULL;
}

struct log_vm *log_vm_new(struct log *log, uint32_t tgid, uint32_t fd, uint64_t ts_ns)
{
	struct log_vm *vm = log_vm_of(log, tgid, fd, true);

	if (vm)
		drop_vm(log, vm - log->vms, ts_ns);
	if (log->vms_cnt == LOG_VMS_MAX)
		drop_vm(log, 0, ts_ns);
	vm = &log->vms[log->vms_cnt++];
	*vm = (struct log_vm){.fd = fd};
	vm->vm.id = ++log->vm_id;
	vm->vm.tgid = tgid;
	vm->vm.is_further = owners_add(&log->owners, tgid);
	vm->vm.flags = KS_VM_FOLLOWED; /* whoever made the log chose whom to follow */
	vm->vm.born_ns = ts_ns;
	vm->vm.comm[0] = '?';
	if (log->has_begun && log->ops.ledger.vm_new)
		log->ops.ledger.vm_new(log->ctx, &vm->vm);
	return vm;
}

/* ---- causes ---- */

/* One VMM's threads may be taken for another's: then only what one thread did is evidence. */
static bool is_within(const struct log_call *call, uint64_t begin_ns, uint64_t max_ns)
{
	const struct log_vm *vm = call->vm;

	if ((call->is_guess || vm->is_devices_guess) && vm->devices_tid != call->rec.head.tid)
		return false;
	if (vm->devices_over_ns && begin_ns >= vm->devices_over_ns)
		return false;
	return vm->devices_ns && begin_ns >= vm->devices_ns && begin_ns - vm->devices_ns < max_ns;
}

/* A grace period that call_srcu() starts takes a jiffy or more, whoever waits for it: what has been
 * registered sooner than that started none. */
void log_registered(const struct log_call *call, enum call_id id)
{
	struct log_vm *vm = call->vm;

	if (is_within(call, call->rec.head.ts_ns, JIFFY_NS))
		return;
	vm->devices_ns = call->rec.begin_ns;
	vm->devices_over_ns = 0;
	vm->devices_call = id;
	vm->devices_tid = call->rec.head.tid;
	vm->is_devices_guess = call->is_guess;
}

/*
 * Where times are dates (strace -ttt), an older kernel is known: devices are registered with
 * call_srcu() since v6.18 (7d9a0273c459 "KVM: Avoid synchronize_srcu() in
 * kvm_io_bus_register_dev()"), written in September 2025. Before that nothing was left outstanding.
 */
static bool is_of_old_kernel(uint64_t ts_ns)
{
	return ts_ns >= DATE_MIN_NS && ts_ns < DEFERS_SINCE_NS;
}

/*
 * A wait of a jiffy and more is one for a timer if the log shows that a device was registered on
 * the same VM shortly before, and if a timer can take so long. Nothing else is inferred.
 */
static enum ks_cause infer(const struct log *log, const struct log_call *call, uint64_t begin_ns,
			   uint64_t ns)
{
	bool waits = call->is_wait || call->wait.ns || call_waits(call->id);

	if (log->is_blind || !call->vm || !waits || ns < JIFFY_NS || ns > TIMER_MAX_NS)
		return KS_CAUSE_UNEXPLAINED;
	if (is_of_old_kernel(begin_ns))
		return KS_CAUSE_UNEXPLAINED;
	return is_within(call, begin_ns, TIMER_MAX_NS) ? KS_CAUSE_GP_TIMER : KS_CAUSE_UNEXPLAINED;
}

static void set_culprit(struct stall *stall, const struct log_call *call)
{
	struct culprit *culprit = &stall->culprit;

	culprit->callbacks = -1;
	if (stall->cause != KS_CAUSE_GP_TIMER)
		return;
	culprit->kind = CULPRIT_INITIATOR;
	culprit->is_known = true;
	culprit->func = site_that(SITE_REGISTERS)->func;
	culprit->call = call->vm->devices_call;
	culprit->tid = call->vm->vm.tgid;
	culprit->vm = &call->vm->vm;
	culprit->age_ns =
		(call->wait.ns ? call->wait.begin_ns : stall->begin_ns) - call->vm->devices_ns;
	culprit->cause = KS_CAUSE_RUN;
	memcpy(culprit->comm, call->vm->vm.comm, sizeof(culprit->comm));
}

static void add_segment(struct stall *stall, struct segment *segments, enum ks_cause cause,
			uint64_t ns)
{
	if (!ns)
		return;
	if (cause == stall->cause)
		stall->culprit.seg = &segments[stall->segments_cnt];
	segments[stall->segments_cnt++] = (struct segment){.cause = cause, .ns = ns};
	stall->by_cause[cause] += ns;
}

/* Where the wait was seen, what is around it ran, if it is less than a sleep for a timer takes:
 * more of it may have been another wait, that nobody looked for. Elsewhere nothing of it is known.
 */
static void set_segments(struct stall *stall, struct segment *segments, const struct log *log,
			 const struct log_call *call)
{
	const struct wait *wait = &call->wait;
	enum ks_cause cause;
	uint64_t before = wait->begin_ns - stall->begin_ns;
	uint64_t after = stall->latency_ns - before - wait->ns;
	enum ks_cause around = before + after < JIFFY_NS ? KS_CAUSE_RUN : KS_CAUSE_UNEXPLAINED;

	stall->segments = segments;
	if (!wait->ns || !stall->is_complete) {
		stall->cause = stall->is_complete
				       ? infer(log, call, stall->begin_ns, stall->latency_ns)
				       : KS_CAUSE_UNEXPLAINED;
		add_segment(stall, segments, stall->cause, stall->latency_ns);
		return;
	}
	cause = infer(log, call, wait->begin_ns, wait->ns);
	stall->cause = around == KS_CAUSE_UNEXPLAINED && before + after > wait->ns ? around : cause;
	add_segment(stall, segments, around, before);
	add_segment(stall, segments, cause, wait->ns);
	add_segment(stall, segments, around, after);
}

static enum phase phase_of(const struct log_vm *vm)
{
	if (!vm)
		return PHASE_SETUP;
	if (vm->has_run)
		return PHASE_RUNNING;
	return vm->vcpus ? PHASE_VCPUS : PHASE_SETUP;
}

static void note_time(struct log *log, const struct stall *stall)
{
	if (!(log->calls + log->stuck) || stall->begin_ns < log->first_ns)
		log->first_ns = stall->begin_ns;
	if (stall->rec->head.ts_ns > log->last_ns)
		log->last_ns = stall->rec->head.ts_ns;
}

/* In a log whose lines are out of order, a wait may begin before its call or end after it. */
static bool is_in_order(const struct log_call *call)
{
	const struct wait *wait = &call->wait;

	return !wait->ns || (wait->begin_ns >= call->rec.begin_ns &&
			     wait->ns <= call->rec.head.ts_ns - wait->begin_ns &&
			     wait->begin_ns <= call->rec.head.ts_ns);
}

/* Who waited for a grace period waited for those before it, too: what comes later waits for others.
 */
static void note_wait(const struct stall *stall, const struct log_call *call)
{
	if (stall->by_cause[KS_CAUSE_GP_TIMER])
		call->vm->devices_over_ns = stall->rec->head.ts_ns;
}

/* What a log says of a call, whether it has ended or not. */
static struct stall stall_of(const struct log_call *call)
{
	return (struct stall){
		.rec = &call->rec,
		.vm = call->vm ? &call->vm->vm : NULL,
		.call = call->id,
		.begin_ns = call->rec.begin_ns,
		.latency_ns = call->rec.head.ts_ns - call->rec.begin_ns,
		.phase = phase_of(call->vm),
		.is_inferred = true,
		.is_undated = call->is_undated,
	};
}

void log_call(struct log *log, const struct log_call *call)
{
	struct segment segments[3];
	struct stall stall = stall_of(call);

	log_begin(log);
	stall.is_complete = is_in_order(call);
	set_segments(&stall, segments, log, call);
	stall.stall_ns = stall.latency_ns - stall.by_cause[KS_CAUSE_RUN];
	stall.without_ns = stall.latency_ns;
	if (call->wait.ns && stall.is_complete) {
		stall.waits = &call->wait;
		stall.waits_cnt = 1;
	}
	set_culprit(&stall, call);
	note_time(log, &stall);
	note_wait(&stall, call);
	log->calls++;
	if (log->ops.ledger.stall)
		log->ops.ledger.stall(log->ctx, &stall);
}

void log_stuck(struct log *log, const struct log_call *call)
{
	enum ks_cause cause = call->cause == KS_CAUSE_RUN && !call->is_running
				      ? KS_CAUSE_UNEXPLAINED
				      : call->cause;
	struct segment segment = {.cause = cause, .func = call->func};
	struct stall stall = stall_of(call);

	log_begin(log);
	stall.cause = cause;
	stall.is_stuck = true;
	stall.is_ageless = !stall.latency_ns;
	stall.is_complete = true;
	stall.culprit = call->culprit;
	stall.note = call->note;
	segment.ns = stall.latency_ns;
	stall.segments = &segment;
	stall.segments_cnt = segment.ns != 0;
	stall.by_cause[cause] = segment.ns;
	stall.stall_ns = stall.latency_ns - stall.by_cause[KS_CAUSE_RUN];
	stall.without_ns = stall.latency_ns;
	stall.culprit.callbacks = -1;
	stall.culprit.seg = &segment;
	stall.waits = &call->wait;
	stall.waits_cnt = call->wait.dom || call->wait.api != KS_API_NONE;
	note_time(log, &stall);
	log->stuck++;
	if (log->ops.ledger.asleep)
		log->ops.ledger.asleep(log->ctx, &stall);
}
