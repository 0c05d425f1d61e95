/* SPDX-License-Identifier: GPL-2.0-only */
/* A comparison as text: for people, for a pull request, for programs. */
#ifndef DIFF_VERDICT_H
#define DIFF_VERDICT_H

#include "diff/comparison.h"

struct str;

/* @names: of the sides, as the user gave them. */
void compare_text(struct str *out, const struct comparison *comparison,
		  const char *const names[SIDE_CNT]);
void compare_markdown(struct str *out, const struct comparison *comparison,
		      const char *const names[SIDE_CNT]);

/* One object on one line. Returns 0 or -ENOMEM. */
int compare_json(struct str *out, const struct comparison *comparison,
		 const char *const names[SIDE_CNT]);

/* For a mail to a kernel list, at most 72 columns wide: @list has the first side, one of @names,
 * with each other one. */
void compare_lkml(struct str *out, const struct comparison *list, size_t cnt,
		  const char *const *names);

/* A test suite, a case for each line of the text: the element that a document of JUnit's is made
 * of. */
void compare_junit(struct str *out, const struct comparison *comparison,
		   const char *const names[SIDE_CNT]);

/* A page by itself: output/html.h. Returns 0 or -ENOMEM. */
int compare_html(struct str *out, const struct comparison *comparison,
		 const char *const names[SIDE_CNT]);

/* ---- the words that text and markdown share ---- */

/* "+7.31ms"; "0" within a nanosecond of it. */
void compare_add_signed(struct str *out, double ns);

/* "+6.66ms .. +9.73ms", or "-" when there are too few samples to know. */
void compare_add_interval(struct str *out, const struct change *change);

/* "KVM_CREATE_VCPU 1st", "4th+" from OCCURRENCE_MAX on. */
void compare_add_call(struct str *out, const struct change *change);

/* "vcpus", or "setup>vcpus". */
void compare_add_phase(struct str *out, const struct change *change);

/* "because of kvm_io_bus_register_dev in KVM_CREATE_IRQCHIP (31 of 31 calls)"; false: nothing. */
bool compare_add_origin(struct str *out, const struct change *change);

/* "gp-timer +7.12ms" */
void compare_add_cause(struct str *out, const struct comparison *comparison,
		       const struct change *change);

/* "p < 0.0001, effect +1.00, p99 0.2ms to 16.5ms" */
void compare_add_proof(struct str *out, const struct change *change);

/* "kernel.release: 6.17.0 to 6.18.5" */
void compare_add_fact(struct str *out, const struct fact_change *fact);

/* "31 VMs, 589 calls, 2 recordings" */
void compare_add_side(struct str *out, const struct side *side);

/* What it comes to, in one line. */
void compare_add_result(struct str *out, const struct comparison *comparison);

/* Is it worth saying which cause moved? */
bool compare_is_reported(const struct change *change);

#endif
