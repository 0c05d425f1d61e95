/* SPDX-License-Identifier: GPL-2.0-only */
/* What a host is: its kernel, privileges and settings, as far as they concern stalls. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* Settings that decide how long grace periods take, or who waits for them. */
enum host_param {
	HOST_RCU_NORMAL,
	HOST_RCU_EXPEDITED,
	HOST_EXP_HOLDOFF,
	HOST_CONVERT_TO_BIG,
	HOST_BIG_CPU_LIM,
	HOST_RETRY_CHECK_DELAY,
	HOST_MAX_NODELAY,
	HOST_MAX_NODELAY_PHASE,
	HOST_NX_HUGE_PAGES,
	HOST_APICV,
	HOST_AVIC,
	HOST_FIRST_FQS, /* from here on: what concerns plain RCU, and KVM's own starts and ends */
	HOST_WAKE_FROM_GP,
	HOST_RCU_LAZY,
	HOST_TDP_MMU,
	HOST_VIRT_AT_LOAD,
	HOST_FAVORDYNMODS,
	HOST_PARAM_CNT
};

/* As on the kernel's command line: "rcupdate.rcu_normal". But cgroup.favordynmods is an option of a
 * mount: "1" or "0". */
extern const char *const host_param_names[HOST_PARAM_CNT];

enum host_kvm {
	HOST_KVM_UNKNOWN,
	HOST_KVM_ABSENT,
	HOST_KVM_BUILTIN,
	HOST_KVM_MODULE,
};

enum host_cap { HOST_CAP_BPF, HOST_CAP_PERFMON, HOST_CAP_SYS_ADMIN, HOST_CAP_SYSLOG, HOST_CAP_CNT };

/* Whatever could not be read is 0, false or "": not known. */
struct host {
	char release[65];
	char arch[65]; /* uname's: "x86_64", "aarch64" */
	uint32_t cpus; /* possible ones */
	uint32_t config_hz;
	uint32_t measured_hz;
	char preemption[16]; /* "none", "voluntary", "full", "lazy", "realtime" */
	bool is_dynamic;     /* PREEMPT_DYNAMIC: preempt= at boot decides */
	char lockdown[32];
	enum host_kvm kvm;
	bool is_kvm_ready; /* KVM registered its device, whoever may see it */
	int dev_kvm_errno; /* of opening /dev/kvm; 0: it works */
	bool are_caps_known;
	uint32_t caps;	 /* (1 << enum host_cap), effective */
	bool is_user_ns; /* capabilities count in this user namespace only */
	bool is_pid_ns; /* not the first PID namespace: most of the host's processes have no id here
			 */
	bool has_addresses;
	/* Of the kernel's table of where each CPU's variables are, and of its run queues in there;
	 * 0: not known, as without CONFIG_KALLSYMS_ALL. */
	uint64_t per_cpu_offsets, runqueues;
	bool has_first_run;	 /* the function that a vCPU passes in its first KVM_RUN */
	bool has_nx_kthread;	 /* KVM_CREATE_VM makes the thread that recovers huge pages */
	bool has_call_expedited; /* call_srcu_expedited(): the fix of what v6.18 brought */
	bool are_types_known;	 /* BTF could be read */
	bool has_kvm_types;
	bool defers_register; /* kvm_io_bus_register_dev() uses call_srcu() */
	bool has_switch_exit; /* tracepoint sched_exit_tp */
	bool lacks_sysfs;     /* there is no /sys */
	uint64_t fds_max;     /* open files, the hard limit */
	uint64_t memory_max;  /* address space, bytes */
	uint64_t data_max;    /* private memory that can be written, bytes */
	uint64_t group_max;   /* memory of the control group, the kernel's for it too, bytes */
	uint64_t ring_bytes;  /* that are wanted; 0: the default */
	int sample_errno;     /* of perf_event_open(2) for a CPU's clock; 0: it works */
	bool is_stack_max_known;
	uint32_t stack_max; /* frames of a stack: kernel.perf_event_max_stack */
	char params[HOST_PARAM_CNT][24];
};

/* HZ, measured if possible; 0: not known. */
uint32_t host_hz(const struct host *host);

/*
 * HZ of a kernel whose jiffies grew by @ticks in @ns; 0: that says nothing. @config_hz is believed
 * if these fit (0: not known): a kernel may be built with any HZ. Else it is another kernel's, and
 * the nearest value that kernels are built with counts.
 */
uint32_t host_hz_of_ticks(uint64_t ticks, uint64_t ns, uint32_t config_hz);

/* The value of a setting that is a number; -1: not known. */
long host_param(const struct host *host, enum host_param which);

bool host_is_x86(const struct host *host);

/* "CAP_BPF" */
const char *host_cap_name(enum host_cap cap);

#endif
