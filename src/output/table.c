// SPDX-License-Identifier: GPL-2.0-only
#include "output/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/format.h"
#include "base/sanitize.h"
#include "base/str.h"
#include "output/csv.h"
#include "output/ndjson.h"

/* The cells own their texts; gcc 12 loses sight of them when the list has grown. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

#define COLS_MAX 16
#define CELL_LEN 32 /* of a number */

void table_init(struct table *table, const struct table_col *cols, size_t cols_cnt)
{
	*table =
		(struct table){.cols = cols, .cols_cnt = cols_cnt < COLS_MAX ? cols_cnt : COLS_MAX};
}

void table_fini(struct table *table)
{
	for (size_t i = 0; i < table->cnt; i++)
		free(table->cells[i].text);
	free(table->cells);
	*table = (struct table){.cols = NULL};
}

static struct table_cell *add(struct table *table)
{
	if (table->failed || !ARRAY_ROOM(table->cells, table->cap, table->cnt, 64)) {
		table->failed = -ENOMEM;
		return NULL;
	}
	table->cells[table->cnt] = (struct table_cell){.text = NULL};
	return &table->cells[table->cnt++];
}

void table_add_text(struct table *table, const char *text)
{
	struct table_cell *cell = add(table);
	size_t size = strlen(text) + 1;

	if (!cell)
		return;
	cell->text = malloc(size);
	cell->is_set = 1;
	if (cell->text)
		sanitize(cell->text, size, text);
	else
		table->failed = -ENOMEM;
}

void table_add_value(struct table *table, int64_t value)
{
	struct table_cell *cell = add(table);

	if (!cell)
		return;
	cell->value = value;
	cell->is_set = 1;
}

void table_add_none(struct table *table)
{
	add(table);
}

size_t table_vm_cols(struct table_col *cols, bool are_several)
{
	cols[0] = (struct table_col){are_several ? "FILE" : NULL, "file", TABLE_TEXT};
	cols[1] = (struct table_col){NULL, "vm_id", TABLE_COUNT};
	return 2;
}

void table_add_vm(struct table *table, const char *path, uint32_t id)
{
	if (path)
		table_add_text(table, path);
	else
		table_add_none(table);
	if (id)
		table_add_value(table, id);
	else
		table_add_none(table);
}

static const struct table_cell *cell_at(const struct table *table, size_t row, size_t col)
{
	return &table->cells[row * table->cols_cnt + col];
}

static size_t rows_cnt(const struct table *table)
{
	return table->cnt / table->cols_cnt;
}

static const char *format_cell(const struct table_cell *cell, enum table_type type, char *buf,
			       size_t size)
{
	if (!cell->is_set)
		return "-";
	if (type == TABLE_TEXT)
		return cell->text;
	if (type == TABLE_COUNT) {
		snprintf(buf, size, "%" PRId64, cell->value);
		return buf;
	}
	*buf = '-';
	if (cell->value >= 0)
		return format_nsec(cell->value, buf, size);
	format_nsec(-(uint64_t)cell->value, buf + 1, size - 1);
	return buf;
}

/* ---- for people ---- */

static size_t width_of(const struct table *table, size_t col)
{
	size_t width = 0, len;
	char buf[CELL_LEN];

	if (!table->cols[col].title)
		return 0;
	width = strlen(table->cols[col].title);
	for (size_t row = 0; row < rows_cnt(table); row++) {
		len = strlen(format_cell(cell_at(table, row, col), table->cols[col].type, buf,
					 sizeof(buf)));
		if (len > width)
			width = len;
	}
	return width;
}

/* Text to the left, numbers to the right; nothing after the last column, which has a title. */
static void put_cell(const struct table *table, size_t col, size_t width, const char *text,
		     struct str *out)
{
	bool is_last = col + 1 == table->cols_cnt;

	if (!table->cols[col].title)
		return;
	if (table->cols[col].type == TABLE_TEXT)
		str_addf(out, "%-*s", is_last ? 0 : (int)width, text);
	else
		str_addf(out, "%*s", (int)width, text);
	str_adds(out, is_last ? "\n" : "  ");
}

int table_put_text(const struct table *table, struct str *out)
{
	size_t widths[COLS_MAX];
	char buf[CELL_LEN];

	if (table->failed)
		return table->failed;
	for (size_t col = 0; col < table->cols_cnt; col++) {
		widths[col] = width_of(table, col);
		put_cell(table, col, widths[col], table->cols[col].title, out);
	}
	for (size_t row = 0; row < rows_cnt(table); row++)
		for (size_t col = 0; col < table->cols_cnt; col++)
			put_cell(table, col, widths[col],
				 format_cell(cell_at(table, row, col), table->cols[col].type, buf,
					     sizeof(buf)),
				 out);
	return str_failed(out) ? -ENOMEM : 0;
}

/* ---- for programs ---- */

static const char *csv_value(const struct table_cell *cell, enum table_type type, char *buf,
			     size_t size)
{
	if (!cell->is_set)
		return "";
	return format_cell(cell, type == TABLE_NS ? TABLE_COUNT : type, buf, size);
}

int table_put_csv(const struct table *table, struct str *out)
{
	char buf[CELL_LEN];

	if (table->failed)
		return table->failed;
	for (size_t col = 0; col < table->cols_cnt; col++)
		csv_add(out, !col, table->cols[col].key);
	str_addc(out, '\n');
	for (size_t row = 0; row < rows_cnt(table); row++) {
		for (size_t col = 0; col < table->cols_cnt; col++)
			csv_add(out, !col,
				csv_value(cell_at(table, row, col), table->cols[col].type, buf,
					  sizeof(buf)));
		str_addc(out, '\n');
	}
	return str_failed(out) ? -ENOMEM : 0;
}

static void put_value(struct ndjson *json, const struct table_col *col,
		      const struct table_cell *cell)
{
	if (!cell->is_set)
		ndjson_null(json, col->key);
	else if (col->type == TABLE_TEXT)
		ndjson_text(json, col->key, cell->text);
	else
		ndjson_int(json, col->key, cell->value);
}

static int put_object(const struct table *table, size_t row, const char *type, const char *by,
		      struct str *out)
{
	struct ndjson json;

	ndjson_begin(&json, out, type);
	ndjson_text(&json, "by", by);
	for (size_t col = 0; col < table->cols_cnt; col++)
		put_value(&json, &table->cols[col], cell_at(table, row, col));
	return ndjson_finish_line(&json);
}

int table_put_json(const struct table *table, const char *type, const char *by, struct str *out)
{
	int ret = table->failed;

	for (size_t row = 0; !ret && row < rows_cnt(table); row++)
		ret = put_object(table, row, type, by, out);
	return ret;
}
