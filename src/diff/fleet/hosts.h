/* SPDX-License-Identifier: GPL-2.0-only */
/* Two groups of hosts, as the answers of a Prometheus have them: what of each host is known, and
 * which are left out. */
#ifndef FLEET_HOSTS_H
#define FLEET_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "diff/fleet/answer.h"

struct err;

/* A host with fewer VM starts says nothing of one; with more of its records lost, too little. */
#define HOST_STARTS_MIN 11
#define HOST_LOST_MAX	0.01

/* Why a host is left out, the first that holds. */
enum host_state {
	HOST_COUNTS,
	HOST_IN_BOTH, /* groups */
	HOST_CHANGED, /* another kernel or version of kvmstall within the window */
	HOST_STOPPED,
	HOST_RESET,	/* counters started again: it, or its daemon, did */
	HOST_NO_SERIES, /* target_info alone */
	HOST_LATE,	/* its series are younger than the window */
	HOST_LOSES,
	HOST_IDLE,
	HOST_STATE_CNT
};

const char *host_state_text(enum host_state state);

enum host_file { FILE_KVM, FILE_VM, FILE_VCPU, FILE_DEVICE, FILE_CLOSE, FILE_CNT };
enum start_kind { START_RUN, START_PAUSED, START_CNT };
enum host_fact { FACT_KERNEL, FACT_HZ, FACT_VERSION, FACT_BACKEND, FACT_CNT };
enum host_form { FORM_NATIVE, FORM_CLASSIC, FORM_CNT };
enum host_quantile { QUANTILE_P50, QUANTILE_P99, QUANTILE_CNT };

const char *host_file_name(enum host_file file);
const char *host_fact_key(enum host_fact fact);

struct fleet_host {
	char name[128]; /* its instance, with its cluster before it if it has one */
	char job[64];
	char facts[FACT_CNT][96];
	enum host_state state;
	bool is_changed, is_there, has_stalled, has_vms;
	double resets, stalled_s, vms, lost;
	double kinds[START_CNT];
	double files[FILE_CNT];
	double quantiles[FORM_CNT][QUANTILE_CNT]; /* seconds; below 0: not known */
};

/* What stall time is divided by: a cause; a call and a cause; or a function that asked for a grace
 * period. */
enum part_kind { PART_CAUSE, PART_CALL, PART_FUNCTION, PART_KIND_CNT };

struct fleet_part {
	enum part_kind kind;
	char name[64]; /* of the call or function */
	char cause[24];
};

/* Seconds of a part on a host. */
struct fleet_cell {
	uint32_t part;
	uint32_t host;
	double seconds;
};

struct fleet_side {
	struct fleet_host *hosts;
	size_t cnt, cap;
	size_t by_state[HOST_STATE_CNT];
	struct map by_name;	  /* hash -> host's index and one */
	struct fleet_cell *cells; /* by part */
	size_t cells_cnt, cells_cap;
	char warning[160]; /* of the server; "": none */
};

struct fleet_data {
	struct question question;
	struct fleet_side sides[SIDE_CNT];
	struct fleet_part *parts;
	size_t parts_cnt, parts_cap;
	struct map by_part;
};

double host_starts(const struct fleet_host *host);

/*
 * Read a file of answers, or what would be one. 0, -ENOMEM, or -EINVAL with @err set: an answer is
 * missing, or says that the server could not. Fini in any case.
 */
int fleet_read(struct fleet_data *fleet, const char *text, size_t len, struct err *err);
void fleet_fini(struct fleet_data *fleet);

#endif
