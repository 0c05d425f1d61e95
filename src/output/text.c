// SPDX-License-Identifier: GPL-2.0-only
#include "output/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "base/str.h"
#include "base/wrap.h"
#include "ledger/ioctls.h"
#include "base/sanitize.h"
#include "output/spans.h"
#include "output/summary.h"
#include "output/timeline.h"

#define DAY_NS	     (86400ULL * 1000000000ULL)
#define DURATION_LEN 24
#define RED	     "\033[31m"
#define BOLD	     "\033[1m"
#define PLAIN	     "\033[0m"

#define VM_WIDTH     18 /* until text_fit() has seen a longer one */
#define VM_WIDTH_MAX 40
#define VM_LEN	     96
#define OWNER_LEN    32 /* of "[4294967295]#4294967295" */
#define CUT	     ".."
#define CALL_WIDTH   36
#define TEXT_WIDTH   98

static size_t text_width(const struct text_cfg *cfg)
{
	return cfg->width ? cfg->width : TEXT_WIDTH;
}

static void add_folded(struct str *out, const char *lead, const char *text, size_t width)
{
	str_adds(out, lead);
	wrap_add(out, text, strlen(lead), width);
}

/* "1 stall", "2 stalls" */
static void add_count(struct str *out, uint64_t cnt, const char *noun)
{
	str_addf(out, "%" PRIu64 " %s%s", cnt, noun, format_s(cnt));
}

void text_time(uint64_t ts_ns, int64_t clock_offset_ns, char *buf, size_t size)
{
	uint64_t ms = (ts_ns + clock_offset_ns) % DAY_NS / 1000000;

	snprintf(buf, size, "%02u:%02u:%02u.%03u", (unsigned int)(ms / 3600000),
		 (unsigned int)(ms / 60000 % 60), (unsigned int)(ms / 1000 % 60),
		 (unsigned int)(ms % 1000));
}

/* "[12]#3"; a log may not say whose it is */
static void format_owner(const struct vm *vm, char *buf, size_t size)
{
	int len = 0;

	buf[0] = 0;
	if (vm->tgid)
		len = snprintf(buf, size, "[%" PRIu32 "]", vm->tgid);
	if (vm->is_further)
		snprintf(buf + len, size - len, "#%" PRIu32, vm->id);
}

/* What processes call themselves goes to terminals, and terminals obey. */
static void format_name(const struct vm *vm, char *buf, size_t size)
{
	sanitize(buf, size, vm->name[0] ? vm->name : vm->comm);
}

char *text_vm(const struct vm *vm, char *buf, size_t size)
{
	char name[sizeof(vm->name)], owner[OWNER_LEN];

	if (!vm) {
		snprintf(buf, size, "-");
		return buf;
	}
	format_name(vm, name, sizeof(name));
	format_owner(vm, owner, sizeof(owner));
	snprintf(buf, size, "%s%s", name, owner);
	return buf;
}

static bool begins_character(char byte)
{
	return (byte & 0xc0) != 0x80;
}

static size_t columns_of(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += begins_character(*text);
	return columns;
}

/* Where the character after the first @columns begins. */
static const char *skip_columns(const char *text, size_t columns)
{
	for (; *text; text++)
		if (begins_character(*text) && !columns--)
			break;
	return text;
}

/* "a-very-long..-of-a-vm[12]": how a name begins and how it ends, and all of what is no name. */
static void add_vm(struct str *out, const struct vm *vm, size_t width)
{
	char name[sizeof(vm->name)], text[VM_LEN], owner[OWNER_LEN];
	size_t columns = columns_of(text_vm(vm, text, sizeof(text))), room, head;

	if (columns <= width || !vm) {
		str_addf(out, "%s%*s", text, (int)(width - columns), "");
		return;
	}
	format_name(vm, name, sizeof(name));
	format_owner(vm, owner, sizeof(owner));
	room = strlen(owner) + strlen(CUT);
	room = width > room ? width - room : 0;
	head = (room + 1) / 2;
	str_addn(out, name, skip_columns(name, head) - name);
	str_adds(out, CUT);
	str_adds(out, skip_columns(name, columns_of(name) - (room - head)));
	str_adds(out, owner);
}

