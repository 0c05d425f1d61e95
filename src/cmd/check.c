// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmstall check: what this kernel and these privileges can do, what is
 * missing and how to get it, and what this host's settings mean for stalls.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"
#include "base/wrap.h"
#include "cmd/cmd.h"
#include "cmd/outfile.h"
#include "host/diagnosis.h"
#include "host/finding.h"
#include "host/host.h"
#include "host/attach_plan.h"
#include "kern/features.h"
#include "kern/host_settings.h"
#include "kern/kernel_types.h"
#include "kern/ksyms.h"
#include "kern/ticks.h"
#include "ledger/sites.h"
#include "output/ndjson.h"

#define WIDTH	    98
#define TEXT_COLUMN 28

struct check_cfg {
	const char *output;
	uint64_t ring_bytes; /* 0: the default */
	bool is_json;
};

struct check {
	struct host host;
	struct feature_result results[FEATURE_CNT];
	bool has_plan;
	struct attach_plan plan;
	uint32_t missing; /* (1 << enum capability): what the best backend would carry as well */
	struct findings findings;
};

/* clang-format off */
static const struct opt check_opts[] = {
	OUTPUT_OPT(struct check_cfg, output),
	OPT_BOOL('j', "json", struct check_cfg, is_json, "one JSON object"),
	OPT_POW2(0, "ring", "SIZE", struct check_cfg, ring_bytes, 4096, 1 << 30,
		 "check whether this ring has room (8M)"),
	OPT_END(),
};
/* clang-format on */

static const char *const status_names[] = {"full", "degraded", NULL, "cannot"};

/* ---- finding out ---- */

static const char *feature_remedy(const struct check *check, const struct feature_result *result)
{
	if (result->works)
		return "";
	if (result->is_disabled)
		return "unset KVMSTALL_DISABLE";
	if (check->host.lacks_sysfs)
		return "see sysfs above";
	return diagnosis_lacks_caps(&check->host) ? "see privileges above" : result->remedy;
}

/* Whatever the backend (choice.c, check_features()). */
static bool is_needed(enum feature feat)
{
	return feat == FEATURE_BTF || feat == FEATURE_RINGBUF || feat == FEATURE_TP_BTF;
}

/* Another backend does as well, or else the facts that are missing say so. */
static bool is_replaceable(enum feature feat)
{
	return feat == FEATURE_FENTRY || feat == FEATURE_KPROBE;
}

static void add_feature(struct check *check, enum feature feat)
{
	const struct feature_result *result = &check->results[feat];
	struct finding *finding = findings_add(&check->findings, SECTION_BACKENDS, result->name);

	finding->severity = result->works	   ? SEVERITY_OK
			    : is_replaceable(feat) ? SEVERITY_NOTE
			    : is_needed(feat)	   ? SEVERITY_FATAL
						   : SEVERITY_PROBLEM;
	snprintf(finding->text, sizeof(finding->text), "%s: %s", result->text,
		 result->works ? "works" : result->why);
	snprintf(finding->remedy, sizeof(finding->remedy), "%s", feature_remedy(check, result));
}

static void list_facts(uint32_t facts, char *buf, size_t size)
{
	size_t len = 0;

	*buf = '\0';
	for (int fact = 0; fact < CAPABILITY_CNT && len < size; fact++)
		if (facts & (1u << fact))
			len += snprintf(buf + len, size - len, "%s%s", len ? ", " : "",
					capability_name(fact));
}

static uint32_t best_facts(void)
{
	const struct features all = {true, true, true, true, true, true, true, true};
	struct attach_plan plan;

	return attach_plan_make(&all, BACKEND_CNT, &plan, NULL) ? 0 : plan.capabilities;
}

static void add_plan(struct check *check)
{
	struct finding *finding = findings_add(&check->findings, SECTION_BACKENDS, "backend");
	struct features features;
	struct err err = {0};

	features_for_plan(check->results, &check->host, &features);
	check->has_plan = !attach_plan_make(&features, BACKEND_CNT, &check->plan, &err);
	if (!check->has_plan) {
		finding->severity = SEVERITY_FATAL;
		snprintf(finding->text, sizeof(finding->text), "none");
		snprintf(finding->remedy, sizeof(finding->remedy), "%s",
			 "btf, ringbuf and tp_btf must work; see their lines");
		return;
	}
	finding->severity = SEVERITY_OK;
	snprintf(finding->text, sizeof(finding->text), "%s", backend_names[check->plan.backend]);

	finding = findings_add(&check->findings, SECTION_BACKENDS, "facts");
	finding->severity = SEVERITY_OK;
	list_facts(check->plan.capabilities, finding->text, sizeof(finding->text));

	check->missing = best_facts() & ~check->plan.capabilities;
	if (!check->missing)
		return;
	finding = findings_add(&check->findings, SECTION_BACKENDS, "facts-missing");
	finding->severity = SEVERITY_PROBLEM;
	list_facts(check->missing, finding->text, sizeof(finding->text));
	snprintf(finding->remedy, sizeof(finding->remedy), "%s",
		 "what does not work above; kvmstall-check(8) says what is lost without");
}

