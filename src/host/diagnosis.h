/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a host means for kvmstall and for stalls: a host in, findings out. kern/host_settings.c
 * reads the host, cmd/check.c shows the findings.
 */
#ifndef HOST_DIAGNOSIS_H
#define HOST_DIAGNOSIS_H

#include <stdbool.h>

struct findings;
struct host;

/* Judge @host: its kernel, its privileges, its SRCU settings and what follows for stalls. */
void diagnosis_make(const struct host *host, struct findings *findings);

/* What check exits with: 0 full, 1 degraded, 3 cannot. */
int diagnosis_status(const struct findings *findings);

/* Is it for want of privileges that BPF does not work? False when that is not known. */
bool diagnosis_lacks_caps(const struct host *host);

#endif
