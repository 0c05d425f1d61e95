/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands between the records of a block: a tag, a length of 16 bits, and this. */
#ifndef CAPTURE_ITEM_H
#define CAPTURE_ITEM_H

#include "capture/pack.h"

/* Tags below PACK_TYPES are types of records. Append only; readers skip what they do not know. */
enum capture_item {
	CAPTURE_SYMBOL = PACK_TYPES, /* u64 address, u64 its function's; the function's name */
	CAPTURE_NAME,		     /* u64 struct kvm; u8 length of the name, name, comm */
	CAPTURE_FACT,		     /* u8 length of the key, key, value */
};

#define CAPTURE_ITEM_HEAD 3 /* tag and length */
#define CAPTURE_ITEM_MAX  8192

#define CAPTURE_SYMBOL_MAX 511 /* KSYM_NAME_LEN, since 6.1 */
#define CAPTURE_NAME_MAX   255

#endif
