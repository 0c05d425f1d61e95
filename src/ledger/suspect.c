// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/suspect.h"

#include <stddef.h>

/* The innermost that matches names the call. */
static const struct {
	const char *func, *call;
} calls[] = {
	{"kvm_arch_vcpu_ioctl_run", "KVM_RUN"},
	{"kvm_handle_guest_abort", "KVM_RUN"},
	{"kvm_arch_vcpu_ioctl_translate", "KVM_TRANSLATE"},
	{"kvm_vcpu_pre_fault_memory", "KVM_PRE_FAULT_MEMORY"},
	{"kvm_arch_vcpu_ioctl_set_sregs", "KVM_SET_SREGS"},
	{"kvm_arch_vcpu_ioctl_get_mpstate", "KVM_GET_MP_STATE"},
	{"kvm_async_pf_execute", "async page fault"},
	{"async_pf_execute", "async page fault"},
	{"kvm_nx_huge_page_recovery_worker", "NX huge page recovery"},
	{"kvm_mmu_notifier_release", "mmu_notifier release"},
	{"kvm_arch_vcpu_ioctl", "vCPU ioctl"},
	{"kvm_vcpu_ioctl", "vCPU ioctl"},
};

/* In these the read side is not held. */
static const char *const outside[] = {
	"kvm_vcpu_block",
	"kvm_vcpu_halt",
	"xfer_to_guest_mode_handle_work",
	"__synchronize_srcu",
	"synchronize_srcu",
	"synchronize_srcu_expedited",
	"kvm_vcpu_on_spin",
	"kvm_swap_active_memslots",
};

const char *suspect_call(const struct stack *stack)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (stack_has(stack, calls[i].func))
			return calls[i].call;
	return NULL;
}

int suspect_rank(const struct stack *stack, uint32_t state)
{
	if (!suspect_call(stack))
		return 0;
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		if (stack_has(stack, outside[i]))
			return 0;
	if (!state)
		return 2;		      /* runs, or was preempted */
	return stack_in_mutex(stack) ? 1 : 3; /* may wait for the vCPU's mutex, before it reads */
}