static void find_out(struct check *check, uint64_t ring_bytes)
{
	struct ticks *ticks = ticks_start();
	struct kernel_traits traits;

	host_read("", &check->host);
	check->host.ring_bytes = ring_bytes;
	ksyms_fill_host(&check->host);
	features_probe(check->results, ring_bytes, &traits, NULL);
	features_fill_host(&traits, &check->host);
	ticks_stop(ticks, &check->host);
	diagnosis_make(&check->host, &check->findings);
	for (int feat = 0; feat < FEATURE_CNT; feat++)
		add_feature(check, feat);
	add_plan(check);
}

/* ---- for people ---- */

static const struct {
	const char *marker;
	const char *colour;
} looks[SEVERITY_CNT] = {
	[SEVERITY_INFO] = {"  ", ""},
	[SEVERITY_OK] = {"ok", "\033[32m"},
	[SEVERITY_NOTE] = {"--", "\033[33m"},
	[SEVERITY_PROBLEM] = {"!!", "\033[1;31m"},
	[SEVERITY_FATAL] = {"!!", "\033[1;31m"},
};

static void put_finding(struct str *out, const struct finding *finding, bool use_colour)
{
	const char *colour = use_colour ? looks[finding->severity].colour : "";

	/* Not str_pad() after the marker: it would count the colour. */
	str_addf(out, "  %s%s%s  %-*s", colour, looks[finding->severity].marker,
		 *colour ? "\033[0m" : "", TEXT_COLUMN - 6, finding->name);
	wrap_add(out, finding->text, TEXT_COLUMN, WIDTH);
	if (!*finding->remedy)
		return;
	str_pad(out, TEXT_COLUMN);
	str_adds(out, "-> ");
	wrap_add(out, finding->remedy, TEXT_COLUMN + 3, WIDTH);
}

static void put_section(struct str *out, const struct findings *findings, enum section section,
			bool use_colour)
{
	str_addf(out, "%s\n", section_names[section]);
	for (size_t i = 0; i < findings->cnt; i++)
		if (findings->list[i].section == section)
			put_finding(out, &findings->list[i], use_colour);
}

static void put_status(struct str *out, const struct findings *findings)
{
	int status = diagnosis_status(findings), cnt = 0;

	for (size_t i = 0; i < findings->cnt; i++)
		cnt += findings->list[i].severity >= SEVERITY_PROBLEM;
	str_addf(out, "%s", status_names[status]);
	if (cnt)
		str_addf(out, ": %d line%s marked !!", cnt, cnt == 1 ? " is" : "s are");
	str_addc(out, '\n');
}

static void put_text(struct str *out, const struct check *check, bool use_colour)
{
	for (int section = 0; section < SECTION_CNT; section++)
		put_section(out, &check->findings, section, use_colour);
	put_status(out, &check->findings);
}

/* ---- for programs ---- */

/* 0 is not known. */
static void put_count(struct ndjson *json, const char *key, uint32_t cnt)
{
	if (cnt)
		ndjson_int(json, key, cnt);
	else
		ndjson_null(json, key);
}

static void put_kernel(struct ndjson *json, const struct host *host)
{
	static const char *const kvm_names[] = {"", "absent", "builtin", "module"};

	ndjson_object(json, "kernel");
	ndjson_text_or_null(json, "release", host->release);
	ndjson_text_or_null(json, "arch", host->arch);
	put_count(json, "cpus", host->cpus);
	put_count(json, "hz", host_hz(host));
	put_count(json, "config_hz", host->config_hz);
	ndjson_text_or_null(json, "preemption", host->preemption);
	ndjson_bool(json, "preempt_dynamic", host->is_dynamic);
	ndjson_text_or_null(json, "lockdown", host->lockdown);
	ndjson_text_or_null(json, "kvm", kvm_names[host->kvm]);
	ndjson_bool(json, "dev_kvm", !host->dev_kvm_errno);
	ndjson_bool(json, site_that(SITE_HURRIES)->func, host->has_call_expedited);
	ndjson_end_object(json);
}

static void put_caps(struct ndjson *json, const struct host *host)
{
	ndjson_array(json, "capabilities");
	for (int cap = 0; cap < HOST_CAP_CNT; cap++)
		if (host->caps & (1u << cap))
			ndjson_text(json, NULL, host_cap_name(cap));
	ndjson_end_array(json);
}

