// SPDX-License-Identifier: GPL-2.0-only
#include "view/board.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/deferral.h"
#include "output/storm.h"
#include "output/summary.h"

/* How long a VM that ended is shown, live; of a recording all are. */
#define GONE_NS 60000000000ULL

/* ---- life ---- */

static void free_stall(struct board_stall *kept)
{
	lanes_fini(&kept->lanes);
	free(kept->text);
	free(kept);
}

static void forget_stalls(struct board *board, struct board_row *row)
{
	while (row->kept) {
		struct board_stall *next = row->kept->next;

		free_stall(row->kept);
		row->kept = next;
	}
	board->kept_cnt -= row->kept_cnt;
	row->kept_cnt = 0;
}

int board_init(struct board *board, const struct filter *filter, uint64_t min_ns)
{
	*board = (struct board){.filter = *filter, .min_ns = min_ns};
	board->deferral = deferral_new();
	return board->deferral ? 0 : -ENOMEM;
}

void board_fini(struct board *board)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&board->rows, &pos)))
		forget_stalls(board, slot->value);
	map_clear(&board->rows, free);
	map_clear(&board->waits, free);
	deferral_free(board->deferral);
	board->deferral = NULL;
}

void board_begin(struct board *board, const struct board_source *source)
{
	board->source = *source;
	board->source.text.show_account = true;
	board->source.text.width = SIZE_MAX / 2; /* who shows it folds it */
	deferral_next_file(board->deferral, source->path ? source->path : "",
			   source->sees_callbacks);
}

/* ---- rows ---- */

struct board_row *board_find(const struct board *board, uint32_t id)
{
	return map_get(&board->rows, id + 1ULL);
}

/* Whose @keep_ns are over. Without memory for the list, they are forgotten another time. */
static void forget_gone(struct board *board, uint64_t keep_ns)
{
	const struct map_slot *slot;
	uint64_t *keys = NULL;
	size_t pos = 0, cnt = 0;

	while ((slot = map_next(&board->rows, &pos))) {
		const struct board_row *row = slot->value;

		if (!row->gone_ns || row->gone_ns + keep_ns > board->now_ns ||
		    row->id == board->open_id)
			continue;
		if (!keys)
			keys = malloc(board->rows.cnt * sizeof(*keys));
		if (!keys)
			return;
		keys[cnt++] = slot->key;
	}
	while (cnt) {
		struct board_row *row = map_del(&board->rows, keys[--cnt]);

		forget_stalls(board, row);
		free(row);
	}
	free(keys);
}

static struct board_row *add_row(struct board *board, uint32_t id)
{
	struct board_row *row = board_find(board, id);

	if (row)
		return row;
	if (board->rows.cnt >= BOARD_ROWS_MAX)
		forget_gone(board, 0);
	row = calloc(1, sizeof(*row));
	if (!row || map_put(&board->rows, id + 1ULL, row)) {
		free(row);
		board->lacks_memory = true;
		return NULL;
	}
	row->id = id;
	return row;
}

static struct board_row *row_of(struct board *board, const struct vm *vm)
{
	struct board_row *row = add_row(board, vm ? vm->id : 0);

	if (!row || row->name[0])
		return row;
	text_vm(vm, row->name, sizeof(row->name));
	return row;
}

/* Of no time that is, the ledger makes nothing either. */
static void note_time(struct board *board, uint64_t ts_ns)
{
	if (ts_ns > INT64_MAX)
		return;
	if (!board->begin_ns)
		board->begin_ns = ts_ns;
	if (ts_ns > board->now_ns)
		board->now_ns = ts_ns;
}

void board_vm_new(struct board *board, const struct vm *vm)
{
	struct board_row *row;

	if (!filter_wants_vm(&board->filter, vm))
		return;
	row = row_of(board, vm);
	if (!row)
		return;
	if (!row->vm)
		board->vms++;
	board->vms_seen++;
	row->vm = vm;
	if (deferral_vm_new(board->deferral, vm))
		board->lacks_memory = true;
}

void board_vm_gone(struct board *board, const struct vm *vm)
{
	struct board_row *row = board_find(board, vm->id);

	deferral_vm_gone(board->deferral, vm);
	if (!row || !row->vm)
		return;
	row->vm = NULL;
	row->gone_ns = vm->gone_ns;
	board->vms--;
}

/* ---- stalls ---- */

static void drop_oldest(struct board *board, struct board_row *row)
{
	struct board_stall **last = &row->kept;

	while (*last && (*last)->next)
		last = &(*last)->next;
	if (!*last)
		return;
	free_stall(*last);
	*last = NULL;
	row->kept_cnt--;
	board->kept_cnt--;
}

