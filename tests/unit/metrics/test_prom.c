// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/life.h"
#include "metrics/prom.h"

#include "base/str.h"
#include "metrics/collect.h"
#include "metrics/hist.h"
#include "metrics/metrics.h"
#include "base/protobuf.h"
#include "unit.h"

#define PROTOBUF                                                                                   \
	"application/"                                                                             \
	"vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

static void the_best_format_that_is_asked_for_wins(void **state)
{
	static const struct {
		const char *accept;
		enum prom_format format;
	} cases[] = {
		{NULL, PROM_TEXT},
		{"", PROM_TEXT},
		{"*/*", PROM_TEXT},
		{"text/html, */*;q=0.1", PROM_TEXT},
		/* Prometheus 2.42, without native histograms and with */
		{"application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		 "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		 PROM_OPENMETRICS},
		{PROTOBUF ",application/openmetrics-text;version=1.0.0;q=0.8,"
			  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		 PROM_PROTOBUF},
		/* Prometheus 3 */
		{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
		 "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
		 "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		 PROM_OPENMETRICS},
		{"text/plain;q=0.9, application/openmetrics-text;q=0.8", PROM_TEXT},
		{"application/openmetrics-text ; version=\"1.0.0\" ; q=0.3,text/plain;q=0.2",
		 PROM_OPENMETRICS},
		{"application/openmetrics-text;version=2.0.0", PROM_TEXT},
		{"application/openmetrics-text;version=1.0.0;q=0", PROM_TEXT},
		{"APPLICATION/OPENMETRICS-TEXT", PROM_OPENMETRICS},
		/* Protobuf, but none that we write */
		{"application/vnd.google.protobuf", PROM_TEXT},
		{"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
		 "encoding=text",
		 PROM_TEXT},
		{";;;,,,=;q=x", PROM_TEXT},
		{"text/plain;q=", PROM_TEXT},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++)
		if (prom_negotiate(cases[i].accept) != cases[i].format)
			fail_msg("'%s': format %d", cases[i].accept,
				 prom_negotiate(cases[i].accept));
}

static void the_answer_is_compressed_for_who_takes_gzip(void **state)
{
	static const struct {
		const char *codings;
		bool takes;
	} cases[] = {
		{NULL, false},
		{"", false},
		{"gzip", true},
		{"GZIP", true},
		{"deflate, gzip;q=1.0, *;q=0.5", true},
		{"gzip;q=0.001", true},
		{"gzip;q=0", false},
		{"gzip ; q=0.000", false},
		{"identity", false},
		{"br, deflate", false},
		{"x-gzip", false}, /* a name for it that RFC 9110 has for old clients */
		{"gzipped", false},
		{"*", false}, /* whatever it is: plain text is what anybody reads */
		{";q=1,,gzip", true},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++)
		if (prom_takes_gzip(cases[i].codings) != cases[i].takes)
			fail_msg("'%s'", cases[i].codings);
}

/* ---- a registry with one of each ---- */

static const struct ks_call call_record = {.head = {.ts_ns = 2500000000, .tid = 77}};

static struct vm vm = {
	.id = 1, .tgid = 4711, .born_ns = 1000000000, .comm = "fire", .name = "we\"b\\1\n"};

static void feed_stall(struct metrics *metrics, uint64_t latency_ns, uint64_t run_ns)
{
	struct stall stall = {
		.rec = &call_record,
		.vm = &vm,
		.call = CALL_CREATE_VCPU,
		.latency_ns = latency_ns,
		.stall_ns = latency_ns - run_ns,
		.without_ns = run_ns,
		.cause = KS_CAUSE_GP_TIMER,
		.is_complete = true,
		.culprit = {.kind = CULPRIT_INITIATOR, .func = "kvm_io_bus_register_dev"},
		.by_cause = {[KS_CAUSE_RUN] = run_ns, [KS_CAUSE_GP_TIMER] = latency_ns - run_ns},
	};

	metrics_stall(metrics, &stall);
}

static struct metrics *make_metrics(void)
{
	static const struct metrics_cfg cfg = {
		.vm_limit = 10, .min_ns = 1000000, .start_ns = 500000000, .version = "1.2"};
	static const struct metrics_totals totals = {.is_attached = true,
						     .backend = "fentry",
						     .release = "6.18",
						     .hz = 100,
						     .history_bytes = 8191,
						     .losses = {[KS_LOSS_RING] = 3}};
	struct metrics *metrics = metrics_new(&cfg);

	assert_non_null(metrics);
	metrics_set_totals(metrics, &totals);
	metrics_vm_new(metrics, &vm);
	feed_stall(metrics, 25180000, 90000);
	feed_stall(metrics, 20000, 5000);
	for (int i = 0; i < 5; i++)
		metrics_span(metrics, &(struct span){.kind = i < 4 ? SPAN_START : SPAN_END,
						     .vm = &vm,
						     .ns = 3000000,
						     .has_run = i != 1});
	metrics_judge(metrics, 1);
	return metrics;
}

static char *write_metrics(enum prom_format format, size_t *len)
{
	struct metrics *metrics = make_metrics();
	const struct prom_cfg cfg = {.format = format, .unix_offset_ns = 1000000000000};
	struct str out;

	str_init(&out);
	prom_write(&out, metrics, &cfg);
	assert_false(str_failed(&out));
	metrics_free(metrics);
	if (len)
		*len = out.len;
	return str_take(&out);
}

static void assert_line(const char *text, const char *line)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "%s\n", line);
	if (!strstr(text, whole))
		fail_msg("no line '%s' in:\n%s", line, text);
}

