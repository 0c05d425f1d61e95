/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hang, put together: the calls that wait as the ledger accounts for them, and what the kernel's
 * own structures say at the same time of tasks, domains, pools and mutexes
 * (kvmstall/hang_records.h). One block of text, to be mailed: who waits for whom, up to where it
 * ends, or goes round.
 */
#ifndef DUMP_DUMP_H
#define DUMP_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/hang_records.h>

#include "ledger/stall.h"

struct str;
struct symbols;

/* More than these are counted, and not kept. */
#define DUMP_WAITS_MAX	251
#define DUMP_TASKS_MAX	4093
#define DUMP_FAULTS_MAX 1021

/* Answers to one scan come within this time; what was seen before is of an older one. */
#define DUMP_SCAN_NS 100000000ULL

/* A call that waits, as it was when it was seen. */
struct dump_wait {
	uint64_t seen_ns;
	uint64_t begin_ns; /* of the call */
	uint64_t since_ns; /* of the wait */
	uint64_t kvm;	   /* 0: not known */
	uint64_t ssp;	   /* the domain that it waits on; 0: none */
	uint64_t needed;   /* the grace period; 0: not known */
	enum domain_kind kind;
	enum call_id call;
	enum ks_cause cause;
	enum culprit_kind culprit;
	uint32_t tid;
	uint32_t tgid;
	uint32_t culprit_tid; /* 0: not known */
	enum call_id culprit_call;
	char culprit_func[64];
	char culprit_comm[KS_COMM_LEN];
	char comm[KS_COMM_LEN];
	char vm[96]; /* what it is called; "": not known */
};

struct dump_domain {
	struct ks_dump_domain read;
	enum domain_kind kind;
	char vm[96];
	bool is_read; /* else only .read.ssp is known */
};

struct dump_vm {
	struct ks_dump_vm read;
	char name[96];
	bool is_read;
};

struct dump {
	struct dump_wait *waits;
	size_t waits_cnt, waits_cap;
	struct ks_dump_task *tasks;
	size_t tasks_cnt, tasks_cap;
	struct ks_dump_fault *faults;
	size_t faults_cnt, faults_cap;
	struct ks_dump_pool *pools; /* of the workers among .tasks */
	size_t pools_cnt, pools_cap;
	struct dump_domain *domains; /* that .waits are on */
	size_t domains_cnt, domains_cap;
	struct dump_vm *vms; /* of .waits */
	size_t vms_cnt, vms_cap;
	uint64_t dropped; /* waits, tasks and faults for which there was no room */
};

/* What is said of the host. Strings "" and numbers 0: not known. */
struct dump_facts {
	const char *release;
	const char *arch;
	const char *version; /* ours */
	uint32_t hz;
	uint64_t taint;
	bool is_taint_known;
	uint64_t now_ns;   /* CLOCK_MONOTONIC */
	uint64_t dmesg_ns; /* the same moment in dmesg's clock; 0: not known */
	uint64_t jiffies;
};

/* All zero bytes is empty. */
void dump_fini(struct dump *dump);

/* A call that is asleep; one of the same task that was there is replaced. 0 or -ENOMEM. */
int dump_add_wait(struct dump *dump, const struct stall *stall);

/* Forget the waits that the last scan did not see, and list the domains and VMs of the others.
 * What was read before is forgotten. 0 or -ENOMEM. */
int dump_begin(struct dump *dump);

/* A task as it is now, and its pool if it is a worker: to be read. 0 or -ENOMEM. */
int dump_add_task(struct dump *dump, const struct ks_dump_task *task);

/* A task that waits for a page of userfaultfd. 0 or -ENOMEM. */
int dump_add_fault(struct dump *dump, const struct ks_dump_fault *fault);

/* The block of text. @syms: for stacks and works. */
void dump_text(const struct dump *dump, const struct dump_facts *facts, const struct symbols *syms,
	       struct str *out);

#endif
