/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's structures say of a hang (bpf/dump.bpf.c): loaded beforehand, since it takes
 * privileges, and read when there is one, which takes none.
 */
#ifndef KERN_HANG_READER_H
#define KERN_HANG_READER_H

#include <stdbool.h>
#include <stdint.h>

#include <kvmstall/hang_records.h>

struct err;
struct hang_reader;

/* NULL with @err set: this kernel cannot. */
struct hang_reader *hang_reader_new(struct err *err);
void hang_reader_free(struct hang_reader *reader);

/* hang_reader_tasks() has this task as well, whatever it does; more than KS_DUMP_WANTED are left
 * out, and 0 is none. */
void hang_reader_want(struct hang_reader *reader, uint32_t tid);

/* Each task in uninterruptible sleep, each worker and those that are wanted, until @fn returns
 * other than 0. Returns that, or a negative errno. Nobody is wanted afterwards. */
int hang_reader_tasks(struct hang_reader *reader,
		      int (*fn)(void *ctx, const struct ks_dump_task *task), void *ctx);

/* Each task that waits for a page of userfaultfd, with each process that could serve it: as
 * hang_reader_tasks(). */
int hang_reader_faults(struct hang_reader *reader,
		       int (*fn)(void *ctx, const struct ks_dump_fault *fault), void *ctx);

/* Fill in all but what each is asked by. False: it cannot be read. */
bool hang_reader_domain(struct hang_reader *reader, struct ks_dump_domain *domain);
bool hang_reader_pool(struct hang_reader *reader, struct ks_dump_pool *pool);
bool hang_reader_vm(struct hang_reader *reader, struct ks_dump_vm *vm);

/*
 * CLOCK_MONOTONIC, jiffies, and the same moment in sched_clock(), which is dmesg's: within the time
 * that it takes to be put on a CPU, the least of some tries. *@dmesg_ns 0: not known.
 */
bool hang_reader_clock(struct hang_reader *reader, uint64_t *now_ns, uint64_t *dmesg_ns,
		       uint64_t *jiffies);

/* /proc/sys/kernel/tainted. False: cannot be read. */
bool hang_reader_taint(uint64_t *taint);

#endif
