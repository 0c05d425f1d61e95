// SPDX-License-Identifier: GPL-2.0-only
#include "script/script.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "base/format.h"
#include "base/str.h"

#define OPS_FIRST 64

/* A call that took this long waited. */
#define LONG_NS 1000000ULL

/* include/uapi/linux/kvm.h */
#define CAP_SPLIT_IRQCHIP  121
#define DEV_TYPE_VFIO	   4
#define IOEVENTFD_DEASSIGN (1 << 2)

/* clang-format off */
static const struct {
	const char *name;
	bool is_hex;
} keys[KEY_CNT] = {
#define X(id, name, is_hex) [KEY_##id] = { name, is_hex },
	SCRIPT_KEYS(X)
#undef X
};
/* clang-format on */

const char *script_key_name(enum script_key key)
{
	return keys[key].name;
}

bool script_key_is_hex(enum script_key key)
{
	return keys[key].is_hex;
}

enum script_key script_key_find(const char *name, size_t len)
{
	for (int key = 0; key < KEY_CNT; key++)
		if (strlen(keys[key].name) == len && !memcmp(keys[key].name, name, len))
			return key;
	return KEY_CNT;
}

const char *script_op_name(const struct script_op *op)
{
	static const char *const names[ACT_CNT] = {
		[ACT_CLOSE] = "close", [ACT_CLOSE_VCPU] = "close-vcpu", [ACT_EVENTFD] = "eventfd",
		[ACT_DUP] = "dup",     [ACT_SOCKET] = "socket",		[ACT_THREAD] = "thread",
	};

	return op->act == ACT_IOCTL ? call_name(op->id) : names[op->act];
}

bool script_op_has(const struct script_op *op, enum script_key key)
{
	return op->keys & 1U << key;
}

void script_op_set(struct script_op *op, enum script_key key, uint64_t value)
{
	op->keys |= 1U << key;
	op->values[key] = value;
}

uint64_t script_op_get(const struct script_op *op, enum script_key key, uint64_t otherwise)
{
	return script_op_has(op, key) ? op->values[key] : otherwise;
}

bool script_op_same(const struct script_op *a, const struct script_op *b)
{
	if (a->act != b->act || (a->act == ACT_IOCTL && a->id != b->id) || a->keys != b->keys)
		return false;
	for (int key = 0; key < KEY_CNT; key++)
		if (script_op_has(a, key) && a->values[key] != b->values[key])
			return false;
	return true;
}

/* ---- of a record ---- */

void script_op_of_call(const struct ks_call *call, enum call_id id, struct script_op *op)
{
	const struct ioctl_desc *desc = ioctl_find(call->kind, call->cmd);
	uint64_t value;

	*op = (struct script_op){.act = ACT_IOCTL, .id = id};
	for (size_t i = 0; desc && i < IOCTL_ARGS_MAX && desc->args[i].name; i++) {
		const struct ioctl_arg *arg = &desc->args[i];
		enum script_key key = script_key_find(arg->name, strlen(arg->name));

		if (key != KEY_CNT && ioctl_arg_value(call, arg, &value))
			script_op_set(op, key, value);
	}
	/* Of KVM_IOEVENTFD a recording has the data to match, too, where there is one. */
	if (id == CALL_IOEVENTFD && call->flags & KS_CALL_HAS_ARG &&
	    script_op_get(op, KEY_FLAGS, 0) & 1) {
		memcpy(&value, call->args, sizeof(value));
		script_op_set(op, KEY_MATCH, value);
	}
	op->took_ns = call->head.ts_ns - call->begin_ns;
	op->begin_ns = call->begin_ns;
	op->err = call->ret < 0 && call->ret > -4096 ? (int32_t)-call->ret : 0;
}

/* ---- which are played ---- */

#define ON_X86	 (1 << ARCH_X86)
#define ON_ARM64 (1 << ARCH_ARM64)
#define ANYWHERE (ON_X86 | ON_ARM64 | 1 << ARCH_OTHER)