static size_t vm_width(const struct text_cfg *cfg)
{
	return cfg->vm_width < VM_WIDTH ? VM_WIDTH : cfg->vm_width;
}

void text_fit(struct text_cfg *cfg, const struct stall *stall)
{
	char text[VM_LEN];
	size_t columns = columns_of(text_vm(stall->vm, text, sizeof(text)));

	if (columns > VM_WIDTH_MAX)
		columns = VM_WIDTH_MAX;
	if (columns > cfg->vm_width)
		cfg->vm_width = columns;
}

static void add_task(struct str *out, const char *comm, uint32_t tid)
{
	char name[KS_COMM_LEN];

	if (!tid && !*comm) { /* of a log of stacks alone */
		str_adds(out, "a thread without a name");
		return;
	}
	sanitize(name, sizeof(name), comm);
	str_addf(out, "%s[%u]", name, tid);
}

void text_header(struct str *out)
{
	str_addf(out, "%-12s  %-*s %7s  %-*s %8s %8s  %s\n", "TIME", VM_WIDTH, "VM", "TID",
		 CALL_WIDTH, "CALL", "LATENCY", "STALL", "CAUSE");
}

/* "GP 4" */
static void add_gp(struct str *out, const struct domain *dom, uint64_t gp)
{
	int64_t number = domain_gp_number(dom, gp);

	if (number < 0)
		str_adds(out, "a grace period");
	else
		str_addf(out, "GP %" PRId64, number);
}

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
		add_task(out, culprit->comm, culprit->tid);
		add_age(out, culprit);
	} else {
		str_adds(out, " already in flight");
	}
}

/* " held by fc_vcpu 0[123] in handle_userfault (KVM_RUN)" */
static void add_reader(struct str *out, const struct culprit *culprit)
{
	bool is_self = culprit->is_self && culprit->gp; /* a log's advice says what it can */

	if (!culprit->is_known) {
		str_addf(out, " held by a reader that was not seen");
		return;
	}
	str_adds(out, is_self ? " held by this very thread, " : " held by ");
	add_task(out, culprit->comm, culprit->tid);
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
	add_task(out, root->comm, root->tid);
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
	add_task(out, culprit->comm, culprit->tid);
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
		add_task(out, culprit->late_comm, culprit->late_tid);
		str_addf(out, " had no CPU for %s", format_nsec(culprit->late_ns, ns, sizeof(ns)));
	}
	if (culprit->is_throttled)
		str_adds(out, ": the CPU quota of its cgroup was used up");
	if (!culprit->is_known)
		return;
	str_adds(out, culprit->late_tid ? ", " : ": ");
	add_task(out, culprit->comm, culprit->tid);
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
	add_task(out, culprit->comm, culprit->tid);
	str_adds(out, rcu->has_cpu ? " on it" : " was preempted in a reader");
	if (rcu_blame_in_kernel(rcu))
		str_adds(out, " in the kernel");
	else if (rcu->in_guest)
		str_adds(out, " in a guest");
}

static void add_culprit(struct str *out, const struct stall *stall)
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
	if (culprit->kind == CULPRIT_WAKER) {
		str_adds(out, ", ended by ");
		add_task(out, culprit->comm, culprit->tid);
	}
	if (!culprit->gp && culprit->kind == CULPRIT_READER && culprit->is_known)
		add_reader(out, culprit); /* of a log, which shows no grace periods */
	if (!culprit->gp)
		return;
	str_adds(out, ": ");
	add_gp(out, culprit->seg->dom, culprit->gp);
	if (culprit->kind == CULPRIT_READER)
		add_reader(out, culprit);
	else
		add_initiator(out, stall);
}

