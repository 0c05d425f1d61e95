// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/results.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "cmd/repro/call_log.h"
#include "cmd/repro/profile.h"

#define JSON_MAJOR 1

/* ENOTSUPP (524), for one, is the kernel's own. */
static const char *errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "E?";
}

/* The VMMs share one stdout: a batch of lines is written under the lock. */
static int write_out(const struct results *report, const char *text, size_t size, struct err *err)
{
	int ret = 0;

	if (report->lock_fd >= 0 && lockf(report->lock_fd, F_LOCK, 0))
		return err_set(err, -errno, "cannot lock stdout: %s", strerror(errno));
	fwrite(text, 1, size, stdout);
	if (fflush(stdout))
		ret = err_set(err, -errno, "cannot write to stdout: %s", strerror(errno));
	if (report->lock_fd >= 0 && lockf(report->lock_fd, F_ULOCK, 0) && !ret)
		ret = err_set(err, -errno, "cannot unlock stdout: %s", strerror(errno));
	return ret;
}

static void put_time(const struct results *report, uint64_t ns, FILE *out)
{
	if (report->want_time)
		fprintf(out, "%" PRIu64 ".%06" PRIu64 " ", ns / 1000000000, ns % 1000000000 / 1000);
}

static void put_prefix(const struct results *report, const struct call_log *log,
		       const struct call_log_entry *entry, FILE *out)
{
	if (report->want_tid || entry->tid != log->pid)
		fprintf(out, "[pid %d] ", entry->tid);
	put_time(report, entry->ts_ns, out);
}

static void put_call(const struct call *call, FILE *out)
{
	uint64_t us = (call->end_ns - call->begin_ns) / 1000;
	const struct call_log_arg *arg;

	/* close and exit are no ioctls: written as the functions that they are */
	if (strncmp(call->name, "KVM_", 4)) {
		fprintf(out, "%s(%s)", call->name, !strcmp(call->name, "close") ? "vm" : "");
	} else {
		fputs(call->name, out);
		for (arg = call->args; arg->key; arg++)
			fprintf(out, arg->is_hex ? " %s=0x%" PRIx64 : " %s=%" PRIu64, arg->key,
				arg->value);
	}
	if (call->ret < 0)
		fprintf(out, " = -1 %s (%s)", errno_name((int)-call->ret),
			strerror((int)-call->ret));
	else
		fprintf(out, " = %ld", call->ret);
	fprintf(out, " <%" PRIu64 ".%06" PRIu64 ">", us / 1000000, us % 1000000);
	if (call->injected)
		fprintf(out, " (injected: %s)", call->injected);
	fputc('\n', out);
}

static void put_injection(const struct injection *injection, FILE *out)
{
	uint64_t begin = injection->begin_ns / 1000, end = injection->end_ns / 1000;

	fprintf(out,
		"--- inject %s: %" PRIu64 ".%06" PRIu64 " to %" PRIu64 ".%06" PRIu64 " (%" PRIu64
		".%03" PRIu64 "ms), tid %d, victim %d: %s ---\n",
		injection->name, begin / 1000000, begin % 1000000, end / 1000000, end % 1000000,
		(end - begin) / 1000, (end - begin) % 1000, injection->tid, injection->victim_tid,
		injection->detail);
}

static void put_skip(const struct skip *skip, FILE *out)
{
	fprintf(out, "--- %s skipped: %s", skip->name, skip->call ? skip->call : skip->reason);
	if (skip->call)
		fprintf(out, ": %s (%s)", errno_name(skip->err), strerror(skip->err));
	fputs(" ---\n", out);
}

static void put_text(const struct results *report, const struct call_log *log, FILE *out)
{
	const struct call_log_entry *entry;
	size_t i;

	for (i = 0; i < log->cnt; i++) {
		entry = &log->entries[i];
		put_prefix(report, log, entry, out);
		if (entry->kind == CALL_LOG_CALL)
			put_call(&entry->call, out);
		else if (entry->kind == CALL_LOG_INJECTION)
			put_injection(&entry->injection, out);
		else
			put_skip(&entry->skip, out);
	}
}

static json_t *json_head(const char *type, uint64_t ts_ns)
{
	return json_pack("{s:s, s:i, s:I}", "type", type, "v", JSON_MAJOR, "ts_ns",
			 (json_int_t)ts_ns);
}

static void json_add_call(json_t *line, const struct call *call)
{
	const struct call_log_arg *arg;
	json_t *args = json_object();

	for (arg = call->args; arg->key; arg++)
		json_object_set_new(args, arg->key, json_integer((json_int_t)arg->value));
	json_object_set_new(line, "call", json_string(call->name));
	json_object_set_new(line, "args", args);
	json_object_set_new(line, "ret", json_integer(call->ret));
	if (call->ret < 0)
		json_object_set_new(line, "errno", json_string(errno_name((int)-call->ret)));
	json_object_set_new(line, "latency_ns",
			    json_integer((json_int_t)(call->end_ns - call->begin_ns)));
	json_object_set_new(line, "injected",
			    call->injected ? json_string(call->injected) : json_null());
}

