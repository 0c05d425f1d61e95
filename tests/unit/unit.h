/* SPDX-License-Identifier: GPL-2.0-only */
/* What cmocka.h wants included before it, in one place. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CNT(array) (sizeof(array) / sizeof((array)[0]))

/* cmocka 2.0 calls it deprecated, and 1.1 does not have what it wants instead. */
#undef assert_in_range
#pragma GCC poison assert_in_range

/* Both bounds belong to it. */
#define assert_within(value, low, high)                                                            \
	do {                                                                                       \
		uintmax_t within = (value);                                                        \
                                                                                                   \
		if (within < (low) || within > (high))                                             \
			fail_msg("%s is %ju, not within %s and %s", #value, within, #low, #high);  \
	} while (0)

#endif
