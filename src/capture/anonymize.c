// SPDX-License-Identifier: GPL-2.0-only
#include "capture/anonymize.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "capture/environment.h"
#include "ledger/record_view.h"
#include "ledger/sites.h"
#include "ledger/symbols.h"

/* Far enough apart for any function, and where the kernel has its addresses. */
#define KERNEL_FIRST 0xffffa00000000000ULL
#define KERNEL_STEP  (1ULL << 20)

/* Where position-independent programs, libraries and mappings are, on x86-64 and arm64. */
#define USER_LOW   0x550000000000ULL
#define USER_HIGH  (1ULL << 48)
#define USER_FIRST 0x7f0000000000ULL
#define PAGE	   4096ULL

struct anonymize {
	struct map addresses; /* -> the other one, as a pointer */
	struct map names;     /* hash of kind and name -> number, as a pointer */
	const struct symbols *foreign;
	uint64_t kernel_cnt, user_cnt, vm_cnt, comm_cnt, prog_cnt, func_cnt;
	int failed;
};

struct anonymize *anonymize_new(void)
{
	return calloc(1, sizeof(struct anonymize));
}

void anonymize_free(struct anonymize *anon)
{
	if (!anon)
		return;
	map_fini(&anon->addresses);
	map_fini(&anon->names);
	free(anon);
}

int anonymize_failed(const struct anonymize *anon)
{
	return anon->failed;
}

/* What @key stands for; if it is new, @next. 0: out of memory. */
static uint64_t replaced(struct anonymize *anon, struct map *map, uint64_t key, uint64_t next)
{
	void *known = map_get(map, key);

	if (known)
		return (uintptr_t)known;
	if (map_put(map, key, (void *)(uintptr_t)next)) {
		anon->failed = -ENOMEM;
		return 0;
	}
	return next;
}

/* ---- names ---- */

/* @kind is what comes before the number. */
static void put_name(struct anonymize *anon, const char *kind, uint64_t *cnt, const char *name,
		     char *out, size_t size)
{
	uint64_t key = hash_text(hash_text(HASH_START, kind), name);
	uint64_t number = *name ? replaced(anon, &anon->names, key, *cnt + 1) : 0;

	if (number > *cnt)
		*cnt = number;
	memset(out, 0, size);
	if (number)
		snprintf(out, size, "%s%llu", kind, (unsigned long long)number);
}

void anonymize_vm_name(struct anonymize *anon, const char *name, char *out, size_t size)
{
	put_name(anon, "vm-", &anon->vm_cnt, name, out, size);
}

/* Threads of the kernel, and what may follow: nothing that somebody chose. */
static bool is_kernel_thread(const char *comm)
{
	static const char *const threads[] = {
		"kworker/",	   "kvm-pit/",	      "kvm-nx-lpage-re", "rcu_preempt",
		"rcu_sched",	   "rcu_tasks_kthre", "rcu_tasks_rude_", "rcu_tasks_trace",
		"rcu_exp_par_gp_", "rcu_exp_gp_kthr", "ksoftirqd/",	 "migration/",
		"swapper/",	   "rcuc/",	      "rcuop/",		 "rcuos/",
		"rcuog/"};
	size_t len;

	for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
		len = strlen(threads[i]);
		if (!strncmp(comm, threads[i], len) &&
		    !comm[len + strspn(comm + len, "0123456789:uHRI")])
			return true;
	}
	return false;
}

void anonymize_comm(struct anonymize *anon, const char *comm, size_t comm_len, char *out,
		    size_t size)
{
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)comm_len, comm);
	if (!is_kernel_thread(name)) {
		put_name(anon, "comm-", &anon->comm_cnt, name, out, size);
		return;
	}
	memset(out, 0, size);
	snprintf(out, size, "%s", name);
}

/* ---- functions ---- */

void anonymize_foreign(struct anonymize *anon, const struct symbols *foreign)
{
	anon->foreign = foreign;
}

/* kernel/bpf/core.c, bpf_get_prog_name(): a tag, and what its author calls it. */
static bool is_program(const char *name)
{
	static const char lead[] = "bpf_prog_";

	return !strncmp(name, lead, sizeof(lead) - 1);
}

/* KVM may be built outside the kernel's tree as well: its functions are those that explain stalls.
 */
static bool is_foreign(const struct anonymize *anon, uint64_t start, const char *name)
{
	uint64_t offset;

	return anon->foreign && symbols_find(anon->foreign, start, &offset) && !offset &&
	       !site_is(name) && !site_find(name);
}

void anonymize_function(struct anonymize *anon, uint64_t start, const char *name, char *out,
			size_t size)
{
	if (is_program(name))
		put_name(anon, "bpf_prog_", &anon->prog_cnt, name, out, size);
	else if (is_foreign(anon, start, name))
		put_name(anon, "module_function_", &anon->func_cnt, name, out, size);
	else
		snprintf(out, size, "%s", name);
}

/* ---- addresses ---- */

uint64_t anonymize_address(struct anonymize *anon, uint64_t addr)
{
	if (!addr || map_get(&anon->addresses, addr))
		return (uintptr_t)map_get(&anon->addresses, addr);
	return replaced(anon, &anon->addresses, addr,
			KERNEL_FIRST + ++anon->kernel_cnt * KERNEL_STEP);
}

void anonymize_symbol(struct anonymize *anon, uint64_t addr, uint64_t start)
{
	uint64_t begin = anonymize_address(anon, start);

	if (begin && addr != start)
		replaced(anon, &anon->addresses, addr, begin + (addr - start));
}

