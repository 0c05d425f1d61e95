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

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"
#include "base/wrap.h"
#include "cmd/cmd.h"
#include "host/diagnosis.h"
#include "host/host.h"
#include "host/attach_plan.h"
#include "kern/features.h"
#include "kern/host_settings.h"

#define WIDTH	    98
#define TEXT_COLUMN 28

struct check_cfg {
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
	OPT_BOOL('j', "json", struct check_cfg, is_json, "one JSON object"),
	OPT_END(),
};
/* clang-format on */

static const char *const status_names[] = {"full", "degraded", NULL, "cannot"};

/* What a feature is to somebody who never heard of it. */
static const char *const feat_texts[FEATURE_CNT] = {
	[FEATURE_BTF] = "the kernel's types",
	[FEATURE_RINGBUF] = "records from the kernel",
	[FEATURE_TP_BTF] = "programs on tracepoints",
	[FEATURE_FENTRY] = "programs on functions",
	[FEATURE_KPROBE] = "programs on functions by breakpoints",
	[FEATURE_ITER] = "VMs that exist already",
	[FEATURE_CONTENTION] = "holders of locks",
};

/* ---- finding out ---- */

static const char *feature_remedy(const struct check *check, const struct feature_result *result)
{
	if (result->works)
		return "";
	if (result->is_disabled)
		return "unset KVMSTALL_DISABLE";
	return diagnosis_lacks_caps(&check->host) ? "see privileges above" : result->remedy;
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
						   : SEVERITY_PROBLEM;
	snprintf(finding->text, sizeof(finding->text), "%s: %s", feat_texts[feat],
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

static void find_out(struct check *check)
{
	struct kernel_traits facts;

	host_read("", &check->host);
	features_probe(check->results, &facts);
	features_fill_host(&facts, &check->host);
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

	/* Not str_pad() behind the marker: it would count the colour. */
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

static void put_text(struct str *out, const struct check *check)
{
	bool use_colour = isatty(STDOUT_FILENO);

	for (int section = 0; section < SECTION_CNT; section++)
		put_section(out, &check->findings, section, use_colour);
	put_status(out, &check->findings);
}

/* ---- for programs ---- */

/* What is not known is null. */
static json_t *text_or_null(const char *text)
{
	return *text ? json_string(text) : json_null();
}

static json_t *count_or_null(uint32_t cnt)
{
	return cnt ? json_integer(cnt) : json_null();
}

static json_t *kernel_object(const struct host *host)
{
	static const char *const kvm_names[] = {"", "absent", "builtin", "module"};

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:b, s:b}", "release",
			 text_or_null(host->release), "arch", text_or_null(host->arch), "cpus",
			 count_or_null(host->cpus), "hz", count_or_null(host_hz(host)), "config_hz",
			 count_or_null(host->config_hz), "preemption",
			 text_or_null(host->preemption), "preempt_dynamic", host->is_dynamic,
			 "lockdown", text_or_null(host->lockdown), "kvm",
			 text_or_null(kvm_names[host->kvm]), "dev_kvm", !host->dev_kvm_errno,
			 "call_srcu_expedited", host->has_call_expedited);
}

static json_t *caps_array(const struct host *host)
{
	json_t *array = json_array();

	for (int cap = 0; cap < HOST_CAP_CNT; cap++)
		if (host->caps & (1u << cap))
			json_array_append_new(array, json_string(host_cap_name(cap)));
	return array;
}

static json_t *params_object(const struct host *host)
{
	json_t *object = json_object();

	for (int i = 0; i < HOST_PARAM_CNT; i++)
		json_object_set_new(object, host_param_names[i], text_or_null(host->params[i]));
	return object;
}

static json_t *features_array(const struct check *check)
{
	json_t *array = json_array();

	for (int feat = 0; feat < FEATURE_CNT; feat++) {
		const struct feature_result *result = &check->results[feat];

		json_array_append_new(
			array, json_pack("{s:s, s:b, s:o, s:o}", "name", result->name, "works",
					 result->works, "why", text_or_null(result->why), "remedy",
					 text_or_null(feature_remedy(check, result))));
	}
	return array;
}

static json_t *facts_array(uint32_t facts)
{
	json_t *array = json_array();

	for (int fact = 0; fact < CAPABILITY_CNT; fact++)
		if (facts & (1u << fact))
			json_array_append_new(array, json_string(capability_name(fact)));
	return array;
}

static json_t *register_text(const struct host *host)
{
	if (!host->are_types_known || !host->has_kvm_types)
		return json_null();
	return json_string(host->defers_register ? "defers" : "waits");
}

static json_t *findings_array(const struct findings *findings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < findings->cnt; i++) {
		const struct finding *finding = &findings->list[i];
		json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:o}", "section",
					   section_names[finding->section], "name", finding->name,
					   "severity", severity_names[finding->severity], "text",
					   finding->text, "remedy", text_or_null(finding->remedy));

		if (finding->max_ms > 0) {
			json_object_set_new(object, "min_ms", json_real(finding->min_ms));
			json_object_set_new(object, "max_ms", json_real(finding->max_ms));
		}
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *check_object(const struct check *check)
{
	const char *backend = check->has_plan ? backend_names[check->plan.backend] : "";

	return json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "type",
			 "check", "v", 1, "status",
			 status_names[diagnosis_status(&check->findings)], "kernel",
			 kernel_object(&check->host), "capabilities", caps_array(&check->host),
			 "params", params_object(&check->host), "features", features_array(check),
			 "backend", text_or_null(backend), "facts",
			 facts_array(check->has_plan ? check->plan.capabilities : 0),
			 "facts_missing", facts_array(check->missing), "register_dev",
			 register_text(&check->host), "findings", findings_array(&check->findings));
}

static void put_json(struct str *out, const struct check *check)
{
	json_t *object = check_object(check);
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;

	if (text)
		str_addf(out, "%s\n", text);
	else
		out->failed = true;
	free(text);
	json_decref(object);
}

/* ---- the command ---- */

static int check_run(int argc, char **argv, struct err *err)
{
	struct check_cfg cfg = {0};
	struct check check = {0};
	struct str out;
	int ret = opt_parse(argc, argv, check_opts, &cfg, err);

	if (ret < 0)
		return ret;
	if (ret < argc)
		return err_usage(err, "check takes no operands, but there is '%s'", argv[ret]);

	find_out(&check);
	str_init(&out);
	if (cfg.is_json)
		put_json(&out, &check);
	else
		put_text(&out, &check);
	ret = str_failed(&out) ? err_set(err, -ENOMEM, "out of memory")
			       : diagnosis_status(&check.findings);
	if (ret >= 0)
		fputs(out.text, stdout);
	str_fini(&out);
	return ret;
}

const struct cmd cmd_check = {
	.name = "check",
	.summary = "what this kernel and these privileges can do, and what is missing",
	.opts = check_opts,
	.run = check_run,
};