static void text_has_exact_sums_and_escaped_labels(void **state)
{
	static const char *const lines[] = {
		"# TYPE target_info gauge",
		"target_info{kernel=\"6.18\",hz=\"100\",version=\"1.2\",backend=\"fentry\"} 1",
		"kvmstall_vm_starts_total{kind=\"run\"} 3",
		"kvmstall_vm_starts_total{kind=\"paused\"} 1",
		"# TYPE kvmstall_call_duration_seconds histogram",
		"kvmstall_call_duration_seconds_bucket{call=\"KVM_CREATE_VCPU\",le=\"1e-05\"} 0",
		"kvmstall_call_duration_seconds_bucket{call=\"KVM_CREATE_VCPU\",le=\"2e-05\"} 1",
		"kvmstall_call_duration_seconds_bucket{call=\"KVM_CREATE_VCPU\",le=\"0.02\"} 1",
		"kvmstall_call_duration_seconds_bucket{call=\"KVM_CREATE_VCPU\",le=\"0.05\"} 2",
		"kvmstall_call_duration_seconds_bucket{call=\"KVM_CREATE_VCPU\",le=\"10.0\"} 2",
		"kvmstall_call_duration_seconds_bucket{call=\"KVM_CREATE_VCPU\",le=\"+Inf\"} 2",
		"kvmstall_call_duration_seconds_sum{call=\"KVM_CREATE_VCPU\"} 0.0252",
		"kvmstall_call_duration_seconds_count{call=\"KVM_CREATE_VCPU\"} 2",
		"# TYPE kvmstall_stall_seconds_total counter",
		"kvmstall_stall_seconds_total{call=\"KVM_CREATE_VCPU\",cause=\"gp-timer\"} "
		"0.025105",
		"kvmstall_stalls_total{call=\"KVM_CREATE_VCPU\",cause=\"gp-timer\"} 1",
		"kvmstall_outstanding_gp_seconds_total{function=\"kvm_io_bus_register_dev\"} "
		"0.025105",
		"kvmstall_vm_stall_seconds_total{vm=\"we\\\"b\\\\1?\",cause=\"gp-timer\"} 0.025105",
		"kvmstall_vm_info{vm=\"we\\\"b\\\\1?\",pid=\"4711\",comm=\"fire\","
		"name=\"we\\\"b\\\\1?\"} 1",
		"# HELP kvmstall_vms_in_other VMs that are summed as vm=\"other\" because of that "
		"limit",
		"kvmstall_events_lost_total{where=\"ring\"} 3",
		"kvmstall_history_bytes 8191",
		"kvmstall_build_info{version=\"1.2\"} 1",
	};
	char *text = write_metrics(PROM_TEXT, NULL);

	(void)state;
	for (size_t i = 0; i < CNT(lines); i++)
		assert_line(text, lines[i]);
	assert_null(strstr(text, " # {"));
	assert_null(strstr(text, "# EOF"));
	free(text);
}