/* A word that somebody passed to the kernel: an address of his, by where it is. */
static uint64_t user_word(struct anonymize *anon, uint64_t word)
{
	uint64_t page = word & ~(PAGE - 1);

	if (word < USER_LOW || word >= USER_HIGH)
		return word;
	if (!map_get(&anon->addresses, page))
		anon->user_cnt++;
	page = replaced(anon, &anon->addresses, page, USER_FIRST + anon->user_cnt * PAGE);
	return page ? page + (word & (PAGE - 1)) : 0;
}

/* ---- records ---- */

static void hide_address(struct anonymize *anon, __u64 *addr)
{
	*addr = anonymize_address(anon, *addr);
}

static void hide_comm(struct anonymize *anon, char comm[KS_COMM_LEN])
{
	char name[KS_COMM_LEN];

	memcpy(name, comm, sizeof(name));
	anonymize_comm(anon, name, sizeof(name), comm, KS_COMM_LEN);
}

static void hide_vm(struct anonymize *anon, struct ks_vm *vm)
{
	hide_address(anon, &vm->kvm);
	hide_address(anon, &vm->srcu.ssp);
	hide_address(anon, &vm->irq_srcu.ssp);
	hide_comm(anon, vm->comm);
}

static void hide_step(struct anonymize *anon, struct ks_step *step)
{
	hide_address(anon, &step->ssp);
	switch (step->head.type) {
	case KS_VM_GONE:
	case KS_HELD:
	case KS_DOMAIN:
	case KS_CLOSING:
	case KS_BORN:
	case KS_RUN:
		hide_address(anon, &step->val);
	}
}

static void hide_call(struct anonymize *anon, struct ks_call *call)
{
	uint64_t words[KS_ARGS_LEN / sizeof(uint64_t)];

	hide_address(anon, &call->kvm);
	hide_comm(anon, call->comm);
	call->arg = user_word(anon, call->arg);
	memcpy(words, call->args, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		words[i] = user_word(anon, words[i]);
	memcpy(call->args, words, sizeof(words));
}

static void hide_sleep(struct anonymize *anon, struct ks_sleep *sleep)
{
	hide_address(anon, &sleep->kvm);
	hide_address(anon, &sleep->ssp);
}

static void hide_start(struct anonymize *anon, struct ks_start *start)
{
	hide_address(anon, &start->ssp);
	hide_address(anon, &start->kvm);
	hide_address(anon, &start->func);
	hide_comm(anon, start->comm);
}

static void hide_lock(struct anonymize *anon, struct ks_lock *lock)
{
	hide_address(anon, &lock->lock);
	hide_address(anon, &lock->kvm);
	hide_comm(anon, lock->owner_comm);
}

static void hide_task(struct anonymize *anon, struct ks_task *task)
{
	hide_address(anon, &task->kvm);
	hide_address(anon, &task->ssp);
	task->arg = user_word(anon, task->arg);
	hide_comm(anon, task->comm);
}

static void hide_cpu(struct anonymize *anon, struct ks_cpu *cpu)
{
	hide_comm(anon, cpu->comm);
	hide_comm(anon, cpu->ran_comm);
	hide_comm(anon, cpu->waker_comm);
}

void anonymize_record(struct anonymize *anon, void *record, size_t size)
{
	struct record_view view;
	__u64 *stack;

	if (!record_view(record, size, &view))
		return;
	stack = (__u64 *)((char *)record + view.fixed); /* if it has one */
	for (size_t i = 0; i < view.frames; i++)
		hide_address(anon, &stack[i]);
	switch (view.shape) {
	case RECORD_NONE:
		break;
	case RECORD_VM:
		hide_vm(anon, record);
		break;
	case RECORD_STEP:
		hide_step(anon, record);
		break;
	case RECORD_CB:
		hide_address(anon, &((struct ks_cb *)record)->ssp);
		break;
	case RECORD_CALL:
		hide_call(anon, record);
		break;
	case RECORD_SLEEP:
		hide_sleep(anon, record);
		break;
	case RECORD_START:
		hide_start(anon, record);
		break;
	case RECORD_LOCK:
		hide_lock(anon, record);
		break;
	case RECORD_TASK:
		hide_task(anon, record);
		break;
	case RECORD_CPU:
		hide_cpu(anon, record);
		break;
	case RECORD_RCU:
		hide_comm(anon, ((struct ks_rcu *)record)->comm);
		break;
	case RECORD_READERS:
		hide_address(anon, &((struct ks_readers *)record)->ssp);
		break;
	case RECORD_TIMER: /* numbers alone */
		break;
	}
}

/* ---- the host ---- */

/* Of the kernel's parameters: those by which grace periods, timers and sleeps differ. */
static bool is_wanted(const char *word)
{
	static const char *const names[] = {
		"clocksource", "cpuidle",      "hugepages", "idle",	  "init_on_",
		"intel_idle",  "intel_pstate", "isolcpus",  "kvm",	  "mitigations",
		"nohz",	       "nosmt",	       "nr_cpus",   "numa",	  "preempt",
		"processor",   "rcu",	       "sched",	    "skew_tick",  "slab",
		"spec_",       "spectre",      "srcu",	    "threadirqs", "transparent_hugepage",
		"tsc",	       "workqueue",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(word, names[i], strlen(names[i])))
			return true;
	return false;
}

int anonymize_environment(struct environment *facts)
{
	const char *word = environment_get(facts, "kernel.cmdline");
	char kept[ENVIRONMENT_VALUE_MAX] = "";
	size_t len, used = 0;

	if (!word)
		return 0;
	for (word += strspn(word, " "); *word; word += len + strspn(word + len, " ")) {
		len = strcspn(word, " ");
		if (is_wanted(word))
			used += snprintf(kept + used, sizeof(kept) - used, "%s%.*s",
					 used ? " " : "", (int)len, word);
	}
	return environment_set(facts, "kernel.cmdline", used ? kept : "(left out)");
}
