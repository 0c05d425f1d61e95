/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this host's settings mean for kvmstall and for stalls: a host in,
 * findings out. kern/host_settings.c reads the host, cmd/check.c shows the findings.
 */
#ifndef HOST_DIAGNOSIS_H
#define HOST_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host;

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

/* Judge @host: its kernel, its privileges, its SRCU settings and what follows for stalls. */
void diagnosis_make(const struct host *host, struct findings *findings);

/* What check exits with: 0 full, 1 degraded, 3 cannot. */
int diagnosis_status(const struct findings *findings);

/* Is it for want of privileges that BPF does not work? False when that is not known. */
bool diagnosis_lacks_caps(const struct host *host);

#endif
