// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/results.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/format.h"
#include "base/str.h"
#include "cmd/outfile.h"
#include "cmd/repro/call_log.h"
#include "cmd/repro/profile.h"
#include "output/ndjson.h"

/* ENOTSUPP (524), for one, is the kernel's own. */
static const char *errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "E?";
}

/* ---- lines ---- */

static void put_time(const struct results *report, uint64_t ns, struct str *out)
{
	if (report->want_time)
		str_addf(out, "%" PRIu64 ".%06" PRIu64 " ", ns / 1000000000,
			 ns % 1000000000 / 1000);
}

static void put_prefix(const struct results *report, const struct call_log *log,
		       const struct call_log_entry *entry, struct str *out)
{
	if (report->want_tid || entry->tid != log->pid)
		str_addf(out, "[pid %d] ", entry->tid);
	put_time(report, entry->ts_ns, out);
}

static void put_call(const struct call *call, struct str *out)
{
	uint64_t us = (call->end_ns - call->begin_ns) / 1000;
	const struct call_log_arg *arg;

	/* close and exit are no ioctls: written as the functions that they are */
	if (call->what == CALL_IS_CLOSE_DEVICE) {
		str_adds(out, "close(device)");
	} else if (call->what != CALL_IS_IOCTL) {
		str_addf(out, "%s(%s)", call->name, call->what == CALL_IS_CLOSE ? "vm" : "");
	} else {
		str_adds(out, call->name);
		for (arg = call->args; arg->key; arg++)
			str_addf(out, arg->is_hex ? " %s=0x%" PRIx64 : " %s=%" PRIu64, arg->key,
				 arg->value);
	}
	if (call->ret < 0)
		str_addf(out, " = -1 %s (%s)", errno_name((int)-call->ret),
			 strerror((int)-call->ret));
	else
		str_addf(out, " = %ld", call->ret);
	str_addf(out, " <%" PRIu64 ".%06" PRIu64 ">", us / 1000000, us % 1000000);
	if (call->injected)
		str_addf(out, " (injected: %s)", call->injected);
	str_addc(out, '\n');
}

static void put_injection(const struct injection *injection, struct str *out)
{
	uint64_t begin = injection->begin_ns / 1000, end = injection->end_ns / 1000;

	str_addf(out,
		 "--- inject %s: %" PRIu64 ".%06" PRIu64 " to %" PRIu64 ".%06" PRIu64 " (%" PRIu64
		 ".%03" PRIu64 "ms), tid %d, victim %d: %s ---\n",
		 injection->name, begin / 1000000, begin % 1000000, end / 1000000, end % 1000000,
		 (end - begin) / 1000, (end - begin) % 1000, injection->tid, injection->victim_tid,
		 injection->detail);
}

static void put_skip(const struct skip *skip, struct str *out)
{
	str_addf(out, "--- %s skipped: %s", skip->name, skip->call ? skip->call : skip->reason);
	if (skip->call)
		str_addf(out, ": %s (%s)", errno_name(skip->err), strerror(skip->err));
	str_adds(out, " ---\n");
}

static void put_text(const struct results *report, const struct call_log *log,
		     const struct call_log_entry *entry, struct str *out)
{
	put_prefix(report, log, entry, out);
	if (entry->kind == CALL_LOG_CALL)
		put_call(&entry->call, out);
	else if (entry->kind == CALL_LOG_INJECTION)
		put_injection(&entry->injection, out);
	else
		put_skip(&entry->skip, out);
}

static void json_head(struct ndjson *json, struct str *out, const char *type, uint64_t ts_ns)
{
	ndjson_begin(json, out, type);
	ndjson_int(json, "ts_ns", ts_ns);
}

