// SPDX-License-Identifier: GPL-2.0-only
#include "live/session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "output/advice.h"
#include "ledger/reorder.h"
#include "host/diagnosis.h"
#include "host/host.h"
#include "output/summary.h"
#include "ledger/symbols.h"
#include "kern/features.h"
#include "kern/host_settings.h"
#include "kern/ksyms.h"
#include "kern/probes.h"
#include "kern/proc.h"

/* After a wake-up, how long to let more records come: we must not run beside every stall. */
#define BATCH_MS 20
/* Between two looks at who may hold a domain. */
#define SUSPECTS_MIN_NS 50000000

struct session {
	struct session_cfg cfg;
	struct symbols *syms;
	struct kernel_traits facts;
	struct features features;
	struct attach_plan plan;
	struct probes *probes;
	struct reorder *order;
	struct ledger *ledger;
	struct advice_host host;
	uint64_t suspects_ns; /* of the last look at suspects */
	struct ks_step held;  /* the domain to look at; .ssp 0: none */
	bool is_pending;      /* records wait in the order window */
	uint32_t unseen; /* (1 << enum ks_call_kind) of our own calls that the programs did not see
			  */
	int kvm_fd;	 /* holds KVM, a module on most hosts: its addresses stay what they are */
};

static int on_record(void *ctx, const void *record, size_t size)
{
	struct session *session = ctx;

	const struct ks_head *head = record;

	session->is_pending = true;
	if (head->type == KS_HELD)
		session->held = *(const struct ks_step *)record;
	return reorder_push(session->order, record, size);
}

static int on_ordered(void *ctx, const void *record, size_t size)
{
	struct session *session = ctx;

	/* What is malformed is counted by the ledger; only memory can end us. */
	if (ledger_record(session->ledger, record, size) == -ENOMEM)
		return -ENOMEM;
	/* Behind the ledger: what is told of a new VM comes before its record. */
	return session->cfg.tap ? session->cfg.tap(session->cfg.ctx, record, size) : 0;
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	struct session *session = ctx;

	if (vm->tgid == (uint32_t)getpid())
		return;
	proc_vm_name(vm->tgid, vm->name, sizeof(vm->name));
	if (vm->flags & KS_VM_FOUND)
		proc_comm(vm->tgid, vm->comm, sizeof(vm->comm));
	if (session->cfg.ops->vm_new)
		session->cfg.ops->vm_new(session->cfg.ctx, vm);
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	struct session *session = ctx;

	if (session->cfg.ops->vm_gone && vm->tgid != (uint32_t)getpid())
		session->cfg.ops->vm_gone(session->cfg.ctx, vm);
}

static void on_stall(void *ctx, const struct stall *stall)
{
	struct session *session = ctx;

	if (stall->rec->tgid == (uint32_t)getpid())
		return; /* see try_out() */
	session->cfg.ops->stall(session->cfg.ctx, stall);
}

static void on_asleep(void *ctx, const struct stall *stall)
{
	struct session *session = ctx;

	if (session->cfg.ops->asleep)
		session->cfg.ops->asleep(session->cfg.ctx, stall);
}

/* What makes all else pointless, as 'kvmstall check' would say it. */
static int check_host(const struct host *host, struct err *err)
{
	struct findings findings = {.cnt = 0};

	diagnosis_make(host, &findings);
	for (size_t i = 0; i < findings.cnt; i++) {
		const struct finding *finding = &findings.list[i];

		if (finding->severity == SEVERITY_FATAL)
			return err_cannot(err, "%s%s%s%s", finding->text,
					  *finding->remedy ? " (" : "", finding->remedy,
					  *finding->remedy ? ")" : "");
	}
	return 0;
}

static int make_plan(struct session *session, struct err *err)
{
	struct feature_result results[FEATURE_CNT];
	struct host host;
	int ret;

	host_read("", &host);
	features_probe(results, &session->facts);
	features_fill_host(&session->facts, &host);
	ret = check_host(&host, err);
	if (ret)
		return ret;
	session->host.hz = host_hz(&host);
	session->host.rcu_normal = !strcmp(host.params[HOST_RCU_NORMAL], "1");
	features_for_plan(results, &host, &session->features);
	return attach_plan_make(&session->features, session->cfg.backend, &session->plan, err);
}

static int make_probes(struct session *session, struct err *err)
{
	const struct probes_cfg cfg = {
		.want_all_calls = session->cfg.want_all_calls,
		.want_fork = session->cfg.want_fork,
		.want_cost = session->cfg.want_cost,
		.stack_min_ns = UINT64_MAX,
		.ring_bytes = session->cfg.ring_bytes,
	};

	session->probes = probes_new(&session->plan, session->syms, &cfg, on_record, session, err);
	return session->probes ? 0 : -EINVAL;
}

