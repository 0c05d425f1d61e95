/* SPDX-License-Identifier: GPL-2.0-only */
/* What was played beside what was recorded: a table for people, a line for programs. */
#ifndef CMD_REPRO_PLAY_TABLE_H
#define CMD_REPRO_PLAY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct play_sum;
struct script_origin;
struct str;

struct play_report {
	const char *path;   /* or the profile's name */
	size_t vm, vms_cnt; /* of the file: which, from 0, of how many */
	uint32_t rounds, vms;
	uint64_t min_ns;
	const struct play_sum *played;
	const struct play_sum *other; /* in another order, or NULL */
	const char *order;	      /* its name */
	const struct script_origin *origin;
	const char *release; /* of this kernel */
	uint32_t cpus;	     /* of this host */
	bool is_partial, is_untimed, want_all;
	uint64_t now_ns;
};

void play_table_text(const struct play_report *report, struct str *out);
void play_table_json(const struct play_report *report, struct str *out);

#endif
