// SPDX-License-Identifier: GPL-2.0-only
#include "script/emit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/format.h"
#include "base/str.h"
#include "script/emit_text.h"
#include "script/script.h"

/* What the script does not say is as src/cmd/repro/player.c assumes it. */
#define SLOT_BYTES   (128ULL << 20)
#define LOW_SLOTS    16
#define HIGH_GPA     (4ULL << 30)
#define WINDOW_GPA   0xd0000050ULL
#define WINDOW_BYTES 0x1000
#define ZONE_GPA     0xa0000ULL
#define ZONE_BYTES   0x20000
#define FIRST_GSI    5
#define GSIS	     19
#define TSS_GPA	     0xfffbd000ULL
#define ROUTES	     40
#define DEASSIGN     (1 << 2) /* KVM_IOEVENTFD_FLAG_DEASSIGN */
#define DATAMATCH    (1 << 0)
#define RESAMPLE     (1 << 1)
#define NO_NAME	     UINT64_MAX

/* A row that leaves room for another beside it. */
#define ROW_SHORT 56

/* An eventfd of the log by its number there, an ioeventfd, or a zone. */
struct emit_item {
	uint64_t name, addr, match;
	uint32_t len, flags, idx;
	bool is_zone, is_gone;
};

struct emitter {
	const struct script *script;
	struct str *out;
	struct emit_item *items, *fds;
	size_t items_cnt, fds_cnt;
	uint32_t eventfds, slots, windows, irqfds, zones, vcpus;
	uint64_t mem_bytes;
	uint8_t has[CALL_CNT]; /* ioctls that the script has */
	bool acts[ACT_CNT];
};

/* ---- rows ---- */

static uint32_t new_eventfd(struct emitter *emitter)
{
	return emitter->eventfds++;
}

static uint32_t eventfd_of(struct emitter *emitter, const struct script_op *op)
{
	uint64_t name = script_op_get(op, KEY_FD, NO_NAME);
	struct emit_item *fd;

	for (size_t i = emitter->fds_cnt; script_op_has(op, KEY_FD) && i--;)
		if (emitter->fds[i].name == name)
			return emitter->fds[i].idx;
	fd = &emitter->fds[emitter->fds_cnt++];
	*fd = (struct emit_item){.name = name, .idx = new_eventfd(emitter)};
	return fd->idx;
}

static struct emit_item *find_item(const struct emitter *emitter, const struct script_op *op,
				   bool is_zone)
{
	for (size_t i = emitter->items_cnt; i--;) {
		struct emit_item *item = &emitter->items[i];

		if (item->is_gone || item->is_zone != is_zone)
			continue;
		if (script_op_has(op, KEY_ADDR) && item->addr != op->values[KEY_ADDR])
			continue;
		if (script_op_has(op, KEY_FD) && item->name != op->values[KEY_FD])
			continue;
		return item;
	}
	return NULL;
}

static void put_ioeventfd(struct emitter *emitter, const struct script_op *op)
{
	uint32_t flags = (uint32_t)script_op_get(op, KEY_FLAGS, DATAMATCH);
	bool is_back = flags & DEASSIGN;
	struct emit_item *item = is_back ? find_item(emitter, op, false) : NULL;

	if (!item) {
		item = &emitter->items[emitter->items_cnt++];
		item->name = script_op_get(op, KEY_FD, NO_NAME);
		item->idx = eventfd_of(emitter, op);
		item->addr =
			script_op_get(op, KEY_ADDR, WINDOW_GPA + emitter->windows * WINDOW_BYTES);
		item->len = (uint32_t)script_op_get(op, KEY_LEN, 4);
		item->match = script_op_get(op, KEY_MATCH,
					    script_op_has(op, KEY_ADDR) ? emitter->windows : 0);
		item->flags = script_op_has(op, KEY_ADDR) ? flags & ~DEASSIGN : DATAMATCH;
		emitter->windows++;
	}
	item->is_gone = is_back;
	str_addf(emitter->out, "0x%" PRIx64 ", %" PRIu32 ", %" PRIu64 ", %" PRIu32 ", %" PRIu32,
		 item->addr, item->len, item->match, item->flags | (is_back ? DEASSIGN : 0),
		 item->idx);
}

