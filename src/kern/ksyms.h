/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * This kernel's functions, from /proc/kallsyms. To write it is 35 ms of the kernel's time, so it is
 * read once for all that it can say.
 */
#ifndef KERN_KSYMS_H
#define KERN_KSYMS_H

struct err;
struct host;
struct symbols;

/*
 * Read them all, sorted, and fill in what names alone say of @host: .kvm, .has_addresses,
 * .has_call_expedited and .has_first_run, also when it fails. NULL with @err set when they cannot
 * be read, or addresses are hidden. To be freed by symbols_free().
 */
struct symbols *ksyms_load(struct host *host, struct err *err);

/*
 * Only functions of modules that are not of the kernel's tree (/sys/module/NAME/taint has an "O"):
 * their names are somebody's. Sorted; NULL with @err set: as ksyms_load(). To be freed by
 * symbols_free().
 */
struct symbols *ksyms_load_foreign(struct err *err);

/* Only what they say of @host. What cannot be read is not known. */
void ksyms_fill_host(struct host *host);

#endif
