/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the set-up of one VM stalled, all its calls together: one observation a VM, when its set-up
 * is over. That is when a call says that vCPU 0 has run or that the VM is being closed, when the VM
 * is gone, or at the latest half a minute after its birth, since running makes no records. VMs that
 * were found have a past that is not known, and are not counted.
 */
#ifndef METRICS_SETUPS_H
#define METRICS_SETUPS_H

#include <stdbool.h>
#include <stdint.h>

struct metrics;
struct stall;
struct vm;

void setups_born(struct metrics *metrics, const struct vm *vm);

/* @counts: it was long enough for kvmstall_stalls_total. */
void setups_stall(struct metrics *metrics, const struct stall *stall, bool counts);

/* Its start is over, or before the VM is forgotten. */
void setups_over(struct metrics *metrics, const struct vm *vm);

/* End what is old enough at @now_ns (CLOCK_MONOTONIC), and find out when the next one will be. */
void setups_judge(struct metrics *metrics, uint64_t now_ns);

#endif
