/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls that can stall, as one table: numbers, names, what their arguments mean. */
#ifndef LEDGER_IOCTLS_H
#define LEDGER_IOCTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

#include "ledger/system_calls.h"
#include "ledger/unwatched.h"

/*
 * X(id, name, number, the files that it is made on, what it does, arguments...)
 *
 * include/uapi/linux/kvm.h: numbers and structures. On a VM's file all that sleep, take slots_lock
 * or kvm->lock for long, or can be long are here, but not the hot ones (KVM_IRQ_LINE,
 * KVM_SIGNAL_MSI); those of vCPUs' files are beside KVM_RUN, and are deliberately not.
 *
 * REGISTERS: it registers devices on a KVM bus. Since v6.18 (7d9a0273c459 "KVM: Avoid
 * synchronize_srcu() in kvm_io_bus_register_dev()") it may leave a normal grace period outstanding.
 * WAITS: it waits for the readers of kvm->srcu: it installs new memory slots, or new filters.
 */
/* clang-format off */
#define IOCTLS(X)                                                                                                         \
	X(CREATE_VM, "KVM_CREATE_VM", 0x01, ON_DEV, 0, VALUE("type"))                                                     \
	X(CREATE_VCPU, "KVM_CREATE_VCPU", 0x41, ON_VM, WAITS, VALUE("id"))                                                \
	X(SET_MEMORY_REGION, "KVM_SET_MEMORY_REGION", 0x40, ON_VM, WAITS, NO_ARGS)                                        \
	X(SET_USER_MEMORY_REGION, "KVM_SET_USER_MEMORY_REGION", 0x46, ON_VM, WAITS,                                       \
	  U32("slot", 0), U32("flags", 4), HEX("gpa", 8), HEX("size", 16))                                                \
	X(SET_TSS_ADDR, "KVM_SET_TSS_ADDR", 0x47, ON_VM, WAITS, ADDR("addr"))                                             \
	X(SET_IDENTITY_MAP_ADDR, "KVM_SET_IDENTITY_MAP_ADDR", 0x48, ON_VM, WAITS, NO_ARGS)                                \
	X(SET_USER_MEMORY_REGION2, "KVM_SET_USER_MEMORY_REGION2", 0x49, ON_VM, WAITS,                                     \
	  U32("slot", 0), U32("flags", 4), HEX("gpa", 8), HEX("size", 16))                                                \
	X(CREATE_IRQCHIP, "KVM_CREATE_IRQCHIP", 0x60, ON_VM, REGISTERS, NO_ARGS)                                          \
	X(REGISTER_COALESCED_MMIO, "KVM_REGISTER_COALESCED_MMIO", 0x67, ON_VM, REGISTERS, HEX("addr", 0), U32("size", 8)) \
	X(UNREGISTER_COALESCED_MMIO, "KVM_UNREGISTER_COALESCED_MMIO", 0x68, ON_VM, 0, HEX("addr", 0), U32("size", 8))     \
	X(SET_GSI_ROUTING, "KVM_SET_GSI_ROUTING", 0x6a, ON_VM, 0, U32("nr", 0))                                           \
	X(REINJECT_CONTROL, "KVM_REINJECT_CONTROL", 0x71, ON_VM, 0, U32("reinject", 0))                                   \
	X(IRQFD, "KVM_IRQFD", 0x76, ON_VM, 0, S32("fd", 0), U32("gsi", 4), U32("flags", 8))                               \
	X(CREATE_PIT2, "KVM_CREATE_PIT2", 0x77, ON_VM, REGISTERS, U32("flags", 0))                                        \
	X(CREATE_PIT, "KVM_CREATE_PIT", 0x64, ON_VM, REGISTERS, NO_ARGS)                                                  \
	X(IOEVENTFD, "KVM_IOEVENTFD", 0x79, ON_VM, REGISTERS,                                                             \
	  HEX("addr", 8), U32("len", 16), S32("fd", 20), U32("flags", 24))                                                \
	X(ENABLE_CAP, "KVM_ENABLE_CAP", 0xa3, ON_VM, 0, U32("cap", 0))                                                    \
	X(SET_PMU_EVENT_FILTER, "KVM_SET_PMU_EVENT_FILTER", 0xb2, ON_VM, WAITS, U32("action", 0), U32("nevents", 4))      \
	X(HYPERV_EVENTFD, "KVM_HYPERV_EVENTFD", 0xbd, ON_VM, 0, U32("conn_id", 0), S32("fd", 4), U32("flags", 8))         \
	X(X86_SET_MSR_FILTER, "KVM_X86_SET_MSR_FILTER", 0xc6, ON_VM, WAITS, U32("flags", 0))                              \
	X(XEN_HVM_SET_ATTR, "KVM_XEN_HVM_SET_ATTR", 0xc9, ON_VM, 0, U32("type", 0))                                       \
	X(CREATE_DEVICE, "KVM_CREATE_DEVICE", 0xe0, ON_VM | KS_WANTED_READS, REGISTERS, U32("type", 0), U32("flags", 8))  \
	X(SET_DEVICE_ATTR, "KVM_SET_DEVICE_ATTR", 0xe1, ON_DEVICE | ON_VM, REGISTERS, U32("group", 4), U64("attr", 8))  \
	X(GET_DIRTY_LOG, "KVM_GET_DIRTY_LOG", 0x42, ON_VM, 0, U32("slot", 0)) \
	X(SET_NR_MMU_PAGES, "KVM_SET_NR_MMU_PAGES", 0x44, ON_VM, 0, VALUE("pages")) \
	X(MEMORY_ENCRYPT_OP, "KVM_MEMORY_ENCRYPT_OP", 0xba, ON_VM | KS_WANTED_READS, 0, U32("id", 0)) \
	X(MEMORY_ENCRYPT_REG_REGION, "KVM_MEMORY_ENCRYPT_REG_REGION", 0xbb, ON_VM | KS_WANTED_READS, 0, \
	  HEX("addr", 0), HEX("size", 8)) \
	X(MEMORY_ENCRYPT_UNREG_REGION, "KVM_MEMORY_ENCRYPT_UNREG_REGION", 0xbc, ON_VM | KS_WANTED_READS, 0, \
	  HEX("addr", 0), HEX("size", 8)) \
	X(CLEAR_DIRTY_LOG, "KVM_CLEAR_DIRTY_LOG", 0xc0, ON_VM | KS_WANTED_READS, 0, U32("slot", 0), U32("num_pages", 4), \
	  U64("first_page", 8)) \
	X(RESET_DIRTY_RINGS, "KVM_RESET_DIRTY_RINGS", 0xc7, ON_VM, 0, NO_ARGS) \
	X(GET_STATS_FD, "KVM_GET_STATS_FD", 0xce, ON_VM, 0, NO_ARGS) \
	X(SET_MEMORY_ATTRIBUTES, "KVM_SET_MEMORY_ATTRIBUTES", 0xd2, ON_VM, 0, \
	  HEX("addr", 0), HEX("size", 8), HEX("attributes", 16)) \
	X(CREATE_GUEST_MEMFD, "KVM_CREATE_GUEST_MEMFD", 0xd4, ON_VM | KS_WANTED_READS, 0, HEX("size", 0), U64("flags", 8))

