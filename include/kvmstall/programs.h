/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every BPF program, once. bpf/kvmstall.bpf.c takes each one's section from here, attach_plan.c
 * its row, and kern/probes.c finds it by its number: a row without a program does not compile,
 * nor does a program without a row.
 */
#ifndef KVMSTALL_PROGRAMS_H
#define KVMSTALL_PROGRAMS_H

/*
 * X(name, type, target, backends, need, capability)
 *
 * @name: what_backend, at most 15 characters: the kernel keeps no more of it.
 * @type, @target: how and where it is attached.
 * @backends: BY_* of attach_plan.c, @need: NEED_*, what the kernel must have beyond the backend.
 * @capability: CAPABILITY_*, what the program carries.
 *
 * A return stands after its entry: probes are attached in this order, and only so the entry's
 * program sees if the return will be (bpf/call.bpf.h).
 */
/*
 * The function that a vCPU passes in its first KVM_RUN, and not in those that follow. On x86 it is
 * also what makes a vCPU's page tables anew, and what KVM_PRE_FAULT_MEMORY has for a vCPU that
 * never ran (arch/x86/kvm/mmu/mmu.c: kvm_mmu_load(), from kvm_mmu_reload() of vcpu_enter_guest());
 * on arm64 it is called when another thread runs the vCPU than the last time (kvm_vcpu_ioctl() of
 * virt/kvm/kvm_main.c). The same from 6.1 to 7.3.
 */
#if defined(__aarch64__) || defined(__TARGET_ARCH_arm64)
#define KS_FIRST_RUN(X)                                                                            \
	X(run_fentry, fentry, kvm_arch_vcpu_run_pid_change, FENTRY, FIRST_RUN, LIFE)               \
	X(run_kprobe, kprobe, kvm_arch_vcpu_run_pid_change, KPROBE, FIRST_RUN, LIFE)
#else
#define KS_FIRST_RUN(X)                                                                            \
	X(run_fentry, fentry, kvm_mmu_load, FENTRY, FIRST_RUN, LIFE)                               \
	X(run_kprobe, kprobe, kvm_mmu_load, KPROBE, FIRST_RUN, LIFE)
#endif

