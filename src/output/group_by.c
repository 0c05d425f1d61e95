// SPDX-License-Identifier: GPL-2.0-only
#include "output/group_by.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/sanitize.h"
#include "output/quantile.h"
#include "output/table.h"
#include "output/text.h"

#define KEY_LEN	 192
#define COLS_MAX 9
/* More rows than anybody reads: what follows is added up in one. */
#define ROWS_MAX  16384
#define ROW_OTHER "other"

const char *const tally_by_names[TALLY_BY_CNT] = {"stall", "vm",    "call",
						  "cause", "phase", "culprit"};

struct row {
	struct row *next; /* of the same hash */
	uint32_t file;
	uint32_t id; /* of a VM; else 0 */
	uint64_t stalls;
	uint64_t lost_ns;
	uint64_t by_cause[KS_CAUSE_CNT];
	uint64_t inferred; /* stalls of logs: their cause is a guess */
	struct quant quant;
	char key[];
};

struct tally {
	enum tally_by by;
	uint32_t file;
	struct map rows; /* hash -> struct row */
	struct table_col cols[COLS_MAX];
	size_t cnt;
};

struct tally *tally_new(enum tally_by by)
{
	struct tally *tally = calloc(1, sizeof(*tally));

	if (tally)
		tally->by = by;
	return tally;
}

static void free_rows(struct row *row)
{
	while (row) {
		struct row *next = row->next;

		quant_fini(&row->quant);
		free(row);
		row = next;
	}
}

void tally_free(struct tally *tally)
{
	const struct map_slot *slot;
	size_t pos = 0;

	if (!tally)
		return;
	while ((slot = map_next(&tally->rows, &pos)))
		free_rows(slot->value);
	map_fini(&tally->rows);
	free(tally);
}

void tally_next_file(struct tally *tally)
{
	tally->file++;
}

/* ---- rows ---- */

static uint64_t hash_of(const char *key, uint32_t file, uint32_t id)
{
	uint64_t hash = 14695981039346656037ULL;

	for (; *key; key++)
		hash = (hash ^ (uint8_t)*key) * 1099511628211ULL;
	hash = (hash ^ file) * 1099511628211ULL;
	hash = (hash ^ id) * 1099511628211ULL;
	return hash ? hash : 1;
}

static struct row *add_row(struct tally *tally, uint64_t hash, struct row *first, const char *key)
{
	size_t len = strlen(key) + 1;
	struct row *row = calloc(1, sizeof(*row) + len);

	if (!row)
		return NULL;
	memcpy(row->key, key, len);
	row->next = first;
	if (map_put(&tally->rows, hash, row)) {
		free(row);
		return NULL;
	}
	tally->cnt++;
	return row;
}

/* VMs of different files, or with different ids, are different VMs, whatever they are called. */
static struct row *find_row(struct tally *tally, const char *key, uint32_t id)
{
	uint32_t file = id ? tally->file : 0;
	uint64_t hash = hash_of(key, file, id);
	struct row *first = map_get(&tally->rows, hash), *row;

	for (row = first; row; row = row->next)
		if (row->id == id && row->file == file && !strcmp(row->key, key))
			return row;
	if (tally->cnt >= ROWS_MAX && strcmp(key, ROW_OTHER))
		return find_row(tally, ROW_OTHER, 0);
	row = add_row(tally, hash, first, key);
	if (row) {
		row->file = file;
		row->id = id;
	}
	return row;
}

static int add_to(struct row *row, const struct stall *stall, uint64_t lost_ns, uint64_t value_ns,
		  bool is_stall)
{
	if (!row)
		return -ENOMEM;
	row->stalls += is_stall;
	row->inferred += is_stall && stall->is_inferred;
	row->lost_ns += lost_ns;
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		row->by_cause[i] += stall->by_cause[i];
	return quant_add(&row->quant, value_ns);
}

/* "kvm_io_bus_register_dev in KVM_CREATE_IRQCHIP" */
static const char *culprit_key(const struct stall *stall, char *buf, size_t size)
{
	const struct culprit *culprit = &stall->culprit;
	char comm[KS_COMM_LEN];

	if (!culprit->is_known)
		return NULL;
	label_clean(comm, sizeof(comm), culprit->comm);
	snprintf(buf, size, "%s%s%s%s%s", culprit->func ? culprit->func : "",
		 culprit->func ? " " : "", culprit->call ? "in " : "by ",
		 culprit->call ? culprit->call : comm, culprit->is_self ? ", the call itself" : "");
	return buf;
}

/* What is guessed is not added to what is known. */
static const char *cause_key(int cause, bool is_inferred, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s", cause_name(cause),
		 is_inferred && cause != KS_CAUSE_UNEXPLAINED ? " (inferred)" : "");
	return buf;
}