/* --once | grep NAME says what NAME is, though nothing has stalled yet. */
static void a_family_without_series_has_its_help(void **state)
{
	static const struct metrics_cfg cfg = {.vm_limit = 1, .version = "1.2"};
	static const struct prom_cfg prom = {.format = PROM_TEXT};
	struct metrics *metrics = metrics_new(&cfg);
	struct str out;

	(void)state;
	assert_non_null(metrics);
	str_init(&out);
	prom_write(&out, metrics, &prom);
	assert_line(out.text, "# TYPE kvmstall_stall_seconds_total counter");
	assert_null(strstr(out.text, "target_info{")); /* nothing is watched yet */
	assert_line(out.text, "# TYPE kvmstall_call_duration_seconds histogram");
	str_fini(&out);
	metrics_free(metrics);
}

static void openmetrics_has_exemplars_and_an_end(void **state)
{
	static const char *const lines[] = {
		"# TYPE kvmstall_stall_seconds counter",
		"# UNIT kvmstall_stall_seconds seconds",
		"# TYPE target info",
		"target_info{kernel=\"6.18\",hz=\"100\",version=\"1.2\",backend=\"fentry\"} 1",
		"# TYPE kvmstall_build info",
		"kvmstall_build_info{version=\"1.2\"} 1",
		"# HELP kvmstall_vms_in_other VMs that are summed as vm=\\\"other\\\" because of "
		"that limit",
		"kvmstall_call_duration_seconds_bucket{call=\"KVM_CREATE_VCPU\",le=\"0.05\"} 2 # "
		"{vm=\"we\\\"b\\\\1?\",call=\"KVM_CREATE_VCPU\","
		"culprit=\"kvm_io_bus_register_dev\"} 0.02518 1002.5",
	};
	char *text = write_metrics(PROM_OPENMETRICS, NULL);

	(void)state;
	for (size_t i = 0; i < CNT(lines); i++)
		assert_line(text, lines[i]);
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	free(text);
}

static void an_exemplar_keeps_to_128_characters(void **state)
{
	const struct exemplar *none = NULL;

	(void)state;
	(void)none;
	assert_true(sizeof(none->vm) - 1 + sizeof(none->call) - 1 + sizeof(none->culprit) - 1 +
			    strlen("vm") + strlen("call") + strlen("culprit") <=
		    128);
}