bool script_plays(enum call_id id, enum machine_arch arch)
{
	static const struct {
		enum call_id id;
		unsigned int archs;
	} played[] = {
		{CALL_CREATE_VM, ANYWHERE},
		{CALL_CREATE_VCPU, ANYWHERE},
		{CALL_SET_USER_MEMORY_REGION, ANYWHERE},
		{CALL_SET_USER_MEMORY_REGION2, ANYWHERE},
		{CALL_SET_TSS_ADDR, ON_X86},
		{CALL_SET_IDENTITY_MAP_ADDR, ON_X86},
		{CALL_CREATE_IRQCHIP, ON_X86},
		{CALL_CREATE_PIT2, ON_X86},
		{CALL_REGISTER_COALESCED_MMIO, ANYWHERE},
		{CALL_UNREGISTER_COALESCED_MMIO, ANYWHERE},
		{CALL_SET_GSI_ROUTING, ANYWHERE},
		{CALL_REINJECT_CONTROL, ON_X86},
		{CALL_IRQFD, ANYWHERE},
		{CALL_IOEVENTFD, ANYWHERE},
		{CALL_ENABLE_CAP, ON_X86},
		{CALL_SET_PMU_EVENT_FILTER, ON_X86},
		{CALL_HYPERV_EVENTFD, ON_X86},
		{CALL_X86_SET_MSR_FILTER, ON_X86},
		{CALL_CREATE_DEVICE, ON_ARM64},
		{CALL_ARM_VCPU_INIT, ON_ARM64},
		{CALL_RUN, ANYWHERE},
	};

	for (size_t i = 0; i < sizeof(played) / sizeof(played[0]); i++)
		if (played[i].id == id)
			return played[i].archs & 1U << arch;
	return false;
}

/* ---- life ---- */

int script_add(struct script *script, const struct script_op *op)
{
	if (script->cnt >= SCRIPT_OPS_MAX)
		return -E2BIG;
	if (!ARRAY_ROOM(script->ops, script->cap, script->cnt, OPS_FIRST))
		return -ENOMEM;
	script->ops[script->cnt] = *op;
	script->ops[script->cnt].seq = script->cnt;
	script->cnt++;
	return 0;
}

void script_fini(struct script *script)
{
	free(script->ops);
	*script = (struct script){.ops = NULL};
}

int script_copy(struct script *to, const struct script *from)
{
	*to = *from;
	to->cap = from->cnt;
	to->ops = malloc((from->cnt ? from->cnt : 1) * sizeof(*to->ops));
	if (!to->ops) {
		*to = (struct script){.ops = NULL};
		return -ENOMEM;
	}
	if (from->cnt)
		memcpy(to->ops, from->ops, from->cnt * sizeof(*to->ops));
	return 0;
}

/* ---- what a log comes to ---- */

static void drop_op(struct script *script, size_t idx)
{
	script->cnt--;
	memmove(&script->ops[idx], &script->ops[idx + 1],
		(script->cnt - idx) * sizeof(script->ops[0]));
}

static bool is_call(const struct script_op *op, enum call_id id)
{
	return op->act == ACT_IOCTL && op->id == id;
}

static int by_begin(const void *a, const void *b)
{
	const struct script_op *left = a, *right = b;

	if (left->begin_ns != right->begin_ns)
		return left->begin_ns < right->begin_ns ? -1 : 1;
	return (left->seq > right->seq) - (left->seq < right->seq);
}

/* The guest's own life is not played: only what a first KVM_RUN does before it enters the guest. */
static void keep_first_runs(struct script *script)
{
	uint8_t seen[SCRIPT_VCPUS_MAX] = {0};
	size_t kept = 0;

	for (size_t i = 0; i < script->cnt; i++) {
		const struct script_op *op = &script->ops[i];
		uint64_t id = script_op_get(op, KEY_ID, 0);

		if (is_call(op, CALL_RUN) && (id >= SCRIPT_VCPUS_MAX || seen[id]++)) {
			if (id < SCRIPT_VCPUS_MAX)
				seen[id] = 1;
			script->skipped[CALL_RUN]++;
			continue;
		}
		script->ops[kept++] = *op;
	}
	script->cnt = kept;
}

static bool has_irqchip(const struct script *script)
{
	for (size_t i = 0; i < script->cnt; i++)
		if (is_call(&script->ops[i], CALL_CREATE_IRQCHIP) ||
		    (is_call(&script->ops[i], CALL_ENABLE_CAP) &&
		     script_op_get(&script->ops[i], KEY_CAP, 0) == CAP_SPLIT_IRQCHIP))
			return true;
	return false;
}

static bool wants_irqchip(const struct script *script)
{
	for (size_t i = 0; i < script->cnt; i++)
		if (is_call(&script->ops[i], CALL_IRQFD) ||
		    is_call(&script->ops[i], CALL_SET_GSI_ROUTING))
			return true;
	return false;
}

