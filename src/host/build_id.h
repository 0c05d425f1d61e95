/* SPDX-License-Identifier: GPL-2.0-only */
/* ELF notes: what a linker says of the program that it made. */
#ifndef HOST_BUILD_ID_H
#define HOST_BUILD_ID_H

#include <stdbool.h>
#include <stddef.h>

#define BUILD_ID_LEN 65 /* 32 bytes in hexadecimal, and the NUL */

/* The GNU build id among @len bytes of notes, in hexadecimal; false: there is none. */
bool build_id_find(const void *notes, size_t len, char id[BUILD_ID_LEN]);

#endif