static void put_zone(struct emitter *emitter, const struct script_op *op)
{
	bool is_on = op->id == CALL_REGISTER_COALESCED_MMIO;
	struct emit_item *item = is_on ? NULL : find_item(emitter, op, true);

	if (!item) {
		item = &emitter->items[emitter->items_cnt++];
		item->is_zone = true;
		item->addr = script_op_get(op, KEY_ADDR, ZONE_GPA + emitter->zones++ * ZONE_BYTES);
		item->len = (uint32_t)script_op_get(op, KEY_SIZE, ZONE_BYTES);
	}
	item->is_gone = !is_on;
	str_addf(emitter->out, "0x%" PRIx64 ", 0x%" PRIx32, item->addr, item->len);
}

static void put_irqfd(struct emitter *emitter, const struct script_op *op)
{
	uint64_t gsi = script_op_get(op, KEY_GSI, FIRST_GSI + emitter->irqfds++ % GSIS);
	uint32_t flags = (uint32_t)script_op_get(op, KEY_FLAGS, 0);

	str_addf(emitter->out, "%" PRIu64 ", %" PRIu32 ", %" PRIu32 ", %" PRIu32, gsi, flags,
		 eventfd_of(emitter, op), flags & RESAMPLE ? new_eventfd(emitter) : 0);
}

static void put_region(struct emitter *emitter, const struct script_op *op)
{
	uint64_t slot = script_op_get(op, KEY_SLOT, 0), gpa, size;

	if (slot == SCRIPT_LAST)
		slot = emitter->slots ? emitter->slots - 1 : 0;
	else if (!script_op_has(op, KEY_SLOT))
		slot = emitter->slots++;
	gpa = slot < LOW_SLOTS ? slot * SLOT_BYTES : HIGH_GPA + (slot - LOW_SLOTS) * SLOT_BYTES;
	size = script_op_get(op, KEY_SIZE, SLOT_BYTES);
	if (size > emitter->mem_bytes)
		emitter->mem_bytes = size;
	/* of the flags those that need no guest_memfd */
	str_addf(emitter->out, "%" PRIu64 ", %" PRIu64 ", 0x%" PRIx64 ", 0x%" PRIx64, slot,
		 script_op_get(op, KEY_FLAGS, 0) & 3, script_op_get(op, KEY_GPA, gpa), size);
}

/* Which of our vCPUs has this id. */
static uint32_t vcpu_of(const struct emitter *emitter, const struct script_op *op)
{
	uint64_t id = script_op_get(op, KEY_ID, 0);
	uint32_t idx = 0;

	for (size_t i = 0; i < emitter->script->cnt; i++) {
		const struct script_op *made = &emitter->script->ops[i];

		if (made->act != ACT_IOCTL || made->id != CALL_CREATE_VCPU)
			continue;
		if (script_op_get(made, KEY_ID, idx) == id)
			return idx;
		idx++;
	}
	return 0;
}

static void put_vcpu(struct emitter *emitter, const struct script_op *op)
{
	str_addf(emitter->out, "%" PRIu64 ", %" PRIu32, script_op_get(op, KEY_ID, emitter->vcpus),
		 emitter->vcpus);
	emitter->vcpus++;
}

