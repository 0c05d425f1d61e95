// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/prom.h"

#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "metrics/collect.h"
#include "metrics/hist.h"
#include "metrics/metrics.h"
#include "metrics/prom_pb.h"

#define LABEL_NAME_MAX 32
#define LE_MAX	       32

/* With 10 000 VMs there are 50 000 samples: what they have in common is made once. */
struct writer {
	struct str *out;
	const struct prom_cfg *cfg;
	const struct metric_desc *desc;
	char labels[METRIC_LABELS_MAX][LABEL_NAME_MAX]; /* of .desc */
	int labels_cnt;
	char les[HIST_BUCKETS_CNT][LE_MAX]; /* the buckets' bounds */
	bool is_om;
};

/* ---- pieces ---- */

/* Formatting by the C library would take most of the time of a scrape. */
static void put_uint(struct str *out, uint64_t value)
{
	char text[20], *at = text + sizeof(text);

	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	str_addn(out, at, (size_t)(text + sizeof(text) - at));
}

/* ns as seconds, exactly: what was counted is what is read. */
static void put_seconds(struct str *out, uint64_t ns)
{
	uint64_t rest = ns % 1000000000;
	char text[10] = ".";
	size_t len = sizeof(text);

	put_uint(out, ns / 1000000000);
	if (!rest)
		return;
	for (size_t i = len - 1; i; i--, rest /= 10)
		text[i] = (char)('0' + rest % 10);
	while (text[len - 1] == '0')
		len--;
	str_addn(out, text, len);
}

static void put_number(struct writer *writer, uint64_t value)
{
	if (writer->desc->is_seconds)
		put_seconds(writer->out, value);
	else
		put_uint(writer->out, value);
}

/* Quotes are escaped in label values, and in OpenMetrics' help. */
static void put_escaped(struct str *out, const char *text, bool has_quotes)
{
	const char *special = has_quotes ? "\n\\\"" : "\n\\";
	size_t plain;

	for (;;) {
		plain = strcspn(text, special);
		str_addn(out, text, plain);
		text += plain;
		if (!*text)
			return;
		str_addc(out, '\\');
		str_addc(out, *text == '\n' ? 'n' : *text);
		text++;
	}
}

static void put_label(struct str *out, const char *name, const char *value, bool *is_first)
{
	str_addc(out, *is_first ? '{' : ',');
	str_adds(out, name);
	str_addn(out, "=\"", 2);
	put_escaped(out, value, true);
	str_addc(out, '"');
	*is_first = false;
}

/* "{a="b",le="0.1"}"; @le: NULL for none. Empty values are as good as none: left out. */
static void put_labels(struct writer *writer, const struct metric_value *sample, const char *le)
{
	bool is_first = true;

	for (int i = 0; i < writer->labels_cnt; i++)
		if (sample->labels[i] && *sample->labels[i])
			put_label(writer->out, writer->labels[i], sample->labels[i], &is_first);
	if (le)
		put_label(writer->out, "le", le, &is_first);
	if (!is_first)
		str_addc(writer->out, '}');
}

/* As Prometheus itself would write the bound, so that series are the same in every format. */
static void format_le(size_t bucket, char buf[LE_MAX])
{
	uint64_t ns = hist_bound_ns(bucket);
	size_t len;

	if (ns == UINT64_MAX)
		len = snprintf(buf, LE_MAX, "+Inf");
	else
		len = snprintf(buf, LE_MAX, "%g", ns / 1e9);
	if (!strpbrk(buf, ".eI") && len + 2 < LE_MAX)
		strcpy(buf + len, ".0");
}

static void put_exemplar(struct writer *writer, const struct exemplar *exemplar)
{
	bool is_first = true;

	if (!exemplar->ts_ns)
		return;
	str_adds(writer->out, " # ");
	put_label(writer->out, "vm", exemplar->vm, &is_first);
	put_label(writer->out, "call", exemplar->call, &is_first);
	put_label(writer->out, "culprit", exemplar->culprit, &is_first);
	str_adds(writer->out, "} ");
	put_seconds(writer->out, exemplar->ns);
	str_addc(writer->out, ' ');
	put_seconds(writer->out, exemplar->ts_ns + writer->cfg->unix_offset_ns);
}

/* ---- families ---- */

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), suffix_len = strlen(suffix);

	return len > suffix_len && !strcmp(name + len - suffix_len, suffix);
}