static uint64_t read_varint(const char **at)
{
	uint64_t value = 0;

	for (int shift = 0;; shift += 7) {
		unsigned char byte = *(*at)++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
}

/* Every family has its length in front, and they fill the whole. */
static void protobuf_is_delimited(void **state)
{
	size_t len, families = 0;
	char *bytes = write_metrics(PROM_PROTOBUF, &len);
	const char *at = bytes;

	(void)state;
	while (at < bytes + len) {
		uint64_t size = read_varint(&at);

		assert_true(at + size <= bytes + len);
		assert_int_equal(at[0], 1 << 3 | 2); /* the name comes first */
		at += size;
		families++;
	}
	assert_true(at == bytes + len);
	assert_true(families > 15);
	free(bytes);
}

static void has_bytes(const char *bytes, size_t len, const char *part, size_t part_len)
{
	assert_non_null(memmem(bytes, len, part, part_len));
}

/*
 * 20 us is in native bucket -124: 2^(-125/8) < 0.00002 <= 2^(-124/8); 25.18 ms
 * in -42. So: schema 3 (zigzag 6), two spans: offset -124 length 1, offset 81
 * length 1, and deltas +1, 0.
 */
static void protobuf_has_native_histograms(void **state)
{
	static const char spans[] = {0x62, 5,	       0x08, (char)0xf7, 0x01, 0x10, 1, 0x62, 5,
				     0x08, (char)0xa2, 0x01, 0x10,	 1,    0x6a, 2, 0x02, 0x00};
	static const char schema[] = {0x28, 0x06, 0x31};
	size_t len;
	char *bytes = write_metrics(PROM_PROTOBUF, &len);

	(void)state;
	has_bytes(bytes, len, spans, sizeof(spans));
	has_bytes(bytes, len, schema, sizeof(schema));
	free(bytes);
}

static void numbers_are_written_as_protobuf_has_them(void **state)
{
	struct str out;

	(void)state;
	str_init(&out);
	protobuf_uint(&out, 1, 300);
	protobuf_sint(&out, 2, -1);
	protobuf_sint(&out, 2, INT64_MIN);
	protobuf_string(&out, 3, "ab");
	protobuf_double(&out, 4, 1.0);
	assert_int_equal(out.len, 3 + 2 + 11 + 4 + 9);
	assert_memory_equal(out.text,
			    "\x08\xac\x02"
			    "\x10\x01"
			    "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
			    "\x1a\x02"
			    "ab"
			    "\x21\0\0\0\0\0\0\xf0\x3f",
			    out.len);
	str_fini(&out);
}

/* ---- the registry ---- */

struct found_series {
	const char *label;
	uint64_t value, sum;
	size_t cnt;
};

static void find(void *ctx, const struct metric_value *sample)
{
	struct found_series *found = ctx;

	found->cnt++;
	found->sum += sample->value;
	if (!found->label || (sample->labels[0] && !strcmp(sample->labels[0], found->label)))
		found->value = sample->value;
}

static struct found_series find_metric(const struct metrics *metrics, enum metric metric,
				       const char *label)
{
	struct found_series found = {.label = label};

	collect_each(metrics, metric, find, &found);
	return found;
}

static void calls_in_flight_are_those_of_the_last_look(void **state)
{
	struct metrics *metrics = make_metrics();
	struct stall stall = {.rec = &call_record,
			      .vm = &vm,
			      .call = CALL_CREATE_VCPU,
			      .latency_ns = 7000000,
			      .stall_ns = 7000000,
			      .cause = KS_CAUSE_READER,
			      .is_stuck = true};

	(void)state;
	metrics_asleep_begin(metrics);
	metrics_asleep(metrics, &stall);
	stall.latency_ns = 5000000;
	metrics_asleep(metrics, &stall);
	stall.latency_ns = 999; /* too short to be one */
	metrics_asleep(metrics, &stall);
	assert_int_equal(find_metric(metrics, METRIC_STALLED_CALLS, "reader").value, 2);
	assert_int_equal(find_metric(metrics, METRIC_STALLED_CALLS, NULL).sum, 2);
	assert_int_equal(find_metric(metrics, METRIC_OLDEST, NULL).value, 7000000);
	assert_int_equal(find_metric(metrics, METRIC_VM_STALLED, NULL).value, 7000000);
	metrics_asleep_begin(metrics);
	assert_int_equal(find_metric(metrics, METRIC_STALLED_CALLS, NULL).sum, 0);
	assert_int_equal(find_metric(metrics, METRIC_VM_STALLED, NULL).cnt, 0);
	metrics_free(metrics);
}

static struct stall make_stall(enum call_id call, uint64_t ns)
{
	return (struct stall){
		.rec = &call_record,
		.vm = &vm,
		.call = call,
		.latency_ns = ns,
		.stall_ns = ns,
		.without_ns = ns,
		.cause = KS_CAUSE_KWORKER,
		.is_complete = true,
		.by_cause = {[KS_CAUSE_KWORKER] = ns},
	};
}

/* An irqfd is shut down by a kworker: nobody waits until somebody flushes the queue (M6). */
static void what_nobody_waits_for_is_no_stall(void **state)
{
	struct metrics *metrics = make_metrics();
	struct stall stall = make_stall(CALL_FN_IRQFD_SHUTDOWN, 7000000);

	(void)state;
	for (int i = 0; i < 503; i++)
		metrics_stall(metrics, &stall);
	metrics_asleep_begin(metrics);
	metrics_asleep(metrics, &stall);
	assert_int_equal(find_metric(metrics, METRIC_STALL_SECONDS, NULL).sum, 25105000);
	assert_int_equal(find_metric(metrics, METRIC_PHASE_SECONDS, NULL).sum, 25105000);
	assert_int_equal(find_metric(metrics, METRIC_VM_STALL_SECONDS, NULL).sum, 25105000);
	assert_int_equal(find_metric(metrics, METRIC_STALLS, NULL).sum, 1);
	assert_int_equal(find_metric(metrics, METRIC_STALLED_CALLS, NULL).sum, 0);
	stall = make_stall(CALL_CLOSE, 7000000);
	metrics_stall(metrics, &stall);
	assert_int_equal(find_metric(metrics, METRIC_STALL_SECONDS, NULL).sum, 32105000);
	metrics_free(metrics);
}

/* increase() does not see the first value of a series (M17). */
static void fixed_lists_are_there_at_0(void **state)
{
	static const struct metrics_cfg cfg = {.vm_limit = 1, .version = "1.2"};
	struct metrics *metrics = metrics_new(&cfg);
	size_t causes = KS_CAUSE_CNT - 1;

	(void)state;
	assert_non_null(metrics);
	assert_true(find_metric(metrics, METRIC_STALLS, NULL).cnt > 23 * causes);
	assert_int_equal(find_metric(metrics, METRIC_STALLS, NULL).sum, 0);
	assert_true(find_metric(metrics, METRIC_STALL_SECONDS, NULL).cnt > 23 * causes);
	assert_int_equal(find_metric(metrics, METRIC_PHASE_SECONDS, NULL).cnt, 4 * causes);
	assert_int_equal(find_metric(metrics, METRIC_SETUPS, NULL).cnt, 2);
	assert_int_equal(find_metric(metrics, METRIC_SETUP_DURATION, NULL).cnt, 1);
	assert_true(find_metric(metrics, METRIC_OUTSTANDING, NULL).cnt > 0);
	assert_true(find_metric(metrics, METRIC_REQUESTS, NULL).cnt > 2);
	metrics_free(metrics);
}

/* What is not known is left out, and not 0: callbacks without records (M20), HZ without KVM (M13).
 */
static void what_is_not_known_has_no_series(void **state)
{
	static const struct metrics_totals unknown = {.release = "6.18"};
	static const struct metrics_totals known = {
		.release = "6.18", .hz = 250, .sees_callbacks = true};
	struct metrics *metrics = make_metrics();

	(void)state;
	metrics_set_totals(metrics, &unknown);
	assert_int_equal(find_metric(metrics, METRIC_DEFERRED, NULL).cnt, 0);
	assert_int_equal(find_metric(metrics, METRIC_KERNEL, NULL).cnt, 0);
	assert_int_equal(find_metric(metrics, METRIC_JIFFY, NULL).cnt, 0);
	metrics_set_totals(metrics, &known);
	assert_true(find_metric(metrics, METRIC_DEFERRED, NULL).cnt > 0);
	assert_int_equal(find_metric(metrics, METRIC_KERNEL, NULL).cnt, 1);
	assert_int_equal(find_metric(metrics, METRIC_JIFFY, NULL).value, 4000000);
	metrics_free(metrics);
}

static void find_hist(void *ctx, const struct metric_value *sample)
{
	*(const struct hist **)ctx = sample->hist;
}

#define SECOND 1000000000ULL

/*
 * One observation a VM, with the calls of its set-up together (M5): of three that are born, one
 * stalls and runs, one ends without a stall, one is heard of no more. A fourth was found.
 */
static void a_setup_is_counted_once_when_it_is_over(void **state)
{
	struct vm vms[] = {{.id = 11, .born_ns = SECOND},
			   {.id = 12, .born_ns = SECOND},
			   {.id = 13, .born_ns = 2 * SECOND},
			   {.id = 14, .born_ns = SECOND, .flags = KS_VM_FOUND}};
	static const struct metrics_cfg cfg = {.vm_limit = 10, .min_ns = 1000000, .version = "1"};
	struct metrics *metrics = metrics_new(&cfg);
	struct stall stall = make_stall(CALL_CREATE_VCPU, 5000000);
	const struct hist *hist;

	(void)state;
	assert_non_null(metrics);
	for (size_t i = 0; i < CNT(vms); i++)
		metrics_vm_new(metrics, &vms[i]);
	stall.vm = &vms[0];
	for (int i = 0; i < 3; i++)
		metrics_stall(metrics, &stall);
	assert_int_equal(find_metric(metrics, METRIC_SETUPS, NULL).sum, 0);
	stall.phase = PHASE_RUNNING;
	metrics_stall(metrics, &stall);
	metrics_stall(metrics, &stall);
	metrics_vm_gone(metrics, &vms[1]);
	metrics_vm_gone(metrics, &vms[0]);
	metrics_vm_gone(metrics, &vms[3]);
	metrics_judge(metrics, 31 * SECOND);
	assert_int_equal(find_metric(metrics, METRIC_SETUPS, NULL).sum, 2);
	assert_int_equal(metrics_due_ns(metrics, 31 * SECOND), 32 * SECOND);
	metrics_judge(metrics, 32 * SECOND);
	assert_int_equal(find_metric(metrics, METRIC_SETUPS, "yes").value, 1);
	assert_int_equal(find_metric(metrics, METRIC_SETUPS, "no").value, 2);
	collect_each(metrics, METRIC_SETUP_DURATION, find_hist, &hist);
	assert_int_equal(hist->cnt, 3);
	assert_int_equal(hist->zeros, 2);
	assert_int_equal(hist->sum_ns, 15000000);
	assert_int_equal(find_metric(metrics, METRIC_PHASE_SECONDS, NULL).sum, 25000000);
	metrics_free(metrics);
}

/* As many series as there are parts; their sum is the time of the cause, whoever waited. */
static void waits_for_rcu_are_counted_by_what_they_went_to(void **state)
{
	static const struct metrics_cfg cfg = {.vm_limit = 10, .min_ns = 1000000, .version = "1"};
	struct segment segments[] = {
		{.cause = KS_CAUSE_RCU, .ns = 3000000, .rcu.part = RCU_PART_TIMER},
		{.cause = KS_CAUSE_RCU, .ns = 500000, .rcu.part = RCU_PART_NONE},
		{.cause = KS_CAUSE_GP_TIMER, .ns = 700000},
		{.cause = KS_CAUSE_RCU, .ns = 2000000, .rcu.part = RCU_PART_HOLDOUT},
		{.cause = KS_CAUSE_RCU, .ns = 1000000, .rcu.part = RCU_PART_TIMER},
	};
	struct metrics *metrics = metrics_new(&cfg);
	struct stall stall = {.rec = &call_record,
			      .latency_ns = 7200000,
			      .stall_ns = 7200000,
			      .cause = KS_CAUSE_RCU,
			      .call = CALL_CREATE_VCPU,
			      .segments = segments,
			      .segments_cnt = CNT(segments),
			      .by_cause = {[KS_CAUSE_RCU] = 6500000, [KS_CAUSE_GP_TIMER] = 700000}};

	(void)state;
	assert_non_null(metrics);
	metrics_stall(metrics, &stall);
	stall.call = CALL_FN_IRQFD_SHUTDOWN; /* nobody waits for that */
	metrics_stall(metrics, &stall);
	assert_int_equal(find_metric(metrics, METRIC_RCU_SECONDS, "timer").value, 4000000);
	assert_int_equal(find_metric(metrics, METRIC_RCU_SECONDS, "holdout").value, 2000000);
	assert_int_equal(find_metric(metrics, METRIC_RCU_SECONDS, "unsplit").value, 500000);
	assert_int_equal(find_metric(metrics, METRIC_RCU_SECONDS, NULL).sum, 6500000);
	assert_int_equal(find_metric(metrics, METRIC_RCU_SECONDS, NULL).cnt, RCU_PART_CNT);
	metrics_free(metrics);
}

static void names_of_calls_and_functions_are_bounded(void **state)
{
	static char names[200][16];
	struct metrics *metrics = make_metrics();
	struct stall stall = {.rec = &call_record,
			      .latency_ns = 10,
			      .stall_ns = 5,
			      .cause = KS_CAUSE_GP_TIMER,
			      .culprit.kind = CULPRIT_INITIATOR,
			      .by_cause = {[KS_CAUSE_GP_TIMER] = 10}};
	struct found_series calls, functions;

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(names[i], sizeof(names[i]), "call%d", i);
		stall.call = i % (CALL_FN_IRQFD_SHUTDOWN - 1) + 1;
		if (!stall_is_waited_for(&stall))
			stall.call = CALL_CLOSE;
		stall.culprit.func = names[i];
		metrics_stall(metrics, &stall);
	}
	calls = find_metric(metrics, METRIC_STALL_SECONDS, NULL);
	functions = find_metric(metrics, METRIC_OUTSTANDING, "other");
	assert_true(calls.cnt <= 48 * (KS_CAUSE_CNT - 1));
	assert_int_equal(calls.sum, 25105000 + 200 * 10);
	assert_int_equal(functions.cnt, 32);
	assert_int_equal(functions.sum, 25105000 + 200 * 10);
	assert_true(functions.value > 100 * 10);
	metrics_free(metrics);
}