static void json_add_call(struct ndjson *json, const struct call *call)
{
	const struct call_log_arg *arg;

	ndjson_text(json, "call", call->name);
	ndjson_object(json, "args");
	for (arg = call->args; arg->key; arg++)
		ndjson_int(json, arg->key, arg->value);
	ndjson_end_object(json);
	ndjson_int(json, "ret", call->ret);
	if (call->ret < 0)
		ndjson_text(json, "errno", errno_name((int)-call->ret));
	ndjson_int(json, "latency_ns", call->end_ns - call->begin_ns);
	ndjson_text(json, "injected", call->injected);
}

static void json_add_injection(struct ndjson *json, const struct injection *injection)
{
	ndjson_text(json, "injected", injection->name);
	ndjson_text(json, "expects", injection->expects);
	ndjson_int(json, "began_ns", injection->begin_ns);
	ndjson_int(json, "ended_ns", injection->end_ns);
	ndjson_int(json, "victim_tid", injection->victim_tid);
	ndjson_text(json, "detail", injection->detail);
}

static void json_add_skip(struct ndjson *json, const struct skip *skip)
{
	ndjson_text(json, "name", skip->name);
	ndjson_text(json, "call", skip->call);
	ndjson_text(json, "errno", skip->err ? errno_name(skip->err) : NULL);
	ndjson_text(json, "reason", skip->reason);
}

static void put_json(const struct call_log *log, const struct call_log_entry *entry,
		     struct str *out)
{
	static const char *const types[] = {
		[CALL_LOG_CALL] = "call",
		[CALL_LOG_INJECTION] = "inject",
		[CALL_LOG_SKIP] = "skip",
	};
	struct ndjson json;

	json_head(&json, out, types[entry->kind], entry->ts_ns);
	ndjson_text(&json, "profile", log->profile);
	ndjson_int(&json, "pid", log->pid);
	ndjson_int(&json, "tid", entry->tid);
	ndjson_int(&json, "round", entry->round);
	ndjson_int(&json, "vm", log->vm);
	if (entry->kind == CALL_LOG_CALL)
		json_add_call(&json, &entry->call);
	else if (entry->kind == CALL_LOG_INJECTION)
		json_add_injection(&json, &entry->injection);
	else
		json_add_skip(&json, &entry->skip);
	ndjson_finish_line(&json); /* put_piece() asks .out whether that was all */
}

/* ---- out ---- */

/* One piece of output, of whole lines: nothing of others gets between them. */
static int put_piece(struct outfile *out, struct str *text, struct err *err)
{
	int ret = str_failed(text) ? err_set(err, -ENOMEM, "out of memory") : 0;

	if (!ret)
		outfile_put_lines(out, text->text, text->len);
	str_reset(text);
	return ret;
}

static int put_entries(const struct results *report, const struct call_log *log,
		       struct outfile *out, struct err *err)
{
	struct str text;
	int ret = 0;

	str_init(&text);
	for (size_t i = 0; !ret && i < log->cnt; i++) {
		if (report->is_json)
			put_json(log, &log->entries[i], &text);
		else
			put_text(report, log, &log->entries[i], &text);
		ret = put_piece(out, &text, err);
	}
	str_fini(&text);
	return ret;
}

/* The VMMs share one stdout: what one of them says stays together. */
static int lock(const struct results *report, int command, struct err *err)
{
	if (report->lock_fd < 0 || !lockf(report->lock_fd, command, 0))
		return 0;
	return err_set(err, -errno, "cannot lock standard output: %s", strerror(errno));
}

int results_print(const struct results *report, const struct call_log *log,
		  struct threshold *threshold, struct err *err)
{
	struct outfile out = {.fd = -1};
	int ret, closed, unlocked;

	if (log->lost)
		return err_set(err, -ENOMEM, "out of memory: %zu call%s not written down",
			       log->lost, format_s(log->lost));
	ret = outfile_open(&out, NULL, err);
	if (!ret)
		ret = lock(report, F_LOCK, err);
	if (ret)
		return ret;
	if (threshold)
		threshold_add(threshold, log);
	ret = report->is_tap ? 0 : put_entries(report, log, &out, err);
	closed = outfile_close(&out, err);
	unlocked = lock(report, F_ULOCK, err);
	if (out.failed && !closed)
		closed = err_set(err, out.failed, "nobody reads standard output");
	return ret ? ret : closed ? closed : unlocked;
}

