// SPDX-License-Identifier: GPL-2.0-only
#include "host/build_id.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#define ID_MAX ((BUILD_ID_LEN - 1) / 2)

static size_t aligned(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static void put_hex(const unsigned char *bytes, size_t len, char id[BUILD_ID_LEN])
{
	for (size_t i = 0; i < len; i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

bool build_id_find(const void *notes, size_t len, char id[BUILD_ID_LEN])
{
	const unsigned char *at = notes;
	Elf64_Nhdr note; /* the same as Elf32's */

	while (len >= sizeof(note)) {
		size_t name, desc;

		memcpy(&note, at, sizeof(note));
		name = aligned(note.n_namesz);
		desc = aligned(note.n_descsz);
		at += sizeof(note);
		len -= sizeof(note);
		if (name > len || desc > len - name)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    !memcmp(at, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) && note.n_descsz &&
		    note.n_descsz <= ID_MAX) {
			put_hex(at + name, note.n_descsz, id);
			return true;
		}
		at += name + desc;
		len -= name + desc;
	}
	return false;
}
