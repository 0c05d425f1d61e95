/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a Prometheus is asked about a group of hosts, in PromQL. A host belongs to the group if its
 * target_info had the group's matchers at any time of the window. Counters are their value at the
 * end of the window less that at its start: exact, two samples a series, and nothing of a host that
 * was not there at both.
 */
#ifndef FLEET_ASK_H
#define FLEET_ASK_H

#include <stdint.h>

struct err;
struct str;

enum ask {
	ASK_INFO,      /* who was there: kernel, hz, version, backend */
	ASK_NOW,       /* who is there at the end */
	ASK_RESETS,    /* how often counters started again */
	ASK_STARTS,    /* VMs that started, by kind */
	ASK_STALLED,   /* seconds, of all calls, without what a busy host makes: see rollout.h */
	ASK_STALLS,    /* the same, by call and cause, where there are any */
	ASK_CALLS,     /* calls that were made, by file */
	ASK_VMS,       /* VMs that lived, on average */
	ASK_LOST,      /* share of records that were lost */
	ASK_FUNCTIONS, /* seconds that outstanding grace periods cost, by who asked for them */
	ASK_NATIVE,    /* quantiles of a VM's start, from native histograms, */
	ASK_CLASSIC,   /* and from classic ones */
	ASK_CNT
};

const char *ask_name(enum ask ask);

/* ASK_CNT: none has that name. */
enum ask ask_by_name(const char *name);

/* Are these matchers of PromQL, as in 'kernel="6.12.9",rack!="7"'? 0, or -EINVAL with @err set,
 * which names @option. */
int ask_check_matchers(const char *matchers, const char *option, struct err *err);

/* Append the query about the hosts of @matchers (checked) in @over_ns, which is at least a second.
 */
void ask_query(struct str *out, enum ask ask, const char *matchers, uint64_t over_ns);

#endif
