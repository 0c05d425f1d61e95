// SPDX-License-Identifier: GPL-2.0-only
#include "host/kallsyms.h"

#include <stddef.h>
#include <string.h>

/* Not sscanf(): it alone took as long as the kernel takes to write the file. */
static char *take_hex(char *text, uint64_t *value)
{
	uint64_t sum = 0;
	char *at = text;

	for (;; at++) {
		if (*at >= '0' && *at <= '9')
			sum = sum << 4 | (uint64_t)(*at - '0');
		else if (*at >= 'a' && *at <= 'f')
			sum = sum << 4 | (uint64_t)(*at - 'a' + 10);
		else
			break;
	}
	*value = sum;
	return at == text || at - text > 16 ? NULL : at;
}

bool kallsym_parse(char *line, struct kallsym *symbol)
{
	char *at = take_hex(line, &symbol->addr), *tab;

	if (!at || at[0] != ' ' || !at[1] || at[2] != ' ' || !at[3] || at[3] == '\t')
		return false;
	symbol->type = at[1];
	symbol->name = at + 3;
	symbol->module = NULL;
	tab = strchr(at + 3, '\t');
	if (!tab)
		return true;
	*tab = '\0';
	if (tab[1] == '[') {
		symbol->module = tab + 2;
		tab[2 + strcspn(tab + 2, "]")] = '\0';
	}
	return true;
}

bool kallsym_is_function(const struct kallsym *symbol)
{
	if (!symbol->addr || !memchr("tTwW", symbol->type, 4))
		return false;
	return strncmp(symbol->name, "__pfx_", 6) != 0 && strncmp(symbol->name, "__cfi_", 6) != 0;
}