/*
 * What else a stall, or its culprit, may be in. X(id, name, what it does); NULL: a kernel
 * function by itself (a work item, or what a log of probes has), whose name ledger/sites.c has.
 */
#define OTHER_CALLS(X)                                   \
	X(UNKNOWN, "unknown", 0)                         \
	X(SYSTEM_CALL, "system call", 0)                 \
	X(FAULT, "page fault", 0)                        \
	X(USER_CODE, "user code", 0)                     \
	X(CLOSE, "close", 0)                             \
	X(CLOSE_LAST, "close (last)", 0)                 \
	X(CLOSE_EXIT, "close (exit)", 0)                 \
	X(CLOSE_DEVICE, "close (device)", 0)             \
	X(CLOSE_VHOST, "close (vhost)", 0)               \
	X(IOCTL, "ioctl", 0)                             \
	X(RUN, "KVM_RUN", 0)                             \
	X(TRANSLATE, "KVM_TRANSLATE", 0)                 \
	X(PRE_FAULT_MEMORY, "KVM_PRE_FAULT_MEMORY", 0)   \
	X(SET_SREGS, "KVM_SET_SREGS", 0)                 \
	X(GET_MP_STATE, "KVM_GET_MP_STATE", 0)           \
	X(VCPU_IOCTL, "vCPU ioctl", 0)                   \
	X(ASYNC_PAGE_FAULT, "async page fault", 0)       \
	X(NX_RECOVERY, "NX huge page recovery", 0)       \
	X(VHOST_WORKER, "vhost worker", 0)               \
	X(MMU_RELEASE, "mmu_notifier release", 0)        \
	X(FN_IRQFD_SHUTDOWN, NULL, 0)                    \
	X(FN_REGISTER_DEV, NULL, REGISTERS)              \
	X(FN_UNREGISTER_DEV, NULL, 0)                    \
	X(FN_CREATE_VCPU, NULL, WAITS)                   \
	X(FN_SET_MEMORY_REGION, NULL, WAITS)             \
	X(FN_SWAP_MEMSLOTS, NULL, 0)                     \
	X(FN_SYNC, NULL, 0)                              \
	X(FN_SYNC_EXPEDITED, NULL, 0)                    \
	X(FN_BARRIER, NULL, 0)                           \
	X(FN_DEV_IOCTL, NULL, 0)                         \
	X(FN_VM_IOCTL, NULL, 0)                          \
	X(FN_VM_RELEASE, NULL, 0)                        \
	X(VM_START, "start of a VM", 0)                  \
	X(VM_END, "end of a VM", 0)

