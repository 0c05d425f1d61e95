// SPDX-License-Identifier: GPL-2.0-only
#include "import/descriptors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIPTORS_MAX 65536
#define ESCAPED_MAX	64

void descriptors_fini(struct descriptors *fds)
{
	map_clear(&fds->map, free);
}

static int nibble_of(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = digit ? strchr(digits, digit) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* "\x2f\x64\x65\x76": strace -xx escapes all of a path. As much of it as says what it is. */
static struct word unescape(const struct word *path, char text[ESCAPED_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i + 4 <= path->len && len < ESCAPED_MAX; i += 4) {
		const char *at = path->text + i;
		int high = nibble_of(at[2]), low = nibble_of(at[3]);

		if (at[0] != '\\' || at[1] != 'x' || high < 0 || low < 0)
			break;
		text[len++] = (char)(high << 4 | low);
	}
	return (struct word){text, len};
}

enum fd_kind descriptor_kind(const struct word *path)
{
	char text[ESCAPED_MAX];
	struct word plain;

	if (!path->len)
		return FD_UNKNOWN;
	if (word_begins(path, "\\x")) {
		plain = unescape(path, text);
		path = &plain;
	}
	if (word_begins(path, "/dev/kvm"))
		return FD_DEV;
	if (word_is(path, "anon_inode:kvm-vm") || word_is(path, "anon_inode:[kvm-vm]"))
		return FD_VM;
	if (word_begins(path, "anon_inode:kvm-vcpu:"))
		return FD_VCPU;
	if (word_begins(path, "anon_inode:kvm-") || word_begins(path, "anon_inode:[kvm-"))
		return FD_DEVICE;
	return FD_FOREIGN;
}

static uint64_t key_of(uint32_t tgid, uint32_t fd)
{
	return (uint64_t)tgid << 32 | fd;
}

struct descriptor *descriptors_find(const struct descriptors *fds, uint32_t tgid, uint32_t fd)
{
	return map_get(&fds->map, key_of(tgid, fd));
}

int descriptors_set(struct descriptors *fds, uint32_t tgid, uint32_t fd, enum fd_kind kind,
		    uint32_t vm_id)
{
	struct descriptor *known = descriptors_find(fds, tgid, fd);

	if (!known && fds->map.cnt >= DESCRIPTORS_MAX)
		return 0;
	if (!known) {
		known = calloc(1, sizeof(*known));
		if (!known || map_put(&fds->map, key_of(tgid, fd), known)) {
			free(known);
			return -ENOMEM;
		}
	}
	*known = (struct descriptor){kind, vm_id};
	return 0;
}

void descriptors_close(struct descriptors *fds, uint32_t tgid, uint32_t fd)
{
	free(map_del(&fds->map, key_of(tgid, fd)));
}

void descriptors_close_range(struct descriptors *fds, uint32_t tgid, uint32_t first, uint32_t last)
{
	const struct map_slot *slot;
	uint64_t keys[64];
	size_t cnt;

	do { /* the map must not change while it is walked */
		size_t pos = 0;

		cnt = 0;
		while (cnt < sizeof(keys) / sizeof(keys[0]) && (slot = map_next(&fds->map, &pos)))
			if (slot->key >= key_of(tgid, first) && slot->key <= key_of(tgid, last))
				keys[cnt++] = slot->key;
		for (size_t i = 0; i < cnt; i++)
			free(map_del(&fds->map, keys[i]));
	} while (cnt);
}

bool descriptors_other(const struct descriptors *fds, uint32_t vm_id, uint32_t tgid, uint32_t fd,
		       uint32_t *of_tgid, uint32_t *other)
{
	const struct map_slot *slot;
	uint64_t found = 0;
	size_t pos = 0;

	while ((slot = map_next(&fds->map, &pos))) {
		const struct descriptor *its = slot->value;

		if (its->kind != FD_VM || its->vm_id != vm_id || slot->key == key_of(tgid, fd))
			continue;
		if (!found || slot->key >> 32 == *of_tgid)
			found = slot->key;
	}
	if (!found)
		return false;
	*of_tgid = found >> 32;
	*other = (uint32_t)found;
	return true;
}