/* Other sleeps, and waits for plain RCU and for threads, have no culprit but a place. */
static void add_place(struct str *out, const struct stall *stall)
{
	const struct segment *seg = stall->culprit.seg;

	if (seg && seg->func)
		str_addf(out, " in %s", seg->func);
}

static void add_cause(struct str *out, const struct stall *stall, const struct text_cfg *cfg)
{
	str_addf(out, "%s%s%s%s", cfg->use_colour ? RED : "", stall->is_stuck ? "STUCK " : "",
		 cause_name(stall->cause), cfg->use_colour ? PLAIN : "");
	if (stall->is_inferred && stall->cause != KS_CAUSE_UNEXPLAINED)
		str_addf(out, " (inferred)");
	if (stall->cause == KS_CAUSE_OTHER_SLEEP || stall->cause == KS_CAUSE_RCU ||
	    stall->cause == KS_CAUSE_INVALIDATION || stall->cause == KS_CAUSE_KTHREAD)
		add_place(out, stall);
	add_culprit(out, stall);
	if (!stall->is_complete)
		str_addf(out, " (incomplete)");
	if (stall->rec->flags & KS_CALL_KILLED)
		str_addf(out, " (killed)");
	if (stall->is_stop)
		str_adds(out, " (--stop-on)");
}

/* Where the last word of @call begins to be too much. */
static size_t last_word(const char *call)
{
	const char *space = strrchr(call, ' ');

	return space ? (size_t)(space - call) : CALL_WIDTH;
}

static void add_call(struct str *out, const struct stall *stall)
{
	char args[128], call[192];

	ioctl_format_args(stall->rec, args, sizeof(args));
	snprintf(call, sizeof(call), "%s%s%s", call_name(stall->call), args[0] ? " " : "", args);
	if (strlen(call) > CALL_WIDTH) { /* whole arguments only */
		call[CALL_WIDTH + 1] = 0;
		call[last_word(call)] = 0;
	}
	str_addf(out, "%-*s", CALL_WIDTH, call);
}

static void add_line(struct str *out, const struct stall *stall, const struct text_cfg *cfg)
{
	char time[16], tid[16], latency[DURATION_LEN], stalled[DURATION_LEN];

	text_time(stall->begin_ns, cfg->clock_offset_ns, time, sizeof(time));
	snprintf(tid, sizeof(tid), "%u", stall->rec->head.tid);
	str_addf(out, "%-12s  ", stall->is_undated ? "-" : time);
	add_vm(out, stall->vm, vm_width(cfg));
	str_addf(out, " %7s  ", stall->is_inferred && !stall->rec->head.tid ? "-" : tid);
	add_call(out, stall);
	format_nsec(stall->latency_ns, latency, sizeof(latency));
	format_nsec(stall->stall_ns, stalled, sizeof(stalled));
	str_addf(out, " %8s %8s  ", stall->is_ageless ? "-" : latency,
		 stall->is_ageless ? "-" : stalled);
	add_cause(out, stall, cfg);
	str_addf(out, "\n");
}

/* ---- -v: the account ---- */

/* Innermost first, folded. */
static void add_stack(struct str *out, const struct stack *stack, size_t width)
{
	size_t column = 0;

	for (size_t i = 0; i < stack->cnt; i++) {
		size_t len = strlen(stack->names[i]) + 3;
		bool fits = column && column + len <= width;

		if (!fits)
			str_addf(out, "%s       ", column ? "\n" : "");
		column = fits ? column + len : 8 + len;
		str_addf(out, i ? " < %s" : " %s", stack->names[i]);
	}
	if (stack->cnt)
		str_addf(out, "\n");
}

/* Of a call that is stuck: the wait that it is in. */
static bool is_open(const struct wait *wait, const struct stall *stall)
{
	return stall->is_stuck && wait->begin_ns + wait->ns == stall->rec->head.ts_ns;
}

