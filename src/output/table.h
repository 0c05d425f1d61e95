/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows and columns, for people (aligned), for spreadsheets (CSV) and for programs (NDJSON). */
#ifndef OUTPUT_TABLE_H
#define OUTPUT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str;

enum table_type {
	TABLE_TEXT,
	TABLE_COUNT,
	TABLE_NS, /* signed; for people with its unit */
};

struct table_col {
	const char *title; /* for people: "LATENCY"; NULL: not for them */
	const char *key;   /* for programs: "latency_ns" */
	enum table_type type;
};

struct table_cell {
	char *text; /* TABLE_TEXT; NULL: nothing */
	int64_t value;
	int is_set;
};

struct table {
	const struct table_col *cols;
	size_t cols_cnt;
	struct table_cell *cells; /* row by row */
	size_t cnt, cap;
	int failed; /* -ENOMEM: a cell did not fit, so nothing is put */
};

/* @cols must live as long. */
void table_init(struct table *table, const struct table_col *cols, size_t cols_cnt);
void table_fini(struct table *table);

/* The next cell. What is given must fit the column's type. */
void table_add_text(struct table *table, const char *text);
void table_add_value(struct table *table, int64_t value);
void table_add_none(struct table *table);

/*
 * Two columns that tell a VM from another of its name: the file that it is from
 * and its id there. Programs get both; people the file, if there are several.
 * Fills in two of @cols, and returns 2.
 */
size_t table_vm_cols(struct table_col *cols, bool are_several);

/* Their cells; @path NULL, @id 0: it is no single VM. */
void table_add_vm(struct table *table, const char *path, uint32_t id);

/* All of it. Returns 0 or -ENOMEM. */
int table_put_text(const struct table *table, struct str *out);
int table_put_csv(const struct table *table, struct str *out);

/* {"type":@type,"v":1,"by":@by,...}, a line each. */
int table_put_json(const struct table *table, const char *type, const char *by, struct str *out);

#endif
