// SPDX-License-Identifier: GPL-2.0-only
#include "capture/flight.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/record_view.h"
#include "ledger/stall.h"

struct kept_block {
	struct kept_block *next;
	uint64_t ts_ns;
	size_t len;
	uint8_t bytes[];
};

/* A VM that lives, or whose end is in a block that is kept. Blocks are numbered from 0. */
struct kept_vm {
	struct kept_vm *next;
	struct ks_vm rec;
	char name[sizeof(((struct vm *)NULL)->name)];
	char comm[KS_COMM_LEN];
	uint64_t born_in; /* the block that has its KS_VM */
	uint64_t gone_in; /* and that of its end; NOT_GONE */
};

#define NOT_GONE UINT64_MAX

struct flight {
	uint64_t age_ns;
	size_t max_bytes, bytes;
	struct kept_block *first, **end;
	struct kept_vm *vms, **vms_end; /* in the order of their births */
	struct kept_vm named;		/* .rec.kvm, .name and .comm of the next KS_VM */
	uint64_t blocks;		/* put so far */
	uint64_t forgotten;		/* of these, fallen out */
	int heads;			/* puts so far, up to the two that a capture begins with */
};

/* ---- who lives ---- */

static void note_gone(struct flight *flight, uint64_t kvm)
{
	struct kept_vm *vm;

	for (vm = flight->vms; vm; vm = vm->next)
		if (vm->rec.kvm == kvm && vm->gone_in == NOT_GONE)
			vm->gone_in = flight->blocks;
}

static int note_vm(struct flight *flight, const struct ks_vm *rec)
{
	struct kept_vm *vm = calloc(1, sizeof(*vm));

	if (!vm)
		return -ENOMEM;
	note_gone(flight, rec->kvm); /* its address is used again */
	if (flight->named.rec.kvm == rec->kvm)
		*vm = flight->named;
	flight->named.rec.kvm = 0;
	vm->next = NULL;
	vm->rec = *rec;
	vm->rec.flags |= KS_VM_FOUND; /* where it is needed, it was there before what is kept */
	vm->born_in = flight->blocks;
	vm->gone_in = NOT_GONE;
	*flight->vms_end = vm;
	flight->vms_end = &vm->next;
	return 0;
}

/* Those whose end has fallen out. */
static void forget_vms(struct flight *flight)
{
	struct kept_vm **at = &flight->vms, *vm;

	while ((vm = *at)) {
		if (vm->gone_in >= flight->forgotten) {
			at = &vm->next;
			continue;
		}
		*at = vm->next;
		free(vm);
	}
	flight->vms_end = at;
}

void flight_name(struct flight *flight, const struct vm *vm)
{
	flight->named.rec.kvm = vm->kvm;
	memcpy(flight->named.name, vm->name, sizeof(flight->named.name));
	memcpy(flight->named.comm, vm->comm, sizeof(flight->named.comm));
}

int flight_record(struct flight *flight, const void *record, size_t size)
{
	struct record_view view;

	if (!record_view(record, size, &view))
		return 0;
	if (view.head->type == KS_VM)
		return note_vm(flight, view.vm);
	if (view.head->type == KS_VM_GONE)
		note_gone(flight, view.step->val);
	return 0;
}

/* ---- life ---- */

struct flight *flight_new(uint64_t age_ns, size_t bytes)
{
	struct flight *flight = calloc(1, sizeof(*flight));

	if (!flight)
		return NULL;
	flight->age_ns = age_ns;
	flight->max_bytes = bytes;
	flight->end = &flight->first;
	flight->vms_end = &flight->vms;
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
	if (!flight)
		return;
	while (flight->first)
		free(take_first(flight));
	for (struct kept_vm *vm = flight->vms, *next; vm; vm = next) {
		next = vm->next;
		free(vm);
	}
	free(flight);
}

size_t flight_bytes(const struct flight *flight)
{
	return flight->bytes;
}

/* ---- in ---- */

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

	if (flight->heads < 2) { /* what it is, and the head: flight_dump() makes new ones */
		flight->heads++;
		return 0;
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
	flight->blocks++;
	if (!is_too_much(flight, now_ns))
		return 0;
	for (; is_too_much(flight, now_ns); flight->forgotten++)
		free(take_first(flight));
	forget_vms(flight);
	return 0;
}

/* ---- out ---- */

/* Those born before the stretch, in that order, so that replaying numbers them so. */
static int put_vms(const struct flight *flight, uint32_t own_tgid,
		   const struct capture_writer *writer, struct capture_writer *out)
{
	int ret = 0;

	for (const struct kept_vm *vm = flight->vms; !ret && vm; vm = vm->next) {
		if (vm->born_in >= flight->forgotten || vm->rec.tgid == own_tgid)
			continue;
		ret = capture_writer_name(out, vm->rec.kvm, vm->name, vm->comm);
		if (!ret) /* a VM's record has no addresses of functions */
			ret = capture_writer_record(out, &vm->rec, sizeof(vm->rec), NULL);
	}
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
	capture_writer_hide_as(*out, writer);
	ret = put_vms(flight, head->pid, writer, *out);
	if (!ret)
		ret = capture_writer_flush(*out);
	for (block = flight->first; !ret && block; block = block->next)
		ret = put(ctx, block->bytes, block->len);
	return ret;
}
