/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What top shows, as data: VMs by what they lost, who waits now, the last stalls with their
 * accounts. Fed by a ledger's callbacks and its records, live or replayed; draws nothing.
 */
#ifndef VIEW_BOARD_H
#define VIEW_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/str.h"
#include "ledger/filter.h"
#include "ledger/stall.h"
#include "output/text/text.h"
#include "view/lanes.h"

struct deferral;
struct symbols;

#define BOARD_STALLS_MAX 8 /* that are kept of each VM, the last */
/* Of all VMs together; when there are more, each VM keeps BOARD_STALLS_MIN. */
#define BOARD_STALLS_ALL 4096
#define BOARD_STALLS_MIN 2
#define BOARD_BURSTS	 3
/* VMs that there may be; when there are more, those that ended are forgotten. */
#define BOARD_ROWS_MAX 65536

/* A stall as it is kept: nothing in it is the ledger's. */
struct board_stall {
	struct board_stall *next; /* the one before it */
	uint64_t nr;		  /* of its VM, from 1 */
	char *text; /* its line and its account, as trace -v has them; lines end with \n */
	struct lanes lanes;
};

/* A call that is not over, as it was when it was last found. */
struct board_wait {
	uint32_t tid;
	uint32_t row_id;
	enum call_id call;
	enum ks_cause cause;
	uint64_t begin_ns;
	uint64_t seen_ns;
	char comm[KS_COMM_LEN];
};

/* Calls that were too short to be stalls, of one kind, since the last board_tick(). */
struct board_burst {
	enum call_id call; /* CALL_NONE: none */
	uint64_t cnt;
	uint64_t ns;
};

struct board_row {
	uint32_t id;	     /* the VM's; 0: of no VM that is known */
	const struct vm *vm; /* while it lives, and what feeds the board does; else NULL */
	uint64_t gone_ns;    /* 0: it lives */
	char name[96];
	uint64_t calls, stalls;
	uint64_t lost_ns; /* by all of its calls that slept, stalls or not */
	uint64_t by_cause[KS_CAUSE_CNT];
	uint64_t worst_ns;
	enum call_id worst_call;
	uint64_t last_ns;    /* the end of its last stall; 0: none */
	uint32_t asleep_cnt; /* that wait now */
	uint64_t asleep_ns;  /* since when the oldest of them does */
	struct board_burst bursts[BOARD_BURSTS];
	struct board_burst storm; /* of the last tick; CALL_NONE: none */
	struct board_stall *kept; /* the newest first */
	size_t kept_cnt;
};

/* Where it all comes from. */
struct board_source {
	char backend[16];
	const char *path; /* of a recording; NULL: this kernel, live */
	struct text_cfg text;
	bool sees_callbacks;
};

struct board {
	struct filter filter;
	uint64_t min_ns;
	struct board_source source;
	struct map rows;  /* id + 1 -> struct board_row */
	struct map waits; /* tid + 1 -> struct board_wait */
	struct board_row total;
	uint64_t begin_ns; /* of what is counted; 0: not yet */
	uint64_t now_ns;
	uint64_t tick_ns;  /* of the last board_tick() */
	uint64_t stale_ns; /* waits that were last found so long ago are over; 0: never */
	uint64_t vms;	   /* that live */
	uint64_t vms_seen; /* ever */
	uint64_t kept_cnt;
	uint32_t open_id; /* a row that is not forgotten, somebody looks at it; 0: none */
	uint64_t losses[KS_LOSS_CNT];
	struct deferral *deferral;
	bool is_inferred;  /* of a log: causes are guesses */
	bool lacks_memory; /* something is missing */
};

/* Returns 0 or -ENOMEM. */
int board_init(struct board *board, const struct filter *filter, uint64_t min_ns);
void board_fini(struct board *board);

/* What follows is from here. */
void board_begin(struct board *board, const struct board_source *source);

/* What a ledger reports, and each record before or after that. */
void board_stall(struct board *board, const struct stall *stall);
void board_asleep(struct board *board, const struct stall *stall);
void board_vm_new(struct board *board, const struct vm *vm);
void board_vm_gone(struct board *board, const struct vm *vm);
void board_record(struct board *board, const void *record, size_t size, const struct symbols *syms);

/* What feeds it is over: VMs are what they were, and their domains cannot be asked any more. */
void board_end(struct board *board);

/* It is now so late, as records count: what is over is forgotten, and storms are judged. */
void board_tick(struct board *board, uint64_t now_ns);

/* Count from zero from now on; VMs stay, and what they wait for. */
void board_zero(struct board *board);

struct board_row *board_find(const struct board *board, uint32_t id);

/* The oldest that waits, of a row (NULL: of any); NULL: nobody. */
const struct board_wait *board_oldest(const struct board *board, const struct board_row *row);

/* How long it has waited by now. */
uint64_t board_wait_ns(const struct board *board, const struct board_wait *wait);

uint64_t board_lost_records(const struct board *board);

enum board_sort { SORT_LOST, SORT_STALLS, SORT_WORST, SORT_NOW, SORT_LAST, SORT_NAME, SORT_CNT };

const char *board_sort_name(enum board_sort sort);

/*
 * The rows that have a VM or a call, in this order, and of those whose name has @part in it ("":
 * all). A list that is the caller's to free() (NULL: no memory); @cnt gets its length.
 */
struct board_row **board_list(const struct board *board, enum board_sort sort, const char *part,
			      size_t *cnt);

#endif
