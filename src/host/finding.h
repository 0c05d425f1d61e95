/* SPDX-License-Identifier: GPL-2.0-only */
/* What check found of a host: a line each, of a section, with how bad it is and what to do. */
#ifndef HOST_FINDING_H
#define HOST_FINDING_H

#include <stddef.h>
#include <stdint.h>

enum severity {
	SEVERITY_INFO,	  /* a value, no judgement */
	SEVERITY_OK,	  /* as it should be */
	SEVERITY_NOTE,	  /* a drawback to know of; nothing is broken */
	SEVERITY_PROBLEM, /* something is missing or set badly: degraded */
	SEVERITY_FATAL,	  /* kvmstall cannot work */
	SEVERITY_CNT
};

extern const char *const severity_names[SEVERITY_CNT];

enum section {
	SECTION_KERNEL,
	SECTION_PRIVILEGES,
	SECTION_BACKENDS,
	SECTION_SRCU,
	SECTION_RCU,
	SECTION_OUTLOOK,
	SECTION_CNT
};

extern const char *const section_names[SECTION_CNT];

struct finding {
	enum section section;
	enum severity severity;
	const char *name; /* stable, for programs */
	char text[320];
	char remedy[320];      /* "": none needed, or none known */
	double min_ms, max_ms; /* what a caller waits; max_ms 0: no such thing */
};

#define FINDINGS_MAX 61

struct findings {
	struct finding list[FINDINGS_MAX];
	size_t cnt;
};

/* One more, to be filled in. Past FINDINGS_MAX the last one is used again. */
struct finding *findings_add(struct findings *findings, enum section section, const char *name);

/* Its @severity, @text and @remedy (NULL: none), cut off where they do not fit. */
void finding_set(struct finding *finding, enum severity severity, const char *text,
		 const char *remedy);

/* @template into @buf, with @value for its {}, if it has one. */
void finding_expand(char *buf, size_t size, const char *template, const char *value);

/* "12 ms"; @hz 0, not known: "3 jiffies". */
void jiffies_format_limit(char *buf, size_t size, uint32_t hz, unsigned int max);

/* "4-12 ms (1-3 jiffies)", "up to 12 ms (3 jiffies)"; @hz 0, not known: "1-3 jiffies". */
void jiffies_format(char *buf, size_t size, uint32_t hz, unsigned int min, unsigned int max);

#endif