static void keep(struct board *board, struct board_row *row, const struct stall *stall)
{
	struct board_stall *kept = calloc(1, sizeof(*kept));
	struct str text;

	if (!kept) {
		board->lacks_memory = true;
		return;
	}
	str_init(&text);
	text_stall(&text, stall, &board->source.text);
	*kept = (struct board_stall){
		.next = row->kept,
		.nr = row->stalls,
		.text = str_take(&text),
	};
	str_fini(&text);
	board->lacks_memory |= !kept->text;
	lanes_of_stall(&kept->lanes, stall);
	board->lacks_memory |= kept->lanes.lacks_memory;
	row->kept = kept;
	row->kept_cnt++;
	board->kept_cnt++;
	while (row->kept_cnt > BOARD_STALLS_MAX ||
	       (board->kept_cnt > BOARD_STALLS_ALL && row->kept_cnt > BOARD_STALLS_MIN))
		drop_oldest(board, row);
}

static void add_burst(struct board_row *row, const struct stall *stall)
{
	struct board_burst *least = &row->bursts[0];

	for (size_t i = 0; i < BOARD_BURSTS; i++) {
		struct board_burst *burst = &row->bursts[i];

		if (burst->call == stall->call) {
			burst->cnt++;
			burst->ns += stall->stall_ns;
			return;
		}
		if (burst->ns < least->ns)
			least = burst;
	}
	*least = (struct board_burst){stall->call, 1, stall->stall_ns};
}

static void count(struct board_row *row, const struct stall *stall, bool is_stall)
{
	row->calls++;
	row->stalls += is_stall;
	row->lost_ns += stall->stall_ns;
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		if (i != KS_CAUSE_RUN)
			row->by_cause[i] += stall->by_cause[i];
	if (stall->stall_ns > row->worst_ns) {
		row->worst_ns = stall->stall_ns;
		row->worst_call = stall->call;
	}
	if (is_stall)
		row->last_ns = stall->begin_ns + stall->latency_ns;
}

void board_stall(struct board *board, const struct stall *stall)
{
	bool is_stall = stall_counts(stall, board->min_ns);
	struct board_row *row;

	free(map_del(&board->waits, stall->rec->head.tid + 1ULL));
	note_time(board, stall->begin_ns + stall->latency_ns);
	if (deferral_stall(board->deferral, stall))
		board->lacks_memory = true;
	if ((!is_stall && !stall->stall_ns) || !filter_wants_stall(&board->filter, stall) ||
	    !stall_is_waited_for(stall))
		return;
	board->is_inferred |= stall->is_inferred;
	row = row_of(board, stall->vm);
	if (!row)
		return;
	count(&board->total, stall, is_stall);
	count(row, stall, is_stall);
	if (is_stall)
		keep(board, row, stall);
	else
		add_burst(row, stall);
}

/* ---- who waits now ---- */

void board_asleep(struct board *board, const struct stall *stall)
{
	uint64_t key = stall->rec->head.tid + 1ULL;
	struct board_wait *wait = map_get(&board->waits, key);

	note_time(board, stall->rec->head.ts_ns);
	board->is_inferred |= stall->is_inferred;
	if (!filter_wants_stall(&board->filter, stall) || !stall_is_waited_for(stall) ||
	    !row_of(board, stall->vm))
		return;
	if (!wait) {
		wait = calloc(1, sizeof(*wait));
		if (!wait || map_put(&board->waits, key, wait)) {
			free(wait);
			board->lacks_memory = true;
			return;
		}
	}
	*wait = (struct board_wait){
		.tid = stall->rec->head.tid,
		.row_id = stall->vm ? stall->vm->id : 0,
		.call = stall->call,
		.cause = stall->cause,
		.begin_ns = stall->begin_ns,
		.seen_ns = stall->rec->head.ts_ns,
	};
	memcpy(wait->comm, stall->rec->comm, sizeof(wait->comm) - 1);
}

/* Of whom nothing was heard for long: the record of the call's end was lost. */
static struct board_wait *stale_wait(const struct board *board)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while (board->stale_ns && (slot = map_next(&board->waits, &pos))) {
		struct board_wait *wait = slot->value;

		if (wait->seen_ns + board->stale_ns < board->now_ns)
			return wait;
	}
	return NULL;
}

static void count_waits(struct board *board)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&board->rows, &pos))) {
		struct board_row *row = slot->value;

		row->asleep_cnt = 0;
		row->asleep_ns = 0;
	}
	pos = 0;
	while ((slot = map_next(&board->waits, &pos))) {
		const struct board_wait *wait = slot->value;
		struct board_row *row = board_find(board, wait->row_id);

		if (!row)
			continue;
		if (!row->asleep_cnt++ || wait->begin_ns < row->asleep_ns)
			row->asleep_ns = wait->begin_ns;
	}
}

const struct board_wait *board_oldest(const struct board *board, const struct board_row *row)
{
	const struct board_wait *oldest = NULL;
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&board->waits, &pos))) {
		const struct board_wait *wait = slot->value;

		if (row && wait->row_id != row->id)
			continue;
		if (!oldest || wait->begin_ns < oldest->begin_ns ||
		    (wait->begin_ns == oldest->begin_ns && wait->tid < oldest->tid))
			oldest = wait;
	}
	return oldest;
}

uint64_t board_wait_ns(const struct board *board, const struct board_wait *wait)
{
	return board->now_ns > wait->begin_ns ? board->now_ns - wait->begin_ns : 0;
}