static int add_causes(struct tally *tally, const struct stall *stall, bool is_stall)
{
	char key[48];
	int ret = 0;

	for (int i = 0; !ret && i < KS_CAUSE_CNT; i++)
		if (i != KS_CAUSE_RUN && stall->by_cause[i])
			ret = add_to(find_row(tally,
					      cause_key(i, stall->is_inferred, key, sizeof(key)),
					      0),
				     stall, stall->by_cause[i], stall->by_cause[i],
				     is_stall && (int)stall->cause == i);
	return ret;
}

int tally_add(struct tally *tally, const struct stall *stall, bool is_stall)
{
	char buf[KEY_LEN];
	const char *key = NULL;
	uint32_t id = 0;

	switch (tally->by) {
	case TALLY_VM:
		key = text_vm(stall->vm, buf, sizeof(buf));
		id = stall->vm ? stall->vm->id : 0;
		break;
	case TALLY_CALL:
		key = stall->call;
		break;
	case TALLY_CAUSE:
		return add_causes(tally, stall, is_stall);
	case TALLY_PHASE:
		key = phase_name(stall->phase);
		break;
	case TALLY_CULPRIT:
		key = culprit_key(stall, buf, sizeof(buf));
		break;
	default:
		break;
	}
	if (!key)
		return 0;
	return add_to(find_row(tally, key, id), stall, stall->stall_ns, stall->latency_ns,
		      is_stall);
}

/* ---- out ---- */

/* What a row is about comes last: it may be long. */
static size_t make_cols(enum tally_by by, struct table_col *out)
{
	static const char *const titles[TALLY_BY_CNT] = {"",	  "VM",	   "CALL",
							 "CAUSE", "PHASE", "CULPRIT"};
	static const struct table_col cols[] = {
		{"CALLS", "calls", TABLE_COUNT}, {"STALLS", "stalls", TABLE_COUNT},
		{"LOST", "lost_ns", TABLE_NS},	 {"P50", "p50_ns", TABLE_NS},
		{"P90", "p90_ns", TABLE_NS},	 {"P99", "p99_ns", TABLE_NS},
		{"MAX", "max_ns", TABLE_NS},
	};
	size_t cnt = sizeof(cols) / sizeof(cols[0]);

	memcpy(out, cols, sizeof(cols));
	if (by != TALLY_CAUSE)
		out[cnt++] = (struct table_col){"CAUSE", "cause", TABLE_TEXT};
	out[cnt++] = (struct table_col){titles[by], "key", TABLE_TEXT};
	return cnt;
}

/* Of what the group lost, what cost most. */
static const char *main_cause(const struct row *row, char *buf, size_t size)
{
	int best = KS_CAUSE_RUN;

	for (int i = 0; i < KS_CAUSE_CNT; i++)
		if (i != KS_CAUSE_RUN && row->by_cause[i] &&
		    (best == KS_CAUSE_RUN || row->by_cause[i] > row->by_cause[best]))
			best = i;
	return cause_key(best, row->inferred, buf, size);
}

static int row_cmp(const void *a, const void *b)
{
	const struct row *one = *(struct row *const *)a, *two = *(struct row *const *)b;
	int order;

	if (one->lost_ns != two->lost_ns)
		return one->lost_ns > two->lost_ns ? -1 : 1;
	order = strcmp(one->key, two->key);
	if (order)
		return order;
	if (one->file != two->file)
		return one->file < two->file ? -1 : 1;
	return one->id < two->id ? -1 : one->id > two->id;
}

static void add_row_cells(struct table *table, struct row *row, enum tally_by by)
{
	static const unsigned int percents[] = {50, 90, 99};
	char cause[48];

	table_add_value(table, row->quant.cnt);
	table_add_value(table, row->stalls);
	table_add_value(table, row->lost_ns);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
		table_add_value(table, quant_get(&row->quant, percents[i]));
	table_add_value(table, row->quant.max);
	if (by != TALLY_CAUSE && row->lost_ns)
		table_add_text(table, main_cause(row, cause, sizeof(cause)));
	else if (by != TALLY_CAUSE)
		table_add_none(table);
	table_add_text(table, row->key);
}

int tally_table(struct tally *tally, struct table *table)
{
	struct row **rows = calloc(tally->cnt + 1, sizeof(struct row *));
	const struct map_slot *slot;
	size_t pos = 0, cnt = 0;

	table_init(table, tally->cols, make_cols(tally->by, tally->cols));
	if (!rows)
		return -ENOMEM;
	while ((slot = map_next(&tally->rows, &pos)))
		for (struct row *row = slot->value; row; row = row->next)
			rows[cnt++] = row;
	qsort(rows, cnt, sizeof(struct row *), row_cmp);
	for (size_t i = 0; i < cnt; i++)
		add_row_cells(table, rows[i], tally->by);
	free(rows);
	return 0;
}