enum call_id {
	CALL_NONE, /* in no call, or it is not known whether */
#define X(id, ...) CALL_##id,
	IOCTLS(X)
	OTHER_CALLS(X)
	UNWATCHED(X)
	SYSCALLS(X)
	OTHER_IOCTLS(X)
#undef X
	CALL_CNT
};
/* clang-format on */

enum ioctl_arg_type {
	IOCTL_ARG_U32,
	IOCTL_ARG_S32,
	IOCTL_ARG_U64,
	IOCTL_ARG_HEX, /* 64 bits: addresses and sizes */
};

struct ioctl_arg {
	const char *name;
	uint8_t offset; /* in the structure that the ioctl's argument points to */
	uint8_t type;
	bool is_value; /* the argument itself, not what it points to */
};

#define IOCTL_ARGS_MAX 5

struct ioctl_desc {
	enum call_id id;
	uint8_t nr;    /* _IOC_NR of the ioctl */
	uint8_t kinds; /* (1 << enum ks_call_kind) it is made on, KS_WANTED_READS */
	struct ioctl_arg args[IOCTL_ARGS_MAX];
};

/* What is known of an ioctl; NULL for one that kvmstall does not watch. */
const struct ioctl_desc *ioctl_find(enum ks_call_kind kind, uint32_t cmd);

/* The same by its name, of @len characters. */
const struct ioctl_desc *ioctl_by_name(const char *name, size_t len);

/* The call of one whole request (direction, size, type and number); CALL_NONE: not one of KVM's
 * that is known. */
enum call_id call_of_request(uint32_t request);

/* The same by the name that strace prints, of @len characters: CALL_NONE, CALL_RUN, or one of an
 * ioctl, watched or not. */
enum call_id call_by_name(const char *name, size_t len);

/* Which call a record's kind and ioctl are; CALL_UNKNOWN for one that kvmstall does not watch, and
 * for a system call. */
enum call_id call_of(enum ks_call_kind kind, uint32_t cmd);

/* The system call whose entry this function is ("__x64_sys_madvise"); CALL_NONE: it is not one
 * that is on the list. */
enum call_id call_of_entry(const char *func);

/* The call's name: "KVM_CREATE_VCPU", "close"; NULL for CALL_NONE alone. */
const char *call_name(enum call_id call);

/*
 * The call of a record of KS_KIND_SYSCALL: of its .cmd, and of its .arg, which is the request if it
 * is an ioctl. CALL_SYSTEM_CALL for one that has no name here, CALL_FAULT if it was in none.
 */
enum call_id call_of_syscall(uint32_t cmd, uint64_t arg);

/* By name, for what people read: as strcmp(). CALL_NONE comes first. */
int call_order(enum call_id a, enum call_id b);

/* Does it register devices, and may it leave a normal grace period outstanding? */
bool call_registers(enum call_id call);

/* Does it wait for the readers of kvm->srcu? */
bool call_waits(enum call_id call);

/* The value of one argument of @call; false when it was not readable. */
bool ioctl_arg_value(const struct ks_call *call, const struct ioctl_arg *arg, uint64_t *value);

/* Fill the table that the probes filter by: bit (1 << kind) for each ioctl number. */
void ioctl_wanted(uint8_t wanted[256]);

/* "slot=0 gpa=0x0 size=0x8000000" into @buf, flags only when there are any. Returns @buf. */
char *ioctl_format_args(const struct ks_call *call, char *buf, size_t size);

#endif
