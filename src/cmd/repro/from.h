/* SPDX-License-Identifier: GPL-2.0-only */
/* repro --from: the calls of a file, or of a profile, as they were and in another order. */
#ifndef CMD_REPRO_FROM_H
#define CMD_REPRO_FROM_H

#include <stdbool.h>
#include <stdint.h>

struct err;

struct from_cfg {
	const char *path;		   /* "-": standard input; NULL: .list */
	const char *name;		   /* of the profile */
	const char *list;		   /* the profile's */
	uint32_t vcpus, devices, memslots; /* of the profile */
	const char *order; /* "devices-first", "memslots-first", a file's name, or NULL */
	uint32_t gaps;	   /* percent of the recorded ones */
	uint32_t rounds, vms;
	uint64_t min_ns;
	bool is_json, want_list, want_moves, want_c;
	uint32_t verbose;
};

/* "as-is", "none", "2x": percent. An opt_parse_fn of a uint32_t. */
int from_parse_gaps(const char *value, void *field, struct err *err);

/* The exit status, or a negative errno with @err. */
int from_run(const struct from_cfg *cfg, struct err *err);

#endif