/* The only capability that matters to these waits is the split irqchip; strace prints a pointer. */
static void settle_caps(struct script *script)
{
	bool is_missing = !has_irqchip(script) && wants_irqchip(script);

	for (size_t i = 0; i < script->cnt;) {
		struct script_op *op = &script->ops[i];

		if (!is_call(op, CALL_ENABLE_CAP) ||
		    script_op_get(op, KEY_CAP, 0) == CAP_SPLIT_IRQCHIP) {
			i++;
		} else if (is_missing && !script_op_has(op, KEY_CAP)) {
			script_op_set(op, KEY_CAP, CAP_SPLIT_IRQCHIP);
			script->is_split = true;
			is_missing = false;
		} else {
			script->skipped[CALL_ENABLE_CAP]++;
			drop_op(script, i);
		}
	}
}

static void settle_devices(struct script *script)
{
	for (size_t i = 0; i < script->cnt;) {
		if (is_call(&script->ops[i], CALL_CREATE_DEVICE) &&
		    script_op_get(&script->ops[i], KEY_TYPE, DEV_TYPE_VFIO) == DEV_TYPE_VFIO) {
			script->skipped[CALL_CREATE_DEVICE]++;
			drop_op(script, i);
		} else {
			i++;
		}
	}
}

/*
 * A pointer does not say whether KVM_IOEVENTFD sets or takes back. One that takes back waits, one
 * that sets does not; QEMU before 10 sets seven as a probe and takes all of them back, the first of
 * which is the one that is long.
 */
static void guess_deassigns(struct script *script)
{
	size_t set = 0, left = 0;

	for (size_t i = 0; i < script->cnt; i++) {
		struct script_op *op = &script->ops[i];

		if (!is_call(op, CALL_IOEVENTFD) || script_op_has(op, KEY_FLAGS)) {
			left = op->act == ACT_IOCTL ? 0 : left;
			continue;
		}
		if (op->took_ns != SCRIPT_UNTIMED && op->took_ns >= LONG_NS && set)
			left = set;
		if (left) {
			script_op_set(op, KEY_FLAGS, IOEVENTFD_DEASSIGN);
			script->guessed++;
			left--;
			set--;
		} else {
			set++;
		}
	}
}

/* Which arguments of a call the log would have, if it had them all. */
static bool is_assumed(const struct script_op *op)
{
	switch (op->act == ACT_IOCTL ? op->id : CALL_NONE) {
	case CALL_SET_USER_MEMORY_REGION:
	case CALL_SET_USER_MEMORY_REGION2:
		return !script_op_has(op, KEY_SIZE);
	case CALL_IOEVENTFD:
	case CALL_REGISTER_COALESCED_MMIO:
	case CALL_UNREGISTER_COALESCED_MMIO:
		return !script_op_has(op, KEY_ADDR);
	case CALL_IRQFD:
		return !script_op_has(op, KEY_GSI);
	case CALL_SET_GSI_ROUTING:
		return !script_op_has(op, KEY_NR);
	case CALL_CREATE_PIT2:
		return !script_op_has(op, KEY_FLAGS);
	default:
		return false;
	}
}

/*
 * Times become gaps: from the end of the call before, or from its start where both overlap. What of
 * unknown length a call comes after may be what it needs.
 */
static void settle_gaps(struct script *script)
{
	for (size_t i = script->cnt; i-- > 1;) {
		struct script_op *op = &script->ops[i];
		const struct script_op *before = &script->ops[i - 1];
		uint64_t since = op->begin_ns - before->begin_ns;
		uint64_t took = before->took_ns != SCRIPT_UNTIMED ? before->took_ns : 0;

		op->is_overlap = since < took || is_call(before, CALL_RUN);
		op->gap_ns = op->is_overlap ? since : since - took;
		if (op->gap_ns > SCRIPT_GAP_MAX_NS) {
			op->gap_ns = SCRIPT_GAP_MAX_NS;
			script->cut++;
		}
	}
	if (script->cnt)
		script->ops[0].gap_ns = 0;
}

static bool has_close(const struct script *script)
{
	for (size_t i = 0; i < script->cnt; i++)
		if (script->ops[i].act == ACT_CLOSE)
			return true;
	return false;
}

static void settle(struct script *script)
{
	if (script->cnt)
		qsort(script->ops, script->cnt, sizeof(script->ops[0]), by_begin);
	keep_first_runs(script);
	settle_caps(script);
	settle_devices(script);
	guess_deassigns(script);
	settle_gaps(script);
	for (size_t i = 0; i < script->cnt; i++)
		script->assumed += is_assumed(&script->ops[i]);
	script->start_ns = script->cnt ? script->ops[0].begin_ns : 0;
	script->ends_by_exit = !has_close(script);
}

