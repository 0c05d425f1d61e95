// SPDX-License-Identifier: GPL-2.0-only
#include "capture/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sanitize.h"

#define KEY_MAX 128

void environment_fini(struct environment *facts)
{
	for (size_t i = 0; i < facts->cnt; i++) {
		free(facts->list[i].key);
		free(facts->list[i].value);
	}
	facts->cnt = 0;
}

static char *clean_dup(const char *text, size_t max)
{
	size_t size = strnlen(text, max) + 1;
	char *copy = malloc(size);

	if (copy)
		sanitize(copy, size, text);
	return copy;
}

/* Its index; .cnt when it is not there. @key as it came. */
static size_t find(const struct environment *facts, const char *key)
{
	char clean[KEY_MAX + 1];
	size_t i = 0;

	sanitize(clean, sizeof(clean), key);
	while (i < facts->cnt && strcmp(facts->list[i].key, clean))
		i++;
	return i;
}

int environment_set(struct environment *facts, const char *key, const char *value)
{
	size_t i = find(facts, key);

	if (!*key || !*value)
		return 0;
	if (i == ENVIRONMENT_MAX)
		return -E2BIG;
	if (i == facts->cnt) {
		facts->list[i] = (struct environment_entry){.key = clean_dup(key, KEY_MAX)};
		if (!facts->list[i].key)
			return -ENOMEM;
		facts->cnt++;
	}
	free(facts->list[i].value);
	facts->list[i].value = clean_dup(value, ENVIRONMENT_VALUE_MAX);
	return facts->list[i].value ? 0 : -ENOMEM;
}

const char *environment_get(const struct environment *facts, const char *key)
{
	size_t i = find(facts, key);

	return i < facts->cnt ? facts->list[i].value : NULL;
}