/* A line of its own, while no VMM runs. */
static int print_text(struct str *text, struct err *err)
{
	struct outfile out = {.fd = -1};
	int ret = outfile_open(&out, NULL, err), closed;

	if (ret)
		return ret;
	ret = put_piece(&out, text, err);
	closed = outfile_close(&out, err);
	return ret ? ret : closed;
}

int results_title(const struct results *report, const char *scenario, struct err *err)
{
	struct str text;
	int ret;

	if (report->is_json || report->is_tap)
		return 0;
	str_init(&text);
	str_addf(&text, "--- scenario %s ---\n", scenario);
	ret = print_text(&text, err);
	str_fini(&text);
	return ret;
}

static void put_sums_text(const char *profile, const struct results_sums *sums, struct str *out)
{
	str_addf(out,
		 "--- %s: rounds %" PRIu32 ", VMs %" PRIu32 ", calls %" PRIu64 ", refused %" PRIu64,
		 profile, sums->rounds, sums->vms, sums->calls, sums->refused);
	if (sums->injections)
		str_addf(out, ", injections %" PRIu64, sums->injections);
	if (sums->skipped)
		str_addf(out, ", skipped %" PRIu64, sums->skipped);
	str_adds(out, " ---\n");
}

static void put_sums_json(const char *profile, const struct results_sums *sums, struct str *out)
{
	struct ndjson json;

	json_head(&json, out, "summary", clock_now_ns());
	ndjson_text(&json, "profile", profile);
	ndjson_int(&json, "calls", sums->calls);
	ndjson_int(&json, "rounds", sums->rounds);
	ndjson_int(&json, "vms", sums->vms);
	ndjson_int(&json, "refused", sums->refused);
	ndjson_int(&json, "injections", sums->injections);
	ndjson_int(&json, "skipped", sums->skipped);
	ndjson_finish_line(&json);
}

int results_sums(const struct results *report, const char *profile, const struct results_sums *sums,
		 struct err *err)
{
	struct str text;
	int ret;

	str_init(&text);
	if (report->is_tap)
		threshold_tap(&sums->threshold, NULL, &text);
	else if (report->is_json)
		put_sums_json(profile, sums, &text);
	else
		put_sums_text(profile, sums, &text);
	if (!report->is_tap && !report->is_json)
		threshold_text(&sums->threshold, &text);
	ret = print_text(&text, err);
	str_fini(&text);
	return ret;
}

int results_skip(const struct results *report, const char *why, struct err *err)
{
	const struct threshold nothing = {.ns = 0};
	struct str text;
	int ret;

	(void)report;
	str_init(&text);
	threshold_tap(&nothing, why, &text);
	ret = print_text(&text, err);
	str_fini(&text);
	return ret;
}

static void put_scenario(const struct results *report, const struct profile *profile,
			 struct str *out)
{
	bool is_here = profile_is_here(profile);
	struct ndjson json;

	if (!report->is_json) {
		str_addf(out, "%-18s %s\n%-18s expect %s%s\n", profile->name, profile->reaches, "",
			 profile->expects, is_here ? "" : " (not on this architecture)");
		return;
	}
	ndjson_begin(&json, out, "scenario");
	ndjson_text(&json, "name", profile->name);
	ndjson_text(&json, "reaches", profile->reaches);
	ndjson_text(&json, "expects", profile->expects);
	ndjson_bool(&json, "available", is_here);
	ndjson_finish_line(&json);
}

int results_list(const struct results *report, const struct profile *list, struct err *err)
{
	const struct profile *profile;
	struct str text;
	int ret;

	str_init(&text);
	for (profile = list; profile->name; profile++)
		put_scenario(report, profile, &text);
	ret = print_text(&text, err);
	str_fini(&text);
	return ret;
}
