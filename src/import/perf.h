/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What perf script prints of probes on KVM's functions and their returns, with stacks or without:
 *
 *     firecracker 19916 [033] 404.518462: probe:kvm_io_bus_register_dev: (ffff80008005f0e8)
 */
#ifndef IMPORT_PERF_H
#define IMPORT_PERF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

struct log;
struct perf;

/* The head of an event; strings point into the line. */
struct perf_line {
	char comm[KS_COMM_LEN];
	uint32_t pid; /* 0: only the thread is known */
	uint32_t tid;
	uint64_t ts_ns;
	const char *func; /* "kvm_io_bus_register_dev" */
	size_t func_len;
	bool is_return;
};

/* False: not such an event. @text ends with a NUL. */
bool perf_parse(const char *text, struct perf_line *line);

/* "ffffffff81234986 kvm_swap_active_memslots+0x136 ([kernel.kallsyms])": the name and its length.
 */
const char *perf_parse_frame(const char *text, size_t *len);

/* The calls of a log, line by line. */
struct perf *perf_new(struct log *log);
void perf_free(struct perf *perf);

/* 0: taken, or not of interest; -ENOMEM. */
int perf_take(struct perf *perf, const char *text);

/* Functions that were entered, and never seen to return. */
uint64_t perf_untimed(const struct perf *perf);

#endif
