// SPDX-License-Identifier: GPL-2.0-only
#include "output/group_by.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/sanitize.h"
#include "output/quantile.h"
#include "output/table.h"
#include "output/text/text.h"

#define KEY_LEN	 192
#define COLS_MAX 11
/* More rows than anybody reads: what follows is added up in one. */
#define ROWS_MAX  16384
#define ROW_OTHER "other"

struct stall_group {
	struct stall_group *next; /* of the same hash */
	const char *path;	  /* of a VM's file; else NULL */
	uint32_t file;
	uint32_t id; /* of a VM; else 0 */
	uint64_t stalls;
	uint64_t lost_ns;
	uint64_t by_cause[KS_CAUSE_CNT];
	uint64_t inferred; /* stalls of logs: their cause is a guess */
	struct quantile quant;
	char key[];
};

struct group_by {
	enum group_by_key by;
	const char *path;
	uint32_t file;
	struct map rows; /* hash -> struct stall_group */
	struct table_col cols[COLS_MAX];
	size_t cnt;
};

struct group_by *group_by_new(enum group_by_key by)
{
	struct group_by *tally = calloc(1, sizeof(*tally));

	if (tally)
		tally->by = by;
	return tally;
}

static void free_rows(void *rows)
{
	struct stall_group *row = rows;

	while (row) {
		struct stall_group *next = row->next;

		quantile_fini(&row->quant);
		free(row);
		row = next;
	}
}

void group_by_free(struct group_by *tally)
{
	if (!tally)
		return;
	map_clear(&tally->rows, free_rows);
	free(tally);
}

void group_by_next_file(struct group_by *tally, const char *path)
{
	tally->file++;
	tally->path = path;
}

/* ---- rows ---- */

static uint64_t hash_of(const char *key, uint32_t file, uint32_t id)
{
	return hash_word(hash_word(hash_text(HASH_START, key), file), id);
}

static struct stall_group *add_row(struct group_by *tally, uint64_t hash, struct stall_group *first,
				   const char *key)
{
	size_t len = strlen(key) + 1;
	struct stall_group *row = calloc(1, sizeof(*row) + len);

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
static struct stall_group *find_row(struct group_by *tally, const char *key, uint32_t id)
{
	uint32_t file = id ? tally->file : 0;
	uint64_t hash = hash_of(key, file, id);
	struct stall_group *first = map_get(&tally->rows, hash), *row;

	for (row = first; row; row = row->next)
		if (row->id == id && row->file == file && !strcmp(row->key, key))
			return row;
	if (tally->cnt >= ROWS_MAX && strcmp(key, ROW_OTHER))
		return find_row(tally, ROW_OTHER, 0);
	row = add_row(tally, hash, first, key);
	if (row) {
		row->file = file;
		row->path = id ? tally->path : NULL;
		row->id = id;
	}
	return row;
}

static int add_to(struct stall_group *row, const struct stall *stall, uint64_t lost_ns,
		  uint64_t value_ns, bool is_stall)
{
	if (!row)
		return -ENOMEM;
	row->stalls += is_stall;
	row->inferred += is_stall && stall->is_inferred;
	row->lost_ns += lost_ns;
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		row->by_cause[i] += stall->by_cause[i];
	return quantile_add(&row->quant, value_ns);
}

/* "kvm_io_bus_register_dev in KVM_CREATE_IRQCHIP" */
static const char *culprit_key(const struct stall *stall, char *buf, size_t size)
{
	const struct culprit *culprit = &stall->culprit;
	char comm[KS_COMM_LEN];

	if (!culprit->is_known)
		return NULL;
	sanitize(comm, sizeof(comm), culprit->comm);
	snprintf(buf, size, "%s%s%s%s%s", culprit->func ? culprit->func : "",
		 culprit->func ? " " : "", culprit->call ? "in " : "by ",
		 culprit->call ? call_name(culprit->call) : comm,
		 culprit->is_self ? ", the call itself" : "");
	return buf;
}

/* What is guessed is not added to what is known. */
static const char *cause_key(int cause, bool is_inferred, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s", cause_name(cause),
		 is_inferred && cause != KS_CAUSE_UNEXPLAINED ? " (inferred)" : "");
	return buf;
}

static int add_causes(struct group_by *tally, const struct stall *stall, bool is_stall)
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

/* "gp-timer early-tick": of each timer that a call waited for, how long it did. */
static int add_timers(struct group_by *tally, const struct stall *stall, bool is_stall)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < stall->segments_cnt; i++) {
		const struct segment *seg = &stall->segments[i];
		struct timer_story story;
		char key[48];

		if (!timer_explain(segment_timer(seg), stall->tick, &story))
			continue;
		snprintf(key, sizeof(key), "%s %s", cause_name(seg->cause),
			 timer_late_name(story.late));
		ret = add_to(find_row(tally, key, 0), stall, seg->ns, seg->ns,
			     is_stall && stall->cause == seg->cause);
	}
	return ret;
}