static void put_value(struct emitter *emitter, const struct script_op *op)
{
	switch (op->id) {
	case CALL_SET_TSS_ADDR:
		str_addf(emitter->out, "0x%" PRIx64, script_op_get(op, KEY_ADDR, TSS_GPA));
		break;
	case CALL_SET_IDENTITY_MAP_ADDR:
		str_adds(emitter->out, "0xfffbc000");
		break;
	case CALL_CREATE_PIT2:
		str_addf(emitter->out, "%" PRIu64, script_op_get(op, KEY_FLAGS, 1));
		break;
	case CALL_REINJECT_CONTROL:
		str_addf(emitter->out, "%" PRIu64, script_op_get(op, KEY_REINJECT, 0));
		break;
	case CALL_SET_GSI_ROUTING:
		str_addf(emitter->out, "%" PRIu64, script_op_get(op, KEY_NR, ROUTES));
		break;
	case CALL_HYPERV_EVENTFD:
		str_addf(emitter->out, "%" PRIu64 ", %" PRIu64 ", %" PRIu32,
			 script_op_get(op, KEY_CONN_ID, 1), script_op_get(op, KEY_FLAGS, 0),
			 eventfd_of(emitter, op));
		break;
	default:
		str_addc(emitter->out, '0');
	}
}

static void put_args(struct emitter *emitter, const struct script_op *op)
{
	switch (op->act == ACT_IOCTL ? op->id : CALL_NONE) {
	case CALL_IOEVENTFD:
		put_ioeventfd(emitter, op);
		break;
	case CALL_REGISTER_COALESCED_MMIO:
	case CALL_UNREGISTER_COALESCED_MMIO:
		put_zone(emitter, op);
		break;
	case CALL_IRQFD:
		put_irqfd(emitter, op);
		break;
	case CALL_SET_USER_MEMORY_REGION:
	case CALL_SET_USER_MEMORY_REGION2:
		put_region(emitter, op);
		break;
	case CALL_CREATE_VCPU:
		put_vcpu(emitter, op);
		break;
	case CALL_RUN:
		str_addf(emitter->out, "%" PRIu32, vcpu_of(emitter, op));
		break;
	default:
		if (op->act == ACT_CLOSE_VCPU)
			str_addf(emitter->out, "%" PRIu32, vcpu_of(emitter, op));
		else
			put_value(emitter, op);
	}
}

static const char *request_of(const struct script_op *op)
{
	const struct emit_text_act *acts;
	size_t cnt;

	if (op->act == ACT_IOCTL)
		return op->id == CALL_SET_USER_MEMORY_REGION2 ? "KVM_SET_USER_MEMORY_REGION"
							      : call_name(op->id);
	acts = emit_text_acts(&cnt);
	for (size_t i = 0; i < cnt; i++)
		if (acts[i].act == op->act)
			return acts[i].name;
	return "";
}

/* On one thread what overlapped comes one after the other. */
static uint64_t gap_us(const struct script *script, size_t idx)
{
	const struct script_op *op = &script->ops[idx];
	uint64_t took = idx ? script->ops[idx - 1].took_ns : 0, ns = op->gap_ns;

	if (op->is_overlap && took != SCRIPT_UNTIMED)
		ns = ns > took ? ns - took : 0;
	return (ns + 500) / 1000;
}

static const char rows_text[] =
	"\nstatic const struct kvm_call {\n"
	"\tunsigned int gap_us; /* since the call before */\n"
	"\tunsigned long request;\n"
	"\tconst char *name;\n"
	"\tint may_fail, is_end;\n"
	"\tunsigned long args[5]; /* as make() has them */\n"
	"} calls[] = {\n"
	"#define CALL(gap, request, ...) {gap, request, #request, 0, 0, {__VA_ARGS__}}\n";

static bool may_fail(const struct script_op *op)
{
	return op->err || op->is_optional;
}

static bool has_may_fail(const struct script *script)
{
	for (size_t i = 0; i < script->cnt; i++)
		if (may_fail(&script->ops[i]))
			return true;
	return false;
}

/* Two short rows share a line, which began at @line of @out. */
static void put_space(struct str *out, size_t *line)
{
	if (*line && out->len - *line < ROW_SHORT) {
		str_addc(out, ' ');
		*line = 0;
		return;
	}
	str_adds(out, *line || out->text[out->len - 1] != '\n' ? "\n\t" : "\t");
	*line = out->len;
}