/* ", which runs hog[12] (real-time 99)" */
static void add_runs(struct str *out, const struct culprit *culprit)
{
	if (culprit->kind != CULPRIT_CPU || !culprit->late_tid || !culprit->is_known)
		return;
	str_adds(out, ", which runs ");
	add_task(out, culprit->comm, culprit->tid);
	if (culprit->is_realtime)
		str_addf(out, " (real-time %u)", culprit->rt_priority);
}

/* Of a wait that goes on: its grace period is over, and what it waits for is its callback. */
static void add_ended(struct str *out, const struct wait *wait, const struct stall *stall,
		      size_t width)
{
	char age[DURATION_LEN];
	struct str line;

	str_init(&line);
	add_gp(&line, wait->dom, wait->gp_needed);
	str_addf(&line, " ended %s ago",
		 format_nsec(stall_since_ns(stall, wait), age, sizeof(age)));
	if (wait->since == CALLBACKS_QUEUED) {
		str_addf(&line, "; its callbacks wait on CPU %u", wait->queue_cpu);
		if (stall->culprit.seg && stall->culprit.seg->dom == wait->dom)
			add_runs(&line, &stall->culprit);
	} else if (stall_may_have_lost(stall, wait)) {
		str_adds(&line, ", and no callbacks are queued: the one that was to end this wait "
				"may be lost (before Linux 6.7 some were)");
	}
	if (line.text)
		add_folded(out, "        ", line.text, width);
	str_fini(&line);
}

static void add_gps(struct str *out, const struct wait *wait, bool is_open)
{
	str_adds(out, "        ");
	if (wait->gp_first) {
		add_gp(out, wait->dom, wait->gp_first);
		str_addf(out, " was in flight%s", wait->gp_needed ? "; " : "");
	}
	if (wait->gp_needed) {
		str_adds(out, is_open ? "waits for the end of " : "waited until ");
		add_gp(out, wait->dom, wait->gp_needed);
		str_adds(out, is_open ? "" : " had ended");
	}
	str_addc(out, '\n');
}

static void add_wait(struct str *out, const struct wait *wait, const struct stall *stall,
		     size_t width)
{
	char ns[DURATION_LEN];

	format_nsec(wait->ns, ns, sizeof(ns));
	str_addf(out, "    wait %s  %s%s", stall->is_ageless ? "-" : ns,
		 api_name(wait->api ? wait->api : KS_API_SYNC), wait->api ? "" : "*");
	if (wait->api < KS_API_RCU)
		str_addf(out, "(%s)",
			 wait->dom ? domain_kind_name(domain_get_kind(wait->dom)) : "?");
	if (wait->site)
		str_addf(out, " in %s", wait->site);
	str_addf(out, "\n");
	if (wait->dom && (wait->gp_needed || wait->gp_first) && wait->ns >= stall->latency_ns / 100)
		add_gps(out, wait, is_open(wait, stall));
	if (is_open(wait, stall) && stall_since_ns(stall, wait))
		add_ended(out, wait, stall, width);
	add_stack(out, &wait->stack, width);
}

static bool is_timer(enum ks_cause cause)
{
	return cause_is_timer(cause) || cause == KS_CAUSE_POLL_BACKOFF || cause == KS_CAUSE_RCU;
}

/* What a reader of the account need not see one by one: under a hundredth of the call. */
static bool is_small(const struct segment *seg, const struct stall *stall)
{
	return seg->ns < stall->latency_ns / 100;
}

