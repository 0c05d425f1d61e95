// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/sites.h"

#include <stdbool.h>
#include <string.h>

#include "ledger/symbols.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define NOISE	  .is = SITE_NOISE
#define SLEEPS	  .is = SITE_SLEEPS
#define MUTEX	  .is = SITE_SLEEPS | SITE_MUTEX
#define SRCU	  .is = SITE_SRCU
#define RCU	  .is = SITE_RCU
#define INTERRUPT .is = SITE_INTERRUPT
#define KVM(also) .is = SITE_KVM | (also)
#define ON(kind)  .domains = 1 << DOMAIN_##kind

/*
 * What a function waits on, and by which API where one is given, is the same in every release from
 * 6.1 to 7.3: virt/kvm/kvm_main.c, eventfd.c and irqchip.c, arch/x86/kvm/i8254.c, irq_comm.c
 * (ioapic.c since 6.18), pmu.c, x86.c, hyperv.c and xen.c, mm/mmu_notifier.c. irqfd_shutdown() and
 * others changed from synchronize_srcu() to _expedited() by 6.12, so theirs is 0.
 */
/* clang-format off */
#define ADVICE_FDTABLE "the table of descriptors grew, which waits for RCU in a process with threads: make it large " \
	"before the first thread starts, by fcntl(0, F_DUPFD, 4095) and a close of what that gives; it never shrinks"
#define ADVICE_CGROUP "a task was moved to another cgroup, which waits for RCU: mount -o remount,favordynmods " \
	"/sys/fs/cgroup; or move the process before it has VMs"
#define ADVICE_TDP_MMU "each end of a VM with EPT or NPT waits for the RCU callbacks of all CPUs (rcu_barrier), one VM " \
	"after the other: close it in a thread that nobody waits for; rcu_expedited does not help"
#define ADVICE_DEVICE "the close of a VFIO device of KVM waits for RCU, with kvm->lock held: close it in a thread that " \
	"nobody waits for"
#define ADVICE_VCPU_PID "KVM_RUN came from another thread than before, which waits for RCU up to Linux 6.12: keep a vCPU " \
	"on one thread"
#define ADVICE_PERF "the host's first perf event waits for RCU: keep one open all the time (perf stat -p 1 sleep inf), " \
	"or give guests no vPMU"
#define ADVICE_VHOST "a vhost device that goes, or changes its worker, waits for RCU: do it in a thread that nobody " \
	"waits for"
#define ADVICE_MPIDR "a vCPU was made, or ended, after one had run, and arm64 throws its table of them away then, which " \
	"waits for RCU: make all vCPUs before the first KVM_RUN"
#define ADVICE_MEMBARRIER "membarrier() over all processes, and to register for an expedited one in a process with " \
	"threads, waits for RCU: register before the first thread starts, and ask for MEMBARRIER_CMD_PRIVATE_EXPEDITED"
#define ADVICE_NETDEV "a network device went, as a tap does with its last descriptor, which waits for RCU and its callbacks: " \
	"make it persistent (ip tuntap add), and delete it where nobody waits"
#define ADVICE_MEMORY_HIGH "the cgroup of this process is above its memory.high, so whoever takes memory there has to wait: " \
	"raise it, and see memory.events and memory.pressure of the cgroup"
#define ADVICE_USERFAULT "the call touched a page that a userfaultfd handler was late with: make that one faster, or " \
	"populate the memory before"
#define ADVICE_DISK "the call waited for a disk: for a file that guest memory is in, or that goes with the process, or for " \
	"swap. Keep guest memory off disks (memfd, no swap for its cgroup), and see the disk: iostat -x 1, io.pressure"