static void put_rows(struct emitter *emitter)
{
	const struct script *script = emitter->script;
	uint64_t more_us = 0;
	size_t line = 0;

	str_adds(emitter->out, rows_text);
	if (has_may_fail(script))
		str_adds(emitter->out, "#define TRY(gap, request, ...) {gap, request, #request, 1, "
				       "0, {__VA_ARGS__}}\n");
	if (emitter->acts[ACT_CLOSE] || emitter->acts[ACT_CLOSE_VCPU])
		str_adds(emitter->out, "#define END(gap, request, ...) {gap, request, #request, 1, "
				       "1, {__VA_ARGS__}}\n");
	for (size_t i = 0; i < script->cnt; i++) {
		const struct script_op *op = &script->ops[i];
		bool is_end = op->act == ACT_CLOSE || op->act == ACT_CLOSE_VCPU;

		/* All of them are made before. */
		more_us += gap_us(script, i);
		if (op->act == ACT_EVENTFD) {
			more_us += op->took_ns != SCRIPT_UNTIMED ? op->took_ns / 1000 : 0;
			continue;
		}
		put_space(emitter->out, &line);
		str_addf(emitter->out, "%s(%" PRIu64 ", %s, ",
			 is_end		? "END"
			 : may_fail(op) ? "TRY"
					: "CALL",
			 more_us, request_of(op));
		more_us = 0;
		put_args(emitter, op);
		str_adds(emitter->out, "),");
	}
	str_adds(emitter->out, "\n};\n#define CALLS (sizeof(calls) / sizeof(calls[0]))\n");
}

/* ---- the whole ---- */

static int take_stock(struct emitter *emitter, struct err *err)
{
	for (size_t i = 0; i < emitter->script->cnt; i++) {
		const struct script_op *op = &emitter->script->ops[i];
		enum call_id id = op->id == CALL_SET_USER_MEMORY_REGION2
					  ? CALL_SET_USER_MEMORY_REGION
					  : op->id;

		if (op->act != ACT_IOCTL) {
			emitter->acts[op->act] = true;
			continue;
		}
		if (!script_plays(id, ARCH_X86))
			return err_cannot(err, "--emit c: %s is not in its list", call_name(id));
		emitter->has[id] = 1;
	}
	return 0;
}

static void put_enum(struct emitter *emitter)
{
	bool is_any = false;
	size_t cnt;
	const struct emit_text_act *acts = emit_text_acts(&cnt);

	for (size_t i = 0; i < cnt; i++) {
		if (!emitter->acts[acts[i].act])
			continue;
		str_addf(emitter->out, is_any ? ", %s" : "\nenum { %s = 1", acts[i].name);
		is_any = true;
	}
	if (is_any)
		str_adds(emitter->out, " }; /* what is no ioctl */\n");
}

static void put_make(struct emitter *emitter)
{
	size_t calls_cnt, acts_cnt;
	const struct emit_text_call *calls = emit_text_calls(&calls_cnt);
	const struct emit_text_act *acts = emit_text_acts(&acts_cnt);
	struct str *out = emitter->out;

	str_adds(out, "\n/* A call of the table; negative: it failed. */\n"
		      "static long make(const struct kvm_call *call)\n{\n"
		      "\tconst unsigned long *a = call->args;\n");
	if (emitter->has[CALL_SET_GSI_ROUTING])
		str_adds(out, "\tstruct kvm_irq_routing *routing;\n");
	if (emitter->has[CALL_CREATE_VCPU])
		str_adds(out, "\tstruct kvm_run *run;\n");
	str_adds(out, "\n\tswitch (call->request) {\n");
	for (size_t i = 0; i < calls_cnt; i++)
		if (emitter->has[calls[i].id])
			str_adds(out, calls[i].text);
	for (size_t i = 0; i < acts_cnt; i++)
		if (emitter->acts[acts[i].act])
			str_adds(out, acts[i].text);
	str_adds(out, "\t}\n\treturn a ? -1 : 0;\n}\n\n");
}

