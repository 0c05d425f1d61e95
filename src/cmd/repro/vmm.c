// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/vmm.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "cmd/repro/inject.h"
#include "cmd/repro/player.h"
#include "script/script.h"

void vmm_init(struct vmm *vmm, const struct vmm_cfg *cfg, uint32_t idx, struct results_sums *sums)
{
	*vmm = (struct vmm){.cfg = cfg, .sums = sums};
	call_log_init(&vmm->log, cfg->profile->name, idx);
}

void vmm_fini(struct vmm *vmm)
{
	call_log_fini(&vmm->log);
}

static void add_up(struct results_sums *sums, const struct call_log_entry *entry)
{
	uint64_t *sum = entry->kind == CALL_LOG_CALL	    ? &sums->calls
			: entry->kind == CALL_LOG_INJECTION ? &sums->injections
							    : &sums->skipped;

	__atomic_add_fetch(sum, 1, __ATOMIC_RELAXED);
	/* KVM_RUN is asked to return EINTR. */
	if (entry->kind == CALL_LOG_CALL && entry->call.ret < 0 && entry->call.ret != -EINTR)
		__atomic_add_fetch(&sums->refused, 1, __ATOMIC_RELAXED);
}

int vmm_flush(struct vmm *vmm, struct err *err)
{
	int ret;
	size_t i;

	call_log_sort(&vmm->log);
	for (i = 0; i < vmm->log.cnt; i++)
		add_up(vmm->sums, &vmm->log.entries[i]);
	ret = results_print(&vmm->cfg->report, &vmm->log, &vmm->sums->threshold, err);
	call_log_reset(&vmm->log);
	return ret;
}

/* A scenario that the kernel does not offer is skipped, by name; all else is an error. */
static int refused(struct vmm *vmm, const struct machine *vm, int ret, struct err *err)
{
	const struct profile *profile = vmm->cfg->profile;
	struct skip skip = {
		.name = profile->name,
		.call = vm->failed_call,
		.err = -ret,
		.reason = "this kernel refused the call",
	};

	if (!profile_is_refusal(ret))
		return err_set(err, ret, "%s: %s", vm->failed_call, strerror(-ret));
	if (!vmm->cfg->is_scenario)
		return err_cannot(err, "profile '%s' needs %s, which this kernel refused: %s",
				  profile->name, vm->failed_call, strerror(-ret));
	call_log_add_skip(&vmm->log, &skip);
	vmm->skipped_err = -ret;
	return 0;
}

static int inject(struct vmm *vmm, struct machine *vm, uint64_t begin_ns, struct err *err)
{
	const struct inject *inject = vmm->cfg->inject;
	struct injection injection = {.begin_ns = begin_ns};
	int ret;

	if (!inject || !inject->run || vmm->skipped_err)
		return 0;
	injection.name = inject->name;
	injection.expects = inject->expects;
	ret = inject->run(vm, vmm->cfg->hold_ns, &injection, err);
	if (ret < 0)
		return err_wrap(err, ret, "--inject %s", inject->name);
	call_log_add_injection(&vmm->log, &injection);
	return 0;
}

/* The VM is complete; everything up to its end. */
static int end_together(struct vmm *vmm, struct machine *vm, struct err *err)
{
	int ret;

	if (vmm->cfg->end == PROFILE_END_CLOSE || !vmm->meet)
		return 0;
	if (vmm->cfg->end == PROFILE_END_CLOSE_TOGETHER)
		return vmm->meet(vmm->meet_arg, err);
	/* Nothing can be said once this process has gone, so say it now. */
	ret = vmm_flush(vmm, err);
	if (!ret)
		ret = vmm->meet(vmm->meet_arg, err);
	/* The last life ends with the process, which leaves its VM to the kernel. */
	if (!ret && vmm->log.round + 1 == vmm->cfg->rounds)
		_exit(0);
	vm->injected = vmm->cfg->inject ? vmm->cfg->inject->name : NULL;
	return ret;
}

/* A profile's calls, one after another on this thread. */
static int run_script(const struct vmm_cfg *cfg, struct machine *vm, struct err *err)
{
	struct player player;
	int ret = player_open(&player, vm, cfg->script, err);

	for (size_t i = 0; !ret && i < cfg->script->cnt; i++) {
		const struct script_op *op = &cfg->script->ops[i];

		clock_sleep_ns(op->gap_ns);
		ret = player_play(&player, op);
		ret = op->is_optional ? 0 : ret;
	}
	player_close(&player);
	return ret;
}

static int live(struct vmm *vmm, struct machine *vm, struct err *err)
{
	const struct vmm_cfg *cfg = vmm->cfg;
	uint64_t begin_ns = clock_now_ns();
	int ret;

	vm->failed_call = NULL;
	ret = cfg->script ? run_script(cfg, vm, err) : profile_run(vm, cfg->profile->steps);
	if (ret < 0 && !vm->failed_call)
		return ret; /* @err says it */
	if (ret < 0)
		ret = refused(vmm, vm, ret, err);
	if (!ret)
		ret = inject(vmm, vm, begin_ns, err);
	if (ret)
		return ret;
	if (cfg->life_ns)
		clock_sleep_ns(cfg->life_ns);
	return end_together(vmm, vm, err);
}

static int run_round(struct vmm *vmm, struct err *err)
{
	struct machine vm;
	int ret = machine_open(&vm, &vmm->cfg->size, &vmm->log, err);
	int close_ret;

	if (!ret)
		ret = live(vmm, &vm, err);
	close_ret = machine_close(&vm);
	if (!ret && close_ret)
		ret = err_set(err, close_ret, "cannot close the VM: %s", strerror(-close_ret));
	return ret;
}

int vmm_run(struct vmm *vmm, struct err *err)
{
	struct err flush_err;
	uint32_t round;
	int ret = 0, flush_ret;

	for (round = 0; round < vmm->cfg->rounds && !ret && !vmm->skipped_err; round++) {
		vmm->log.round = round;
		ret = run_round(vmm, err);
		/* What led to a failure is worth seeing too. */
		flush_ret = vmm_flush(vmm, ret ? &flush_err : err);
		if (!ret)
			ret = flush_ret;
	}
	return ret;
}
