// SPDX-License-Identifier: GPL-2.0-only
#include "live/session.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/format.h"
#include "base/log.h"
#include "kern/probes.h"
#include "kern/proc.h"
#include "ledger/filter.h"
#include "ledger/reorder.h"
#include "live/choice.h"
#include "live/selftest.h"
#include "live/suspects.h"
#include "live/vm_check.h"
#include "output/summary.h"

/* Between two sweeps, which walk the whole table of VMs. */
#define SWEEP_MIN_NS 100000000ULL

/* The same where nobody asks, but VMs may end unseen. */
#define SWEEP_LEFT_NS 1000000000ULL

/* The same where nothing says so: the kernel does not run every program that is due, nor say when
 * it does not. A VM costs less than a microsecond. */
#define SWEEP_ANYWAY_NS 10000000000ULL

/* After a wake-up, how long to let more records come: we must not run beside every stall. */
#define BATCH_MS 20

/* So long after the last record, the next call's end wakes us: it is over for the programs, even
 * for one that was interrupted between the time that it took and its record. */
#define AWAKE_NS (3ULL * KS_WAKE_PAUSE_NS)

/* More than libbpf asks for at once: twice the kernel's types, three times in a row. */
#define START_HEAP_BYTES (32 << 20)

struct session {
	struct session_cfg cfg;
	struct choice choice;
	struct probes *probes;
	struct reorder *order;
	struct ledger *ledger;
	struct stall_sink sink; /* from the ledger to cfg.ops */
	struct held_queue held;
	struct selftest test;
	bool is_pending;  /* records wait in the reorder window, or may come without a wake-up */
	uint64_t read_ns; /* when there were records last */
	uint64_t swept;	  /* probes_sweeps_wanted() at the last sweep */
	uint64_t sweep_ns;
	bool is_unchecked; /* VMs are to be checked, once the records before the sweep are in order
			    */
};

/*
 * While it starts the heap keeps what is freed, since it is asked for again at once: to have each
 * page from the kernel every time was half of all page faults. Then nothing of it stays.
 */
static void heap_keep(void)
{
	mallopt(M_MMAP_THRESHOLD, START_HEAP_BYTES);
	mallopt(M_TRIM_THRESHOLD, START_HEAP_BYTES);
	mallopt(M_ARENA_MAX, 1); /* what one thread frees is for the other, too */
}

static void heap_return(void)
{
	mallopt(M_MMAP_THRESHOLD, 128 << 10); /* as they are without us, mallopt(3) */
	mallopt(M_TRIM_THRESHOLD, 128 << 10);
	malloc_trim(0);
}

static int on_record(void *ctx, const void *record, size_t size)
{
	struct session *session = ctx;

	session->is_pending = true;
	held_record(&session->held, record, size);
	return reorder_push(session->order, record, size);
}

static int on_ordered(void *ctx, const void *record, size_t size)
{
	struct session *session = ctx;

	/* What is malformed is counted by the ledger; only memory can end us. */
	if (ledger_record(session->ledger, record, size) == -ENOMEM)
		return -ENOMEM;
	/* After the ledger: what is reported of a new VM comes before its record. */
	return session->cfg.tap ? session->cfg.tap(session->cfg.ctx, record, size) : 0;
}

static void name_vm(void *ctx, struct vm *vm)
{
	(void)ctx;
	proc_vm_name(vm->tgid, vm->name, sizeof(vm->name));
	/* The record has what the thread that made it called itself. */
	proc_comm(vm->tgid, vm->comm, sizeof(vm->comm));
}

static int make_probes(struct session *session, struct err *err)
{
	const struct probes_cfg cfg = {
		.want_all_calls = session->cfg.want_all_calls,
		.want_fork = session->cfg.want_fork,
		.want_cost = session->cfg.want_cost,
		.min_ns = session->cfg.min_ns,
		.ring_bytes = session->cfg.ring_bytes,
		.struct_ids = session->choice.struct_ids,
		.rcu_data_from_rq = session->choice.rcu_data_from_rq,
		.this_cpu_off_from_rq = session->choice.this_cpu_off_from_rq,
		.per_cpu_offsets = session->choice.per_cpu_offsets,
		.runqueues = session->choice.runqueues,
		.types = session->choice.core.path,
		.opened = take_ptr(session->choice.opened),
	};

	session->probes = probes_new(&session->choice.plan, session->choice.syms, &cfg, on_record,
				     session, err);
	return session->probes ? 0 : -EINVAL;
}

