// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/prom.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "metrics/collect.h"
#include "metrics/hist.h"
#include "metrics/metrics.h"
#include "metrics/prom_pb.h"

struct writer {
	struct str *out;
	const struct prom_cfg *cfg;
	const struct metric_desc *desc;
	bool is_om;
};

/* ---- pieces ---- */

/* ns as seconds, exactly: what was counted is what is read. */
static void put_seconds(struct str *out, uint64_t ns)
{
	char text[40];
	size_t len = snprintf(text, sizeof(text), "%" PRIu64 ".%09" PRIu64, ns / 1000000000,
			      ns % 1000000000);

	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	str_addn(out, text, len);
}

static void put_number(struct writer *writer, uint64_t value)
{
	if (writer->desc->is_seconds)
		put_seconds(writer->out, value);
	else
		str_addf(writer->out, "%" PRIu64, value);
}

/* Quotes are escaped in label values, and in OpenMetrics' help. */
static void put_escaped(struct str *out, const char *text, bool has_quotes)
{
	for (; *text; text++) {
		if (*text == '\n')
			str_adds(out, "\\n");
		else if (*text == '\\' || (*text == '"' && has_quotes))
			str_addf(out, "\\%c", *text);
		else
			str_addc(out, *text);
	}
}

static void put_label(struct str *out, const char *name, const char *value, bool *is_first)
{
	str_addf(out, "%c%s=\"", *is_first ? '{' : ',', name);
	put_escaped(out, value, true);
	str_addc(out, '"');
	*is_first = false;
}

/* "{a="b",le="0.1"}"; @le: NULL for none. Empty values are as good as none: left out. */
static void put_labels(struct writer *writer, const struct metric_value *sample, const char *le)
{
	bool is_first = true;
	char name[32];

	for (int i = 0; i < METRIC_LABELS_MAX; i++) {
		if (!metric_label_name(writer->desc, i, name, sizeof(name)))
			break;
		if (sample->labels[i] && *sample->labels[i])
			put_label(writer->out, name, sample->labels[i], &is_first);
	}
	if (le)
		put_label(writer->out, "le", le, &is_first);
	if (!is_first)
		str_addc(writer->out, '}');
}

/* As Prometheus itself would write the bound, so that series are the same in every format. */
static const char *format_le(size_t bucket, char *buf, size_t size)
{
	uint64_t ns = hist_bound_ns(bucket);
	size_t len;

	if (ns == UINT64_MAX)
		return "+Inf";
	len = snprintf(buf, size, "%g", ns / 1e9);
	if (!strpbrk(buf, ".e") && len + 2 < size)
		strcpy(buf + len, ".0");
	return buf;
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

static void put_hist(struct writer *writer, const struct metric_value *sample)
{
	const struct hist *hist = sample->hist;
	uint64_t cumulative = 0;
	char le[32];

	for (size_t i = 0; i < HIST_BUCKETS_CNT; i++) {
		cumulative += hist->buckets[i];
		str_addf(writer->out, "%s_bucket", writer->desc->name);
		put_labels(writer, sample, format_le(i, le, sizeof(le)));
		str_addf(writer->out, " %" PRIu64, cumulative);
		if (writer->is_om && hist->exemplars)
			put_exemplar(writer, &hist->exemplars[i]);
		str_addc(writer->out, '\n');
	}
	str_addf(writer->out, "%s_sum", writer->desc->name);
	put_labels(writer, sample, NULL);
	str_addc(writer->out, ' ');
	put_seconds(writer->out, hist->sum_ns);
	str_addf(writer->out, "\n%s_count", writer->desc->name);
	put_labels(writer, sample, NULL);
	str_addf(writer->out, " %" PRIu64 "\n", hist->cnt);
}

static void put_sample(void *ctx, const struct metric_value *sample)
{
	struct writer *writer = ctx;

	if (writer->desc->type == METRIC_HISTOGRAM) {
		put_hist(writer, sample);
		return;
	}
	str_adds(writer->out, writer->desc->name);
	if (writer->desc->type == METRIC_COUNTER)
		str_adds(writer->out, "_total");
	put_labels(writer, sample, NULL);
	str_addc(writer->out, ' ');
	put_number(writer, sample->value);
	str_addc(writer->out, '\n');
}

void prom_write(struct str *out, const struct metrics *metrics, const struct prom_cfg *cfg)
{
	struct writer writer = {.out = out, .cfg = cfg, .is_om = cfg->format == PROM_OPENMETRICS};

	if (cfg->format == PROM_PROTOBUF) {
		prom_pb_write(out, metrics, cfg->unix_offset_ns);
		return;
	}
	for (int i = 0; i < METRIC_CNT; i++) {
		writer.desc = &metric_descs[i];
		if (cfg->is_served_by_another && has_prefix(writer.desc->name, "process_"))
			continue;
		put_head(&writer); /* whoever looks for it by name finds it before it has series */
		collect_each(metrics, i, put_sample, &writer);
	}
	if (writer.is_om)
		str_adds(out, "# EOF\n");
}