int script_end(struct script *script)
{
	struct script_op op = {.act = ACT_CLOSE, .took_ns = SCRIPT_UNTIMED};

	if (script->ends_by_exit || has_close(script))
		return 0;
	return script_add(script, &op);
}

void script_scale_gaps(struct script *script, uint32_t percent)
{
	for (size_t i = 0; i < script->cnt; i++) {
		uint64_t gap_ns = script->ops[i].gap_ns * percent / 100;

		script->ops[i].gap_ns = gap_ns > SCRIPT_GAP_MAX_NS ? SCRIPT_GAP_MAX_NS : gap_ns;
	}
}

/* ---- bounds ---- */

static int too_much(struct err *err, const struct script_op *op, enum script_key key, uint64_t max)
{
	return err_set(err, -E2BIG, "%s %s=%" PRIu64 ": at most %" PRIu64 " is played",
		       script_op_name(op), script_key_name(key), op->values[key], max);
}

static bool is_region(const struct script_op *op)
{
	return op->act == ACT_IOCTL &&
	       (op->id == CALL_SET_USER_MEMORY_REGION || op->id == CALL_SET_USER_MEMORY_REGION2);
}

static int check_region(const struct script_op *op, struct err *err)
{
	uint64_t slot = script_op_get(op, KEY_SLOT, 0);

	if (slot != SCRIPT_LAST && ((slot & 0xffff) > SCRIPT_SLOTS_MAX || slot >> 17))
		return too_much(err, op, KEY_SLOT, SCRIPT_SLOTS_MAX);
	if (script_op_get(op, KEY_SIZE, 0) > SCRIPT_MEMORY_MAX)
		return err_set(err, -E2BIG, "%s asks for %" PRIu64 " GiB: at most %llu are played",
			       script_op_name(op), op->values[KEY_SIZE] >> 30,
			       SCRIPT_MEMORY_MAX >> 30);
	return 0;
}

static int check_op(const struct script_op *op, struct err *err)
{
	static const struct {
		enum call_id id;
		enum script_key key;
		uint64_t max;
	} bounds[] = {
		{CALL_CREATE_VCPU, KEY_ID, SCRIPT_VCPUS_MAX - 1},
		{CALL_RUN, KEY_ID, SCRIPT_VCPUS_MAX - 1},
		{CALL_SET_GSI_ROUTING, KEY_NR, SCRIPT_ROUTES_MAX},
		{CALL_IRQFD, KEY_GSI, SCRIPT_ROUTES_MAX - 1},
		{CALL_SET_PMU_EVENT_FILTER, KEY_NEVENTS, 300},
	};

	if (op->gap_ns > SCRIPT_GAP_MAX_NS)
		return err_set(err, -E2BIG, "%s: a gap of more than 1s", script_op_name(op));
	if (op->thread >= SCRIPT_THREADS_MAX)
		return err_set(err, -E2BIG, "more than %d threads", SCRIPT_THREADS_MAX);
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
		if (op->act == ACT_IOCTL && op->id == bounds[i].id &&
		    script_op_get(op, bounds[i].key, 0) > bounds[i].max)
			return too_much(err, op, bounds[i].key, bounds[i].max);
	return is_region(op) ? check_region(op, err) : 0;
}

/* Slots that are changed or deleted are not counted off: the bound is for what is asked for at all,
 * and yet a log may delete and set its memory many times. */
static int check_memory(const struct script *script, struct err *err)
{
	uint64_t *sizes = calloc(2 * 65536UL, sizeof(*sizes));
	uint64_t sum = 0;
	int ret = 0;

	if (!sizes)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; !ret && i < script->cnt; i++) {
		const struct script_op *op = &script->ops[i];
		uint64_t slot = script_op_get(op, KEY_SLOT, SCRIPT_LAST);

		if (!is_region(op) || slot == SCRIPT_LAST || !script_op_has(op, KEY_SIZE))
			continue;
		sum -= sizes[slot];
		sizes[slot] = op->values[KEY_SIZE];
		sum += sizes[slot];
		if (sum > SCRIPT_MEMORY_MAX)
			ret = err_set(err, -E2BIG,
				      "memory slots of %" PRIu64 " GiB: at most %llu are played",
				      sum >> 30, SCRIPT_MEMORY_MAX >> 30);
	}
	free(sizes);
	return ret;
}