/* ": holdout, CPU 1 and 2 others, hog[12]" */
static void add_part(struct str *out, const struct rcu_blame *rcu)
{
	if (rcu->part == RCU_PART_NONE)
		return;
	str_addf(out, ": %s", rcu_part_name(rcu->part));
	if (rcu->has_cpu)
		str_addf(out, ", CPU %u", rcu->cpu);
	if (rcu->others)
		str_addf(out, " and %u other%s", rcu->others, format_s(rcu->others));
	if (!rcu->tid)
		return;
	str_adds(out, ", ");
	add_task(out, rcu->comm, rcu->tid);
	if (rcu_blame_in_kernel(rcu))
		str_adds(out, " in the kernel");
	else if (rcu->in_guest)
		str_adds(out, " in a guest");
}

static void add_segment(struct str *out, const struct segment *seg, const struct stall *stall,
			uint32_t hz)
{
	char ns[DURATION_LEN];

	str_addf(out, "    %-12s %9s %5.1f%%", cause_name(seg->cause),
		 format_nsec(seg->ns, ns, sizeof(ns)), 100.0 * seg->ns / stall->latency_ns);
	if (seg->dom)
		str_addf(out, "  %s", domain_kind_name(domain_get_kind(seg->dom)));
	if (seg->dom && seg->gp) {
		str_addc(out, ' ');
		add_gp(out, seg->dom, seg->gp);
	}
	if (is_timer(seg->cause) && hz)
		str_addf(out, ", %.1f jiffies", seg->ns * 1e-9 * hz);
	if (seg->func)
		str_addf(out, "  %s", seg->func);
	add_part(out, &seg->rcu);
	str_addf(out, "\n");
}

/* Why it took so many jiffies: armed where in one, due when, and what made it late. */
static void add_timer(struct str *out, const struct segment *seg, const struct stall *stall,
		      size_t width)
{
	struct timer_story story;
	char line[320], late[DURATION_LEN] = "", ns[DURATION_LEN];

	if (!timer_explain(&seg->timer, stall->tick, &story))
		return;
	if (story.late != TIMER_ON_TIME && story.late_ns > 0)
		snprintf(late, sizeof(late), " %s", format_nsec(story.late_ns, ns, sizeof(ns)));
	snprintf(line, sizeof(line),
		 "timer: armed %.2f into its jiffy, set for the %s; the wheel adds one, so due "
		 "after "
		 "%.2f jiffies; fired after %.2f: %s%s, %s",
		 story.into,
		 story.set_for == 1 ? "next"
		 : story.set_for    ? "later ones"
				    : "same",
		 story.due, story.took, timer_late_name(story.late), late,
		 timer_late_help(story.late));
	add_folded(out, "        ", line, width);
}

static void add_small(struct str *out, const struct stall *stall)
{
	uint64_t by_cause[KS_CAUSE_CNT] = {0}, sum = 0;
	char ns[DURATION_LEN];
	const char *sep = "";

	for (size_t i = 0; i < stall->segments_cnt; i++)
		if (is_small(&stall->segments[i], stall)) {
			by_cause[stall->segments[i].cause] += stall->segments[i].ns;
			sum += stall->segments[i].ns;
		}
	if (!sum)
		return;
	str_addf(out, "    %-12s %9s %5.1f%%  ", "under 1% each", format_nsec(sum, ns, sizeof(ns)),
		 100.0 * sum / stall->latency_ns);
	for (int i = 0; i < KS_CAUSE_CNT; i++) {
		if (!by_cause[i])
			continue;
		str_addf(out, "%s%s %s", sep, cause_name(i),
			 format_nsec(by_cause[i], ns, sizeof(ns)));
		sep = ", ";
	}
	str_addf(out, "\n");
}