static void put_prepare(struct emitter *emitter)
{
	struct str *out = emitter->out;
	bool has_memory = emitter->mem_bytes > 0;

	str_adds(out, "\nstatic int kvm, vm");
	if (emitter->vcpus || emitter->has[CALL_RUN] || emitter->acts[ACT_CLOSE_VCPU])
		str_addf(out, ", vcpus[%" PRIu32 "]", emitter->vcpus ? emitter->vcpus : 1);
	if (emitter->eventfds)
		str_addf(out, ", eventfds[%" PRIu32 "]", emitter->eventfds);
	str_adds(out, ";\n");
	if (has_memory)
		str_adds(out, "static void *memory; /* of all slots: reserved, not touched */\n");
	if (emitter->acts[ACT_THREAD])
		str_adds(out, "\nstatic void *idle(void *arg)\n{\n\tpause();\n\treturn arg;\n}\n");
	str_adds(out, "\nstatic void prepare(void)\n{\n"
		      "\tkvm = open(\"/dev/kvm\", O_RDWR | O_CLOEXEC);\n"
		      "\tif (kvm < 0)\n\t\terr(125, \"/dev/kvm\");\n");
	if (emitter->eventfds)
		str_addf(out,
			 "\tfor (int i = 0; i < %" PRIu32 "; i++)\n"
			 "\t\teventfds[i] = eventfd(0, EFD_CLOEXEC);\n",
			 emitter->eventfds);
	if (has_memory)
		str_addf(out,
			 "\tmemory = mmap(NULL, 0x%" PRIx64 "UL, PROT_READ | PROT_WRITE,\n"
			 "\t\t      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);\n",
			 emitter->mem_bytes);
	str_adds(out, "}\n");
}

static void put_head(struct emitter *emitter, const char *version)
{
	uint32_t threads = 1, calls = script_kvm_calls(emitter->script);

	for (size_t i = 0; i < emitter->script->cnt; i++)
		if (emitter->script->ops[i].thread >= threads)
			threads = emitter->script->ops[i].thread + 1;
	str_addf(emitter->out,
		 "/*\n * What a VMM asks of KVM, made again: %" PRIu32
		 " call%s, in their order and with the "
		 "times between them.\n"
		 " * %" PRIu32 " thread%s made them, here it is one. Made by kvmstall %s.\n",
		 calls, format_s(calls), threads, format_s(threads), version);
	str_adds(emitter->out, emit_text_head);
	if (emitter->acts[ACT_THREAD])
		str_adds(emitter->out, "#include <pthread.h>\n");
	if (emitter->acts[ACT_SOCKET])
		str_adds(emitter->out, "#include <sys/socket.h>\n");
}

static void emit_all(struct emitter *emitter, const char *version)
{
	struct str *out = emitter->out, rows;

	put_head(emitter, version);
	put_enum(emitter);
	str_init(&rows);
	emitter->out = &rows;
	put_rows(emitter); /* counts what the rest is made for */
	emitter->out = out;
	str_adds(out, rows.text);
	out->failed |= rows.failed;
	str_fini(&rows);
	put_prepare(emitter);
	put_make(emitter);
	str_adds(out, emit_text_loop);
}

int emit_c(const struct script *script, const char *version, struct str *out, struct err *err)
{
	struct emitter emitter = {.script = script, .out = out};
	int ret = take_stock(&emitter, err);

	if (ret)
		return ret;
	emitter.items = calloc(script->cnt + 1, sizeof(*emitter.items));
	emitter.fds = calloc(script->cnt + 1, sizeof(*emitter.fds));
	if (emitter.items && emitter.fds)
		emit_all(&emitter, version);
	else
		ret = -ENOMEM;
	free(emitter.items);
	free(emitter.fds);
	return ret || str_failed(out) ? err_set(err, -ENOMEM, "out of memory") : 0;
}
