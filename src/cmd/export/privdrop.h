/* SPDX-License-Identifier: GPL-2.0-only */
/* Privileges, and how to be rid of them for good. */
#ifndef CMD_EXPORT_PRIVDROP_H
#define CMD_EXPORT_PRIVDROP_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

struct privdrop_user {
	uid_t uid;
	gid_t gid;
};

/* @name: of /etc/passwd, or a number. Returns 0 or a negative errno with @err set. */
int privdrop_find_user(const char *name, struct privdrop_user *user, struct err *err);

/*
 * Become @user when root, drop every capability, forbid new privileges, core
 * dumps, and all system calls but those that serving metrics takes. There is
 * no way back. For a process of one thread. Returns 0 or a negative errno with @err set.
 */
int privdrop_apply(const struct privdrop_user *user, struct err *err);

#endif
