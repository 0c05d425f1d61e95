// SPDX-License-Identifier: GPL-2.0-only
#include "host/process_stat.h"

#include <stdlib.h>
#include <string.h>

#define STATE	3
#define THREADS 20
#define START	22

/* Fields are counted from 1, and @at is at STATE. NULL: there are less. */
static const char *field(const char *at, int nr)
{
	for (int i = STATE; at && i < nr; i++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at;
}

static bool parse_field(const char *at, int nr, uint64_t *value)
{
	const char *text = field(at, nr);
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*value = strtoull(text, &end, 10);
	return !*end || strchr(" \n", *end);
}

bool process_stat_parse(const char *text, struct process_stat *stat)
{
	const char *at = strrchr(text, ')');

	if (!at || at[1] != ' ' || !at[2] || at[3] != ' ')
		return false;
	at += 2;
	stat->state = *at;
	return parse_field(at, THREADS, &stat->threads) && parse_field(at, START, &stat->start);
}

bool process_stat_is_over(const struct process_stat *stat)
{
	return strchr("ZX", stat->state) && stat->threads <= 1;
}
