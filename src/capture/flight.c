// SPDX-License-Identifier: GPL-2.0-only
#include "capture/flight.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "capture/replay.h"

struct kept_block {
	struct kept_block *next;
	uint64_t ts_ns;
	size_t len;
	uint8_t bytes[];
};

/* A VM that lives where the stretch begins. */
struct kept_vm {
	struct ks_vm rec;
	uint32_t id;
	char name[sizeof(((struct vm *)NULL)->name)];
	char comm[KS_COMM_LEN];
};

struct flight {
	uint64_t age_ns;
	size_t max_bytes, bytes;
	struct kept_block *first, **end;
	struct replay *past; /* all that fell out goes through it */
	struct ks_vm vm;     /* its last KS_VM */
	struct map vms;	     /* kvm -> struct kept_vm */
	int heads;	     /* puts so far, up to the two that a capture begins with */
	int failed;
};

/* ---- what must not be forgotten ---- */

static int on_record(void *ctx, const void *record, size_t size, const struct symbols *syms)
{
	struct flight *flight = ctx;
	const struct ks_head *head = record;

	(void)syms;
	if (head->type == KS_VM && size >= sizeof(flight->vm))
		memcpy(&flight->vm, record, sizeof(flight->vm));
	return 0;
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	struct flight *flight = ctx;

	free(map_del(&flight->vms, vm->kvm));
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	struct flight *flight = ctx;
	struct kept_vm *kept = calloc(1, sizeof(*kept));

	on_vm_gone(ctx, vm);
	if (!kept || map_put(&flight->vms, vm->kvm, kept)) {
		free(kept);
		flight->failed = -ENOMEM;
		return;
	}
	kept->rec = flight->vm;
	kept->rec.flags |= KS_VM_FOUND; /* it was there before what is kept */
	kept->id = vm->id;
	memcpy(kept->name, vm->name, sizeof(kept->name));
	memcpy(kept->comm, vm->comm, sizeof(kept->comm));
}

/* ---- life ---- */

struct flight *flight_new(uint64_t age_ns, size_t bytes)
{
	static const struct replay_ops ops = {
		.ledger = {.vm_new = on_vm_new, .vm_gone = on_vm_gone},
		.record = on_record,
	};
	struct flight *flight = calloc(1, sizeof(*flight));

	if (!flight)
		return NULL;
	flight->age_ns = age_ns;
	flight->max_bytes = bytes;
	flight->end = &flight->first;
	flight->past = replay_new(&ops, flight);
	if (!flight->past) {
		flight_free(flight);
		return NULL;
	}
	return flight;
}

static struct kept_block *take_first(struct flight *flight)
{
	struct kept_block *block = flight->first;

	flight->first = block->next;
	if (!flight->first)
		flight->end = &flight->first;
	flight->bytes -= block->len;
	return block;
}

void flight_free(struct flight *flight)
{
	const struct map_slot *slot;
	size_t pos = 0;

	if (!flight)
		return;
	while (flight->first)
		free(take_first(flight));
	while ((slot = map_next(&flight->vms, &pos)))
		free(slot->value);
	map_fini(&flight->vms);
	replay_free(flight->past);
	free(flight);
}

size_t flight_bytes(const struct flight *flight)
{
	return flight->bytes;
}

/* ---- in ---- */

static int forget(struct flight *flight, const void *bytes, size_t len)
{
	struct err err = {.msg = ""};
	int ret = replay_feed(flight->past, bytes, len, &err);

	return ret ? ret : flight->failed;
}

static bool is_too_much(const struct flight *flight, uint64_t now_ns)
{
	if (!flight->first)
		return false;
	return (flight->max_bytes && flight->bytes > flight->max_bytes) ||
	       (flight->age_ns && flight->first->ts_ns + flight->age_ns < now_ns);
}

int flight_put(struct flight *flight, const void *block, size_t len, uint64_t now_ns)
{
	struct kept_block *kept;
	int ret = 0;

	if (flight->heads < 2) { /* what it is, and the head: flight_dump() makes new ones */
		flight->heads++;
		return forget(flight, block, len);
	}
	kept = malloc(sizeof(*kept) + len);
	if (!kept)
		return -ENOMEM;
	kept->next = NULL;
	kept->ts_ns = now_ns;
	kept->len = len;
	memcpy(kept->bytes, block, len);
	*flight->end = kept;
	flight->end = &kept->next;
	flight->bytes += len;
	while (!ret && is_too_much(flight, now_ns)) {
		struct kept_block *old = take_first(flight);

		ret = forget(flight, old->bytes, old->len);
		free(old);
	}
	return ret;
}

/* ---- out ---- */

static int vm_cmp(const void *a, const void *b)
{
	const struct kept_vm *const *one = a, *const *two = b;

	return (*one)->id < (*two)->id ? -1 : (*one)->id > (*two)->id;
}

/* In the order in which they were born, so that replaying numbers them so. */
static int put_vms(const struct flight *flight, const struct capture_writer *writer,
		   struct capture_writer *out)
{
	struct kept_vm **list = calloc(flight->vms.cnt + 1, sizeof(struct kept_vm *));
	const struct map_slot *slot;
	size_t pos = 0, cnt = 0;
	int ret = 0;

	if (!list)
		return -ENOMEM;
	while ((slot = map_next(&flight->vms, &pos)))
		list[cnt++] = slot->value;
	qsort(list, cnt, sizeof(struct kept_vm *), vm_cmp);
	for (size_t i = 0; !ret && i < cnt; i++) {
		ret = capture_writer_name(out, list[i]->rec.kvm, list[i]->name, list[i]->comm);
		if (!ret) /* a VM's record has no addresses of functions */
			ret = capture_writer_record(out, &list[i]->rec, sizeof(list[i]->rec), NULL);
	}
	free(list);
	return ret ? ret : capture_writer_symbols(out, writer);
}

int flight_dump(struct flight *flight, const struct capture_head *head,
		const struct capture_writer *writer, capture_put_fn put, void *ctx,
		struct capture_writer **out)
{
	const struct kept_block *block;
	int ret;

	*out = capture_writer_new(head, put, ctx);
	if (!*out)
		return -ENOMEM;
	ret = put_vms(flight, writer, *out);
	if (!ret)
		ret = capture_writer_flush(*out);
	for (block = flight->first; !ret && block; block = block->next)
		ret = put(ctx, block->bytes, block->len);
	return ret;
}
