/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VMM does as data: calls in an order, on threads, with gaps and arguments. A profile of
 * repro, an strace log, a recording and a list that was edited by hand all come to this, and what
 * plays it knows nothing of where it is from. Pure: no I/O, no clock, no KVM.
 *
 * A script is a stranger's: every number in it has a bound (script_check()), and only the calls of
 * script_plays() are ever made.
 */
#ifndef SCRIPT_SCRIPT_H
#define SCRIPT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ioctls.h"
#include "output/call_order.h"

struct err;
struct str;

#define SCRIPT_OPS_MAX	   131072
#define SCRIPT_THREADS_MAX 64
#define SCRIPT_VMS_MAX	   16
#define SCRIPT_VCPUS_MAX   1024
#define SCRIPT_SLOTS_MAX   32767
#define SCRIPT_ROUTES_MAX  4096
#define SCRIPT_MEMORY_MAX  (512ULL << 30) /* all slots together */

/* A gap that is longer is cut to this: no grace period that a call of ours left lasts so long. */
#define SCRIPT_GAP_MAX_NS 1000000000ULL
/* All gaps together, after that. */
#define SCRIPT_TIME_MAX_NS 60000000000ULL

#define SCRIPT_UNTIMED UINT64_MAX
/* KEY_SLOT: the slot that was made last. */
#define SCRIPT_LAST UINT64_MAX

/* X(id, name, is_hex): arguments that matter to the waits, by the names that kvmstall has for them
 */
/* clang-format off */
#define SCRIPT_KEYS(X)                                                                       \
	X(TYPE, "type", false) X(ID, "id", false) X(SLOT, "slot", false)                      \
	X(FLAGS, "flags", true) X(GPA, "gpa", true) X(SIZE, "size", true)                     \
	X(FD, "fd", false) X(GSI, "gsi", false) X(ADDR, "addr", true) X(LEN, "len", false)    \
	X(MATCH, "datamatch", false) X(NR, "nr", false) X(CAP, "cap", false)                  \
	X(REINJECT, "reinject", false) X(CONN_ID, "conn_id", false)                           \
	X(GROUP, "group", false) X(ATTR, "attr", false)                                       \
	X(ACTION, "action", false) X(NEVENTS, "nevents", false)

enum script_key {
#define X(id, name, is_hex) KEY_##id,
	SCRIPT_KEYS(X)
#undef X
	KEY_CNT
};
/* clang-format on */

/* What is done: an ioctl (enum call_id says which), or one of these. */
enum script_act {
	ACT_IOCTL,
	ACT_CLOSE,	/* of the VM */
	ACT_CLOSE_VCPU, /* KEY_ID */
	ACT_EVENTFD,
	ACT_DUP,
	ACT_SOCKET,
	ACT_THREAD, /* make one that does nothing */
	ACT_CNT
};

struct script_op {
	enum script_act act;
	enum call_id id; /* ACT_IOCTL */
	uint32_t thread; /* from 0, in the order of their first calls */
	uint32_t keys;	 /* 1 << enum script_key: what is known; the rest is assumed */
	uint64_t values[KEY_CNT];
	uint64_t gap_ns;
	bool is_overlap;   /* the gap is from the start of the call before, else from its end */
	bool is_optional;  /* profiles: refused, the VMM goes on; of a log every call is */
	bool is_initiator; /* known by a stall that names it alone */
	int32_t err;	   /* as recorded: an errno, or 0 */
	uint64_t took_ns;  /* as recorded, or SCRIPT_UNTIMED */
	uint64_t begin_ns; /* as recorded, of the log's clock; scripts_settle() makes gaps of it */
	uint32_t seq;	   /* what was added before it, for equal times */
};

/* The calls on one VM. All zero bytes is empty. */
struct script {
	struct script_op *ops;
	size_t cnt, cap;
	uint64_t start_ns;	    /* as recorded: KVM_CREATE_VM, of the log's clock */
	uint32_t cut;		    /* gaps that were */
	uint32_t skipped[CALL_CNT]; /* what is not played, by name */
	uint32_t assumed;	    /* calls some argument of which is not in the log */
	uint32_t guessed;	    /* KVM_IOEVENTFD that was long: taken for one that takes back */
	bool ends_by_exit;	    /* the log has no close of the VM */
	bool is_made_first;	    /* its KVM_CREATE_VM is not in the file */
	bool is_split;		    /* a KVM_ENABLE_CAP is taken for the split irqchip */
};

/* The VMs of a log. All zero bytes is empty. */
struct scripts {
	struct script vms[SCRIPT_VMS_MAX];
	size_t cnt;
	uint32_t left_out;	 /* VMs beyond SCRIPT_VMS_MAX */
	uint32_t created_before; /* VMs whose KVM_CREATE_VM is not in the log: not played */
	bool is_partial;	 /* calls that did not sleep are not in it (trace without --all) */
	bool is_untimed;	 /* no durations, or no times of day */
};

void scripts_fini(struct scripts *scripts);

/*
 * All calls of a log are in: of each VM, sort them by their starts, make gaps of times, find out
 * what is assumed, leave all but the first KVM_RUN of each vCPU out; then script_check(). Without
 * any VM an error.
 */
int scripts_settle(struct scripts *scripts, struct err *err);

const char *script_key_name(enum script_key key);
bool script_key_is_hex(enum script_key key);
/* KEY_CNT: not one of them. */
enum script_key script_key_find(const char *name, size_t len);

/* "KVM_CREATE_VM", "close", "eventfd". */
const char *script_op_name(const struct script_op *op);

bool script_op_has(const struct script_op *op, enum script_key key);
void script_op_set(struct script_op *op, enum script_key key, uint64_t value);
/* The value, or @otherwise. */
uint64_t script_op_get(const struct script_op *op, enum script_key key, uint64_t otherwise);

/* The op that @call was: arguments as far as they are known, its times, what it returned. */
void script_op_of_call(const struct ks_call *call, enum call_id id, struct script_op *op);

/* Is it the same call with the same arguments? Times and threads do not count. */
bool script_op_same(const struct script_op *a, const struct script_op *b);

/* Is this a call that repro makes? KVM_RUN is: once for each vCPU, and returns at once. */
bool script_plays(enum call_id id, enum machine_arch arch);

/* Add a copy of @op at the end: 0, -ENOMEM, or -E2BIG beyond SCRIPT_OPS_MAX. */
int script_add(struct script *script, const struct script_op *op);
void script_fini(struct script *script);
/* 0 or -ENOMEM; @to is empty before. */
int script_copy(struct script *to, const struct script *from);

/* A script that says neither how its VM ends: by a close. 0 or -ENOMEM. */
int script_end(struct script *script);

/* Each gap times @percent / 100, and still within the bound. */
void script_scale_gaps(struct script *script, uint32_t percent);

/* Is every number within its bound? A negative errno with the sentence in @err. */
int script_check(const struct script *script, struct err *err);

/* What calls it takes with times as recorded; UNTIMED: it has no times. Of the start: up to the
 * first KVM_RUN, or else the end of the last call that is not a close. */
uint64_t script_recorded_start_ns(const struct script *script);

/* Calls that will be made on KVM, and those of the log: played @n of @m. */
uint32_t script_kvm_calls(const struct script *script);

/* "played 61 of 66 calls; skipped: KVM_SET_CPUID2 2, KVM_SET_MSRS 3" */
void script_say_played(const struct script *script, struct str *out);

/* One sentence each, a line: what is not as in the log. */
void script_say_assumed(const struct script *script, struct str *out);

/* Is the op before which the VM's start ends. */
size_t script_start_end(const struct script *script);

#endif