/* "timer": what a call's waits for plain RCU went to. */
static int add_parts(struct group_by *tally, const struct stall *stall, bool is_stall)
{
	const struct segment *seg = stall->culprit.seg;
	uint64_t by_part[RCU_PART_CNT] = {0};
	int ret = 0;

	for (size_t i = 0; i < stall->segments_cnt; i++)
		if (stall->segments[i].cause == KS_CAUSE_RCU)
			by_part[stall->segments[i].rcu.part] += stall->segments[i].ns;
	is_stall = is_stall && seg && seg->cause == KS_CAUSE_RCU;
	for (int i = 0; !ret && i < RCU_PART_CNT; i++)
		if (by_part[i])
			ret = add_to(find_row(tally, rcu_part_name(i), 0), stall, by_part[i],
				     by_part[i], is_stall && (int)seg->rcu.part == i);
	return ret;
}

int group_by_add(struct group_by *tally, const struct stall *stall, bool is_stall)
{
	char buf[KEY_LEN];
	const char *key = NULL;
	uint32_t id = 0;

	switch (tally->by) {
	case GROUP_BY_VM:
		key = text_vm(stall->vm, buf, sizeof(buf));
		id = stall->vm ? stall->vm->id : 0;
		break;
	case GROUP_BY_CALL:
		key = call_name(stall->call);
		break;
	case GROUP_BY_CAUSE:
		return add_causes(tally, stall, is_stall);
	case GROUP_BY_TIMER:
		return add_timers(tally, stall, is_stall);
	case GROUP_BY_PART:
		return add_parts(tally, stall, is_stall);
	case GROUP_BY_PHASE:
		key = phase_name(stall->phase);
		break;
	case GROUP_BY_CULPRIT:
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

/* Has it a column for the cause? Not where that is in the key. */
static bool names_cause(enum group_by_key by)
{
	return by != GROUP_BY_CAUSE && by != GROUP_BY_TIMER && by != GROUP_BY_PART;
}

/* What a row is about comes last: it may be long. */
static size_t make_cols(const struct group_by *tally, struct table_col *out)
{
	static const char *const titles[GROUP_BY_CNT] = {"",	  "VM",	     "CALL",  "CAUSE",
							 "PHASE", "CULPRIT", "TIMER", "PART"};
	static const struct table_col cols[] = {
		{"CALLS", "calls", TABLE_COUNT}, {"STALLS", "stalls", TABLE_COUNT},
		{"LOST", "lost_ns", TABLE_NS},	 {"P50", "p50_ns", TABLE_NS},
		{"P90", "p90_ns", TABLE_NS},	 {"P99", "p99_ns", TABLE_NS},
		{"MAX", "max_ns", TABLE_NS},
	};
	size_t cnt = sizeof(cols) / sizeof(cols[0]);

	memcpy(out, cols, sizeof(cols));
	if (names_cause(tally->by))
		out[cnt++] = (struct table_col){"CAUSE", "cause", TABLE_TEXT};
	if (tally->by == GROUP_BY_VM)
		cnt += table_vm_cols(&out[cnt], tally->file > 1);
	out[cnt++] = (struct table_col){titles[tally->by], "key", TABLE_TEXT};
	return cnt;
}

/* Of what the group lost, what cost most. */
static const char *main_cause(const struct stall_group *row, char *buf, size_t size)
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
	const struct stall_group *one = *(struct stall_group *const *)a,
				 *two = *(struct stall_group *const *)b;
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

static void add_row_cells(struct table *table, struct stall_group *row, enum group_by_key by)
{
	static const unsigned int percents[] = {50, 90, 99};
	char cause[48];

	table_add_value(table, row->quant.cnt);
	table_add_value(table, row->stalls);
	table_add_value(table, row->lost_ns);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
		table_add_value(table, quantile_get(&row->quant, percents[i]));
	table_add_value(table, row->quant.max);
	if (names_cause(by) && row->lost_ns)
		table_add_text(table, main_cause(row, cause, sizeof(cause)));
	else if (names_cause(by))
		table_add_none(table);
	if (by == GROUP_BY_VM)
		table_add_vm(table, row->path, row->id);
	table_add_text(table, row->key);
}

int group_by_table(struct group_by *tally, struct table *table)
{
	struct stall_group **rows = calloc(tally->cnt + 1, sizeof(struct stall_group *));
	const struct map_slot *slot;
	size_t pos = 0, cnt = 0;

	table_init(table, tally->cols, make_cols(tally, tally->cols));
	if (!rows)
		return -ENOMEM;
	while ((slot = map_next(&tally->rows, &pos)))
		for (struct stall_group *row = slot->value; row; row = row->next)
			rows[cnt++] = row;
	qsort(rows, cnt, sizeof(struct stall_group *), row_cmp);
	for (size_t i = 0; i < cnt; i++)
		add_row_cells(table, rows[i], tally->by);
	free(rows);
	return 0;
}