int script_check(const struct script *script, struct err *err)
{
	uint64_t time_ns = 0;
	size_t vms = 0;
	int ret = 0;

	for (size_t i = 0; !ret && i < script->cnt; i++) {
		ret = check_op(&script->ops[i], err);
		time_ns += script->ops[i].gap_ns;
		vms += is_call(&script->ops[i], CALL_CREATE_VM);
	}
	if (!ret && (vms != 1 || !is_call(&script->ops[0], CALL_CREATE_VM)))
		ret = err_set(err, -EINVAL,
			      "the calls on a VM begin with one KVM_CREATE_VM, and these do not");
	if (!ret && time_ns > SCRIPT_TIME_MAX_NS)
		ret = err_set(
			err, -E2BIG,
			"the gaps between the calls are more than 60s: play it with --gaps none");
	return ret ? ret : check_memory(script, err);
}

/* ---- what it comes to ---- */

size_t script_start_end(const struct script *script)
{
	size_t last = script->cnt;

	for (size_t i = 0; i < script->cnt; i++)
		if (is_call(&script->ops[i], CALL_RUN))
			return i;
	while (last && (script->ops[last - 1].act == ACT_CLOSE ||
			script->ops[last - 1].act == ACT_CLOSE_VCPU))
		last--;
	return last;
}

uint64_t script_recorded_start_ns(const struct script *script)
{
	size_t end = script_start_end(script);
	uint64_t begin = 0, took = 0, latest = 0;

	for (size_t i = 0; i < end; i++) {
		const struct script_op *op = &script->ops[i];

		if (op->took_ns == SCRIPT_UNTIMED)
			return SCRIPT_UNTIMED;
		begin += (i && !op->is_overlap ? took : 0) + op->gap_ns;
		took = op->took_ns;
		if (begin + took > latest)
			latest = begin + took;
	}
	if (end < script->cnt && is_call(&script->ops[end], CALL_RUN))
		return begin + (script->ops[end].is_overlap ? 0 : took) + script->ops[end].gap_ns;
	return latest;
}

uint32_t script_kvm_calls(const struct script *script)
{
	uint32_t cnt = 0;

	for (size_t i = 0; i < script->cnt; i++)
		cnt += script->ops[i].act <= ACT_CLOSE_VCPU;
	return cnt;
}

void script_say_played(const struct script *script, struct str *out)
{
	uint32_t calls = script_kvm_calls(script), skipped = 0;
	const char *between = "; skipped: ";

	for (int id = 0; id < CALL_CNT; id++)
		skipped += script->skipped[id];
	str_addf(out, "played %" PRIu32 " of %" PRIu32 " calls", calls, calls + skipped);
	for (int id = 0; id < CALL_CNT; id++) {
		if (!script->skipped[id])
			continue;
		str_addf(out, "%s%s %" PRIu32, between, call_name(id), script->skipped[id]);
		between = ", ";
	}
}

void script_say_assumed(const struct script *script, struct str *out)
{
	if (script->assumed)
		str_addf(out,
			 "arguments of %" PRIu32
			 " call%s are not in the file: assumed, each another\n",
			 script->assumed, format_s(script->assumed));
	if (script->guessed)
		str_addf(out,
			 "%" PRIu32 " KVM_IOEVENTFD%s taken for one that takes back: the first of "
			 "them is long\n",
			 script->guessed, script->guessed == 1 ? " is" : "s are");
	if (script->is_split)
		str_adds(out, "a KVM_ENABLE_CAP is taken for the split irqchip\n");
	if (script->cut)
		str_addf(out, "%" PRIu32 " gap%s of more than 1s: 1s is played\n", script->cut,
			 format_s(script->cut));
}

/* ---- all VMs of a log ---- */

void scripts_fini(struct scripts *scripts)
{
	for (size_t i = 0; i < scripts->cnt; i++)
		script_fini(&scripts->vms[i]);
	scripts->cnt = 0;
}

int scripts_settle(struct scripts *scripts, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < scripts->cnt; i++)
		settle(&scripts->vms[i]);
	for (size_t i = 0; !ret && i < scripts->cnt; i++)
		ret = script_check(&scripts->vms[i], err);
	if (!ret && !scripts->cnt)
		ret = err_set(
			err, -EINVAL,
			scripts->created_before
				? "no VM's KVM_CREATE_VM is in it: it has to begin before the VM"
				: "there is no KVM_CREATE_VM in it");
	return ret;
}
