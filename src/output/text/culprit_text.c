// SPDX-License-Identifier: GPL-2.0-only
#include "output/text/culprit_text.h"

#include "base/format.h"
#include "base/str.h"
#include "ledger/stall.h"
#include "output/text/words.h"

/* " 312us before"; a GP of no age began after the wait did. */
static void add_age(struct str *out, const struct culprit *culprit)
{
	char age[DURATION_LEN];

	if (culprit->age_ns)
		str_addf(out, " %s before", format_nsec(culprit->age_ns, age, sizeof(age)));
	else
		str_adds(out, " meanwhile");
}

/* " started by this call 17us after another" */
static void add_self(struct str *out, const struct culprit *culprit)
{
	char rest[DURATION_LEN];

	str_adds(out, " started by this call");
	if (culprit->rest_ns)
		str_addf(out, " %s after another",
			 format_nsec(culprit->rest_ns, rest, sizeof(rest)));
}

/* " started by KVM_CREATE_IRQCHIP 312us before" */
static void add_initiator(struct str *out, const struct stall *stall)
{
	const struct culprit *culprit = &stall->culprit;

	if (culprit->is_self) {
		add_self(out, culprit);
	} else if (culprit->is_known && culprit->call && culprit->tgid == stall->rec->tgid) {
		str_addf(out, " started by %s", call_name(culprit->call));
		add_age(out, culprit);
	} else if (culprit->is_known) {
		str_addf(out, " started by %s%s", culprit->call ? call_name(culprit->call) : "",
			 culprit->call ? " of " : "");
		words_task(out, culprit->comm, culprit->tid);
		add_age(out, culprit);
	} else {
		str_adds(out, " already in flight");
	}
}

/* " held by 1 reader that was not seen" */
static void add_unseen(struct str *out, const struct stall *stall)
{
	const struct reader_counts *readers = stall->culprit.readers;
	char same[DURATION_LEN];

	if (!readers) {
		str_adds(out, " held by a reader that was not seen");
		return;
	}
	if (readers_state(readers) == READERS_LEFT) {
		str_adds(out, " held by a reader that had left before the scan");
		return;
	}
	str_adds(out, " held by ");
	words_count(out, readers_cnt(readers), "reader");
	if (stall_may_have_leaked(stall))
		str_addf(
			out,
			" for %s, and no thread%s is in a place that holds it: a leaked read lock?",
			format_nsec(readers->counted_ns - readers->same_since_ns, same,
				    sizeof(same)),
			domain_kvm(stall->culprit.seg->dom) ? " of its process" : "");
	else if (readers_state(readers) == READERS_COME)
		str_adds(out, ", who come and go");
	else
		str_adds(out, ", not seen");
}

/* " held by fc_vcpu 0[123] in handle_userfault (KVM_RUN)" */
static void add_reader(struct str *out, const struct stall *stall)
{
	const struct culprit *culprit = &stall->culprit;
	bool is_self = culprit->is_self && culprit->gp; /* a log's advice says what it can */

	if (!culprit->is_known) {
		add_unseen(out, stall);
		return;
	}
	str_adds(out, is_self ? " held by this very thread, " : " held by ");
	words_task(out, culprit->comm, culprit->tid);
	if (culprit->func)
		str_addf(out, " in %s", culprit->func);
	if (culprit->call)
		str_addf(out, " (%s)", call_name(culprit->call));
	if (is_self)
		str_adds(out, ": a deadlock");
}

/* ", held up through 1 other by vmm[13] in KVM_IRQFD (gp-timer)" */
static void add_root(struct str *out, const struct lock_root *root)
{
	if (!root->links && !root->is_cycle)
		return;
	str_adds(out, ", held up ");
	if (root->links > 1)
		str_addf(out, "through %u other%s ", root->links - 1, root->links > 2 ? "s" : "");
	str_adds(out, "by ");
	words_task(out, root->comm, root->tid);
	if (root->call)
		str_addf(out, " in %s", call_name(root->call));
	if (root->is_cycle)
		str_adds(out, ": a deadlock");
	else if (root->cause != KS_CAUSE_RUN)
		str_addf(out, " (%s)", cause_name(root->cause));
}

