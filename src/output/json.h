/* SPDX-License-Identifier: GPL-2.0-only */
/* The NDJSON objects of the contract: one line each, "v":1. The schema is in json_schema(). */
#ifndef OUTPUT_JSON_H
#define OUTPUT_JSON_H

#include <stdint.h>

#include "ledger/stall.h"
#include "output/storm.h"

struct advice_host;
struct ndjson;
struct span;
struct str;
struct summary;

/* Append the line of a stall, or of a call that was none, with its newline. Returns 0 or -ENOMEM.
 */
int json_stall(struct str *out, const struct stall *stall, const char *backend,
	       const struct advice_host *host);

/* "vm": one was born, found or is gone. @event: "born", "found", "gone". */
/* Many calls of one kind, while they last or after. */
int json_storm(struct str *out, const struct storm *storm);

int json_vm(struct str *out, const struct vm *vm, const char *event, uint64_t ts_ns);

/* "lost": @cnt records at @where, so far. */
/* The start or the end of a VM is over. */
int json_span(struct str *out, const struct span *span);

int json_lost(struct str *out, const char *where, uint64_t cnt);

int json_summary(struct str *out, const struct summary *summary, const char *backend);

/* Its field "losses", each kind of loss by its name, into an object that is open. */
void json_put_losses(struct ndjson *json, const struct summary *summary);

/* The JSON schema of all of these. */
const char *json_schema(void);

#endif