static int make_pipeline(struct session *session, struct err *err)
{
	if (make_probes(session, err))
		return -EINVAL;
	choice_measure(&session->choice); /* while the programs were loaded, jiffies were counted */
	session->order = reorder_new(SESSION_SETTLE_NS, on_ordered, session);
	session->ledger = ledger_new(session->choice.syms, session->choice.host.hz, &stall_sink_ops,
				     &session->sink);
	if (!session->order || !session->ledger)
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

struct session *session_new(const struct session_cfg *cfg, struct err *err)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	session->cfg = *cfg;
	session->sink = (struct stall_sink){
		.ops = cfg->ops, .ctx = cfg->ctx, .own_tgid = getpid(), .name_vm = name_vm};
	selftest_init(&session->test);
	heap_keep();
	if (choice_make(&session->choice, cfg->backend, cfg->ring_bytes, err) ||
	    make_pipeline(session, err)) {
		session_free(session);
		return NULL;
	}
	return session;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	probes_free(session->probes);
	reorder_free(session->order);
	ledger_free(session->ledger);
	choice_fini(&session->choice);
	selftest_fini(&session->test);
	free(session);
}

static int attach(struct session *session, struct err *err)
{
	int ret = probes_attach(session->probes, err);

	if (ret)
		return ret;
	selftest_run(&session->test, session->probes);
	if (!session->test.unseen)
		return 0;
	return err_cannot(err, "backend '%s' attaches, but does not see KVM's calls",
			  session_backend(session));
}

static int start_again(struct session *session, struct err *err)
{
	enum backend before = session->choice.plan.backend;
	struct err why = *err;
	int ret;

	probes_free(session->probes);
	session->probes = NULL;
	ret = choice_plan(&session->choice, err);
	if (!ret)
		ret = make_probes(session, err);
	if (!ret && session->choice.plan.backend != before)
		log_warn("%s; using '%s'", why.msg, session_backend(session));
	return ret;
}

int session_start(struct session *session, struct err *err)
{
	int ret;

	while ((ret = attach(session, err))) {
		if (!choice_change(&session->choice, session->test.unseen))
			return ret;
		ret = start_again(session, err);
		if (ret)
			return ret;
	}
	heap_return();
	return probes_find(session->probes, err);
}

int session_follow(struct session *session, uint32_t tgid, struct err *err)
{
	return probes_follow(session->probes, tgid, err);
}

unsigned int session_followed_cnt(const struct session *session)
{
	return probes_followed_cnt(session->probes);
}

void session_tidy(struct session *session)
{
	ledger_tidy(session->ledger, clock_now_ns());
}

void session_scan(struct session *session)
{
	probes_scan(session->probes, 0, 0);
	session->is_pending = true;
}

static bool is_sweep_due(const struct session *session, uint64_t now_ns)
{
	uint64_t since_ns = now_ns - session->sweep_ns;

	return since_ns >= SWEEP_ANYWAY_NS ||
	       (since_ns >= SWEEP_LEFT_NS && probes_has_left(session->probes));
}

/* Returns as probes_read(). */
static int sweep(struct session *session, uint64_t now_ns)
{
	uint64_t wanted = probes_sweeps_wanted(session->probes);
	int ret;

	if (wanted == session->swept && !is_sweep_due(session, now_ns))
		return 0;
	session->is_pending = true; /* not asleep for long before it is done */
	if (now_ns < session->sweep_ns + SWEEP_MIN_NS)
		return 0;
	session->swept = wanted;
	session->sweep_ns = now_ns;
	session->is_unchecked = true;
	ret = probes_sweep(session->probes);
	if (ret)
		log_warn("cannot find out which VMs have ended: %s", strerror(-ret));
	return probes_read(session->probes);
}

/* Returns 0 or a negative errno. */
static int check_vms(struct session *session)
{
	int ret = vm_check(session->ledger, session->probes, session->order);

	session->is_unchecked = false;
	if (!ret || ret == -ENOMEM)
		return ret;
	log_warn("cannot find out which VMs live: %s", strerror(-ret));
	return 0;
}

/* Records as of now, in order. */
static int flush(struct session *session, uint64_t now_ns)
{
	int ret = reorder_flush(session->order, now_ns);

	if (ret || !session->is_unchecked)
		return ret;
	session->is_pending = true;
	return now_ns > session->sweep_ns + 2 * SESSION_SETTLE_NS ? check_vms(session) : 0;
}

