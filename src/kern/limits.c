// SPDX-License-Identifier: GPL-2.0-only
#include "kern/limits.h"

#include <stdbool.h>
#include <sys/resource.h>

static struct rlimit inherited;
static bool is_raised;

void limits_raise(void)
{
	struct rlimit raised;

	if (is_raised || getrlimit(RLIMIT_NOFILE, &inherited))
		return;
	raised = inherited;
	raised.rlim_cur = raised.rlim_max;
	is_raised = !setrlimit(RLIMIT_NOFILE, &raised);
}

void limits_restore(void)
{
	if (is_raised)
		setrlimit(RLIMIT_NOFILE, &inherited);
}