static void json_add_injection(json_t *line, const struct injection *injection)
{
	json_object_set_new(line, "injected", json_string(injection->name));
	json_object_set_new(line, "expects", json_string(injection->expects));
	json_object_set_new(line, "began_ns", json_integer((json_int_t)injection->begin_ns));
	json_object_set_new(line, "ended_ns", json_integer((json_int_t)injection->end_ns));
	json_object_set_new(line, "victim_tid", json_integer(injection->victim_tid));
	json_object_set_new(line, "detail", json_string(injection->detail));
}

static void json_add_skip(json_t *line, const struct skip *skip)
{
	json_object_set_new(line, "name", json_string(skip->name));
	json_object_set_new(line, "call", skip->call ? json_string(skip->call) : json_null());
	json_object_set_new(line, "errno",
			    skip->err ? json_string(errno_name(skip->err)) : json_null());
	json_object_set_new(line, "reason", json_string(skip->reason));
}

static void put_line(json_t *line, FILE *out)
{
	json_dumpf(line, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(line);
}

static void put_json(const struct call_log *log, FILE *out)
{
	static const char *const types[] = {
		[CALL_LOG_CALL] = "call",
		[CALL_LOG_INJECTION] = "inject",
		[CALL_LOG_SKIP] = "skip",
	};
	const struct call_log_entry *entry;
	json_t *line;
	size_t i;

	for (i = 0; i < log->cnt; i++) {
		entry = &log->entries[i];
		line = json_head(types[entry->kind], entry->ts_ns);
		json_object_set_new(line, "profile", json_string(log->profile));
		json_object_set_new(line, "pid", json_integer(log->pid));
		json_object_set_new(line, "tid", json_integer(entry->tid));
		json_object_set_new(line, "round", json_integer(entry->round));
		json_object_set_new(line, "vm", json_integer(log->vm));
		if (entry->kind == CALL_LOG_CALL)
			json_add_call(line, &entry->call);
		else if (entry->kind == CALL_LOG_INJECTION)
			json_add_injection(line, &entry->injection);
		else
			json_add_skip(line, &entry->skip);
		put_line(line, out);
	}
}

int results_print(const struct results *report, const struct call_log *log, struct err *err)
{
	_free_ char *text = NULL;
	size_t size = 0;
	FILE *out;

	if (log->lost)
		return err_set(err, -ENOMEM, "out of memory: %zu calls not written down",
			       log->lost);
	out = open_memstream(&text, &size);
	if (!out)
		return err_set(err, -ENOMEM, "out of memory");
	if (report->is_json)
		put_json(log, out);
	else
		put_text(report, log, out);
	if (fclose(out))
		return err_set(err, -ENOMEM, "out of memory");
	return write_out(report, text, size, err);
}

int results_title(const struct results *report, const char *scenario, struct err *err)
{
	if (!report->is_json)
		printf("--- scenario %s ---\n", scenario);
	return write_out(report, "", 0, err);
}

static void put_sums(const char *profile, const struct results_sums *sums)
{
	printf("--- %s: rounds %" PRIu32 ", VMs %" PRIu32 ", calls %" PRIu64 ", refused %" PRIu64,
	       profile, sums->rounds, sums->vms, sums->calls, sums->refused);
	if (sums->injections)
		printf(", injections %" PRIu64, sums->injections);
	if (sums->skipped)
		printf(", skipped %" PRIu64, sums->skipped);
	fputs(" ---\n", stdout);
}

int results_sums(const struct results *report, const char *profile, const struct results_sums *sums,
		 struct err *err)
{
	json_t *line;

	if (!report->is_json) {
		put_sums(profile, sums);
		return write_out(report, "", 0, err);
	}
	line = json_head("summary", clock_now_ns());
	json_object_set_new(line, "profile", json_string(profile));
	json_object_set_new(line, "calls", json_integer((json_int_t)sums->calls));
	json_object_set_new(line, "rounds", json_integer(sums->rounds));
	json_object_set_new(line, "vms", json_integer(sums->vms));
	json_object_set_new(line, "refused", json_integer((json_int_t)sums->refused));
	json_object_set_new(line, "injections", json_integer((json_int_t)sums->injections));
	json_object_set_new(line, "skipped", json_integer((json_int_t)sums->skipped));
	put_line(line, stdout);
	return write_out(report, "", 0, err);
}

static void put_scenario(const struct results *report, const struct profile *profile)
{
	bool is_here = profile->steps != NULL;
	json_t *line;

	if (!report->is_json) {
		printf("%-18s %s\n%-18s expect %s%s\n", profile->name, profile->reaches, "",
		       profile->expects, is_here ? "" : " (not on this architecture)");
		return;
	}
	line = json_pack("{s:s, s:i, s:s, s:s, s:s, s:b}", "type", "scenario", "v", JSON_MAJOR,
			 "name", profile->name, "reaches", profile->reaches, "expects",
			 profile->expects, "available", is_here);
	put_line(line, stdout);
}

int results_list(const struct results *report, const struct profile *list, struct err *err)
{
	const struct profile *profile;

	for (profile = list; profile->name; profile++)
		put_scenario(report, profile);
	return write_out(report, "", 0, err);
}
