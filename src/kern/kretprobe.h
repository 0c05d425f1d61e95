/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kretprobes with room for many returns in flight: what perf_event_open() and libbpf make has room
 * for twice the CPUs (6.1 without preemption: once), and functions that sleep use that up at once.
 * Only tracefs takes a number, so an event of ours is there while it is attached.
 */
#ifndef KERN_KRETPROBE_H
#define KERN_KRETPROBE_H

#include <stdbool.h>

struct bpf_link;
struct bpf_program;

/* Is it attached to the return of a function? */
bool kretprobe_is(const struct bpf_program *prog);

/* NULL with errno where there is no tracefs: bpf_program__attach() does as well, with less room. */
struct bpf_link *kretprobe_attach(const struct bpf_program *prog);

/* After the link is gone. */
void kretprobe_remove(const struct bpf_program *prog);

/* Remove the events of instances that were killed. */
void kretprobe_sweep(void);

#endif
