// SPDX-License-Identifier: GPL-2.0-only
#include "host/attach_plan.h"

#include "base/err.h"

const char *const backend_names[BACKEND_CNT + 1] = {"fentry", "kprobe", "tracepoint", NULL};

static const char *const capability_names[CAPABILITY_CNT] = {
	"calls", "vm-end", "waits", "callbacks", "sleeps",	 "timers",
	"queue", "steps",  "locks", "children",	 "existing-vms", "threads",
};

#define BY_FENTRY (1 << BACKEND_FENTRY)
#define BY_KPROBE (1 << BACKEND_KPROBE)
#define BY_TP	  (1 << BACKEND_TRACEPOINT)
#define BY_FUNCS  (BY_FENTRY | BY_KPROBE)
#define BY_ALL	  (BY_FUNCS | BY_TP)

/* Needs beyond the backend's own: without them the program is left out, and its fact. */
enum need {
	NEED_NONE,
	NEED_CONTENTION,
	NEED_ITER,
	NEED_CALL_EXPEDITED,
	NEED_VM_FENTRY,
	NEED_VM_KPROBE,
};

static const struct {
	struct attach_prog prog;
	uint32_t backends;
	enum need need;
} rows[] = {
	{{"sys_enter_tp", CAPABILITY_CALL}, BY_TP, NEED_NONE},
	{{"sys_exit_tp", CAPABILITY_CALL}, BY_TP, NEED_NONE},
	{{"exit_tp", CAPABILITY_LIFE}, BY_TP, NEED_NONE},
	{{"dev_ioctl_fentry", CAPABILITY_CALL}, BY_FENTRY, NEED_NONE},
	{{"dev_ioctl_fexit", CAPABILITY_CALL}, BY_FENTRY, NEED_NONE},
	{{"vm_ioctl_fentry", CAPABILITY_CALL}, BY_FENTRY, NEED_VM_FENTRY},
	{{"vm_ioctl_fexit", CAPABILITY_CALL}, BY_FENTRY, NEED_VM_FENTRY},
	{{"device_ioctl_fentry", CAPABILITY_CALL}, BY_FENTRY, NEED_NONE},
	{{"device_ioctl_fexit", CAPABILITY_CALL}, BY_FENTRY, NEED_NONE},
	{{"vm_release_fentry", CAPABILITY_CALL}, BY_FENTRY, NEED_NONE},
	{{"vm_release_fexit", CAPABILITY_CALL}, BY_FENTRY, NEED_NONE},
	{{"vcpu_release_fentry", CAPABILITY_CALL}, BY_FENTRY, NEED_NONE},
	{{"vcpu_release_fexit", CAPABILITY_CALL}, BY_FENTRY, NEED_NONE},
	{{"dev_ioctl_kprobe", CAPABILITY_CALL}, BY_KPROBE, NEED_NONE},
	{{"dev_ioctl_kret", CAPABILITY_CALL}, BY_KPROBE, NEED_NONE},
	{{"vm_ioctl_kprobe", CAPABILITY_CALL}, BY_KPROBE, NEED_NONE},
	{{"vm_ioctl_kret", CAPABILITY_CALL}, BY_KPROBE, NEED_NONE},
	{{"vm_ioctl_kprobe", CAPABILITY_CALL}, BY_FENTRY, NEED_VM_KPROBE},
	{{"vm_ioctl_kret", CAPABILITY_CALL}, BY_FENTRY, NEED_VM_KPROBE},
	{{"device_ioctl_kprobe", CAPABILITY_CALL}, BY_KPROBE, NEED_NONE},
	{{"device_ioctl_kret", CAPABILITY_CALL}, BY_KPROBE, NEED_NONE},
	{{"vm_release_kprobe", CAPABILITY_CALL}, BY_KPROBE, NEED_NONE},
	{{"vm_release_kret", CAPABILITY_CALL}, BY_KPROBE, NEED_NONE},
	{{"vcpu_release_kprobe", CAPABILITY_CALL}, BY_KPROBE, NEED_NONE},
	{{"vcpu_release_kret", CAPABILITY_CALL}, BY_KPROBE, NEED_NONE},
	{{"cleanup_fentry", CAPABILITY_LIFE}, BY_FENTRY, NEED_NONE},
	{{"cleanup_kprobe", CAPABILITY_LIFE}, BY_KPROBE, NEED_NONE},
	{{"sync_fentry", CAPABILITY_WAIT}, BY_FENTRY, NEED_NONE},
	{{"sync_fexit", CAPABILITY_WAIT}, BY_FENTRY, NEED_NONE},
	{{"sync_exp_fentry", CAPABILITY_WAIT}, BY_FENTRY, NEED_NONE},
	{{"sync_exp_fexit", CAPABILITY_WAIT}, BY_FENTRY, NEED_NONE},
	{{"barrier_fentry", CAPABILITY_WAIT}, BY_FENTRY, NEED_NONE},
	{{"barrier_fexit", CAPABILITY_WAIT}, BY_FENTRY, NEED_NONE},
	{{"sync_kprobe", CAPABILITY_WAIT}, BY_KPROBE, NEED_NONE},
	{{"sync_kret", CAPABILITY_WAIT}, BY_KPROBE, NEED_NONE},
	{{"sync_exp_kprobe", CAPABILITY_WAIT}, BY_KPROBE, NEED_NONE},
	{{"sync_exp_kret", CAPABILITY_WAIT}, BY_KPROBE, NEED_NONE},
	{{"barrier_kprobe", CAPABILITY_WAIT}, BY_KPROBE, NEED_NONE},
	{{"barrier_kret", CAPABILITY_WAIT}, BY_KPROBE, NEED_NONE},
	{{"callback_fentry", CAPABILITY_CALLBACK}, BY_FENTRY, NEED_NONE},
	{{"callback_kprobe", CAPABILITY_CALLBACK}, BY_KPROBE, NEED_NONE},
	{{"callback_exp_fentry", CAPABILITY_CALLBACK}, BY_FENTRY, NEED_CALL_EXPEDITED},
	{{"callback_exp_kprobe", CAPABILITY_CALLBACK}, BY_KPROBE, NEED_CALL_EXPEDITED},
	{{"gp_fentry", CAPABILITY_STEP}, BY_FENTRY, NEED_NONE},
	{{"gp_fexit", CAPABILITY_STEP}, BY_FENTRY, NEED_NONE},
	{{"cb_fentry", CAPABILITY_STEP}, BY_FENTRY, NEED_NONE},
	{{"cb_fexit", CAPABILITY_STEP}, BY_FENTRY, NEED_NONE},
	/* a kretprobe may be lost, and on arm64 a kprobe is a breakpoint: not where GPs are made */
	{{"work_begin_tp", CAPABILITY_STEP}, BY_KPROBE | BY_TP, NEED_NONE},
	{{"work_end_tp", CAPABILITY_STEP}, BY_KPROBE | BY_TP, NEED_NONE},
	{{"timer_tp", CAPABILITY_TIMER}, BY_ALL, NEED_NONE},
	{{"queue_tp", CAPABILITY_QUEUE}, BY_ALL, NEED_NONE},
	{{"switch_tp", CAPABILITY_SLEEP}, BY_ALL, NEED_NONE},
	{{"waking_tp", CAPABILITY_SLEEP}, BY_ALL, NEED_NONE},
	{{"lock_tp", CAPABILITY_LOCK}, BY_ALL, NEED_CONTENTION},
	{{"lock_end_tp", CAPABILITY_LOCK}, BY_ALL, NEED_CONTENTION},
	{{"fork_tp", CAPABILITY_FORK}, BY_ALL, NEED_NONE},
	{{"find_iter", CAPABILITY_FIND}, BY_ALL, NEED_ITER},
	{{"task_iter", CAPABILITY_SCAN}, BY_ALL, NEED_ITER},
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

static bool is_met(const struct features *features, enum need need)
{
	switch (need) {
	case NEED_CONTENTION:
		return features->has_contention;
	case NEED_ITER:
		return features->has_iter;
	case NEED_CALL_EXPEDITED:
		return features->has_call_expedited;
	case NEED_VM_FENTRY:
		return !features->is_vm_ioctl_lost;
	case NEED_VM_KPROBE:
		return features->is_vm_ioctl_lost;
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
		if (!(rows[i].backends & (1 << plan->backend)) || !is_met(features, rows[i].need))
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

bool attach_plan_carries(const struct attach_plan *plan, enum capability capability)
{
	return plan->capabilities & (1 << capability);
}