/* All that is older than the time before it was read has been read: not what is older than the time
 * after that, which a scan for readers, or who has the CPU, may make late. */
int session_take(struct session *session)
{
	uint64_t now_ns = clock_now_ns(), kvm, ssp;
	int ret = probes_read(session->probes);

	if (ret < 0)
		return ret;
	if (ret)
		session->read_ns = now_ns;
	else if (now_ns > session->read_ns + AWAKE_NS)
		session->is_pending = false;
	ret = sweep(session, now_ns);
	if (ret < 0)
		return ret;
	kvm = ledger_take_sought(session->ledger, &ssp);
	if (kvm)
		held_seek(&session->held, ssp, kvm);
	ret = find_suspects(&session->held, session->ledger, session->probes, session->order);
	return ret ? ret : flush(session, now_ns);
}

int session_settle(struct session *session)
{
	clock_sleep_ns(SESSION_SETTLE_NS);
	return session_take(session);
}

/* How long to sleep: no longer than it may take for something to be due without a record. */
static int sleep_ms(const struct session *session, int timeout_ms)
{
	uint64_t now = clock_now_ns(), held = held_when_ns(&session->held);
	uint64_t sweep = session->sweep_ns + SWEEP_ANYWAY_NS, when = held < sweep ? held : sweep;
	uint64_t until_ms = when <= now ? 0 : (when - now) / 1000000 + 1;

	if (session->is_pending && (timeout_ms < 0 || timeout_ms > BATCH_MS))
		timeout_ms = BATCH_MS;
	if (timeout_ms < 0 || until_ms < (uint64_t)timeout_ms)
		timeout_ms = (int)until_ms;
	return timeout_ms;
}

int session_wait(struct session *session, int wake_fd, int timeout_ms)
{
	struct pollfd fds[] = {
		{.fd = wake_fd, .events = POLLIN},
		{.fd = probes_fd(session->probes), .events = POLLIN},
	};
	int ret = poll(fds, 2, sleep_ms(session, timeout_ms));

	if (ret < 0 && errno != EINTR)
		return -errno;
	ret = session_take(session);
	if (ret)
		return ret;
	if (fds[1].revents && !fds[0].revents)
		poll(fds, 1, timeout_ms < 0 || timeout_ms > BATCH_MS ? BATCH_MS : timeout_ms);
	return fds[0].revents ? 1 : 0;
}

int session_stop(struct session *session)
{
	int ret, rest;

	probes_detach(session->probes);
	if (session->held.dropped)
		log_warn("%" PRIu64 " domain%s held by readers found no room to wait for a scan: "
			 "these readers are not named",
			 session->held.dropped, format_s(session->held.dropped));
	session->sweep_ns = 0;
	ret = sweep(session, clock_now_ns());
	if (ret >= 0)
		ret = probes_read(session->probes);
	rest = reorder_flush(session->order, UINT64_MAX);
	if (!rest && session->is_unchecked)
		rest = check_vms(session);
	if (!rest)
		rest = reorder_flush(session->order, UINT64_MAX);
	ledger_finish(session->ledger);
	return ret < 0 ? ret : rest;
}

const char *session_backend(const struct session *session)
{
	return backend_names[session->choice.plan.backend];
}

const struct advice_host *session_host(const struct session *session)
{
	return &session->choice.host;
}

const struct symbols *session_symbols(const struct session *session)
{
	return session->choice.syms;
}

void session_summary(const struct session *session, struct summary *summary)
{
	const struct ledger_stats *stats = ledger_get_stats(session->ledger);
	struct probes_cost cost;

	probes_count(session->probes, summary->losses, &cost);
	for (int i = 0; i < KS_LOSS_CNT; i++)
		summary->losses[i] += stats->losses[i];
	summary->losses[KS_LOSS_REORDER] += reorder_late(session->order);
	summary->records = stats->records;
	summary->history_bytes = ledger_history_bytes(session->ledger);
	summary->in_flight = cost.in_flight;
	summary->sees_callbacks = attach_plan_carries(&session->choice.plan, CAPABILITY_CALLBACK);
	memcpy(summary->begun, cost.calls, sizeof(summary->begun));
	summary->probe_runs = cost.runs;
	summary->probe_ns = cost.ns;
	summary->cpu_ns = clock_cpu_ns();
}
