/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the calls of a script on a machine: what the script does not know of a call is assumed,
 * plausibly and another each time. It makes the requests of script_plays() alone, on /dev/kvm and
 * descriptors of its own.
 */
#ifndef CMD_REPRO_PLAYER_H
#define CMD_REPRO_PLAYER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct machine;
struct script;
struct script_op;

/* An eventfd by the number that the log has for it. */
struct player_fd {
	uint64_t name;
	int fd;
};

/* An ioeventfd or a coalesced zone that is set. */
struct player_window {
	uint64_t name; /* of the eventfd */
	uint64_t addr, match;
	uint32_t len, flags;
	int fd;
	bool is_zone;
};

struct player {
	struct machine *vm;
	const struct script *script;
	uint8_t *mem; /* of slots whose size is known, shared by all; reserved, never touched */
	size_t mem_bytes;
	uint32_t slots_cnt;   /* of those that the script says no size of */
	pthread_mutex_t lock; /* of what follows: threads play side by side */
	int *spare_fds;
	struct player_fd *fds;
	struct player_window *windows;
	size_t spares_cnt, fds_cnt, windows_cnt, max;
	uint32_t made_windows, made_irqfds, made_zones; /* with addresses that were assumed */
	bool closes_vcpus_later;
};

/* @vm is open, and of the size that player_size() says. 0, or a negative errno with @err. */
int player_open(struct player *player, struct machine *vm, const struct script *script,
		struct err *err);
void player_close(struct player *player);

/* The VM's own memory slots, which are not counted, follow. */
struct machine_size;
void player_size(const struct script *script, struct machine_size *size);

/* Make the call: zero or a negative errno. */
int player_play(struct player *player, const struct script_op *op);

#endif