static int make_pipeline(struct session *session, struct err *err)
{
	static const struct ledger_ops ops = {on_stall, on_vm_new, on_vm_gone, on_asleep};

	session->syms = ksyms_load(err);
	if (!session->syms)
		return -ENOMEM;
	if (make_probes(session, err))
		return -EINVAL;
	session->order = reorder_new(SESSION_SETTLE_NS, on_ordered, session);
	session->ledger = ledger_new(session->syms, session->host.hz, &ops, session);
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
	session->kvm_fd = -1;
	if (make_plan(session, err) || make_pipeline(session, err)) {
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
	symbols_free(session->syms);
	if (session->kvm_fd >= 0)
		close(session->kvm_fd);
	free(session);
}

/*
 * A VM of our own, without memory or vCPUs, for two reasons. The host-wide
 * mmu_notifier domain has no name to look up: it is known once a VM's end has
 * waited on it. And programs may be attached without ever being run (struct
 * features), which these calls bring to light.
 */
static void try_out(struct session *session)
{
	static const enum ks_call_kind kinds[] = {KS_KIND_DEV, KS_KIND_VM, KS_KIND_CLOSE};
	struct kvm_create_device test = {.flags = KVM_CREATE_DEVICE_TEST};
	int vm;

	session->unseen = 0;
	if (session->kvm_fd < 0)
		session->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (session->kvm_fd < 0)
		return; /* nothing can be said against it */
	vm = ioctl(session->kvm_fd, KVM_CREATE_VM, 0);
	if (vm < 0)
		return;
	ioctl(vm, KVM_CREATE_DEVICE, &test); /* makes nothing, and may well fail */
	close(vm);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!probes_saw(session->probes, kinds[i]))
			session->unseen |= 1u << kinds[i];
}

static int attach(struct session *session, struct err *err)
{
	int ret = probes_attach(session->probes, err);

	if (ret)
		return ret;
	try_out(session);
	if (!session->unseen)
		return 0;
	return err_cannot(err, "backend '%s' attaches, but does not see KVM's calls",
			  session_backend(session));
}

/* What else there is: a kprobe for the one function, or the next best backend if that is up to us.
 */
static bool change_features(struct session *session)
{
	struct features *features = &session->features;

	if (session->plan.backend == BACKEND_FENTRY && session->unseen == 1u << KS_KIND_VM &&
	    features->has_kprobe && !features->is_vm_ioctl_lost) {
		features->is_vm_ioctl_lost = true;
		log_info("ftrace takes another function for kvm_vm_ioctl(): a kprobe instead");
		return true;
	}
	if (session->cfg.backend != BACKEND_CNT || session->plan.backend == BACKEND_TRACEPOINT)
		return false;
	attach_plan_rule_out(features, session->plan.backend);
	return true;
}

static int start_again(struct session *session, struct err *err)
{
	enum backend before = session->plan.backend;
	struct err why = *err;
	int ret;

	probes_free(session->probes);
	session->probes = NULL;
	ret = attach_plan_make(&session->features, session->cfg.backend, &session->plan, err);
	if (!ret)
		ret = make_probes(session, err);
	if (!ret && session->plan.backend != before)
		log_warn("%s; using '%s'", why.msg, session_backend(session));
	return ret;
}

int session_start(struct session *session, struct err *err)
{
	int ret;

	while ((ret = attach(session, err))) {
		if (!change_features(session))
			return ret;
		ret = start_again(session, err);
		if (ret)
			return ret;
	}
	return probes_find(session->probes, err);
}

int session_follow(struct session *session, uint32_t tgid, struct err *err)
{
	return probes_follow(session->probes, tgid, err);
}

/*
 * A reader holds a domain: have the threads of its VM's process looked at,
 * while they are still there. Rarely: it walks every thread of the host.
 */
static void find_suspects(struct session *session)
{
	struct ks_step held = session->held;
	const struct vm *vm = held.val ? ledger_vm(session->ledger, held.val) : NULL;

	session->held.ssp = 0;
	if (!held.ssp || !vm || clock_now_ns() - session->suspects_ns < SUSPECTS_MIN_NS)
		return;
	session->suspects_ns = clock_now_ns();
	probes_scan(session->probes, vm->tgid, held.ssp);
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

int session_take(struct session *session)
{
	int ret = probes_read(session->probes);

	if (ret < 0)
		return ret;
	if (!ret)
		session->is_pending = false; /* quiet since the last look, BATCH_MS ago */
	find_suspects(session);
	return reorder_flush(session->order, clock_now_ns());
}

int session_wait(struct session *session, int wake_fd, int timeout_ms)
{
	struct pollfd fds[] = {
		{.fd = wake_fd, .events = POLLIN},
		{.fd = probes_fd(session->probes), .events = POLLIN},
	};
	int ret;

	if (session->is_pending && (timeout_ms < 0 || timeout_ms > BATCH_MS))
		timeout_ms = BATCH_MS;
	ret = poll(fds, 2, timeout_ms);
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
	ret = probes_read(session->probes);
	rest = reorder_flush(session->order, UINT64_MAX);
	return ret < 0 ? ret : rest;
}

const char *session_backend(const struct session *session)
{
	return backend_names[session->plan.backend];
}

const struct advice_host *session_host(const struct session *session)
{
	return &session->host;
}

const struct symbols *session_symbols(const struct session *session)
{
	return session->syms;
}

static uint64_t cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000ULL +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ULL;
}

void session_summary(const struct session *session, struct summary *summary)
{
	const struct ledger_stats *stats = ledger_get_stats(session->ledger);
	struct probes_cost cost;

	probes_losses(session->probes, summary->losses);
	for (int i = 0; i < KS_LOSS_CNT; i++)
		summary->losses[i] += stats->losses[i];
	summary->losses[KS_LOSS_REORDER] += reorder_late(session->order);
	summary->records = stats->records;
	probes_cost(session->probes, &cost);
	summary->probe_runs = cost.runs;
	summary->probe_ns = cost.ns;
	summary->cpu_ns = cpu_ns();
}
