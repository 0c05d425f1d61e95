/* SPDX-License-Identifier: GPL-2.0-only */
/* What the file descriptors of a log's processes are, as far as it shows that: who made them, and
 * what strace -y says of them, which is believed. */
#ifndef IMPORT_DESCRIPTORS_H
#define IMPORT_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "import/syscall_line.h"

enum fd_kind {
	FD_UNKNOWN,
	FD_DEV, /* /dev/kvm */
	FD_VM,
	FD_VCPU,
	FD_DEVICE,  /* made by KVM_CREATE_DEVICE, or another that belongs to a VM */
	FD_FOREIGN, /* none of KVM's */
};

struct descriptor {
	enum fd_kind kind;
	uint32_t vm_id; /* 0: not known */
};

struct descriptors {
	struct map map; /* (process, fd) -> struct descriptor */
};

void descriptors_fini(struct descriptors *fds);

/* What strace -y calls it; FD_UNKNOWN without a path. */
enum fd_kind descriptor_kind(const struct word *path);

/* NULL: nothing is known of it. */
struct descriptor *descriptors_find(const struct descriptors *fds, uint32_t tgid, uint32_t fd);

/* From now on it is this. 0 or -ENOMEM; beyond a bound nothing is kept. */
int descriptors_set(struct descriptors *fds, uint32_t tgid, uint32_t fd, enum fd_kind kind,
		    uint32_t vm_id);

void descriptors_close(struct descriptors *fds, uint32_t tgid, uint32_t fd);
void descriptors_close_range(struct descriptors *fds, uint32_t tgid, uint32_t first, uint32_t last);

/*
 * Is there another descriptor of VM @vm_id than (@tgid, @fd)? Then whose it is, and which: one of
 * the process @of_tgid if there is one.
 */
bool descriptors_other(const struct descriptors *fds, uint32_t vm_id, uint32_t tgid, uint32_t fd,
		       uint32_t *of_tgid, uint32_t *other);

#endif