/* What it did, and in which call: "kvm_io_bus_register_dev in KVM_CREATE_IRQCHIP by vmm[11]". */
static void add_deed(struct str *out, const struct culprit *culprit)
{
	static const char *const verbs[CULPRIT_KIND_CNT] = {[CULPRIT_INITIATOR] = "by ",
							    [CULPRIT_READER] = "by the reader ",
							    [CULPRIT_HOLDER] = "held by ",
							    [CULPRIT_QUEUE] = "held by "};
	const char *func = culprit->func;

	if (!func && culprit->kind == CULPRIT_HOLDER)
		func = "a lock";
	if (culprit->kind == CULPRIT_QUEUE)
		func = "the irqfd clean-up queue";
	if (func)
		str_addf(out, "%s ", func);
	if (culprit->call)
		str_addf(out, "%s%s ", func ? "in " : "", call_name(culprit->call));
	if (func || culprit->call)
		str_adds(out, verbs[culprit->kind]);
	else if (culprit->kind == CULPRIT_READER)
		str_adds(out, "the reader ");
	add_task(out, culprit->comm, culprit->tid);
}

static void add_culprit_line(struct str *out, const struct culprit *culprit)
{
	if (!culprit->is_known)
		return;
	str_addf(out, "    culprit: ");
	add_deed(out, culprit);
	str_adds(out, culprit->is_self ? ", the stalled call itself" : "");
	if (culprit->callbacks > 0) {
		str_addf(out, "; outstanding: ");
		add_count(out, culprit->callbacks, "callback");
	}
	str_addf(out, "\n");
}

/* Who else may hold the domain, and where each of them is. */
static void add_suspects(struct str *out, const struct stall *stall, size_t width)
{
	const struct culprit *culprit = &stall->culprit;
	const struct suspect *suspects;
	size_t cnt;

	if (culprit->kind != CULPRIT_READER || !culprit->gp)
		return;
	suspects = domain_suspects(culprit->seg->dom, culprit->gp, &cnt);
	for (size_t i = 0; i < cnt; i++) {
		str_adds(out, "    suspect: ");
		add_task(out, suspects[i].comm, suspects[i].tid);
		str_addc(out, '\n');
		add_stack(out, &suspects[i].stack, width);
	}
}

static void add_account(struct str *out, const struct stall *stall, const struct text_cfg *cfg)
{
	char ns[DURATION_LEN], was[DURATION_LEN], advice[ADVICE_MAX];

	for (size_t i = 0; i < stall->waits_cnt; i++)
		add_wait(out, &stall->waits[i], stall, text_width(cfg));
	for (size_t i = 0; i < stall->segments_cnt; i++)
		if (!is_small(&stall->segments[i], stall)) {
			add_segment(out, &stall->segments[i], stall, cfg->host.hz);
			add_timer(out, &stall->segments[i], stall, text_width(cfg));
		}
	add_small(out, stall);
	add_culprit_line(out, &stall->culprit);
	add_suspects(out, stall, text_width(cfg));
	if (stall->without_ns != stall->latency_ns)
		str_addf(out, "    without the outstanding grace period: %s instead of %s\n",
			 format_nsec(stall->without_ns, ns, sizeof(ns)),
			 format_nsec(stall->latency_ns, was, sizeof(was)));
	advice_for(stall, &cfg->host, advice, sizeof(advice));
	if (advice[0])
		add_folded(out, "    advice: ", advice, text_width(cfg));
}

void text_stop(struct str *out, const struct stall *stall)
{
	char vm[96], ns[DURATION_LEN];

	str_addf(out, "%s of %s %s %s (%s)", call_name(stall->call),
		 text_vm(stall->vm, vm, sizeof(vm)),
		 stall->is_stuck ? "has waited for" : "was stalled for",
		 format_nsec(stall->stall_ns, ns, sizeof(ns)), cause_name(stall->cause));
}

void text_stall(struct str *out, const struct stall *stall, const struct text_cfg *cfg)
{
	add_line(out, stall, cfg);
	if (cfg->show_timeline && stall->latency_ns) {
		str_adds(out, "    ");
		timeline_add(out, stall, cfg->host.hz, cfg->use_utf8);
		str_addc(out, '\n');
	}
	if (cfg->show_account)
		add_account(out, stall, cfg);
}

/* ---- storms ---- */

