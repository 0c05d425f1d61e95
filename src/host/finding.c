// SPDX-License-Identifier: GPL-2.0-only
#include "host/finding.h"

#include <stdio.h>
#include <string.h>

const char *const severity_names[SEVERITY_CNT] = {"info", "ok", "note", "problem", "fatal"};

const char *const section_names[SECTION_CNT] = {
	"kernel", "privileges", "backends", "srcu", "rcu", "outlook",
};

struct finding *findings_add(struct findings *findings, enum section section, const char *name)
{
	struct finding *finding;

	if (findings->cnt < FINDINGS_MAX)
		findings->cnt++;
	finding = &findings->list[findings->cnt - 1];
	*finding = (struct finding){.section = section, .name = name};
	return finding;
}

void finding_set(struct finding *finding, enum severity severity, const char *text,
		 const char *remedy)
{
	finding->severity = severity;
	snprintf(finding->text, sizeof(finding->text), "%s", text);
	snprintf(finding->remedy, sizeof(finding->remedy), "%s", remedy ? remedy : "");
}

void jiffies_format_limit(char *buf, size_t size, uint32_t hz, unsigned int max)
{
	if (hz)
		snprintf(buf, size, "%.3g ms", max * 1e3 / hz);
	else
		snprintf(buf, size, "%u jiffies", max);
}

void jiffies_format(char *buf, size_t size, uint32_t hz, unsigned int min, unsigned int max)
{
	char limit[24];

	jiffies_format_limit(limit, sizeof(limit), hz, max);
	if (!hz && min)
		snprintf(buf, size, "%u-%s", min, limit);
	else if (!hz)
		snprintf(buf, size, "up to %s", limit);
	else if (min)
		snprintf(buf, size, "%.3g-%s (%u-%u jiffies)", min * 1e3 / hz, limit, min, max);
	else
		snprintf(buf, size, "up to %s (%u jiffies)", limit, max);
}

void finding_expand(char *buf, size_t size, const char *template, const char *value)
{
	const char *hole = strstr(template, "{}");

	if (hole)
		snprintf(buf, size, "%.*s%s%s", (int)(hole - template), template, value, hole + 2);
	else
		snprintf(buf, size, "%s", template);
}
