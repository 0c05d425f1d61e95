// SPDX-License-Identifier: GPL-2.0-only
#include "host/attach_plan.h"

#include "base/err.h"

/* With its 0: BPF_OBJ_NAME_LEN (include/uapi/linux/bpf.h). */
#define PROGRAM_NAME_LEN 16

const char *const backend_names[BACKEND_CNT + 1] = {"fentry", "kprobe", "tracepoint", NULL};

static const char *const capability_names[CAPABILITY_CNT] = {
	"calls", "vm-end", "waits", "callbacks", "sleeps",	 "timers",
	"queue", "steps",  "locks", "children",	 "existing-vms", "threads",
};

#define BY_FENTRY    (1 << BACKEND_FENTRY)
#define BY_KPROBE    (1 << BACKEND_KPROBE)
#define BY_TP	     (1 << BACKEND_TRACEPOINT)
#define BY_FUNCS     (BY_FENTRY | BY_KPROBE)
#define BY_NO_FENTRY (BY_KPROBE | BY_TP)
#define BY_ALL	     (BY_FUNCS | BY_TP)

/* Needs beyond the backend's own: without them the program is left out, and its capability. */
enum need {
	NEED_NONE,
	NEED_CONTENTION,
	NEED_ITER,
	NEED_CALL_EXPEDITED,
	NEED_FIRST_RUN,
	NEED_SWITCH_EXIT,
	NEED_VM_FENTRY,
	NEED_VM_KPROBE,
};

#define X(name, type, target, backends, need, capability)                                          \
	_Static_assert(sizeof(#name) <= PROGRAM_NAME_LEN, "the kernel would cut " #name);
KS_PROGRAMS(X)
#undef X

static const struct {
	struct attach_prog prog;
	uint32_t backends;
	enum need need;
} rows[] = {
#define X(name, type, target, backends, need, capability)                                          \
	{{#name, KS_PROGRAM_##name, CAPABILITY_##capability}, BY_##backends, NEED_##need},
	KS_PROGRAMS(X)
#undef X
};

const char *capability_name(enum capability capability)
{
	return capability_names[capability];
}

static bool can_have(const struct features *features, enum backend backend)
{
	/* the scheduler's, timers' and workqueues' programs are BTF tracepoints in every backend */
	if (!features->has_tp_btf)
		return false;
	switch (backend) {
	case BACKEND_FENTRY:
		return features->has_fentry &&
		       (!features->is_vm_ioctl_lost || features->has_kprobe);
	case BACKEND_KPROBE:
		return features->has_kprobe;
	default:
		return true;
	}
}

static bool is_met(const struct features *features, enum backend backend, enum need need)
{
	switch (need) {
	case NEED_CONTENTION:
		return features->has_contention;
	case NEED_ITER:
		return features->has_iter;
	case NEED_CALL_EXPEDITED:
		return features->has_call_expedited;
	case NEED_FIRST_RUN:
		return features->has_first_run;
	case NEED_SWITCH_EXIT:
		return features->has_switch_exit;
	case NEED_VM_FENTRY:
		return !features->is_vm_ioctl_lost;
	case NEED_VM_KPROBE:
		return backend == BACKEND_KPROBE || features->is_vm_ioctl_lost;
	default:
		return true;
	}
}

static int choose(const struct features *features, enum backend wanted, enum backend *backend,
		  struct err *err)
{
	if (!features->has_btf)
		return err_cannot(err, "this kernel has no BTF (/sys/kernel/btf/vmlinux): it needs "
				       "CONFIG_DEBUG_INFO_BTF=y");
	if (!features->has_ringbuf)
		return err_cannot(err,
				  "no BPF ring buffer can be made: it takes root, or CAP_BPF, and "
				  "Linux 5.8 or later");
	if (wanted != BACKEND_CNT) {
		if (!can_have(features, wanted))
			return err_cannot(err,
					  "backend '%s' does not work here; 'kvmstall check' "
					  "says why",
					  backend_names[wanted]);
		*backend = wanted;
		return 0;
	}
	for (*backend = 0; *backend < BACKEND_CNT; (*backend)++)
		if (can_have(features, *backend))
			return 0;
	return err_cannot(err, "no backend works here; 'kvmstall check' says why");
}

int attach_plan_make(const struct features *features, enum backend wanted, struct attach_plan *plan,
		     struct err *err)
{
	int ret = choose(features, wanted, &plan->backend, err);

	if (ret)
		return ret;
	plan->progs_cnt = 0;
	plan->capabilities = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!(rows[i].backends & (1 << plan->backend)) ||
		    !is_met(features, plan->backend, rows[i].need))
			continue;
		plan->progs[plan->progs_cnt++] = &rows[i].prog;
		plan->capabilities |= 1 << rows[i].prog.capability;
	}
	return 0;
}

void attach_plan_rule_out(struct features *features, enum backend backend)
{
	if (backend == BACKEND_FENTRY)
		features->has_fentry = false;
	else if (backend == BACKEND_KPROBE)
		features->has_kprobe = false;
	else
		features->has_tp_btf = false;
}

bool attach_plan_has(const struct attach_plan *plan, enum ks_program program)
{
	for (size_t i = 0; i < plan->progs_cnt; i++)
		if (plan->progs[i]->program == program)
			return true;
	return false;
}

bool attach_plan_carries(const struct attach_plan *plan, enum capability capability)
{
	return plan->capabilities & (1 << capability);
}
