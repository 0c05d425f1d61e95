// SPDX-License-Identifier: GPL-2.0-only
#include "core/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 128

void facts_fini(struct facts *facts)
{
	for (size_t i = 0; i < facts->cnt; i++) {
		free(facts->list[i].key);
		free(facts->list[i].value);
	}
	facts->cnt = 0;
}

static struct facts_entry *find(const struct facts *facts, const char *key)
{
	for (size_t i = 0; i < facts->cnt; i++)
		if (!strncmp(facts->list[i].key, key, KEY_MAX))
			return (struct facts_entry *)&facts->list[i];
	return NULL;
}

static int add(struct facts *facts, const char *key, char *value)
{
	char *copy;

	if (facts->cnt == FACTS_MAX)
		return -E2BIG;
	copy = strndup(key, KEY_MAX);
	if (!copy)
		return -ENOMEM;
	facts->list[facts->cnt++] = (struct facts_entry){copy, value};
	return 0;
}

int facts_set(struct facts *facts, const char *key, const char *value)
{
	struct facts_entry *known = find(facts, key);
	char *copy;
	int ret = 0;

	if (!*key || !*value)
		return 0;
	copy = strndup(value, FACT_VALUE_MAX);
	if (!copy)
		return -ENOMEM;
	if (known) {
		free(known->value);
		known->value = copy;
		return 0;
	}
	ret = add(facts, key, copy);
	if (ret)
		free(copy);
	return ret;
}

const char *facts_get(const struct facts *facts, const char *key)
{
	const struct facts_entry *known = find(facts, key);

	return known ? known->value : NULL;
}