/* ---- records, time ---- */

void board_record(struct board *board, const void *record, size_t size, const struct symbols *syms)
{
	const struct ks_head *head = record;

	note_time(board, head->ts_ns);
	if (board->source.path)
		board->losses[KS_LOSS_RING] += head->lost;
	if (deferral_record(board->deferral, record, size, syms))
		board->lacks_memory = true;
}

void board_end(struct board *board)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&board->rows, &pos))) {
		struct board_row *row = slot->value;

		row->vm = NULL;
	}
}

/* What is a storm, trace knows too. */
static void judge_storm(struct board_row *row, uint64_t min_ns)
{
	row->storm = (struct board_burst){CALL_NONE, 0, 0};
	for (size_t i = 0; i < BOARD_BURSTS; i++)
		if (row->bursts[i].cnt >= STORM_CALLS &&
		    row->bursts[i].ns >= STORM_MIN_IN * min_ns && row->bursts[i].ns > row->storm.ns)
			row->storm = row->bursts[i];
	memset(row->bursts, 0, sizeof(row->bursts));
}

void board_tick(struct board *board, uint64_t now_ns)
{
	const struct map_slot *slot;
	struct board_wait *wait;
	size_t pos = 0;

	note_time(board, now_ns);
	if (now_ns <= board->tick_ns)
		return;
	board->tick_ns = now_ns;
	while ((slot = map_next(&board->rows, &pos)))
		judge_storm(slot->value, board->min_ns);
	while ((wait = stale_wait(board)))
		free(map_del(&board->waits, wait->tid + 1ULL));
	if (!board->source.path)
		forget_gone(board, GONE_NS);
	count_waits(board);
}

static void zero_row(struct board *board, struct board_row *row)
{
	const struct board_row old = *row;

	forget_stalls(board, row);
	*row = (struct board_row){
		.id = old.id,
		.vm = old.vm,
		.gone_ns = old.gone_ns,
		.asleep_ns = old.asleep_ns,
		.asleep_cnt = old.asleep_cnt,
	};
	memcpy(row->name, old.name, sizeof(row->name));
}

void board_zero(struct board *board)
{
	const struct map_slot *slot;
	size_t pos = 0;

	while ((slot = map_next(&board->rows, &pos)))
		zero_row(board, slot->value);
	zero_row(board, &board->total);
	board->begin_ns = board->now_ns;
}

uint64_t board_lost_records(const struct board *board)
{
	uint64_t lost = 0;

	for (int i = 0; i < KS_LOSS_CNT; i++)
		lost += board->losses[i];
	return lost;
}

/* ---- in which order ---- */

static const char *const sort_names[] = {"lost", "stalls", "worst", "now", "last", "name"};

const char *board_sort_name(enum board_sort sort)
{
	return sort_names[sort];
}

/* The most first. */
static int by_value(uint64_t a, uint64_t b)
{
	return a == b ? 0 : a > b ? -1 : 1;
}

static int compare(const struct board_row *a, const struct board_row *b, enum board_sort sort)
{
	switch (sort) {
	case SORT_STALLS:
		return by_value(a->stalls, b->stalls);
	case SORT_WORST:
		return by_value(a->worst_ns, b->worst_ns);
	case SORT_NOW: /* the oldest wait first, and nobody's last */
		return by_value(a->asleep_cnt ? UINT64_MAX - a->asleep_ns : 0,
				b->asleep_cnt ? UINT64_MAX - b->asleep_ns : 0);
	case SORT_LAST:
		return by_value(a->last_ns, b->last_ns);
	case SORT_NAME:
		return strcmp(a->name, b->name);
	default:
		return by_value(a->lost_ns, b->lost_ns);
	}
}

struct sorted {
	struct board_row *row;
	enum board_sort sort;
};

static int sorted_cmp(const void *a, const void *b)
{
	const struct sorted *one = a, *two = b;
	int ret = compare(one->row, two->row, one->sort);

	return ret ? ret : by_value(two->row->id, one->row->id);
}

static bool is_listed(const struct board_row *row, const char *part)
{
	return (row->id || row->calls || row->asleep_cnt) && strstr(row->name, part);
}

struct board_row **board_list(const struct board *board, enum board_sort sort, const char *part,
			      size_t *cnt)
{
	struct sorted *list = malloc((board->rows.cnt + 1) * sizeof(*list));
	struct board_row **rows = malloc((board->rows.cnt + 1) * sizeof(*rows));
	const struct map_slot *slot;
	size_t pos = 0;

	*cnt = 0;
	while (list && rows && (slot = map_next(&board->rows, &pos)))
		if (is_listed(slot->value, part))
			list[(*cnt)++] = (struct sorted){slot->value, sort};
	if (*cnt)
		qsort(list, *cnt, sizeof(*list), sorted_cmp);
	for (size_t i = 0; i < *cnt; i++)
		rows[i] = list[i].row;
	if (!list) {
		free(rows);
		rows = NULL;
	}
	free(list);
	return rows;
}