/* clang-format off */
#define KS_PROGRAMS(X)                                                                             \
	/* calls */                                                                                \
	X(sys_enter_tp, tp_btf, sys_enter, TP, NONE, CALL)                                         \
	X(sys_exit_tp, tp_btf, sys_exit, TP, NONE, CALL)                                           \
	X(exit_tp, tp_btf, sched_process_exit, TP, NONE, LIFE)                                     \
	X(dev_fentry, fentry, kvm_dev_ioctl, FENTRY, NONE, CALL)                                   \
	X(dev_fexit, fexit, kvm_dev_ioctl, FENTRY, NONE, CALL)                                     \
	X(vm_fentry, fentry, kvm_vm_ioctl, FENTRY, VM_FENTRY, CALL)                                \
	X(vm_fexit, fexit, kvm_vm_ioctl, FENTRY, VM_FENTRY, CALL)                                  \
	X(device_fentry, fentry, kvm_device_ioctl, FENTRY, NONE, CALL)                             \
	X(device_fexit, fexit, kvm_device_ioctl, FENTRY, NONE, CALL)                               \
	X(vm_rel_fentry, fentry, kvm_vm_release, FENTRY, NONE, CALL)                               \
	X(vm_rel_fexit, fexit, kvm_vm_release, FENTRY, NONE, CALL)                                 \
	X(vcpu_rel_fentry, fentry, kvm_vcpu_release, FENTRY, NONE, CALL)                           \
	X(vcpu_rel_fexit, fexit, kvm_vcpu_release, FENTRY, NONE, CALL)                             \
	X(dev_kprobe, kprobe, kvm_dev_ioctl, KPROBE, NONE, CALL)                                   \
	X(dev_kret, kretprobe, kvm_dev_ioctl, KPROBE, NONE, CALL)                                  \
	X(vm_kprobe, kprobe, kvm_vm_ioctl, FUNCS, VM_KPROBE, CALL)                                 \
	X(vm_kret, kretprobe, kvm_vm_ioctl, FUNCS, VM_KPROBE, CALL)                                \
	X(device_kprobe, kprobe, kvm_device_ioctl, KPROBE, NONE, CALL)                             \
	X(device_kret, kretprobe, kvm_device_ioctl, KPROBE, NONE, CALL)                            \
	X(vm_rel_kprobe, kprobe, kvm_vm_release, KPROBE, NONE, CALL)                               \
	X(vm_rel_kret, kretprobe, kvm_vm_release, KPROBE, NONE, CALL)                              \
	X(vcpu_rel_kprobe, kprobe, kvm_vcpu_release, KPROBE, NONE, CALL)                           \
	X(vcpu_rel_kret, kretprobe, kvm_vcpu_release, KPROBE, NONE, CALL)                          \
	/* the definite end of a VM: its main domain is taken apart (kvm_destroy_vm()) */          \
	X(cleanup_fentry, fentry, cleanup_srcu_struct, FENTRY, NONE, LIFE)                         \
	X(cleanup_kprobe, kprobe, cleanup_srcu_struct, KPROBE, NONE, LIFE)                         \
	/* a VM's first KVM_RUN; the system call's program sees it where there is one */           \
	KS_FIRST_RUN(X)                                                                            \
	/* waits */                                                                                \
	X(sync_fentry, fentry, synchronize_srcu, FENTRY, NONE, WAIT)                               \
	X(sync_fexit, fexit, synchronize_srcu, FENTRY, NONE, WAIT)                                 \
	X(sync_exp_fentry, fentry, synchronize_srcu_expedited, FENTRY, NONE, WAIT)                 \
	X(sync_exp_fexit, fexit, synchronize_srcu_expedited, FENTRY, NONE, WAIT)                   \
	X(barrier_fentry, fentry, srcu_barrier, FENTRY, NONE, WAIT)                                \
	X(barrier_fexit, fexit, srcu_barrier, FENTRY, NONE, WAIT)                                  \
	X(sync_kprobe, kprobe, synchronize_srcu, KPROBE, NONE, WAIT)                               \
	X(sync_kret, kretprobe, synchronize_srcu, KPROBE, NONE, WAIT)                              \
	X(sync_exp_kprobe, kprobe, synchronize_srcu_expedited, KPROBE, NONE, WAIT)                 \
	X(sync_exp_kret, kretprobe, synchronize_srcu_expedited, KPROBE, NONE, WAIT)                \
	X(barrier_kprobe, kprobe, srcu_barrier, KPROBE, NONE, WAIT)                                \
	X(barrier_kret, kretprobe, srcu_barrier, KPROBE, NONE, WAIT)                               \
	X(callback_fentry, fentry, call_srcu, FENTRY, NONE, CALLBACK)                              \
	X(callback_kprobe, kprobe, call_srcu, KPROBE, NONE, CALLBACK)                              \
	/* Not in any release yet: [RFC PATCH 2/3] srcu: Add and export call_srcu_expedited()      \
	 * (2026-03) */                                                                            \
	X(call_exp_fentry, fentry, call_srcu_expedited, FENTRY, CALL_EXPEDITED, CALLBACK)          \
	X(call_exp_kprobe, kprobe, call_srcu_expedited, KPROBE, CALL_EXPEDITED, CALLBACK)          \
	/* Grace periods. A kretprobe may be lost, and on arm64 a kprobe is a breakpoint: not where\
	 * they are made. */                                                                       \
	X(gp_fentry, fentry, process_srcu, FENTRY, NONE, STEP)                                     \
	X(gp_fexit, fexit, process_srcu, FENTRY, NONE, STEP)                                       \
	X(cb_fentry, fentry, srcu_invoke_callbacks, FENTRY, NONE, STEP)                            \
	X(cb_fexit, fexit, srcu_invoke_callbacks, FENTRY, NONE, STEP)                              \
	X(work_begin_tp, tp_btf, workqueue_execute_start, NO_FENTRY, NONE, STEP)                   \
	X(work_end_tp, tp_btf, workqueue_execute_end, NO_FENTRY, NONE, STEP)                       \
	X(timer_tp, tp_btf, timer_start, ALL, NONE, TIMER)                                         \
	X(queue_tp, tp_btf, workqueue_queue_work, ALL, NONE, QUEUE)                                \
	/* Sleeps. The first is after the switch: v6.15 26f80681a09b ("sched: Add sched tracepoints\
	 * for RV task model"), in __schedule() once no run queue is locked. What switch_tp leaves to\
	 * it must find it attached. */                                                            \
	X(back_tp, tp_btf, sched_exit_tp, ALL, SWITCH_EXIT, SLEEP)                                 \
	X(switch_tp, tp_btf, sched_switch, ALL, NONE, SLEEP)                                       \
	X(waking_tp, tp_btf, sched_waking, ALL, NONE, SLEEP)                                       \
	X(lock_tp, tp_btf, contention_begin, ALL, CONTENTION, LOCK)                                \
	X(lock_end_tp, tp_btf, contention_end, ALL, CONTENTION, LOCK)                              \
	/* who is there */                                                                         \
	X(fork_tp, tp_btf, sched_process_fork, ALL, NONE, FORK)                                    \
	X(unfollow_tp, tp_btf, sched_process_exit, ALL, NONE, FORK)                                \
	X(find_iter, iter, task_file, ALL, ITER, FIND)                                             \
	X(sweep_iter, iter, bpf_map_elem, ALL, ITER, FIND)                                         \
	X(task_iter, iter, task, ALL, ITER, SCAN)                                                  \
	/* who is on a CPU, of whom an iterator gets no stack: kern/sampler.h */                   \
	X(sample_perf, perf_event, cpu_clock, ALL, ITER, SCAN)                                     \
	/* how many readers a domain has: run when it is asked to (BPF_PROG_TEST_RUN) */           \
	X(readers_ask, syscall, none, ALL, ITER, SCAN)
