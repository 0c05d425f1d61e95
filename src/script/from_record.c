// SPDX-License-Identifier: GPL-2.0-only
#include "script/from_record.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/stall.h"

/* An initiator that several stalls have is one call: its age is known to this. */
#define SAME_NS 200000ULL

/* What KVM_CREATE_VM is before the first call of a VM that was there. */
#define LEAD_NS 1000000ULL

struct recorded_vm {
	uint32_t id;
	uint32_t tids[SCRIPT_THREADS_MAX];
	uint32_t tids_cnt;
	bool has_create;
};

struct script_record {
	struct scripts *scripts;
	enum machine_arch arch;
	struct recorded_vm vms[SCRIPT_VMS_MAX];
	bool is_followed;
	bool has_call; /* one that did not sleep */
};

struct script_record *script_record_new(struct scripts *scripts, enum machine_arch arch)
{
	struct script_record *record = calloc(1, sizeof(*record));

	if (!record)
		return NULL;
	record->scripts = scripts;
	record->arch = arch;
	return record;
}

void script_record_free(struct script_record *record)
{
	free(record);
}

void script_record_has_all(struct script_record *record)
{
	record->has_call = true;
}

void script_record_follow(struct script_record *record)
{
	record->is_followed = true;
}

/* ---- whose ---- */

static struct script *vm_of(struct script_record *record, uint32_t id, struct recorded_vm **vm)
{
	struct scripts *scripts = record->scripts;

	for (size_t i = 0; i < scripts->cnt; i++) {
		*vm = &record->vms[i];
		if ((*vm)->id == id)
			return &scripts->vms[i];
	}
	if (scripts->cnt == SCRIPT_VMS_MAX) {
		scripts->left_out = 1; /* and maybe more */
		return NULL;
	}
	*vm = &record->vms[scripts->cnt];
	(*vm)->id = id;
	return &scripts->vms[scripts->cnt++];
}

static uint32_t thread_of(struct recorded_vm *vm, uint32_t tid)
{
	for (uint32_t i = 0; i < vm->tids_cnt; i++)
		if (vm->tids[i] == tid)
			return i;
	if (vm->tids_cnt == SCRIPT_THREADS_MAX)
		return SCRIPT_THREADS_MAX - 1;
	vm->tids[vm->tids_cnt] = tid;
	return vm->tids_cnt++;
}

/* ---- calls ---- */

/* A recording without --all has no call that did not sleep, but it says who started a GP. */
static bool is_there(const struct script *script, enum call_id id, uint64_t begin_ns)
{
	for (size_t i = script->cnt; i--;) {
		uint64_t at = script->ops[i].begin_ns;
		uint64_t apart = at > begin_ns ? at - begin_ns : begin_ns - at;

		if (script->ops[i].act == ACT_IOCTL && script->ops[i].id == id && apart < SAME_NS)
			return true;
	}
	return false;
}

static int add_initiator(struct script_record *record, struct script *script,
			 struct recorded_vm *vm, enum call_id id, uint32_t tid, uint64_t begin_ns)
{
	struct script_op op = {
		.act = ACT_IOCTL,
		.id = id,
		.begin_ns = begin_ns,
		.took_ns = SCRIPT_UNTIMED,
		.is_initiator = true,
	};

	if (!call_registers(id) || !script_plays(id, record->arch) ||
	    is_there(script, id, begin_ns))
		return 0;
	op.thread = thread_of(vm, tid);
	return script_add(script, &op);
}

/* Only the last close of a VM ends it. */
static int add_close(struct script *script, const struct script_op *op)
{
	for (size_t i = 0; i < script->cnt; i++)
		if (script->ops[i].act == ACT_CLOSE) {
			uint32_t seq = script->ops[i].seq;

			if (op->begin_ns > script->ops[i].begin_ns)
				script->ops[i] = *op;
			script->ops[i].seq = seq;
			return 0;
		}
	return script_add(script, op);
}

/* What the VMM asked for: not a work of the kernel's own. */
static bool is_call(enum call_id id)
{
	return id < CALL_ASYNC_PAGE_FAULT || id > CALL_FN_VM_RELEASE;
}

static int add_call(struct script_record *record, struct script *script, struct recorded_vm *vm,
		    uint32_t tid, struct script_op *op)
{
	if (op->id == CALL_CLOSE || op->id == CALL_CLOSE_LAST) {
		op->act = ACT_CLOSE;
		op->thread = thread_of(vm, tid);
		return add_close(script, op);
	}
	if (op->id == CALL_CLOSE_EXIT || op->id == CALL_MMU_RELEASE)
		return 0; /* ends_by_exit */
	if (!script_plays(op->id, record->arch)) {
		script->skipped[op->id] += is_call(op->id);
		return 0;
	}
	vm->has_create |= op->id == CALL_CREATE_VM;
	if (op->id == CALL_RUN) {
		op->took_ns = SCRIPT_UNTIMED;
		op->err = 0;
	}
	op->thread = thread_of(vm, tid);
	return script_add(script, op);
}

