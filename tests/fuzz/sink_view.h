/* SPDX-License-Identifier: GPL-2.0-only */
/* The screens' part of the sink: what top would do. They abort() when something fails. */
#ifndef SINK_VIEW_H
#define SINK_VIEW_H

#include <stddef.h>

struct capture_head;
struct sink_view;
struct stall;
struct symbols;
struct vm;

struct sink_view *sink_view_new(void);

void sink_view_head(struct sink_view *sink, const struct capture_head *head);
void sink_view_record(struct sink_view *sink, const void *record, size_t size,
		      const struct symbols *syms);
void sink_view_stall(struct sink_view *sink, const struct stall *stall);
void sink_view_asleep(struct sink_view *sink, const struct stall *stall);
void sink_view_vm_new(struct sink_view *sink, const struct vm *vm);
void sink_view_vm_gone(struct sink_view *sink, const struct vm *vm);

/* While VMs are there: screens of all kinds. Frees @sink. */
void sink_view_end(struct sink_view *sink);

#endif