/* "60% run, 40% cb-timer": the three largest, of at least a twentieth. */
static void add_shares(struct str *out, const struct storm *storm)
{
	bool is_said[KS_CAUSE_CNT] = {false};
	const char *sep = "";

	for (int n = 0; n < 3; n++) {
		int best = -1;

		for (int i = 0; i < KS_CAUSE_CNT; i++)
			if (!is_said[i] && (best < 0 || storm->by_cause[i] > storm->by_cause[best]))
				best = i;
		if (storm->by_cause[best] < storm->sum_ns / 20)
			break;
		is_said[best] = true;
		str_addf(out, "%s%.0f%% %s", sep, 100.0 * storm->by_cause[best] / storm->sum_ns,
			 cause_name(best));
		sep = ", ";
	}
}

static void add_storm_culprit(struct str *out, const struct storm *storm)
{
	if (!storm->culprit_ns)
		return;
	str_adds(out, "; the longest because of ");
	if (storm->culprit_call)
		str_addf(out, "%s of ", call_name(storm->culprit_call));
	add_task(out, storm->culprit_comm, storm->culprit_tid);
}

void text_storm(struct str *out, const struct storm *storm, const struct text_cfg *cfg)
{
	char time[16], sum[DURATION_LEN], stalled[DURATION_LEN], a[DURATION_LEN], call[96];

	text_time(storm->begin_ns, cfg->clock_offset_ns, time, sizeof(time));
	str_addf(out, "%s  ", time);
	add_vm(out, storm->vm.id ? &storm->vm : NULL, vm_width(cfg));
	snprintf(call, sizeof(call), "%" PRIu64 " x %s", storm->cnt, call_name(storm->call));
	str_addf(out, " %7u  %-*s %8s %8s  ", storm->tid, CALL_WIDTH, call,
		 format_nsec(storm->sum_ns, sum, sizeof(sum)),
		 format_nsec(storm->sum_ns - storm->by_cause[KS_CAUSE_RUN], stalled,
			     sizeof(stalled)));
	str_addf(out, "%sstorm%s of %s%s: ", cfg->use_colour ? RED : "",
		 cfg->use_colour ? PLAIN : "",
		 format_nsec(storm->end_ns - storm->begin_ns, a, sizeof(a)),
		 storm->is_over ? "" : " so far");
	str_addf(out, "median %s", format_nsec(storm_median_ns(storm), a, sizeof(a)));
	str_addf(out, ", longest %s; ", format_nsec(storm->max_ns, a, sizeof(a)));
	add_shares(out, storm);
	add_storm_culprit(out, storm);
	str_addc(out, '\n');
}

/* ---- the end ---- */

static void add_command(struct str *out, int status)
{
	if (status > 128)
		str_addf(out, "COMMAND was killed by signal %d\n", status - 128);
	else if (status > 0)
		str_addf(out, "COMMAND exited with %d\n", status);
}

static void add_losses(struct str *out, const struct summary *summary)
{
	for (int i = 0; i < KS_LOSS_CNT; i++)
		if (summary->losses[i])
			str_addf(out, "LOST %" PRIu64 " (%s): %s\n", summary->losses[i],
				 loss_name(i), loss_help(i));
}

/* Of a log: it was made by others, so nothing is said of records and of their cost, but of what it
 * has: calls that ended, that did not, that trace leaves out as well. */
