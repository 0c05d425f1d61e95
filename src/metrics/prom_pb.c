// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/prom_pb.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"
#include "metrics/collect.h"
#include "metrics/hist.h"
#include "metrics/metrics.h"
#include "base/protobuf.h"

enum family_field { FAMILY_NAME = 1, FAMILY_HELP, FAMILY_TYPE, FAMILY_METRIC, FAMILY_UNIT };
enum metric_field { FIELD_LABEL = 1, FIELD_GAUGE, FIELD_COUNTER, FIELD_HISTOGRAM = 7 };
enum label_field { LABEL_NAME = 1, LABEL_VALUE };
enum counter_field { COUNTER_VALUE = 1, COUNTER_CREATED = 3 };
enum exemplar_field { EXEMPLAR_LABEL = 1, EXEMPLAR_VALUE, EXEMPLAR_TIMESTAMP };
enum bucket_field { BUCKET_COUNT = 1, BUCKET_BOUND, BUCKET_EXEMPLAR };
enum span_field { SPAN_OFFSET = 1, SPAN_LENGTH };
enum timestamp_field { TIMESTAMP_SECONDS = 1, TIMESTAMP_NANOS };
enum histogram_field {
	HISTOGRAM_COUNT = 1,
	HISTOGRAM_SUM,
	HISTOGRAM_BUCKET,
	HISTOGRAM_SCHEMA = 5,
	HISTOGRAM_ZERO_THRESHOLD,
	HISTOGRAM_ZERO_COUNT,
	HISTOGRAM_POSITIVE_SPAN = 12,
	HISTOGRAM_POSITIVE_DELTA,
	HISTOGRAM_CREATED = 15,
};

/* Of MetricType; there is none for info. */
static const int types[] = {
	[METRIC_COUNTER] = 0, [METRIC_GAUGE] = 1, [METRIC_INFO] = 1, [METRIC_HISTOGRAM] = 4};

#define ZERO_THRESHOLD 2.938735877055719e-39 /* 2^-128: what client_golang takes */
/* A run of empty buckets this long is cheaper as the offset of another span. */
#define GAP_MIN 3

/* A message goes into the message around it with its length in front: built apart, then copied. */
struct pb_writer {
	int64_t unix_offset_ns;
	const struct metric_desc *desc;
	struct str family, metric, part, piece, leaf;
};

static void put_message(struct str *out, int field, struct str *message)
{
	protobuf_bytes(out, field, message->text, message->len);
	out->failed |= str_failed(message);
	str_reset(message);
}

static void put_time(struct pb_writer *writer, struct str *out, int field, uint64_t ts_ns)
{
	uint64_t unix_ns = ts_ns + writer->unix_offset_ns;

	protobuf_uint(&writer->leaf, TIMESTAMP_SECONDS, unix_ns / 1000000000);
	protobuf_uint(&writer->leaf, TIMESTAMP_NANOS, unix_ns % 1000000000);
	put_message(out, field, &writer->leaf);
}

static void put_label(struct pb_writer *writer, struct str *out, int field, const char *name,
		      const char *value)
{
	protobuf_string(&writer->leaf, LABEL_NAME, name);
	protobuf_string(&writer->leaf, LABEL_VALUE, value);
	put_message(out, field, &writer->leaf);
}

static void put_labels(struct pb_writer *writer, const struct metric_value *sample)
{
	char name[32];

	for (int i = 0; i < METRIC_LABELS_MAX; i++) {
		if (!metric_label_name(writer->desc, i, name, sizeof(name)))
			break;
		if (sample->labels[i] && *sample->labels[i])
			put_label(writer, &writer->metric, FIELD_LABEL, name, sample->labels[i]);
	}
}

/* ---- histograms ---- */

static void put_exemplar(struct pb_writer *writer, struct str *out, const struct exemplar *exemplar)
{
	struct str message;

	str_init(&message);
	put_label(writer, &message, EXEMPLAR_LABEL, "vm", exemplar->vm);
	put_label(writer, &message, EXEMPLAR_LABEL, "call", exemplar->call);
	put_label(writer, &message, EXEMPLAR_LABEL, "culprit", exemplar->culprit);
	protobuf_double(&message, EXEMPLAR_VALUE, exemplar->ns / 1e9);
	put_time(writer, &message, EXEMPLAR_TIMESTAMP, exemplar->ts_ns);
	put_message(out, BUCKET_EXEMPLAR, &message);
	str_fini(&message);
}

/* +Inf is implied by the count; it is there when it has an exemplar to tell. */
static void put_classic(struct pb_writer *writer, const struct hist *hist)
{
	uint64_t cumulative = 0;

	for (size_t i = 0; i < HIST_BUCKETS_CNT; i++) {
		const struct exemplar *exemplar = hist->exemplars ? &hist->exemplars[i] : NULL;
		bool has_exemplar = exemplar && exemplar->ts_ns;

		cumulative += hist->buckets[i];
		if (i == HIST_BOUNDS_CNT && !has_exemplar)
			break;
		protobuf_uint(&writer->piece, BUCKET_COUNT, cumulative);
		protobuf_double(&writer->piece, BUCKET_BOUND,
				i < HIST_BOUNDS_CNT ? hist_bound_ns(i) / 1e9 : __builtin_inf());
		if (has_exemplar)
			put_exemplar(writer, &writer->piece, exemplar);
		put_message(&writer->part, HISTOGRAM_BUCKET, &writer->piece);
	}
}