const struct site sites[] = {
	/* ---- KVM, and what ends an address space ---- */
	{ "kvm_destroy_vm",                    KVM(0), ON(SRCU), .call = CALL_CLOSE }, /* srcu_barrier() */
	{ "__mmu_notifier_release",            KVM(SITE_NOTIFIES), ON(SHARED), .call = CALL_CLOSE },
	{ "kvm_vm_release",                    KVM(SITE_FLUSHES), .call = CALL_CLOSE, .by_itself = CALL_FN_VM_RELEASE },
	{ "kvm_arch_vcpu_ioctl_run",           KVM(SITE_ENTERS), .call = CALL_RUN, .reads = CALL_RUN },
	/* arm64: a vCPU's first run registers the vGIC's distributor; with an interrupt on top the
	 * stack may be too long for the outer frame */
	{ "vgic_register_dist_iodev",          .call = CALL_RUN },
	{ "kvm_arch_vcpu_run_pid_change",      KVM(0), .call = CALL_RUN },
	{ "irqfd_shutdown",                    KVM(0), ON(IRQ_SRCU), .call = CALL_FN_IRQFD_SHUTDOWN,
	                                       .by_itself = CALL_FN_IRQFD_SHUTDOWN },
	{ "kvm_vm_ioctl",                      KVM(SITE_IOCTL | SITE_LOCKS), .call = CALL_IOCTL, .by_itself = CALL_FN_VM_IOCTL },
	{ "kvm_dev_ioctl",                     KVM(0), .by_itself = CALL_FN_DEV_IOCTL },

	/* kvm->mn_active_invalidate_count, before SRCU: v5.14 52ac8b358b0c ("KVM: Block memslot updates
	 * across range_start() and range_end()") */
	{ "kvm_swap_active_memslots",          KVM(SITE_MEMSLOTS | SITE_DROPS | SITE_INVALIDATED), ON(SRCU), .api = KS_API_SYNC_EXPEDITED,
	                                       .by_itself = CALL_FN_SWAP_MEMSLOTS },
	{ "install_new_memslots",              KVM(SITE_MEMSLOTS | SITE_DROPS | SITE_INVALIDATED), ON(SRCU), .api = KS_API_SYNC_EXPEDITED },
	{ "kvm_set_memory_region",             KVM(SITE_MEMSLOTS | SITE_LOCKS), .by_itself = CALL_FN_SET_MEMORY_REGION },
	{ "kvm_vm_ioctl_create_vcpu",          KVM(SITE_VCPU | SITE_LOCKS), .by_itself = CALL_FN_CREATE_VCPU },
	/* 7d9a0273c459 "KVM: Avoid synchronize_srcu() in kvm_io_bus_register_dev()" (v6.18): by a callback */
	{ "kvm_io_bus_register_dev",           KVM(SITE_REGISTERS), ON(SRCU), .callback = "__free_bus",
	                                       .by_itself = CALL_FN_REGISTER_DEV },
	{ "kvm_io_bus_unregister_dev",         KVM(0), ON(SRCU), .api = KS_API_SYNC_EXPEDITED,
	                                       .by_itself = CALL_FN_UNREGISTER_DEV },
	{ "kvm_vm_ioctl_set_pmu_event_filter", KVM(0), ON(SRCU), .api = KS_API_SYNC_EXPEDITED },
	{ "kvm_vm_ioctl_set_msr_filter",       KVM(0), ON(SRCU), .api = KS_API_SYNC },
	{ "kvm_hv_eventfd_deassign",           KVM(0), ON(SRCU), .api = KS_API_SYNC },
	{ "kvm_xen_eventfd_deassign",          KVM(0), ON(SRCU), .api = KS_API_SYNC },
	{ "kvm_xen_eventfd_reset",             KVM(0), ON(SRCU), .api = KS_API_SYNC },
	{ "kvm_set_irq_routing",               KVM(0), ON(IRQ_SRCU), .api = KS_API_SYNC_EXPEDITED },
	{ "irqfd_resampler_shutdown",          KVM(0), ON(IRQ_SRCU) },
	{ "kvm_irqfd_assign",                  KVM(0), ON(IRQ_SRCU) },
	{ "kvm_unregister_irq_ack_notifier",   KVM(0), ON(IRQ_SRCU) },
	{ "kvm_unregister_irq_mask_notifier",  KVM(0), ON(IRQ_SRCU), .api = KS_API_SYNC },
	{ "kvm_pit_set_reinject",              KVM(0), ON(IRQ_SRCU) },
	{ "mmu_notifier_unregister",           KVM(0), ON(SHARED), .api = KS_API_SYNC },
	{ "mn_hlist_release",                  .is = SITE_NOTIFIES, ON(SHARED), .api = KS_API_SYNC },
	{ "mmu_notifier_put",                  KVM(0), ON(SHARED), .callback = "mmu_notifier_free_rcu" },
	/* ---- who holds the read side of mmu_notifier's: mm/mmu_notifier.c. _change_pte until v6.9, ----
	 * _range until v6.5 */
	{ "mn_hlist_invalidate_range_start",   .is = SITE_NOTIFIES },
	{ "mn_hlist_invalidate_end",           .is = SITE_NOTIFIES },
	{ "__mmu_notifier_invalidate_range_start", .is = SITE_NOTIFIES },
	{ "__mmu_notifier_invalidate_range_end", .is = SITE_NOTIFIES },
	{ "__mmu_notifier_invalidate_range",   .is = SITE_NOTIFIES },
	{ "__mmu_notifier_arch_invalidate_secondary_tlbs", .is = SITE_NOTIFIES },
	{ "__mmu_notifier_clear_flush_young",  .is = SITE_NOTIFIES },
	{ "__mmu_notifier_clear_young",        .is = SITE_NOTIFIES },
	{ "__mmu_notifier_test_young",         .is = SITE_NOTIFIES },
	{ "__mmu_notifier_change_pte",         .is = SITE_NOTIFIES },
	/* mm/: what lies between the two for long. Names from 6.1 to 7.3, inlined or not */
	{ "zap_page_range_single*",            .is = SITE_UNMAPS },
	{ "zap_vma_range*",                    .is = SITE_UNMAPS },
	{ "unmap_vmas",                        .is = SITE_UNMAPS },
	{ "unmap_page_range",                  .is = SITE_UNMAPS },
	{ "unmap_hugepage_range",              .is = SITE_UNMAPS },
	{ "__unmap_hugepage_range",            .is = SITE_UNMAPS },
	{ "change_protection",                 .is = SITE_UNMAPS },
	{ "move_page_tables",                  .is = SITE_UNMAPS },
	{ "try_to_migrate_one",                .is = SITE_UNMAPS },
	{ "try_to_unmap_one",                  .is = SITE_UNMAPS },
	{ "copy_page_range",                   .is = SITE_UNMAPS },
	/* virt/kvm/eventfd.c flush_workqueue(irqfd_cleanup_wq); inlined into their callers or not */
	{ "kvm_irqfd_release",                 KVM(SITE_FLUSHES) },
	{ "kvm_irqfd_deassign",                KVM(SITE_FLUSHES) },
	{ "kvm_irqfd",                         KVM(SITE_FLUSHES), ON(IRQ_SRCU) },
	{ "kvm_*",                             KVM(0) },
	{ "irqfd_*",                           KVM(0) },
	{ "mmu_notifier_*",                    KVM(0) },

	/* ---- who holds the read side of kvm->srcu, and in what. vcpu_enter_guest() drops it, ----
	 * kvm_vcpu_block() and the work before entry too: arch/x86/kvm/x86.c, the same from 6.1 to
	 * 7.3; on arm64 only exit handlers hold it */
	{ "kvm_handle_guest_abort",            KVM(0), .reads = CALL_RUN },
	{ "kvm_arch_vcpu_ioctl_translate",     KVM(0), .reads = CALL_TRANSLATE },
	{ "kvm_vcpu_pre_fault_memory",         KVM(0), .reads = CALL_PRE_FAULT_MEMORY },
	{ "kvm_arch_vcpu_ioctl_set_sregs",     KVM(0), .reads = CALL_SET_SREGS },
	{ "kvm_arch_vcpu_ioctl_get_mpstate",   KVM(0), .reads = CALL_GET_MP_STATE },
	{ "kvm_async_pf_execute",              KVM(0), .reads = CALL_ASYNC_PAGE_FAULT },
	{ "async_pf_execute",                  .reads = CALL_ASYNC_PAGE_FAULT },
	{ "kvm_nx_huge_page_recovery_worker",  KVM(0), .reads = CALL_NX_RECOVERY },
	{ "kvm_mmu_notifier_release",          KVM(0), .reads = CALL_MMU_RELEASE },
	{ "kvm_arch_vcpu_ioctl",               KVM(0), .reads = CALL_VCPU_IOCTL },
	/* up to v6.12: v6.13 "KVM: Protect vCPU's "last run PID" with rwlock, not RCU" */
	{ "kvm_vcpu_ioctl",                    KVM(SITE_LOCKS | SITE_VCPU_LOCK), .reads = CALL_VCPU_IOCTL, .advice = ADVICE_VCPU_PID },
	{ "vcpu_run",                          .is = SITE_ENTERS },
	{ "vcpu_enter_guest",                  .is = SITE_ENTERS },
	{ "kvm_vcpu_block",                    KVM(SITE_DROPS) },
	{ "kvm_vcpu_halt",                     KVM(SITE_DROPS) },
	{ "kvm_vcpu_on_spin",                  KVM(SITE_DROPS) },
	{ "xfer_to_guest_mode_handle_work",    .is = SITE_DROPS },
	/* Until nobody reads a VMA: mm/memory.c of v6.15, mm/mmap_lock.c since v6.16,
	 * __vma_enter_locked(), inlined or not. Before that it is an rwsem, and says so itself */
	{ "__vma_start_write",                 .is = SITE_VMA_LOCK },
	{ "vma_mark_detached",                 .is = SITE_VMA_LOCK },
	{ "__vma_enter_locked",                .is = SITE_VMA_LOCK },
	{ "__vma_start_exclude_readers",       .is = SITE_VMA_LOCK }, /* 7.3 */
	{ "handle_userfault",                  .is = SITE_FAULTS, .advice = ADVICE_USERFAULT },
	/* block/, mm/filemap.c, fs/buffer.c, fs/jbd2/journal.c, mm/page-writeback.c: from 6.1 to 7.3 */
	{ "submit_bio_wait",                   .advice = ADVICE_DISK },
	{ "folio_wait_bit_common",             .advice = ADVICE_DISK },
	{ "folio_wait_bit",                    .advice = ADVICE_DISK },
	{ "__wait_on_buffer",                  .advice = ADVICE_DISK },
	{ "bit_wait_io",                       .advice = ADVICE_DISK },
	{ "jbd2_log_wait_commit",              .advice = ADVICE_DISK },
	{ "rq_qos_wait",                       .advice = ADVICE_DISK },
	{ "blk_mq_get_tag",                    .advice = ADVICE_DISK },
	{ "balance_dirty_pages",               .advice = ADVICE_DISK },
	/* mm/memcontrol.c, by release: inside an allocation, or on the way back to user space */
	{ "mem_cgroup_handle_over_high",       .advice = ADVICE_MEMORY_HIGH },
	{ "__mem_cgroup_handle_over_high",     .advice = ADVICE_MEMORY_HIGH },

	/* ---- who waits for plain RCU. The same from 6.1 to 7.3 unless a release is given: fs/file.c, ----
	 * kernel/cgroup/cgroup.c, arch/x86/kvm/mmu/tdp_mmu.c, virt/kvm/kvm_main.c, kernel/events/core.c,
	 * drivers/vhost/, arch/arm64/kvm/arm.c. What the compiler may put into its caller is there too */
	{ "expand_fdtable",                    .advice = ADVICE_FDTABLE },
	{ "expand_files",                      .advice = ADVICE_FDTABLE },
	{ "alloc_fd",                          .advice = ADVICE_FDTABLE },
	{ "cgroup_attach_lock",                .advice = ADVICE_CGROUP },
	{ "cgroup_procs_write_start",          .advice = ADVICE_CGROUP },
	{ "cgroup_attach_task_all",            .advice = ADVICE_CGROUP },
	{ "cgroup_update_dfl_csses",           .advice = ADVICE_CGROUP },
	{ "kvm_mmu_uninit_tdp_mmu",            KVM(0), .call = CALL_CLOSE, .advice = ADVICE_TDP_MMU },
	{ "kvm_mmu_uninit_vm",                 KVM(0), .call = CALL_CLOSE, .advice = ADVICE_TDP_MMU },
	/* v6.10: for devices that have .release, which vfio's has */
	{ "kvm_device_release",                KVM(0), .call = CALL_CLOSE_DEVICE, .advice = ADVICE_DEVICE },
	{ "account_event",                     .advice = ADVICE_PERF },
	{ "perf_event_alloc",                  .advice = ADVICE_PERF },
	/* up to 6.12: d96c77bd4eeb ("KVM: x86: switch hugepage recovery thread to vhost_task"), v6.13 */
	{ "kvm_vm_create_worker_thread",       KVM(SITE_RECOVERS | SITE_KTHREAD | SITE_BY_TASK) },
	{ "kvm_vm_worker_thread",              KVM(0), .call = CALL_NX_RECOVERY }, /* it joins its cgroups first */
	{ "vhost_net_release",                 .call = CALL_CLOSE_VHOST, .advice = ADVICE_VHOST },
	{ "vhost_vsock_dev_release",           .call = CALL_CLOSE_VHOST, .advice = ADVICE_VHOST },
	{ "vhost_worker_killed",               .advice = ADVICE_VHOST },
	{ "__vhost_vq_attach_worker",          .advice = ADVICE_VHOST },
	/* vhost's worker, by release: its function, and what it does for VHOST_SET_OWNER as a kthread */
	{ "vhost_attach_cgroups_work",         .call = CALL_VHOST_WORKER },
	{ "vhost_worker",                      .call = CALL_VHOST_WORKER }, /* up to v6.16 */
	{ "vhost_run_work_kthread_list",       .call = CALL_VHOST_WORKER }, /* v6.17 */
	{ "vhost_run_work_list",               .call = CALL_VHOST_WORKER }, /* v6.17 */
	{ "kvm_destroy_mpidr_data",            KVM(0), .advice = ADVICE_MPIDR },
	/* kernel/sched/membarrier.c, net/core/dev.c; the same from 6.1 to 7.3 */
	{ "__x64_sys_membarrier",              .advice = ADVICE_MEMBARRIER },
	{ "__arm64_sys_membarrier",            .advice = ADVICE_MEMBARRIER },
	{ "__do_sys_membarrier",               .advice = ADVICE_MEMBARRIER },
	{ "sync_runqueues_membarrier_state",   .advice = ADVICE_MEMBARRIER },
	{ "membarrier_register_global_expedited", .advice = ADVICE_MEMBARRIER },
	{ "membarrier_register_private_expedited", .advice = ADVICE_MEMBARRIER },
	{ "netdev_run_todo",                   .advice = ADVICE_NETDEV },
	{ "unregister_netdevice_many",         .advice = ADVICE_NETDEV },
	{ "unregister_netdevice_many_notify",  .advice = ADVICE_NETDEV },

	/* ---- plain RCU: kernel/rcu/tree.c, tree_exp.h and sync.c ---- */
	{ "synchronize_rcu_expedited", RCU, .api = KS_API_RCU_EXPEDITED },
	{ "synchronize_rcu",           RCU, .api = KS_API_RCU },
	{ "synchronize_rcu_normal",    RCU, .api = KS_API_RCU }, /* v6.10 */
	{ "rcu_barrier",               RCU, .api = KS_API_RCU_BARRIER },
	{ "synchronize_net",           RCU }, /* net/core/dev.c: one of both, as the caller holds a lock */
	{ "exp_funnel_lock",           RCU },
	{ "rcu_sync_enter",            RCU },

	/* ---- SRCU: kernel/rcu/srcutree.c ---- */
	{ "synchronize_srcu_expedited", .is = SITE_SRCU | SITE_SYNC | SITE_DROPS, .api = KS_API_SYNC_EXPEDITED,
	                                .by_itself = CALL_FN_SYNC_EXPEDITED },
	{ "synchronize_srcu",           .is = SITE_SRCU | SITE_SYNC | SITE_DROPS, .api = KS_API_SYNC,
	                                .by_itself = CALL_FN_SYNC },
	{ "srcu_barrier",               SRCU, .api = KS_API_BARRIER, .by_itself = CALL_FN_BARRIER },
	{ "__synchronize_srcu",         .is = SITE_SRCU | SITE_SYNC | SITE_DROPS },
	{ "call_srcu",                  .is = SITE_SRCU | SITE_QUEUES },
	{ "call_srcu_expedited",        .is = SITE_SRCU | SITE_HURRIES }, /* an RFC of March 2026 */
	{ "srcu_*",                     SRCU },
	{ "__srcu_*",                   SRCU },
	{ "call_srcu*",                 SRCU },
	{ "__call_srcu*",               SRCU },
	{ "synchronize_srcu*",          SRCU },
	{ "__synchronize_srcu*",        SRCU },
	{ "queue_delayed_work*",        SRCU },
	{ "__queue_delayed_work*",      SRCU },
	{ "add_timer*",                 SRCU },
	{ "__mod_timer",                SRCU },
	{ "mod_timer*",                 SRCU },
	{ "wakeme_after_rcu",           SRCU },

	/* ---- the interrupt that 7.2 and later queue process_srcu from (srcu_funnel_gp_start(): ----
	 * irq_work_queue()). It mostly comes at once, so below these frames is still who asked for the
	 * grace period */
	{ "srcu_irq_work",           INTERRUPT },
	{ "irq_work_*",              .is = SITE_INTERRUPT | SITE_SRCU },
	{ "__sysvec_irq_work",       INTERRUPT }, /* x86 */
	{ "sysvec_irq_work",         INTERRUPT },
	{ "asm_sysvec_irq_work",     INTERRUPT },
	{ "ipi_handler",             INTERRUPT }, /* arm64 */
	{ "do_handle_IPI",           INTERRUPT },
	{ "handle_percpu_devid_irq", INTERRUPT },
	{ "handle_irq_desc",         INTERRUPT },
	{ "generic_handle_*",        INTERRUPT },
	{ "gic_handle_irq",          INTERRUPT },
	{ "call_on_irq_stack",       INTERRUPT },
	{ "do_interrupt_handler",    INTERRUPT },
	{ "el1_interrupt",           INTERRUPT },
	{ "el1h_64_irq*",            INTERRUPT },
	{ "_raw_spin_unlock*",       INTERRUPT },

	/* ---- who ends the sleep is a task, and no interrupt ---- */
	{ "__kthread_create_on_node", .is = SITE_BY_TASK | SITE_SPAWNS | SITE_KTHREAD },
	{ "kthread_create*",          .is = SITE_BY_TASK | SITE_KTHREAD },
	{ "kthread_stop*",            .is = SITE_BY_TASK | SITE_KTHREAD },
	{ "kthread_flush_work*",      .is = SITE_BY_TASK | SITE_KTHREAD },
	{ "vhost_task_stop",          .is = SITE_BY_TASK | SITE_KTHREAD }, /* v6.4 */
	{ "flush_work*",              .is = SITE_BY_TASK | SITE_KTHREAD },
	/* drivers/vhost/vhost.c: for its worker; up to v6.5 all is inlined into these, or not */
	{ "vhost_dev_set_owner",      .is = SITE_BY_TASK | SITE_KTHREAD },
	{ "vhost_dev_flush",          .is = SITE_BY_TASK | SITE_KTHREAD },
	{ "__vhost_worker_flush",     .is = SITE_BY_TASK | SITE_KTHREAD }, /* v6.6 */

	/* ---- ways to sleep ---- */
	{ "wait_for_completion*", SLEEPS },
	{ "__wait_for_common",    SLEEPS },
	{ "do_wait_for_common",   SLEEPS },
	{ "io_schedule*",         SLEEPS },
	{ "rwsem_*",              SLEEPS | SITE_BY_TASK },
	{ "down_*",               SLEEPS | SITE_BY_TASK },
	{ "__down_*",             SLEEPS | SITE_BY_TASK },
	{ "__mutex_lock",         MUTEX },
	{ "__mutex_lock_slowpath", MUTEX },
	{ "__mutex_lock*",        SLEEPS | SITE_BY_TASK },
	{ "mutex_lock",           MUTEX },
	{ "mutex_lock_killable",  MUTEX },
	{ "mutex_lock*",          SLEEPS | SITE_BY_TASK },
	{ "__wait_rcu_gp",        SLEEPS },
	{ "wait_rcu_gp",          SLEEPS },
	{ "out_of_line_wait*",    SLEEPS },
	{ "__wait_on_bit*",       SLEEPS },
	{ "rcuwait_*",            SLEEPS },
	{ "usleep_range*",        SLEEPS },
	{ "msleep*",              SLEEPS },
	{ "percpu_rwsem_wait*",   SLEEPS | SITE_BY_TASK },
	{ "__percpu_down_*",      SLEEPS | SITE_BY_TASK },
	{ "percpu_down_*",        SLEEPS | SITE_BY_TASK },
	{ "do_nanosleep",         SLEEPS },
	{ "hrtimer_nanosleep",    SLEEPS },
	{ "prepare_to_wait*",     SLEEPS },
	{ "swait_*",              SLEEPS },
	{ "__flush_work*",        SLEEPS | SITE_BY_TASK | SITE_KTHREAD },

	/* ---- the scheduler's frames, and the tracer's ---- */
	{ "__schedule",           NOISE },
	{ "schedule*",            NOISE },
	{ "preempt_schedule*",    NOISE },
	{ "bpf_*",                NOISE },
	{ "__bpf*",               NOISE },
	{ "__traceiter_*",        NOISE },
	{ "trace_*",              NOISE },
	{ "perf_*",               NOISE },
	{ "ftrace_*",             NOISE },
	{ "ftrace_trampoline",    NOISE },
	{ "stack_trace_*",        NOISE },
	{ "arch_stack_walk*",     NOISE },
	{ "get_perf_callchain",   NOISE },
	{ "__switch_to*",         NOISE },
	{ "ret_from_fork*",       NOISE },
	{ "__cond_resched*",      NOISE },
	{ "debug_smp_*",          NOISE },
};
/* clang-format on */

