// SPDX-License-Identifier: GPL-2.0-only
#include "kern/core_types.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "base/cleanup.h"
#include "kern/kernel_types.h"

/* What kvmstall.bpf.o has of these kinds, in order. */
static const char *const wanted[] = {
#include "kvmstall.types.h"
};

#define WANTED_CNT (sizeof(wanted) / sizeof(wanted[0]))

struct copier {
	const struct btf *from;
	struct btf *to;
	uint32_t *ids; /* of .from, in .to; 0: not copied */
	uint32_t pointer;
	bool is_found[WANTED_CNT];
};

static int name_cmp(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

/* Which of those wanted it is; -1: none. "file___2" is a "file", too (libbpf's flavours). */
static int wanted_index(const char *name)
{
	char plain[64];
	const char *flavour = strstr(name, "___");
	size_t len = flavour ? (size_t)(flavour - name) : strlen(name);
	const char *const *found;

	if (!len || len >= sizeof(plain))
		return -1;
	memcpy(plain, name, len);
	plain[len] = '\0';
	found = bsearch(plain, wanted, WANTED_CNT, sizeof(wanted[0]), name_cmp);
	return found ? (int)(found - wanted) : -1;
}

static int copy_type(struct copier *copier, uint32_t id);

/* CO-RE does not follow a pointer: that it is one is all that counts. */
static int copy_pointer(struct copier *copier)
{
	int id = copier->pointer ? (int)copier->pointer : btf__add_ptr(copier->to, 0);

	if (id > 0)
		copier->pointer = id;
	return id;
}

/* @new has the members' types as they are called in .from. */
static int copy_members(struct copier *copier, const struct btf_type *type, int new)
{
	for (int i = 0; i < btf_vlen(type); i++) {
		int id = copy_type(copier, btf_members(type)[i].type);

		if (id < 0)
			return id;
		btf_members(btf__type_by_id(copier->to, new))[i].type = id;
	}
	return new;
}

static int copy_array(struct copier *copier, const struct btf_type *type, int new)
{
	int item = copy_type(copier, btf_array(type)->type);
	int index = copy_type(copier, btf_array(type)->index_type);

	if (item < 0 || index < 0)
		return -ENOMEM;
	btf_array(btf__type_by_id(copier->to, new))->type = item;
	btf_array(btf__type_by_id(copier->to, new))->index_type = index;
	return new;
}

/* Of a type that is another one by a name, or not to be changed. */
static int copy_other(struct copier *copier, const struct btf_type *type, int new)
{
	int id = copy_type(copier, type->type);

	if (id < 0)
		return id;
	((struct btf_type *)btf__type_by_id(copier->to, new))->type = id;
	return new;
}

/* With all that is in it. Returns its id in .to, 0 of void, or a negative errno. */
static int copy_type(struct copier *copier, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(copier->from, id);
	int new;

	if (!id || copier->ids[id])
		return copier->ids[id];
	if (btf_is_ptr(type))
		return copy_pointer(copier);
	new = btf__add_type(copier->to, copier->from, type);
	if (new < 0)
		return new;
	copier->ids[id] = new;
	if (btf_is_composite(type))
		return copy_members(copier, type, new);
	if (btf_is_array(type))
		return copy_array(copier, type, new);
	return btf_is_mod(type) || btf_is_typedef(type) ? copy_other(copier, type, new) : new;
}

/* Those that are not there yet: a module has some of the kernel's again. */
static int copy_wanted(struct copier *copier, uint32_t from, uint32_t to)
{
	bool is_new[WANTED_CNT] = {false};

	for (uint32_t id = from; id < to; id++) {
		const struct btf_type *type = btf__type_by_id(copier->from, id);
		int i;

		if (!btf_is_composite(type))
			continue;
		i = wanted_index(btf__name_by_offset(copier->from, type->name_off));
		if (i < 0 || (copier->is_found[i] && !is_new[i]))
			continue;
		is_new[i] = copier->is_found[i] = true;
		if (copy_type(copier, id) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The kernel has some of KVM's types, and its module the others. */
static bool has_kvm(const struct copier *copier)
{
	for (size_t i = 0; i < WANTED_CNT; i++)
		if (!strncmp(wanted[i], "kvm", 3) && !copier->is_found[i])
			return false;
	return true;
}

/* NULL: it cannot be had. To be freed. */
static struct btf *copy_all(const struct kernel_types *types)
{
	const struct btf *from = types->module ? types->module : types->btf;
	_free_ uint32_t *ids = calloc(btf__type_cnt(from), sizeof(*ids));
	struct copier copier = {.from = from, .to = btf__new_empty(), .ids = ids};
	uint32_t kernels = btf__type_cnt(types->btf);

	if (ids && copier.to && !copy_wanted(&copier, 1, kernels) &&
	    !copy_wanted(&copier, kernels, btf__type_cnt(from)) && has_kvm(&copier))
		return copier.to;
	btf__free(copier.to);
	return NULL;
}

static void write_types(struct core_types *core, const struct btf *btf)
{
	uint32_t size;
	const void *data = btf__raw_data(btf, &size);
	_close_ int fd = data ? memfd_create("kvmstall-types", MFD_CLOEXEC) : -1;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return;
	snprintf(core->path, sizeof(core->path), "/proc/self/fd/%d", fd);
	if (access(core->path, R_OK)) { /* /proc is another namespace's */
		*core->path = '\0';
		return;
	}
	core->fd = fd;
	fd = -1;
}

void core_types_init(struct core_types *core, const struct kernel_types *types)
{
	struct btf *btf = types->btf ? copy_all(types) : NULL;

	*core = (struct core_types){.path = ""};
	if (btf)
		write_types(core, btf);
	btf__free(btf);
}

void core_types_fini(struct core_types *core)
{
	if (*core->path)
		close(core->fd);
	*core = (struct core_types){.path = ""};
}
