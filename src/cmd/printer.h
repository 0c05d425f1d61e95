/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stalls, one by one, and what they add up to: the same for a live
 * trace and for a capture that is replayed, so that they cannot differ.
 */
#ifndef CMD_PRINTER_H
#define CMD_PRINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/opt.h"
#include "base/str.h"
#include "cmd/outfile.h"
#include "ledger/filter.h"
#include "output/spans.h"
#include "output/storm.h"
#include "output/summary.h"
#include "output/text/text.h"

/* Rows of an option table; @F is the struct filter in struct @CFG, @PID_HELP what --pid is for. */
/* clang-format off */
#define FILTER_OPTS(CFG, F, PID_HELP)                                                                \
	OPT_U32('p', "pid", "PID", CFG, F.pid, 1, UINT32_MAX, PID_HELP),                                 \
	OPT_STR(0, "vm", "NAME", CFG, F.vm, "only the VM with this name"),                   \
	OPT_STR('n', "comm", "COMM", CFG, F.comm, "only VMs of processes of this name")
/* clang-format on */

enum printer_format {
	PRINTER_TEXT,
	PRINTER_JSON,
	PRINTER_CSV,
	PRINTER_PERFETTO,
	PRINTER_HTML,
	PRINTER_NOTHING
};

/* Of --min: what is a stall is the default, and with --all every call is shown. */
#define PRINTER_MIN_NOT_GIVEN UINT64_MAX
#define PRINTER_MIN_NS	      1000000

struct printer_cfg {
	struct filter filter;
	uint64_t min_ns;     /* stalls this long or longer; PRINTER_MIN_NOT_GIVEN */
	uint64_t stuck_ns;   /* calls that still wait after this long; 0: never */
	uint64_t stop_on_ns; /* the first stall of this length is shown in any case; 0: none */
	bool all;	     /* also calls that did not stall: this long, if .min_ns is given */
	bool quiet;	     /* no summary */
	bool verbose;	     /* the account under each stall */
	bool timeline;	     /* a line that draws each stall, in text */
	enum printer_format format;
	bool json_end; /* losses and summary as JSON, whatever .format is */
};

/* Where the stalls come from. */
struct printer_source {
	const char *backend;
	struct advice_host host;
	int64_t clock_offset_ns; /* see struct text_cfg */
};

struct page;
struct perfetto;
struct symbols;

struct printer {
	struct printer_cfg cfg;
	struct outfile *file; /* the caller's, and so is its first error */
	char backend[16];
	struct advice_host host;
	struct summary summary;
	struct spans spans; /* of the summary */
	struct text_cfg text;
	struct storms storms;
	struct map stuck;	   /* tid -> struct stuck */
	uint64_t all_min_ns;	   /* calls that did not stall: this long or longer */
	struct str line;	   /* one or more, of one stall */
	uint64_t vms_seen;	   /* whatever the filter */
	uint64_t vms_born;	   /* of these, since the start */
	uint64_t missing;	   /* stalls and other pieces that there was no memory for */
	struct perfetto *perfetto; /* PRINTER_PERFETTO, from printer_begin() on */
	struct page *page;	   /* PRINTER_HTML, the same */
	bool has_begun;
	bool is_stopped; /* the stall of .stop_on_ns was seen */
};

/* @file must live as long. */
void printer_init(struct printer *show, const struct printer_cfg *cfg, struct outfile *file);
void printer_fini(struct printer *show);

/* The stalls that follow are from here. The first time, a headline goes before them. */
void printer_begin(struct printer *show, const struct printer_source *source);

/* Is @format for a program, and of bytes that a terminal cannot show? Then @out is to be none. 0,
 * or -EINVAL with @err set. */
int printer_check_terminal(enum printer_format format, const struct outfile *out, struct err *err);

/* Does somebody's filter make sense at all? 0, or -EINVAL with @err set. */
int printer_check_filter(const struct filter *filter, struct err *err);

/*
 * Say on standard error what begins: "tracing by fentry: 1 of 3 VMs (--vm web3)". The VMs are those
 * that are known by now; with a COMMAND there are none yet. @where: "", or " to FILE".
 */
void printer_say_start(const struct printer *show, const char *doing, const char *where,
		       const char *command);

/*
 * Say at the end, if there were VMs but none was wanted: that a filter matched none of them, or
 * that they were not @command's. NULL: there was none.
 */
void printer_say_unseen(const struct printer *show, const char *command);

/*
 * What a ledger reports. printer_stall() returns whether it is a stall: it is printed then, and
 * with .all other calls are as well.
 */
bool printer_stall(struct printer *show, const struct stall *stall);
/* Returns whether it was shown as stuck. */
bool printer_asleep(struct printer *show, const struct stall *stall);
void printer_vm_new(struct printer *show, const struct vm *vm);
void printer_vm_gone(struct printer *show, const struct vm *vm);
void printer_span(struct printer *show, const struct span *span);

/* It is @now_ns: what is over by then is reported. */
void printer_tick(struct printer *show, uint64_t now_ns);

/* Does its format show more than calls? */
static inline bool printer_wants_records(const struct printer *show)
{
	return show->page || show->perfetto;
}

/* Each record, for those formats; others take nothing of it. */
void printer_record(struct printer *show, const void *record, size_t size,
		    const struct symbols *syms);

/* Let what was shown be seen. False: nobody sees it, the reason is the file's. */
bool printer_flush(struct printer *show);

/*
 * The summary, whose fields that are not the stalls' are filled in by now. @ret
 * is what the command has come to. If that is no error, and there was no memory
 * for all that was to be shown, -ENOMEM with @err set; else @ret.
 */
int printer_end(struct printer *show, int ret, struct err *err);

#endif
