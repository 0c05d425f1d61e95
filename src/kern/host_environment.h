/* SPDX-License-Identifier: GPL-2.0-only */
/* What of this host, and of the programs on it, could explain a difference in latency. */
#ifndef KERN_HOST_ENVIRONMENT_H
#define KERN_HOST_ENVIRONMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/environment.h"
#include "host/build_id.h"

/* @root as for host_read(). What cannot be read is not there. Returns 0 or -ENOMEM. */
int environment_read(const char *root, struct environment *facts);

/* The build id of the program that process @pid runs; false: it has none, or is gone. */
bool fingerprint_program(uint32_t pid, char id[BUILD_ID_LEN]);

#endif