static void put_params(struct ndjson *json, const struct host *host)
{
	ndjson_object(json, "params");
	for (int i = 0; i < HOST_PARAM_CNT; i++)
		ndjson_text_or_null(json, host_param_names[i], host->params[i]);
	ndjson_end_object(json);
}

static void put_features(struct ndjson *json, const struct check *check)
{
	ndjson_array(json, "features");
	for (int feat = 0; feat < FEATURE_CNT; feat++) {
		const struct feature_result *result = &check->results[feat];

		ndjson_object(json, NULL);
		ndjson_text(json, "name", result->name);
		ndjson_bool(json, "works", result->works);
		ndjson_text_or_null(json, "why", result->why);
		ndjson_text_or_null(json, "remedy", feature_remedy(check, result));
		ndjson_end_object(json);
	}
	ndjson_end_array(json);
}

static void put_facts(struct ndjson *json, const char *key, uint32_t facts)
{
	ndjson_array(json, key);
	for (int fact = 0; fact < CAPABILITY_CNT; fact++)
		if (facts & (1u << fact))
			ndjson_text(json, NULL, capability_name(fact));
	ndjson_end_array(json);
}

static const char *register_text(const struct host *host)
{
	if (!host->are_types_known || !host->has_kvm_types)
		return NULL;
	return host->defers_register ? "defers" : "waits";
}

static void put_findings(struct ndjson *json, const struct findings *findings)
{
	ndjson_array(json, "findings");
	for (size_t i = 0; i < findings->cnt; i++) {
		const struct finding *finding = &findings->list[i];

		ndjson_object(json, NULL);
		ndjson_text(json, "section", section_names[finding->section]);
		ndjson_text(json, "name", finding->name);
		ndjson_text(json, "severity", severity_names[finding->severity]);
		ndjson_text(json, "text", finding->text);
		ndjson_text_or_null(json, "remedy", finding->remedy);
		if (finding->max_ms > 0) {
			ndjson_real(json, "min_ms", finding->min_ms);
			ndjson_real(json, "max_ms", finding->max_ms);
		}
		ndjson_end_object(json);
	}
	ndjson_end_array(json);
}

static void put_json(struct str *out, const struct check *check)
{
	struct ndjson json;

	ndjson_begin(&json, out, "check");
	ndjson_text(&json, "status", status_names[diagnosis_status(&check->findings)]);
	put_kernel(&json, &check->host);
	put_caps(&json, &check->host);
	put_params(&json, &check->host);
	put_features(&json, check);
	ndjson_text(&json, "backend", check->has_plan ? backend_names[check->plan.backend] : NULL);
	put_facts(&json, "facts", check->has_plan ? check->plan.capabilities : 0);
	put_facts(&json, "facts_missing", check->missing);
	ndjson_text(&json, "register_dev", register_text(&check->host));
	put_findings(&json, &check->findings);
	ndjson_finish_line(&json); /* print() asks .out whether that was all */
}

/* ---- the command ---- */

static int print(const struct check_cfg *cfg, const struct check *check, struct outfile *file,
		 struct err *err)
{
	struct str out;
	int ret;

	str_init(&out);
	if (cfg->is_json)
		put_json(&out, check);
	else
		put_text(&out, check, isatty(file->fd));
	ret = str_failed(&out) ? err_set(err, -ENOMEM, "out of memory") : 0;
	outfile_start(file);
	if (!ret)
		outfile_put_lines(file, out.text, out.len);
	str_fini(&out);
	return ret;
}

/* On the heap: a stack may be small (ulimit -s). */
static int find_and_print(const struct check_cfg *cfg, struct outfile *file, struct err *err)
{
	struct check *check = calloc(1, sizeof(*check));
	int ret;

	if (!check)
		return err_set(err, -ENOMEM, "out of memory");
	find_out(check, cfg->ring_bytes);
	ret = print(cfg, check, file, err);
	ret = ret ? ret : diagnosis_status(&check->findings);
	free(check);
	return ret;
}

static int check_run(int argc, char **argv, struct err *err)
{
	struct check_cfg cfg = {0};
	struct outfile file = {.fd = -1};
	int ret = opt_parse(argc, argv, check_opts, &cfg, err);

	if (ret < 0)
		return ret;
	if (ret < argc)
		return err_usage(err, "check takes no operands, but there is '%s'", argv[ret]);

	ret = features_check_disabled(err);
	if (!ret)
		ret = outfile_open(&file, cfg.output, err);
	if (ret)
		return ret;
	return outfile_end(&file, find_and_print(&cfg, &file, err), err);
}

const struct cmd cmd_check = {
	.name = "check",
	.summary = "what this kernel and these privileges can do, and what is missing",
	.opts = check_opts,
	.run = check_run,
};
