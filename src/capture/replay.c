// SPDX-License-Identifier: GPL-2.0-only
#include "capture/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "output/summary.h"
#include "ledger/filter.h"
#include "ledger/symbols.h"

/* A kernel has fewer functions than this; a capture that names more addresses is not one's. */
#define SYMBOLS_MAX (1 << 17)

/* What the next KS_VM of this address is called. */
struct pending_name {
	uint64_t kvm; /* 0: none */
	char name[sizeof(((struct vm *)NULL)->name)];
	char comm[KS_COMM_LEN];
};

struct replay {
	struct replay_ops ops;
	void *ctx;
	struct capture_reader *reader;
	struct symbols *syms;
	struct ledger *ledger;
	struct stall_sink sink; /* from the ledger to .ops */
	struct capture_head head;
	struct pending_name name;
	uint64_t first_ns, last_ns; /* of the records */
	struct summary end;	    /* as the capture has it */
	bool has_end;
};

/* ---- from the ledger, as a session does it ---- */

static void name_vm(void *ctx, struct vm *vm)
{
	struct replay *replay = ctx;

	if (replay->name.kvm != vm->kvm)
		return;
	memcpy(vm->name, replay->name.name, sizeof(vm->name));
	memcpy(vm->comm, replay->name.comm, sizeof(vm->comm));
	replay->name.kvm = 0;
}

/* ---- from the capture ---- */

static int copy_head(struct capture_head *to, const struct capture_head *from)
{
	int ret = 0;

	*to = *from;
	to->environment.cnt = 0;
	for (size_t i = 0; !ret && i < from->environment.cnt; i++)
		ret = environment_set(&to->environment, from->environment.list[i].key,
				      from->environment.list[i].value);
	return ret;
}

static int on_head(void *ctx, const struct capture_head *head)
{
	struct replay *replay = ctx;
	int ret = copy_head(&replay->head, head);

	if (ret)
		return ret;
	replay->sink = (struct stall_sink){.ops = &replay->ops.ledger,
					   .ctx = replay->ctx,
					   .own_tgid = head->pid,
					   .name_vm = name_vm,
					   .name_ctx = replay};
	replay->ledger = ledger_new(replay->syms, head->hz, &stall_sink_ops, &replay->sink);
	if (!replay->ledger)
		return -ENOMEM;
	return replay->ops.head ? replay->ops.head(replay->ctx, &replay->head) : 0;
}

static int on_record(void *ctx, const void *record, size_t size)
{
	struct replay *replay = ctx;
	const struct ks_head *head = record;
	int ret = 0;

	if (!replay->first_ns)
		replay->first_ns = head->ts_ns;
	if (head->ts_ns > replay->last_ns)
		replay->last_ns = head->ts_ns;
	if (replay->ops.record)
		ret = replay->ops.record(replay->ctx, record, size, replay->syms);
	if (!ret)
		ret = ledger_record(replay->ledger, record, size);
	/* The ledger counts what makes no sense, or is more than it takes. */
	return ret == -EINVAL || ret == -ENOSPC ? 0 : ret;
}

static int on_name(void *ctx, uint64_t kvm, const char *name, const char *comm)
{
	struct replay *replay = ctx;

	memset(&replay->name, 0, sizeof(replay->name));
	replay->name.kvm = kvm;
	strncpy(replay->name.name, name, sizeof(replay->name.name) - 1);
	strncpy(replay->name.comm, comm, sizeof(replay->name.comm) - 1);
	return 0;
}

static int on_symbol(void *ctx, uint64_t addr, uint64_t start, const char *name)
{
	struct replay *replay = ctx;

	if (symbols_cnt(replay->syms) >= SYMBOLS_MAX)
		return 0; /* without names, stacks just have less frames */
	return symbols_add_exact(replay->syms, addr, start, name);
}

static int on_fact(void *ctx, const char *key, const char *value)
{
	struct replay *replay = ctx;
	int ret = environment_set(&replay->head.environment, key, value);

	return ret == -E2BIG ? 0 : ret;
}

static int on_end(void *ctx, const struct summary *summary)
{
	struct replay *replay = ctx;

	replay->end = *summary;
	replay->has_end = true;
	return 0;
}

/* ---- life ---- */

struct replay *replay_new(const struct replay_ops *ops, void *ctx)
{
	static const struct capture_ops capture_ops = {
		.head = on_head,
		.record = on_record,
		.name = on_name,
		.symbol = on_symbol,
		.fact = on_fact,
		.end = on_end,
	};
	struct replay *replay = calloc(1, sizeof(*replay));

	if (!replay)
		return NULL;
	replay->ops = *ops;
	replay->ctx = ctx;
	replay->syms = symbols_new();
	replay->reader = capture_reader_new(&capture_ops, replay);
	if (!replay->syms || !replay->reader) {
		replay_free(replay);
		return NULL;
	}
	return replay;
}

void replay_free(struct replay *replay)
{
	if (!replay)
		return;
	capture_reader_free(replay->reader);
	ledger_free(replay->ledger);
	symbols_free(replay->syms);
	environment_fini(&replay->head.environment);
	free(replay);
}

static int tell(int ret, struct err *err)
{
	return ret == -ENOMEM && !*err->msg ? err_set(err, ret, "out of memory") : ret;
}

int replay_feed(struct replay *replay, const void *bytes, size_t len, struct err *err)
{
	return tell(capture_reader_feed(replay->reader, bytes, len, err), err);
}

int replay_finish(struct replay *replay, struct err *err)
{
	int ret = capture_reader_finish(replay->reader, err);

	if (replay->ledger)
		ledger_finish(replay->ledger);
	if (ret >= 0 && replay->ops.done)
		replay->ops.done(replay->ctx, &replay->head);
	return ret;
}

void replay_summary(const struct replay *replay, struct summary *summary)
{
	const struct ledger_stats *stats;

	summary->duration_ns = replay->last_ns - replay->first_ns;
	summary->command_status = -1;
	if (!replay->ledger)
		return;
	stats = ledger_get_stats(replay->ledger);
	summary->records = stats->records;
	memcpy(summary->losses, stats->losses, sizeof(summary->losses));
	if (!replay->has_end) {
		summary->losses[KS_LOSS_RING] += stats->lost;
		return;
	}
	memcpy(summary->losses, replay->end.losses, sizeof(summary->losses));
	summary->duration_ns = replay->end.duration_ns;
	summary->in_flight = replay->end.in_flight;
	summary->probe_runs = replay->end.probe_runs;
	summary->probe_ns = replay->end.probe_ns;
	summary->cpu_ns = replay->end.cpu_ns;
	summary->command_status = replay->end.command_status;
}