const size_t sites_cnt = ARRAY_LEN(sites);

static bool is_pattern(const struct site *site)
{
	return site->func[strlen(site->func) - 1] == '*';
}

static bool matches(const char *name, const struct site *site)
{
	if (*name != *site->func)
		return false;
	if (is_pattern(site))
		return !strncmp(name, site->func, strlen(site->func) - 1);
	return symbol_is(name, site->func);
}

uint32_t site_is(const char *name)
{
	uint32_t is = 0;
	bool is_named = false;

	for (size_t i = 0; i < sites_cnt; i++) {
		if (!matches(name, &sites[i]))
			continue;
		is |= sites[i].is;
		is_named |= !is_pattern(&sites[i]) && !(sites[i].is & SITE_NOISE);
	}
	/* perf_event_alloc is not one of the tracer's */
	return is_named ? is & ~SITE_NOISE : is;
}

const struct site *site_find(const char *name)
{
	for (size_t i = 0; name && i < sites_cnt; i++)
		if (*name == *sites[i].func && symbol_is(name, sites[i].func) &&
		    !is_pattern(&sites[i]))
			return &sites[i];
	return NULL;
}

const struct site *site_of_callback(const char *callback)
{
	for (size_t i = 0; callback && i < sites_cnt; i++)
		if (sites[i].callback && symbol_is(callback, sites[i].callback))
			return &sites[i];
	return NULL;
}

const struct site *site_of_call(enum call_id call)
{
	for (size_t i = 0; i < sites_cnt; i++)
		if (sites[i].by_itself == call)
			return &sites[i];
	return NULL;
}

const struct site *site_that(enum site_is is)
{
	size_t i = 0;

	while (!(sites[i].is & is))
		i++;
	return &sites[i];
}

const char *api_name(enum ks_api api)
{
	for (size_t i = 0; i < sites_cnt; i++)
		if (api != KS_API_NONE && sites[i].api == api &&
		    sites[i].is & (SITE_SRCU | SITE_RCU))
			return sites[i].func;
	return NULL;
}

const char *domain_kind_name(enum domain_kind kind)
{
	static const char *const names[DOMAIN_KIND_CNT] = {"kvm.srcu", "kvm.irq_srcu",
							   "mmu_notifier", "track_srcu", "other"};

	return names[kind];
}
