/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon of export: its options and its loop. */
#ifndef CMD_EXPORT_DAEMON_H
#define CMD_EXPORT_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/export/privdrop.h"
#include "cmd/export/notify.h"

struct err;
struct io_waiter;
struct metrics;
struct session;

struct daemon_cfg {
	int listen_fd;	      /* -1: no HTTP */
	const char *textfile; /* folder; NULL: none */
	uint32_t vms_found;   /* when it starts */
	uint64_t interval_ns; /* between two writes of it */
	uint64_t duration_ns; /* 0: for ever */
	uint64_t start_ns;    /* since 1970, of this process */
	bool has_cost;
	struct privdrop_user user;
	int signal_fd;
	const struct io_waiter *output; /* for what daemon_print() prints; NULL: none */
};

struct daemon;

/* @session: NULL while KVM is not there. NULL with @err set. */
struct daemon *daemon_new(const struct daemon_cfg *cfg, struct metrics *metrics,
			  struct session *session, struct notify *notify, struct err *err);
void daemon_free(struct daemon *daemon);

/* Drop privileges, then serve until a signal or the time ends it. */
int daemon_run(struct daemon *daemon, struct err *err);

/* Print what there is, without HTTP, after cfg.duration_ns. */
int daemon_print(struct daemon *daemon, struct err *err);

#endif