static void add_log_totals(struct str *out, const struct summary *summary, const char *backend)
{
	char ns[DURATION_LEN];

	str_adds(out, "--- ");
	if (summary->calls) {
		add_count(out, summary->stalls, "stall");
		str_adds(out, " in ");
		add_count(out, summary->calls, "call");
		str_adds(out, summary->stuck ? ", " : "");
	}
	if (summary->stuck) {
		add_count(out, summary->stuck, "call");
		str_adds(out, " that did not end");
	}
	if (!summary->calls && !summary->stuck)
		str_adds(out, summary->duration_ns ? "no call passed the filters"
						   : "no call that can stall");
	if (!summary->calls && summary->left_out)
		str_addf(out, ", %" PRIu64 " of KVM_RUN or under 1ms", summary->left_out);
	if (summary->vms) {
		str_adds(out, ", ");
		add_count(out, summary->vms, "VM");
	}
	if (summary->duration_ns)
		str_addf(out, ", %s", format_nsec(summary->duration_ns, ns, sizeof(ns)));
	str_addf(out, "%s of a log of %s\n", summary->duration_ns ? "" : ",", backend);
}

static void add_totals(struct str *out, const struct summary *summary, const char *backend)
{
	char ns[DURATION_LEN];

	if (summary->is_log) {
		add_log_totals(out, summary, backend);
		return;
	}
	str_adds(out, "--- ");
	add_count(out, summary->stalls, "stall");
	str_adds(out, " in ");
	add_count(out, summary->calls, "call");
	str_adds(out, " that slept, ");
	add_count(out, summary->vms, "VM");
	str_addf(out, ", %s by %s; ", format_nsec(summary->duration_ns, ns, sizeof(ns)), backend);
	add_count(out, summary->records, "record");
	str_addf(out, ", %" PRIu64 " lost\n", summary_lost(summary));
}

static void add_sum(struct str *out, const struct summary *summary, enum ks_cause cause)
{
	bool is_guess = summary->is_log && cause != KS_CAUSE_UNEXPLAINED;
	char ns[DURATION_LEN], name[48];

	snprintf(name, sizeof(name), "%s%s", cause_name(cause), is_guess ? " (inferred)" : "");
	str_addf(out, "    %-*s %9s  %4" PRIu64 " %-6s  %s\n", summary->is_log ? 21 : 12, name,
		 format_nsec(summary->by_cause[cause], ns, sizeof(ns)),
		 summary->stalls_by_cause[cause],
		 summary->stalls_by_cause[cause] == 1 ? "stall" : "stalls", cause_help(cause));
	if (summary->stalls_by_cause[cause] && advice_for_cause(cause) && !summary->is_log)
		add_folded(out, "        -> ", advice_for_cause(cause), TEXT_WIDTH);
}

static void add_cost(struct str *out, const struct summary *summary)
{
	char a[DURATION_LEN], b[DURATION_LEN];

	str_addf(out, "cost of tracing: %s of CPU in user space",
		 format_nsec(summary->cpu_ns, a, sizeof(a)));
	if (summary->probe_ns)
		str_addf(out, ", %s in %" PRIu64 " runs of its programs",
			 format_nsec(summary->probe_ns, b, sizeof(b)), summary->probe_runs);
	str_addf(out, "\n");
}

void text_summary(struct str *out, const struct summary *summary, const char *backend)
{
	char a[DURATION_LEN], b[DURATION_LEN];

	add_totals(out, summary, backend);
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		if (i != KS_CAUSE_RUN && summary->by_cause[i])
			add_sum(out, summary, i);
	if (summary->without_ns != summary->stalled_latency_ns)
		str_addf(out,
			 "the stalled calls took %s; they would have taken %s with no grace "
			 "period outstanding\n",
			 format_nsec(summary->stalled_latency_ns, a, sizeof(a)),
			 format_nsec(summary->without_ns, b, sizeof(b)));
	if (summary->spans)
		spans_text(summary->spans, out);
	if (summary->incomplete)
		str_addf(out, "incomplete accounts, with holes: %" PRIu64 "\n",
			 summary->incomplete);
	if (summary->in_flight)
		str_addf(out,
			 "in flight when the trace started, and not shown: %" PRIu64 " call%s\n",
			 summary->in_flight, format_s(summary->in_flight));
	add_losses(out, summary);
	add_command(out, summary->command_status);
	if (!summary->is_log)
		add_cost(out, summary);
}
