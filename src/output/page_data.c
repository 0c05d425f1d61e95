// SPDX-License-Identifier: GPL-2.0-only
#include "output/page_data.h"

#include <inttypes.h>

#include "base/format.h"
#include "output/advice.h"
#include "output/gp_timeline.h"
#include "output/ndjson.h"
#include "output/summary.h"

const char *page_string_at(const struct page *page, size_t at)
{
	return page->texts.text + page->strings[at].text_off;
}

static enum ks_cause top_cause(const struct summary *summary)
{
	enum ks_cause top = KS_CAUSE_RUN;

	for (int i = 0; i < KS_CAUSE_CNT; i++)
		if (i != KS_CAUSE_RUN &&
		    (top == KS_CAUSE_RUN || summary->by_cause[i] > summary->by_cause[top]))
			top = i;
	return top;
}

/* NULL: nobody is. */
static const char *top_culprit(const struct page *page)
{
	uint64_t most_ns = 0;
	size_t top = 0;

	for (size_t i = 1; i <= page->strings_cnt; i++)
		if (page->strings[i].lost_ns > most_ns) {
			most_ns = page->strings[i].lost_ns;
			top = i;
		}
	return top ? page_string_at(page, top) : NULL;
}

void page_add_verdict(struct str *out, const struct page *page, const struct summary *summary)
{
	const char *culprit = top_culprit(page);
	enum ks_cause cause = top_cause(summary);
	uint64_t lost_ns = summary->latency_ns - summary->by_cause[KS_CAUSE_RUN];
	char ns[24], min[24];

	format_nsec(page->cfg.host.min_ns, min, sizeof(min));
	if (!summary->stalls) {
		str_addf(out,
			 "No call was stalled for %s or longer: %" PRIu64 " call%s of %" PRIu64
			 " VM%s.",
			 min, summary->calls, format_s(summary->calls), summary->vms,
			 format_s(summary->vms));
		return;
	}
	str_addf(out,
		 "%" PRIu64 " of %" PRIu64 " calls were stalled for %s or longer, in %" PRIu64
		 " VM%s: %s lost",
		 summary->stalls, summary->calls, min, summary->vms, format_s(summary->vms),
		 format_nsec(lost_ns, ns, sizeof(ns)));
	if (lost_ns)
		str_addf(out, ", %.0f %% of it to %s", 100.0 * summary->by_cause[cause] / lost_ns,
			 cause_name(cause));
	if (culprit)
		str_addf(out, "; most because of %s", culprit);
	str_addf(out, "%s.", summary->is_log ? " (inferred from a log)" : "");
}

static void put_values(struct str *out, const char *name, const struct value_list *values)
{
	str_addf(out, ",\"%s\":[", name);
	str_addn(out, values->text.text, values->text.len);
	str_addc(out, ']');
}

static void put_worst(struct str *out, const char *name, struct worst *worst)
{
	str_addf(out, ",\"%s\":[", name);
	worst_put(worst, ",", out);
	str_addc(out, ']');
}

static void put_strings(struct ndjson *json, const struct page *page)
{
	ndjson_array(json, "strings");
	ndjson_null(json, NULL);
	for (size_t i = 1; i <= page->strings_cnt; i++)
		ndjson_text(json, NULL, page_string_at(page, i));
	ndjson_end_array(json);
}

static void put_names(struct ndjson *json)
{
	ndjson_array(json, "causes");
	for (int i = 0; i < KS_CAUSE_CNT; i++) {
		ndjson_array(json, NULL);
		ndjson_text(json, NULL, cause_name(i));
		ndjson_text(json, NULL, cause_help(i));
		ndjson_text(json, NULL, advice_for_cause(i));
		ndjson_end_array(json);
	}
	ndjson_end_array(json);
	ndjson_array(json, "parts");
	for (int i = 0; i < GP_PART_CNT; i++)
		ndjson_text(json, NULL, gp_part_name(i));
	ndjson_end_array(json);
	ndjson_array(json, "cb_parts");
	for (int i = 0; i < CB_PART_CNT; i++)
		ndjson_text(json, NULL, cb_part_name(i));
	ndjson_end_array(json);
}

static void put_vms(struct ndjson *json, const struct page *page)
{
	ndjson_array(json, "vms");
	for (size_t i = 0; i < page->vms_cnt; i++) {
		const struct page_vm *vm = &page->vms[i];

		ndjson_array(json, NULL);
		ndjson_int(json, NULL, vm->id);
		ndjson_int(json, NULL, vm->name);
		ndjson_int(json, NULL, vm->pid);
		ndjson_int(json, NULL, vm->file);
		ndjson_int(json, NULL, vm->born_ns);
		ndjson_int(json, NULL, vm->gone_ns);
		ndjson_end_array(json);
	}
	ndjson_end_array(json);
}

/* How many, how many of these stalls, and the longest. */
static void put_left_out(struct ndjson *json, const char *name, const struct worst *worst)
{
	ndjson_array(json, name);
	ndjson_int(json, NULL, worst->left_out);
	ndjson_int(json, NULL, worst->first_left_out);
	ndjson_int(json, NULL, worst->weight_left_out);
	ndjson_end_array(json);
}

static void put_sums(struct ndjson *json, const struct page *page, const struct summary *summary)
{
	ndjson_int(json, "min_ns", page->cfg.host.min_ns);
	ndjson_int(json, "calls_seen", summary->calls);
	ndjson_int(json, "stalls", summary->stalls);
	ndjson_int(json, "lost", summary_lost(summary));
	ndjson_int(json, "incomplete", summary->incomplete);
	put_left_out(json, "calls_left_out", &page->calls);
	put_left_out(json, "gps_left_out", &page->gps);
	ndjson_bool(json, "inferred", summary->is_log);
	ndjson_array(json, "ns_by_cause");
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		ndjson_int(json, NULL, summary->by_cause[i]);
	ndjson_end_array(json);
	ndjson_array(json, "stalls_by_cause");
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		ndjson_int(json, NULL, summary->stalls_by_cause[i]);
	ndjson_end_array(json);
}

int page_put_data(struct page *page, const struct summary *summary, struct str *out)
{
	struct ndjson json;

	ndjson_begin_bare(&json, out);
	ndjson_text(&json, "kind", "report");
	put_sums(&json, page, summary);
	put_names(&json);
	put_strings(&json, page);
	put_vms(&json, page);
	put_values(out, "files", &page->files);
	put_values(out, "domains", &page->domains_list);
	put_worst(out, "calls", &page->calls);
	put_worst(out, "gps", &page->gps);
	put_worst(out, "callbacks", &page->callbacks);
	return ndjson_finish(&json);
}
