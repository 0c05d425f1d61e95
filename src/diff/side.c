// SPDX-License-Identifier: GPL-2.0-only
#include "diff/side.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

void side_init(struct side *side)
{
	*side = (struct side){0};
	samples_init(&side->samples);
}

void side_fini(struct side *side)
{
	samples_fini(&side->samples);
	environment_fini(&side->facts);
}

static bool has_value(const char *list, const char *value)
{
	size_t len = strlen(value);

	for (; list; list = strstr(list, " / ")) {
		list += strncmp(list, " / ", 3) ? 0 : 3;
		if (!strncmp(list, value, len) && (!list[len] || !strncmp(list + len, " / ", 3)))
			return true;
	}
	return false;
}

int side_add_fact(struct side *side, const char *key, const char *value)
{
	const char *old = environment_get(&side->facts, key);
	_free_ char *both = NULL;
	int ret;

	if (old && (!*value || has_value(old, value)))
		return 0;
	if (old && asprintf(&both, "%s / %s", old, value) < 0) {
		both = NULL;
		return -ENOMEM;
	}
	ret = environment_set(&side->facts, key, both ? both : value);
	return ret == -E2BIG ? 0 : ret;
}
