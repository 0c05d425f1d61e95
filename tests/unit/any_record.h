/* SPDX-License-Identifier: GPL-2.0-only */
/* Room for a record of any type, for what makes them without a kernel: unit tests and benchmarks.
 */
#ifndef ANY_RECORD_H
#define ANY_RECORD_H

#include <kvmstall/records.h>

union any_record {
	struct ks_head head;
	struct ks_vm vm;
	struct ks_call call;
	struct ks_sleep sleep;
	struct ks_start start;
	struct ks_step step;
	struct ks_cb cb;
	struct ks_lock lock;
	struct ks_task task;
	struct ks_cpu cpu;
	struct ks_rcu rcu;
	struct ks_readers readers;
	struct ks_timer timer;
};

#endif
