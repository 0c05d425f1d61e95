/* SPDX-License-Identifier: GPL-2.0-only */
/* The service manager: sd_notify(3) and its watchdog, which are one datagram each. */
#ifndef CMD_EXPORT_NOTIFY_H
#define CMD_EXPORT_NOTIFY_H

#include <stdint.h>

struct notify {
	int fd;		      /* -1: nobody wants to know */
	uint64_t interval_ns; /* between two signs of life; 0: not wanted */
	uint64_t next_ns;
};

/* Connects now: later there may be no right to. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* "READY=1", "STATUS=..." */
void notify_send(const struct notify *notify, const char *state);

/* A sign of life, when one is due. */
void notify_alive(struct notify *notify, uint64_t now_ns);

#endif