/* " on kvm->slots_lock, held by qemu[12] in KVM_SET_USER_MEMORY_REGION (gp-timer)" */
static void add_holder(struct str *out, const struct culprit *culprit)
{
	if (culprit->func)
		str_addf(out, " on %s", culprit->func);
	else if (culprit->seg && culprit->seg->func && culprit->kind == CULPRIT_HOLDER)
		str_addf(out, " on %s in %s", lock_kind_name(culprit->lock), culprit->seg->func);
	else if (culprit->lock == KS_LOCK_SPIN)
		str_addf(out, " on %s", lock_kind_name(culprit->lock));
	if (culprit->kind == CULPRIT_HOLDER && culprit->held != KS_HELD_BY_TASK)
		str_addf(out, ", held by %s", lock_held_name(culprit->held));
	if (!culprit->is_known)
		return;
	str_adds(out, ", held by ");
	words_task(out, culprit->comm, culprit->tid);
	if (culprit->call)
		str_addf(out, " in %s", call_name(culprit->call));
	if (culprit->cause != KS_CAUSE_RUN)
		str_addf(out, " (%s)", cause_name(culprit->cause));
	if (culprit->kind == CULPRIT_HOLDER)
		add_root(out, &culprit->root);
}

/* ": kthreadd[2] had no CPU for 3.1ms, hog[12] had it"; ": hog[12] had the CPU"; ": the CPU quota
 * of its cgroup was used up" */
static void add_cpu(struct str *out, const struct culprit *culprit)
{
	char ns[DURATION_LEN];

	if (culprit->late_tid) {
		str_adds(out, ": ");
		words_task(out, culprit->late_comm, culprit->late_tid);
		str_addf(out, " had no CPU for %s", format_nsec(culprit->late_ns, ns, sizeof(ns)));
	}
	if (culprit->is_throttled)
		str_adds(out, ": the CPU quota of its cgroup was used up");
	if (!culprit->is_known)
		return;
	str_adds(out, culprit->late_tid ? ", " : ": ");
	words_task(out, culprit->comm, culprit->tid);
	str_addf(out, " had %s%s", culprit->late_tid ? "it" : "the CPU",
		 culprit->is_realtime ? " (real-time)" : "");
}

/* ": CPU 1 held out, hog[12] on it in the kernel"; ": reader[12] was preempted" */
static void add_holdout(struct str *out, const struct culprit *culprit)
{
	const struct rcu_blame *rcu = &culprit->seg->rcu;

	str_adds(out, ": ");
	if (rcu->has_cpu)
		str_addf(out, "CPU %u held out, ", rcu->cpu);
	words_task(out, culprit->comm, culprit->tid);
	str_adds(out, rcu->has_cpu ? " on it" : " was preempted in a reader");
	if (rcu_blame_in_kernel(rcu))
		str_adds(out, " in the kernel");
	else if (rcu->in_guest)
		str_adds(out, " in a guest");
}

/* ": waits for vmm[13] in zap_page_range_single (madvise)" */
static void add_awaited(struct str *out, const struct stall *stall)
{
	const struct culprit *culprit = &stall->culprit;

	str_adds(out, stall->is_stuck ? ": waits for " : ": waited for ");
	words_task(out, culprit->comm, culprit->tid);
	str_addf(out, " in %s", culprit->func);
	if (culprit->call)
		str_addf(out, " (%s)", call_name(culprit->call));
}

/* ", ended by vhost-12[13]"; ": kvm-nx-lpage-re[13] is stopped by SIGSTOP" */
static void add_waker(struct str *out, const struct stall *stall)
{
	const struct culprit *culprit = &stall->culprit;

	if (culprit->func) {
		add_awaited(out, stall);
		return;
	}
	str_adds(out, culprit->halt ? ": " : ", ended by ");
	words_task(out, culprit->comm, culprit->tid);
	if (culprit->halt)
		str_addf(out, " %s %s", stall->is_stuck ? "is" : "was",
			 halt_text(culprit->halt, culprit->halt_signal));
	else if (culprit->cause != KS_CAUSE_RUN)
		str_addf(out, " (%s)", cause_name(culprit->cause));
}

void culprit_text(struct str *out, const struct stall *stall)
{
	const struct culprit *culprit = &stall->culprit;

	if (culprit->kind == CULPRIT_QUEUE)
		str_adds(out, " on the irqfd clean-up queue");
	if (culprit->kind == CULPRIT_HOLDER || culprit->kind == CULPRIT_QUEUE)
		add_holder(out, culprit);
	if (culprit->kind == CULPRIT_CPU)
		add_cpu(out, culprit);
	if (culprit->kind == CULPRIT_HOLDOUT)
		add_holdout(out, culprit);
	if (culprit->kind == CULPRIT_WAKER)
		add_waker(out, stall);
	if (!culprit->gp && culprit->kind == CULPRIT_READER && culprit->is_known)
		add_reader(out, stall); /* of a log, which shows no grace periods */
	if (!culprit->gp)
		return;
	str_adds(out, ": ");
	words_gp(out, culprit->seg->dom, culprit->gp);
	if (culprit->kind == CULPRIT_READER)
		add_reader(out, stall);
	else
		add_initiator(out, stall);
}
