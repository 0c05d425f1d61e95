/* SPDX-License-Identifier: GPL-2.0-only */
/* An ioctl as logs print it: which one it is, and its arguments. */
#ifndef IMPORT_IOCTL_TEXT_H
#define IMPORT_IOCTL_TEXT_H

#include <stdbool.h>

#include "import/syscall_line.h"
#include "ledger/ioctls.h"

/* The kinds of file that a watched ioctl is made on, the likeliest first; KS_KIND_NONE: none. */
enum ks_call_kind ioctl_text_kind(enum call_id id);

/*
 * Which call "KVM_CREATE_VCPU", "0xae41", "0xae41 ..." or "_IOC(_IOC_NONE, 0xae, 0x41, 0)" is: its
 * direction, type, number and size are compared. CALL_IOCTL: one of KVM's that has no name here;
 * CALL_NONE: none of KVM's.
 */
enum call_id ioctl_text_id(const struct word *request);

/* Set @rec's arguments from @text, all that the ioctl has or none: what was not printed must not
 * look like 0. @rec->kind and ->cmd are set. */
void ioctl_text_args(struct ks_call *rec, const char *text);

/* The number of a watched ioctl, for struct ks_call's cmd; 0: it is not watched. */
uint32_t ioctl_text_cmd(enum call_id id);

#endif