/* clang-format on */

/*
 * Structs of the kernel's own that programs find by address, and read by plain loads if it can be
 * told their types (v6.2: bpf_rdonly_cast()): a load takes 2 ns, and the helper that reads any
 * memory 25. X(struct)
 */
#define KS_STRUCTS(X)                                                                              \
	X(file)                                                                                    \
	X(file_operations)                                                                         \
	X(srcu_data)                                                                               \
	X(srcu_struct)                                                                             \
	X(srcu_usage)                                                                              \
	X(task_struct)                                                                             \
	X(work_struct)

enum ks_struct {
#define X(name) KS_STRUCT_##name,
	KS_STRUCTS(X)
#undef X
		KS_STRUCT_CNT
};

/* Functions whose addresses the programs compare with. X(function) */
#define KS_SYMBOLS(X)                                                                              \
	X(process_srcu)                                                                            \
	X(srcu_invoke_callbacks)                                                                   \
	X(srcu_delay_timer)                                                                        \
	X(delayed_work_timer_fn)                                                                   \
	X(process_timeout)                                                                         \
	X(kvm_dev_ioctl)                                                                           \
	X(kvm_vm_ioctl)                                                                            \
	X(kvm_vcpu_ioctl)                                                                          \
	X(kvm_device_ioctl)

/*
 * Functions that a task is in while it waits for a grace period, whoever's, or is made to wait
 * since its cgroup is above memory.high (mm/memcontrol.c: on the way back to user space, where no
 * probe of the call sees it), or for a vCPU that another thread runs, or for a userfaultfd handler
 * or a server of FUSE (fs/fuse/dev.c), or for a worker of vhost that makes, finishes its work, or
 * ends (drivers/vhost/vhost.c): by its stack. X(function) The same in every release from 6.1
 * to 7.3, but that some lack one, or have it under two names.
 */
#define KS_WAITS(X)                                                                                \
	X(synchronize_rcu)                                                                         \
	X(synchronize_rcu_normal)                                                                  \
	X(synchronize_rcu_expedited)                                                               \
	X(rcu_barrier)                                                                             \
	X(synchronize_srcu)                                                                        \
	X(synchronize_srcu_expedited)                                                              \
	X(__synchronize_srcu)                                                                      \
	X(srcu_barrier)                                                                            \
	X(mem_cgroup_handle_over_high)                                                             \
	X(__mem_cgroup_handle_over_high)                                                           \
	X(kvm_vcpu_ioctl)                                                                          \
	X(handle_userfault)                                                                        \
	X(request_wait_answer)                                                                     \
	X(vhost_dev_set_owner)                                                                     \
	X(vhost_dev_flush)                                                                         \
	X(vhost_dev_cleanup)

/* How many of them there may be, with those that a compiler made of one (".part.0"). */
#define KS_WAITS_MAX 20

/*
 * Where a function that has a kretprobe returns to. v5.18 54ecbe6f1ed5 ("rethook: Add a generic
 * return hook"): some architectures have moved to the first.
 */
#define KS_RETHOOK_TRAMPOLINE	"arch_rethook_trampoline"
#define KS_KRETPROBE_TRAMPOLINE "__kretprobe_trampoline"

enum ks_program {
#define X(name, type, target, backends, need, capability) KS_PROGRAM_##name,
	KS_PROGRAMS(X)
#undef X
		KS_PROGRAM_CNT
};

#endif
