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

/* A new entry of this key, its value still to be set. */
static struct facts_entry *add(struct facts *facts, const char *key)
{
	struct facts_entry *entry = &facts->list[facts->cnt];

	entry->key = strndup(key, KEY_MAX);
	if (!entry->key)
		return NULL;
	entry->value = NULL;
	facts->cnt++;
	return entry;
}

int facts_set(struct facts *facts, const char *key, const char *value)
{
	struct facts_entry *entry = find(facts, key);
	char *copy;

	if (!*key || !*value)
		return 0;
	if (!entry && facts->cnt == FACTS_MAX)
		return -E2BIG;
	copy = strndup(value, FACT_VALUE_MAX);
	if (!copy)
		return -ENOMEM;
	if (!entry)
		entry = add(facts, key);
	if (!entry) {
		free(copy);
		return -ENOMEM;
	}
	free(entry->value);
	entry->value = copy;
	return 0;
}

const char *facts_get(const struct facts *facts, const char *key)
{
	const struct facts_entry *known = find(facts, key);

	return known ? known->value : NULL;
}