int script_record_take(struct script_record *record, const struct stall *stall)
{
	const struct culprit *culprit = &stall->culprit;
	struct recorded_vm *vm;
	struct script *script;
	struct script_op op;
	int ret;

	if (!stall->vm || (record->is_followed && !(stall->vm->flags & KS_VM_FOLLOWED)))
		return 0;
	if (stall->is_stuck || stall->rec->flags & KS_CALL_KILLED)
		return 0;
	script = vm_of(record, stall->vm->id, &vm);
	if (!script)
		return 0;
	record->has_call |= !stall->waits_cnt && !stall->stall_ns;
	script_op_of_call(stall->rec, stall->call, &op);
	ret = add_call(record, script, vm, stall->rec->head.tid, &op);
	if (!ret && culprit->is_known && culprit->kind == CULPRIT_INITIATOR && !culprit->is_self &&
	    culprit->vm == stall->vm && culprit->age_ns < stall->begin_ns)
		ret = add_initiator(record, script, vm, culprit->call, culprit->tid,
				    stall->begin_ns - culprit->age_ns);
	return ret;
}

/* ---- JSON ---- */

static uint64_t number(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static void take_args(const json_t *args, struct script_op *op)
{
	for (int key = 0; key < KEY_CNT; key++) {
		const json_t *value = json_object_get(args, script_key_name(key));

		if (json_is_integer(value))
			script_op_set(op, key, (uint64_t)json_integer_value(value));
	}
}

static int take_culprit(struct script_record *record, struct script *script, struct recorded_vm *vm,
			const json_t *culprit, uint64_t begin_ns)
{
	const char *name = json_string_value(json_object_get(culprit, "call"));
	const json_t *age = json_object_get(culprit, "age_ns");

	if (!name || !json_is_integer(age) || number(culprit, "age_ns") > begin_ns ||
	    json_is_true(json_object_get(culprit, "self")) || number(culprit, "vm") != vm->id)
		return 0;
	return add_initiator(record, script, vm, call_by_name(name, strlen(name)),
			     (uint32_t)number(culprit, "tid"),
			     begin_ns - number(culprit, "age_ns"));
}

/* The names that are not an ioctl's: as "close". */
static enum call_id id_of(const char *name)
{
	static const enum call_id closes[] = {CALL_CLOSE, CALL_CLOSE_LAST, CALL_CLOSE_EXIT,
					      CALL_MMU_RELEASE};

	for (size_t i = 0; i < sizeof(closes) / sizeof(closes[0]); i++)
		if (!strcmp(name, call_name(closes[i])))
			return closes[i];
	return call_by_name(name, strlen(name));
}

static int take_object(struct script_record *record, const json_t *line, const char *type)
{
	const char *name = json_string_value(json_object_get(line, "call"));
	const json_t *vm_object = json_object_get(line, "vm");
	const json_t *ret_value = json_object_get(line, "ret");
	struct script_op op = {.act = ACT_IOCTL};
	struct recorded_vm *vm;
	struct script *script;
	int ret;

	if (!name || !json_is_object(vm_object) || json_is_true(json_object_get(line, "stuck")))
		return 0;
	op.id = id_of(name);
	if (op.id == CALL_NONE)
		return 0;
	script = vm_of(record, (uint32_t)number(vm_object, "id"), &vm);
	if (!script)
		return 0;
	record->has_call |= !strcmp(type, "call");
	take_args(json_object_get(line, "args"), &op);
	op.begin_ns = number(line, "ts_ns");
	op.took_ns = number(line, "latency_ns");
	if (json_integer_value(ret_value) < 0 && json_integer_value(ret_value) > -4096)
		op.err = (int32_t)-json_integer_value(ret_value);
	ret = add_call(record, script, vm, (uint32_t)number(line, "tid"), &op);
	return ret ? ret
		   : take_culprit(record, script, vm, json_object_get(line, "culprit"),
				  op.begin_ns);
}

int script_record_json(struct script_record *record, const char *text, size_t len)
{
	json_error_t error;
	json_t *line = json_loadb(text, len, 0, &error);
	const char *type = json_string_value(json_object_get(line, "type"));
	int ret = 0;

	if (!line && json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	if (type && (!strcmp(type, "stall") || !strcmp(type, "call")))
		ret = take_object(record, line, type);
	json_decref(line);
	return ret;
}

/* ---- the end ---- */

/* A file with all calls has them by themselves: when they began is not known so well from a stall.
 */
static void drop_initiators(struct script *script)
{
	size_t kept = 0;

	for (size_t i = 0; i < script->cnt; i++)
		if (!script->ops[i].is_initiator)
			script->ops[kept++] = script->ops[i];
	script->cnt = kept;
}

int script_record_finish(struct script_record *record)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < record->scripts->cnt; i++) {
		struct script *script = &record->scripts->vms[i];
		struct script_op op = {
			.act = ACT_IOCTL,
			.id = CALL_CREATE_VM,
			.took_ns = SCRIPT_UNTIMED,
		};
		uint64_t first_ns = UINT64_MAX;

		if (record->has_call)
			drop_initiators(script);
		if (record->vms[i].has_create)
			continue;
		for (size_t j = 0; j < script->cnt; j++)
			if (script->ops[j].begin_ns < first_ns)
				first_ns = script->ops[j].begin_ns;
		op.begin_ns = script->cnt && first_ns > LEAD_NS ? first_ns - LEAD_NS : 0;
		script->is_made_first = true;
		ret = script_add(script, &op);
	}
	record->scripts->is_partial = !record->has_call;
	return ret;
}
