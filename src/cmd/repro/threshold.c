// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/threshold.h"

#include <inttypes.h>
#include <string.h>

#include "base/format.h"
#include "base/str.h"
#include "cmd/repro/call_log.h"

#define DURATION_LEN 24

static struct threshold_call *find(struct threshold *threshold, const char *name,
				   uint32_t occurrence)
{
	struct threshold_call *call = threshold->calls;

	for (uint32_t i = 0; i < threshold->calls_cnt; i++, call++)
		if (call->occurrence == occurrence && !strcmp(call->name, name))
			return call;
	if (threshold->calls_cnt == THRESHOLD_CALLS_MAX)
		return NULL;
	threshold->calls_cnt++;
	*call = (struct threshold_call){.name = name, .occurrence = occurrence};
	return call;
}

/* Which one of its name it is, in this life. */
static uint32_t occurrence_of(const struct call_log *log, size_t idx)
{
	const struct call_log_entry *entry = &log->entries[idx];
	uint32_t occurrence = 1;

	for (size_t i = 0; i < idx; i++)
		occurrence += log->entries[i].kind == CALL_LOG_CALL &&
			      log->entries[i].round == entry->round &&
			      !strcmp(log->entries[i].call.name, entry->call.name);
	return occurrence;
}

void threshold_add(struct threshold *threshold, const struct call_log *log)
{
	for (size_t i = 0; threshold->ns && i < log->cnt; i++) {
		const struct call *made = &log->entries[i].call;
		struct threshold_call *call;
		uint64_t ns;

		if (log->entries[i].kind != CALL_LOG_CALL || made->injected)
			continue;
		call = find(threshold, made->name, occurrence_of(log, i));
		if (!call) {
			threshold->unjudged++;
			continue;
		}
		ns = made->end_ns - made->begin_ns;
		call->cnt++;
		call->above += ns > threshold->ns;
		if (ns > call->max_ns)
			call->max_ns = ns;
	}
}

static bool is_above(const struct threshold_call *call)
{
	return call->above * 2 > call->cnt;
}

bool threshold_is_exceeded(const struct threshold *threshold)
{
	for (uint32_t i = 0; i < threshold->calls_cnt; i++)
		if (is_above(&threshold->calls[i]))
			return true;
	return false;
}

static void add_call(struct str *out, const struct threshold *threshold,
		     const struct threshold_call *call)
{
	char limit[DURATION_LEN], max[DURATION_LEN];

	str_addf(out, "%s %" PRIu32 ": %" PRIu64 " of %" PRIu64 " above %s, longest %s\n",
		 call->name, call->occurrence, call->above, call->cnt,
		 format_nsec(threshold->ns, limit, sizeof(limit)),
		 format_nsec(call->max_ns, max, sizeof(max)));
}

void threshold_tap(const struct threshold *threshold, const char *skip, struct str *out)
{
	str_adds(out, "TAP version 13\n");
	if (skip || !threshold->calls_cnt) {
		str_addf(out, "1..0 # SKIP %s\n", skip ? skip : "no call was made");
		return;
	}
	str_addf(out, "1..%" PRIu32 "\n", threshold->calls_cnt);
	for (uint32_t i = 0; i < threshold->calls_cnt; i++) {
		str_addf(out, "%sok %" PRIu32 " - ", is_above(&threshold->calls[i]) ? "not " : "",
			 i + 1);
		add_call(out, threshold, &threshold->calls[i]);
	}
	if (threshold->unjudged)
		str_addf(out, "# %" PRIu64 " call%s found no room: not judged\n",
			 threshold->unjudged, format_s(threshold->unjudged));
}

void threshold_text(const struct threshold *threshold, struct str *out)
{
	for (uint32_t i = 0; i < threshold->calls_cnt; i++) {
		if (!is_above(&threshold->calls[i]))
			continue;
		str_adds(out, "--- too long: ");
		add_call(out, threshold, &threshold->calls[i]);
	}
}