static bool has_prefix(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

/* The family's name: OpenMetrics leaves "_total" and "_info" to the samples. */
static void put_family_name(struct writer *writer)
{
	const char *name = writer->desc->name;
	size_t len = strlen(name);

	if (writer->is_om && writer->desc->type == METRIC_INFO)
		len -= strlen("_info");
	str_addn(writer->out, name, len);
	if (!writer->is_om && writer->desc->type == METRIC_COUNTER)
		str_adds(writer->out, "_total");
}

static const char *unit_of(const struct metric_desc *desc)
{
	if (has_suffix(desc->name, "_seconds"))
		return "seconds";
	return has_suffix(desc->name, "_bytes") ? "bytes" : NULL;
}

static void put_head(struct writer *writer)
{
	const struct metric_desc *desc = writer->desc;
	const char *type = metric_type_names[desc->type];

	if (desc->type == METRIC_INFO && !writer->is_om)
		type = "gauge";
	str_adds(writer->out, "# HELP ");
	put_family_name(writer);
	str_addc(writer->out, ' ');
	put_escaped(writer->out, desc->help, writer->is_om);
	str_adds(writer->out, "\n# TYPE ");
	put_family_name(writer);
	str_addf(writer->out, " %s\n", type);
	if (writer->is_om && unit_of(desc)) {
		str_adds(writer->out, "# UNIT ");
		put_family_name(writer);
		str_addf(writer->out, " %s\n", unit_of(desc));
	}
}

static void put_name(struct writer *writer, const char *suffix)
{
	str_adds(writer->out, writer->desc->name);
	str_adds(writer->out, suffix);
}

static void put_hist(struct writer *writer, const struct metric_value *sample)
{
	const struct hist *hist = sample->hist;
	uint64_t cumulative = 0;

	for (size_t i = 0; i < HIST_BUCKETS_CNT; i++) {
		cumulative += hist->buckets[i];
		put_name(writer, "_bucket");
		put_labels(writer, sample, writer->les[i]);
		str_addc(writer->out, ' ');
		put_uint(writer->out, cumulative);
		if (writer->is_om && hist->exemplars)
			put_exemplar(writer, &hist->exemplars[i]);
		str_addc(writer->out, '\n');
	}
	put_name(writer, "_sum");
	put_labels(writer, sample, NULL);
	str_addc(writer->out, ' ');
	put_seconds(writer->out, hist->sum_ns);
	str_addc(writer->out, '\n');
	put_name(writer, "_count");
	put_labels(writer, sample, NULL);
	str_addc(writer->out, ' ');
	put_uint(writer->out, hist->cnt);
	str_addc(writer->out, '\n');
}

static void put_sample(void *ctx, const struct metric_value *sample)
{
	struct writer *writer = ctx;

	if (writer->desc->type == METRIC_HISTOGRAM) {
		put_hist(writer, sample);
		return;
	}
	put_name(writer, writer->desc->type == METRIC_COUNTER ? "_total" : "");
	put_labels(writer, sample, NULL);
	str_addc(writer->out, ' ');
	put_number(writer, sample->value);
	str_addc(writer->out, '\n');
}

static void begin_family(struct writer *writer, const struct metric_desc *desc)
{
	int n = 0;

	writer->desc = desc;
	while (n < METRIC_LABELS_MAX &&
	       metric_label_name(desc, n, writer->labels[n], LABEL_NAME_MAX))
		n++;
	writer->labels_cnt = n;
}

void prom_write(struct str *out, const struct metrics *metrics, const struct prom_cfg *cfg)
{
	struct writer writer = {.out = out, .cfg = cfg, .is_om = cfg->format == PROM_OPENMETRICS};

	if (cfg->format == PROM_PROTOBUF) {
		prom_pb_write(out, metrics, cfg->unix_offset_ns);
		return;
	}
	for (size_t i = 0; i < HIST_BUCKETS_CNT; i++)
		format_le(i, writer.les[i]);
	for (int i = 0; i < METRIC_CNT; i++) {
		begin_family(&writer, &metric_descs[i]);
		if (cfg->is_served_by_another && has_prefix(writer.desc->name, "process_"))
			continue;
		put_head(&writer); /* whoever looks for it by name finds it before it has series */
		collect_each(metrics, i, put_sample, &writer);
	}
	if (writer.is_om)
		str_adds(out, "# EOF\n");
}
