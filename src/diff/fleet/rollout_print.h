/* SPDX-License-Identifier: GPL-2.0-only */
/* A comparison of two groups of hosts as text: for people, for a pull request, for a mail, for a
 * CI, for programs. */
#ifndef FLEET_ROLLOUT_PRINT_H
#define FLEET_ROLLOUT_PRINT_H

#include "diff/fleet/rollout.h"

struct str;

void rollout_text(struct str *out, const struct rollout *rollout);
void rollout_markdown(struct str *out, const struct rollout *rollout);

/* At most 72 columns wide, but for matchers and names of hosts that are longer. */
void rollout_lkml(struct str *out, const struct rollout *rollout);

/* A whole document of JUnit's. */
void rollout_junit(struct str *out, const struct rollout *rollout);

/* One object on one line. Returns 0 or -ENOMEM. */
int rollout_json(struct str *out, const struct rollout *rollout);

/* ---- the words that they share ---- */

/* "stalled a VM start", "KVM_CREATE_VCPU gp-timer" */
void rollout_add_name(struct str *out, const struct rollout_row *row);

/* Both medians, in columns of @width, and the change: "    5ms    16ms     +11ms" */
void rollout_add_figures(struct str *out, const struct rollout_row *row, int width);

/* "+6.66ms .. +9.73ms" */
void rollout_add_interval(struct str *out, const struct rollout_row *row);

/* The interval, the verdict if it is not the same, and the line's end. */
void rollout_end_row(struct str *out, const struct rollout_row *row);

/* "gp-timer +11.2ms because of kvm_io_bus_register_dev +11.1ms"; false: no cause moved. */
bool rollout_add_why(struct str *out, const struct rollout *rollout);

/* "p = 0.0079, effect +1.00, hosts 1.00ms to 1.10ms and 11.2ms to 12.9ms" */
void rollout_add_proof(struct str *out, const struct rollout_row *row);

/* "5 hosts, 1031 VM starts; kernel.release 6.17.9, kernel.hz 250, ..." */
void rollout_add_side(struct str *out, const struct rollout *rollout, enum side_id side);

/* "over 6h0m, until 2026-11-26 06:00:00 UTC; each host counts once" */
void rollout_add_window(struct str *out, const struct rollout *rollout);

/* "worse: stalled a VM start +11ms on 5 and 5 hosts", and the line's end. */
void rollout_add_result(struct str *out, const struct rollout *rollout);

/* A host that is left out: "web3:9879 has ..." */
void rollout_add_left_out(struct str *out, const struct fleet_host *host);

/* Is the row one to show to people? The first, starts, and what is a hundredth of the first or
 * moved. */
bool rollout_shows(const struct rollout *rollout, const struct rollout_row *row);

/* Do the groups differ in it? */
bool rollout_fact_differs(const struct rollout *rollout, enum host_fact fact);

#endif
