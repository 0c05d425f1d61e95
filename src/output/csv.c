// SPDX-License-Identifier: GPL-2.0-only
#include "output/csv.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "ledger/ioctls.h"
#include "base/sanitize.h"
#include "ledger/stall.h"

/* It may be looked at in a terminal. */
void csv_add(struct str *out, bool is_first, const char *value)
{
	bool is_quoted = value[strcspn(value, ",\"\r\n")];
	const char *clean;

	if (!is_first)
		str_addc(out, ',');
	if (is_quoted)
		str_addc(out, '"');
	for (size_t len; *value; value += len) {
		clean = sanitize_next(value, &len);
		if (*clean == '"')
			str_addc(out, '"');
		str_addn(out, clean, len);
	}
	if (is_quoted)
		str_addc(out, '"');
}

void csv_stall_header(struct str *out)
{
	str_adds(out,
		 "ts_ns,vm_id,vm_pid,vm_comm,vm_name,tid,comm,call,args,ret,latency_ns,stall_ns,"
		 "cause,culprit_kind,culprit_function,culprit_call,culprit_comm,culprit_tid,"
		 "without_ns,phase,stuck,complete,inferred\n");
}

static void add_text(struct str *out, const char *text)
{
	csv_add(out, false, text ? text : "");
}

static void add_vm(struct str *out, const struct vm *vm)
{
	if (!vm) {
		str_adds(out, ",,,,");
		return;
	}
	str_addf(out, ",%" PRIu32 ",%" PRIu32, vm->id, vm->tgid);
	add_text(out, vm->comm);
	add_text(out, vm->name);
}

static void add_culprit(struct str *out, const struct culprit *culprit)
{
	if (!culprit->is_known) {
		str_adds(out, ",,,,,");
		return;
	}
	add_text(out, culprit_kind_name(culprit->kind));
	add_text(out, culprit->func);
	add_text(out, call_name(culprit->call));
	add_text(out, culprit->comm);
	str_addf(out, ",%" PRIu32, culprit->tid);
}

static void add_number(struct str *out, bool is_known, uint64_t value)
{
	if (is_known)
		str_addf(out, "%" PRIu64, value);
}

void csv_stall(struct str *out, const struct stall *stall)
{
	char args[128];

	add_number(out, !stall->is_undated, stall->begin_ns);
	add_vm(out, stall->vm);
	str_addf(out, ",%" PRIu32, stall->rec->head.tid);
	add_text(out, stall->rec->comm);
	add_text(out, call_name(stall->call));
	add_text(out, ioctl_format_args(stall->rec, args, sizeof(args)));
	if (stall->is_stuck)
		str_addc(out, ',');
	else
		str_addf(out, ",%" PRId64, (int64_t)stall->rec->ret);
	str_addc(out, ',');
	add_number(out, !stall->is_ageless, stall->latency_ns);
	str_addc(out, ',');
	add_number(out, !stall->is_ageless, stall->stall_ns);
	add_text(out, cause_name(stall->cause));
	add_culprit(out, &stall->culprit);
	str_addc(out, ',');
	add_number(out, !stall->is_ageless, stall->without_ns);
	str_addf(out, ",%s,%d,%d,%d\n", phase_name(stall->phase), stall->is_stuck,
		 stall->is_complete, stall->is_inferred);
}