/* The next span of buckets from *@from on: its length, 0 at the end. */
static size_t next_span(const struct hist *hist, size_t *from)
{
	size_t end, gap = 0, i;

	while (*from < HIST_NATIVE_CNT && !hist->native[*from])
		(*from)++;
	end = *from;
	for (i = *from; i < HIST_NATIVE_CNT && gap < GAP_MIN; i++) {
		gap = hist->native[i] ? 0 : gap + 1;
		if (hist->native[i])
			end = i + 1;
	}
	return end - *from;
}

/* Spans say which buckets are there: the first by its index, others by the gap before them. */
static void put_native(struct pb_writer *writer, const struct hist *hist)
{
	struct str *deltas = &writer->leaf;
	uint64_t last = 0;
	size_t from = 0, end = 0, len;

	protobuf_sint(&writer->part, HISTOGRAM_SCHEMA, HIST_SCHEMA);
	protobuf_double(&writer->part, HISTOGRAM_ZERO_THRESHOLD, ZERO_THRESHOLD);
	protobuf_uint(&writer->part, HISTOGRAM_ZERO_COUNT, hist->zeros);
	while ((len = next_span(hist, &from))) {
		protobuf_sint(&writer->piece, SPAN_OFFSET,
			      (int64_t)(from - end) + (end ? 0 : HIST_NATIVE_FIRST));
		protobuf_uint(&writer->piece, SPAN_LENGTH, len);
		put_message(&writer->part, HISTOGRAM_POSITIVE_SPAN, &writer->piece);
		for (end = from + len; from < end; from++) {
			protobuf_varint(deltas,
					protobuf_zigzag((int64_t)(hist->native[from] - last)));
			last = hist->native[from];
		}
	}
	if (!deltas->len) /* an empty native histogram shows by a span of nothing */
		protobuf_bytes(&writer->part, HISTOGRAM_POSITIVE_SPAN, "\x08\x00\x10\x00", 4);
	else
		put_message(&writer->part, HISTOGRAM_POSITIVE_DELTA, deltas);
}

static void put_hist(struct pb_writer *writer, const struct metric_value *sample)
{
	protobuf_uint(&writer->part, HISTOGRAM_COUNT, sample->hist->cnt);
	protobuf_double(&writer->part, HISTOGRAM_SUM, sample->hist->sum_ns / 1e9);
	put_classic(writer, sample->hist);
	put_native(writer, sample->hist);
	if (sample->created_ns)
		put_time(writer, &writer->part, HISTOGRAM_CREATED, sample->created_ns);
	put_message(&writer->metric, FIELD_HISTOGRAM, &writer->part);
}

/* ---- families ---- */

static void put_value(struct pb_writer *writer, const struct metric_value *sample)
{
	bool is_counter = writer->desc->type == METRIC_COUNTER;

	protobuf_double(&writer->part, COUNTER_VALUE,
			writer->desc->is_seconds ? sample->value / 1e9 : (double)sample->value);
	if (is_counter && sample->created_ns)
		put_time(writer, &writer->part, COUNTER_CREATED, sample->created_ns);
	put_message(&writer->metric, is_counter ? FIELD_COUNTER : FIELD_GAUGE, &writer->part);
}

static void put_sample(void *ctx, const struct metric_value *sample)
{
	struct pb_writer *writer = ctx;

	put_labels(writer, sample);
	if (writer->desc->type == METRIC_HISTOGRAM)
		put_hist(writer, sample);
	else
		put_value(writer, sample);
	put_message(&writer->family, FAMILY_METRIC, &writer->metric);
}

static void put_head(struct pb_writer *writer)
{
	const struct metric_desc *desc = writer->desc;
	struct str name;

	str_init(&name);
	str_addf(&name, "%s%s", desc->name, desc->type == METRIC_COUNTER ? "_total" : "");
	protobuf_string(&writer->family, FAMILY_NAME, name.text);
	protobuf_string(&writer->family, FAMILY_HELP, desc->help);
	protobuf_uint(&writer->family, FAMILY_TYPE, types[desc->type]);
	str_fini(&name);
}

static void put_family(struct pb_writer *writer, struct str *out, const struct metrics *metrics,
		       enum metric metric)
{
	size_t head_len;

	writer->desc = &metric_descs[metric];
	str_reset(&writer->family);
	put_head(writer);
	head_len = writer->family.len;
	collect_each(metrics, metric, put_sample, writer);
	if (writer->family.len == head_len)
		return;
	protobuf_varint(out, writer->family.len);
	str_addn(out, writer->family.text, writer->family.len);
	out->failed |= str_failed(&writer->family);
}

void prom_pb_write(struct str *out, const struct metrics *metrics, int64_t unix_offset_ns)
{
	struct pb_writer writer = {.unix_offset_ns = unix_offset_ns};
	struct str *const parts[] = {&writer.family, &writer.metric, &writer.part, &writer.piece,
				     &writer.leaf};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		str_init(parts[i]);
	for (int i = 0; i < METRIC_CNT; i++)
		put_family(&writer, out, metrics, i);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		str_fini(parts[i]);
}
