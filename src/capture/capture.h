/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A capture: records and what is needed to understand them anywhere, as bytes.
 * kvmstall-capture(5) is the format. Append-only, so it can go through a pipe;
 * made of blocks that are each compressed and checked by itself, so that a file
 * cut anywhere is readable up to there, and known to be cut.
 */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

#include "capture/environment.h"

struct anonymize;
struct err;
struct summary;
struct symbols;

#define CAPTURE_MAJOR 1
/* 1.1: struct ks_cb has the CPU that callbacks are of; KS_DOMAIN. 1.2: KS_CLOSING. 1.3:
 * KS_PREEMPTED, KS_WOKEN, KS_LATE. 1.4: KS_BORN, KS_RUN. 1.5: KS_SPUN. 1.6:
 * KS_RCU_SLEEP, KS_RCU_WAKE. 1.7: KS_WANTS. 1.8: KS_READERS. 1.9: KS_HALTED.
 * 1.10: KS_RCU_FIRED */
#define CAPTURE_MINOR 10
#define CAPTURE_MAGIC "\211KVS\r\n\032\n" /* as PNG's: what mangles text is found out */

/* The head: what is known before the first record. */
struct capture_head {
	uint16_t major, minor; /* of the file; writers need not set them */
	char version[64];      /* of the kvmstall that recorded */
	char backend[16];
	uint32_t hz;		 /* 0: not known */
	uint32_t pid;		 /* of the recorder: its own calls are nobody's stalls */
	int64_t clock_offset_ns; /* from CLOCK_MONOTONIC to local time of day */
	uint64_t began_ns;	 /* CLOCK_MONOTONIC */
	bool is_followed;	 /* of a COMMAND: only its VMs (KS_VM_FOLLOWED) are of interest */
	uint64_t stop_on_ns;	 /* it stopped after the first stall of this length; 0: for another
				    reason */
	bool rcu_normal;	 /* nothing was expedited */
	bool has_all_calls;	 /* also those that did not sleep */
	struct environment environment; /* the fingerprint */
};

/* ---- writing ---- */

struct capture_writer;

/* Takes a whole block; what it returns, if not 0, is what the writer returns from then on. */
typedef int (*capture_put_fn)(void *ctx, const void *block, size_t len);

/* Puts the head at once. NULL: out of memory, or it could not be put. */
struct capture_writer *capture_writer_new(const struct capture_head *head, capture_put_fn put,
					  void *ctx);
void capture_writer_free(struct capture_writer *writer);

/*
 * From now on replace by @anon what names the host, its VMs and its programs: in records, symbols
 * and names. Facts are the caller's. @anon must outlive @writer, and may be more writers'.
 */
void capture_writer_hide(struct capture_writer *writer, struct anonymize *anon);

/* As @other does. */
void capture_writer_hide_as(struct capture_writer *writer, const struct capture_writer *other);

/* One record, as the ring buffer gave it; addresses in it get their names from @syms first. */
int capture_writer_record(struct capture_writer *writer, const void *record, size_t size,
			  const struct symbols *syms);

/* What is known of the VM whose KS_VM is the next with this @kvm: put before it. */
int capture_writer_name(struct capture_writer *writer, uint64_t kvm, const char *name,
			const char *comm);

/* A fact that was not known when the head was put. */
int capture_writer_fact(struct capture_writer *writer, const char *key, const char *value);

/* The names of all addresses that @other ever put: for blocks of its that follow. */
int capture_writer_symbols(struct capture_writer *writer, const struct capture_writer *other);

/* Put what is collected: now it is safe. */
int capture_writer_flush(struct capture_writer *writer);

/* Flush, and the end: the capture is complete. */
int capture_writer_end(struct capture_writer *writer, const struct summary *summary);

/* ---- reading: input may be anything ---- */

/*
 * Each may be NULL, and each ends the reading by returning anything but 0: the
 * reader returns that. What they get lives until they return.
 */
struct capture_ops {
	/* Once, before all else. */
	int (*head)(void *ctx, const struct capture_head *head);
	/* In the layout of this kvmstall's record.h, aligned; of a type that it knows. */
	int (*record)(void *ctx, const void *record, size_t size);
	int (*name)(void *ctx, uint64_t kvm, const char *name, const char *comm);
	/* @addr lies in the function @name that begins at @start. */
	int (*symbol)(void *ctx, uint64_t addr, uint64_t start, const char *name);
	int (*fact)(void *ctx, const char *key, const char *value);
	/* At most once, after all else. Counts that replaying finds out again are 0. */
	int (*end)(void *ctx, const struct summary *summary);
};

enum capture_state {
	CAPTURE_COMPLETE = 0,
	CAPTURE_CUT = 1, /* no end: all that there is was read */
};

struct capture_reader;

struct capture_reader *capture_reader_new(const struct capture_ops *ops, void *ctx);
void capture_reader_free(struct capture_reader *reader);

/* The next bytes, as many as there are. A negative errno with @err set, or what an op returned. */
int capture_reader_feed(struct capture_reader *reader, const void *bytes, size_t len,
			struct err *err);

/* No more bytes: an enum capture_state (CAPTURE_CUT sets @err too), or a negative errno. */
int capture_reader_finish(struct capture_reader *reader, struct err *err);

/* Is this the beginning of a capture? @len may be less than the magic's. */
bool capture_is(const void *bytes, size_t len);

#endif