static void every_metric_keeps_the_conventions(void **state)
{
	(void)state;
	for (int i = 0; i < METRIC_CNT; i++) {
		const struct metric_desc *desc = &metric_descs[i];
		bool is_ours = !strncmp(desc->name, "kvmstall_", 9);

		assert_true(is_ours || !strncmp(desc->name, "process_", 8) ||
			    !strcmp(desc->name, "target_info")); /* OpenMetrics' own */
		if (desc->is_seconds)
			assert_non_null(strstr(desc->name, "_seconds"));
		if (desc->type == METRIC_INFO)
			assert_string_equal(desc->name + strlen(desc->name) - 5, "_info");
		assert_true(strlen(desc->help) > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_format_that_is_asked_for_wins),
		cmocka_unit_test(the_answer_is_compressed_for_who_takes_gzip),
		cmocka_unit_test(text_has_exact_sums_and_escaped_labels),
		cmocka_unit_test(a_family_without_series_has_its_help),
		cmocka_unit_test(openmetrics_has_exemplars_and_an_end),
		cmocka_unit_test(an_exemplar_keeps_to_128_characters),
		cmocka_unit_test(protobuf_is_delimited),
		cmocka_unit_test(protobuf_has_native_histograms),
		cmocka_unit_test(numbers_are_written_as_protobuf_has_them),
		cmocka_unit_test(calls_in_flight_are_those_of_the_last_look),
		cmocka_unit_test(what_nobody_waits_for_is_no_stall),
		cmocka_unit_test(fixed_lists_are_there_at_0),
		cmocka_unit_test(what_is_not_known_has_no_series),
		cmocka_unit_test(a_setup_is_counted_once_when_it_is_over),
		cmocka_unit_test(waits_for_rcu_are_counted_by_what_they_went_to),
		cmocka_unit_test(names_of_calls_and_functions_are_bounded),
		cmocka_unit_test(every_metric_keeps_the_conventions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
