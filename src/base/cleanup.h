/* SPDX-License-Identifier: GPL-2.0-only */
/* The cleanup attribute for leaf resources: _free_ char *p = ...; take_ptr(p) hands it over. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _free_	      _cleanup_(cleanup_free)
#define _close_	      _cleanup_(cleanup_close)
#define _fclose_      _cleanup_(cleanup_fclose)

#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) taken = (p);                                                         \
		(p) = NULL;                                                                        \
		taken;                                                                             \
	})

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

#endif
