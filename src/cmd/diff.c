// SPDX-License-Identifier: GPL-2.0-only
/* kvmstall diff: is it slower, where, how much, how sure, and why. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/diff_fleet.h"
#include "cmd/input.h"
#include "cmd/outfile.h"
#include "cmd/window.h"
#include "diff/compare.h"
#include "diff/fleet/rollout_print.h"
#include "diff/verdict.h"
#include "ledger/filter.h"
#include "output/summary.h"

/* 1 says that something is worse, so what goes wrong must say something else. */
#define EXIT_TROUBLE 2

enum diff_format { DIFF_TEXT, DIFF_JSON, DIFF_MARKDOWN, DIFF_LKML, DIFF_JUNIT, DIFF_HTML };

/* One more, and no table of a mail would hold them. */
#define SIDES_MAX 7

static const char *const formats[] = {"text", "json", "markdown", "lkml", "junit", "html", NULL};

struct diff_cfg {
	const char *output;
	struct compare_cfg compare;
	struct window window; /* of each recording */
	struct fleet_cfg fleet;
	uint32_t format;
};

/* A part of 1: "5%". */
static int parse_share(const char *value, void *field, struct err *err)
{
	double share;
	char *end;

	share = strtod(value, &end) / 100;
	if (end == value || strcmp(end, "%") || share < 0 || share > 1 ||
	    !strchr("0123456789", *value))
		return err_usage(err, "--min-effect: expected a percentage, as in 5%%, not '%s'",
				 value);
	*(double *)field = share;
	return 0;
}

static int parse_probability(const char *value, void *field, struct err *err)
{
	double probability;
	char *end;

	probability = strtod(value, &end);
	if (end == value || *end || probability <= 0 || probability >= 1 ||
	    !strchr("0123456789", *value))
		return err_usage(err, "--alpha: expected a number between 0 and 1, not '%s'",
				 value);
	*(double *)field = probability;
	return 0;
}

static const struct opt diff_opts[] = {
	OPT_CUSTOM('e', "min-effect", "SHARE", struct diff_cfg, compare.min_effect, double,
		   parse_share, "ignore smaller differences, in percent of BASE's median (5%)"),
	OPT_NSEC('m', "min", "DURATION", struct diff_cfg, compare.floor_ns,
		 "ignore differences smaller than this (100us)"),
	OPT_CUSTOM('a', "alpha", "PROBABILITY", struct diff_cfg, compare.alpha, double,
		   parse_probability, "family-wise false-positive rate, over all calls (0.01)"),
	WINDOW_OPTS(struct diff_cfg, window),
	OUTPUT_OPT(struct diff_cfg, output),
	OPT_ENUM('f', "format", formats, struct diff_cfg, format, "how to print it (text)"),
	FLEET_OPTS(struct diff_cfg, fleet),
	OPT_END(),
};

/* ---- one file ---- */

struct loading {
	struct side *side;
	const struct capture_head *head; /* its facts grow as recordings learn more */
	size_t facts_cnt;		 /* of these, taken */
	struct filter filter;		 /* only VMs that the recorded COMMAND made */
	int error;
};

/* What the head says beside its facts. */
static int add_head_facts(struct side *side, const struct capture_head *head)
{
	char hz[16] = "";
	int ret;

	if (head->hz)
		snprintf(hz, sizeof(hz), "%u", head->hz);
	ret = side_add_fact(side, "kernel.hz", hz);
	if (!ret)
		ret = side_add_fact(side, "backend", head->backend);
	if (!ret)
		ret = side_add_fact(side, "kvmstall.version", head->version);
	return ret;
}

static int take_facts(struct loading *loading)
{
	const struct environment *facts = &loading->head->environment;
	int ret = 0;

	for (; !ret && loading->facts_cnt < facts->cnt; loading->facts_cnt++)
		ret = side_add_fact(loading->side, facts->list[loading->facts_cnt].key,
				    facts->list[loading->facts_cnt].value);
	return ret;
}

static int on_head(void *ctx, const struct capture_head *head)
{
	struct loading *loading = ctx;
	struct side *side = loading->side;

	loading->head = head;
	loading->filter.is_followed = head->is_followed;
	if (side->samples.recordings == 1)
		side->hz = head->hz;
	else if (side->hz != head->hz)
		side->hz = 0;
	side->partial += !head->has_all_calls;
	return add_head_facts(side, head);
}

static void on_stall(void *ctx, const struct stall *stall)
{
	struct loading *loading = ctx;

	if (!filter_wants_stall(&loading->filter, stall))
		return;
	/* Ioctls that nobody watches are in a log's calls only where they are slow. */
	if (stall->is_inferred && stall->rec->kind == KS_KIND_NONE)
		return;
	if (stall->is_inferred && loading->side->samples.inferred++ == 0)
		loading->side->logs++;
	if (!loading->error)
		loading->error = take_facts(loading);
	if (!loading->error)
		loading->error = samples_add(&loading->side->samples, stall);
}

static void on_span(void *ctx, const struct span *span)
{
	struct loading *loading = ctx;

	if (!loading->error && filter_wants_span(&loading->filter, span))
		loading->error = samples_add_span(&loading->side->samples, span);
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	struct loading *loading = ctx;

	samples_vm_gone(&loading->side->samples, vm);
}

/* Others of the losses make an account incomplete, not a latency wrong. */
static uint64_t count_lost_calls(const struct summary *summary)
{
	return summary->losses[KS_LOSS_RING] + summary->losses[KS_LOSS_TASKS] +
	       summary->losses[KS_LOSS_DOMAINS] + summary->losses[KS_LOSS_NO_BEGIN] +
	       summary->losses[KS_LOSS_FOLLOWED];
}

/* What is to be read of recordings, and which file is none. */
struct source {
	const struct window *window;
	const struct outfile *file;
};

static int find_window(const struct source *source, char *const *paths, enum input_run run,
		       const struct input_cfg *cfg, struct filter *filter, struct err *err)
{
	if (!window_is_given(source->window))
		return 0;
	return window_find(source->window, paths, run, cfg, 0, filter, err);
}

/* Of all of @paths as one @run, if they are, else of the first. */
static int load_file(struct side *side, char *const *paths, enum input_run run,
		     const struct source *source, struct err *err)
{
	static const struct input_cfg cfg = {.from = IMPORT_NONE};
	struct loading loading = {.side = side};
	const struct replay_ops ops = {
		.ledger = {.stall = on_stall, .vm_gone = on_vm_gone, .span = on_span},
		.head = on_head,
	};
	struct summary summary = {0};
	int ret;

	for (size_t i = 0; paths[i] && (run || !i); i++)
		if (outfile_is(source->file, paths[i]))
			return err_usage(err, "'%s' is to be read and to be written", paths[i]);
	ret = find_window(source, paths, run, &cfg, &loading.filter, err);
	if (ret)
		return ret;
	samples_begin(&side->samples);
	ret = run ? input_read_run(paths, run, &cfg, &ops, &loading, &summary, err)
		  : input_read(*paths, &cfg, &ops, &loading, &summary, err);
	if (ret < 0)
		return ret;
	if (loading.error)
		return err_set(err, loading.error, "'%s': %s", *paths, strerror(-loading.error));
	if (ret == CAPTURE_CUT) {
		side->cut++;
		log_warn("%s", err->msg);
	}
	side->lost += count_lost_calls(&summary);
	side->untimed += summary.untimed;
	side->holes += summary_lost(&summary) - count_lost_calls(&summary);
	return 0;
}

/* ---- a side ---- */

/* A file whose name has a comma in it is one file. */
static int load_side(struct side *side, const char *list, const struct source *source,
		     struct err *err)
{
	static const struct input_cfg cfg = {.from = IMPORT_NONE};
	_free_ char *copy = strdup(list);
	_free_ char **paths = calloc(strlen(list) + 2, sizeof(char *));
	char *rest = copy, *path;
	size_t cnt = 0;
	enum input_run run;
	int ret = 0;

	if (!copy || !paths)
		return err_set(err, -ENOMEM, "out of memory");
	if (!access(list, F_OK)) {
		paths[0] = copy;
		return load_file(side, paths, INPUT_SINGLE, source, err);
	}
	while ((path = strsep(&rest, ","))) {
		if (!*path)
			return err_usage(err, "'%s': a file has no name", list);
		paths[cnt++] = path;
	}
	run = input_run(paths, &cfg);
	for (size_t i = 0; !ret && i < cnt && (!run || !i); i++)
		ret = load_file(side, paths + i, run, source, err);
	return ret;
}

/* ---- the whole ---- */

static int add_comparison(const struct diff_cfg *cfg, const struct comparison *comparison,
			  const char *const names[SIDE_CNT], struct str *out)
{
	switch (cfg->format) {
	case DIFF_JSON:
		return compare_json(out, comparison, names);
	case DIFF_MARKDOWN:
		compare_markdown(out, comparison, names);
		return 0;
	case DIFF_JUNIT:
		compare_junit(out, comparison, names);
		return 0;
	case DIFF_HTML:
		return compare_html(out, comparison, names);
	default:
		compare_text(out, comparison, names);
		return 0;
	}
}

/* One after the other, but for a mail, which has them side by side. */
static int add_all(const struct diff_cfg *cfg, const struct comparison *list, size_t cnt,
		   char *const *names, struct str *out)
{
	int ret = 0;

	if (cfg->format == DIFF_LKML) {
		compare_lkml(out, list, cnt, (const char *const *)names);
		return 0;
	}
	if (cfg->format == DIFF_JUNIT)
		str_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	for (size_t i = 0; !ret && i < cnt; i++) {
		const char *const pair[SIDE_CNT] = {names[0], names[i + 1]};

		if (i && (cfg->format == DIFF_TEXT || cfg->format == DIFF_MARKDOWN))
			str_adds(out, "\n");
		ret = add_comparison(cfg, &list[i], pair, out);
	}
	if (cfg->format == DIFF_JUNIT)
		str_adds(out, "</testsuites>\n");
	return ret;
}

static int print(const struct diff_cfg *cfg, const struct comparison *list, size_t cnt,
		 char *const *names, struct outfile *file, struct err *err)
{
	struct str out;
	int ret;

	str_init(&out);
	ret = add_all(cfg, list, cnt, names, &out);
	ret = outfile_put_whole(file, &out, ret, err);
	str_fini(&out);
	return ret;
}

/* Worse than the first: one of them is. */
static enum outcome outcome_of(const struct comparison *list, size_t cnt)
{
	enum outcome outcome = OUTCOME_NOT_WORSE;

	for (size_t i = 0; i < cnt; i++) {
		if (list[i].outcome == OUTCOME_WORSE)
			return OUTCOME_WORSE;
		if (list[i].outcome == OUTCOME_NOT_COMPARABLE)
			outcome = OUTCOME_NOT_COMPARABLE;
	}
	return outcome;
}

static int compare_and_print(const struct diff_cfg *cfg, struct side *sides, char *const *names,
			     size_t cnt, struct outfile *file, struct err *err)
{
	const struct source source = {&cfg->window, file};
	struct comparison list[SIDES_MAX - 1] = {0};
	int ret = 0;

	for (size_t i = 0; !ret && i < cnt; i++)
		ret = load_side(&sides[i], names[i], &source, err);
	if (ret == -ENODATA) {
		log_error("not comparable: %s", err->msg);
		return OUTCOME_NOT_COMPARABLE;
	}
	if (ret)
		return ret;
	for (size_t i = 1; !ret && i < cnt; i++)
		ret = compare_sides(&list[i - 1], &sides[0], &sides[i], &cfg->compare);
	if (ret)
		err_set(err, ret, "%s", strerror(-ret));
	else
		ret = print(cfg, list, cnt - 1, names, file, err);
	if (!ret)
		ret = outcome_of(list, cnt - 1);
	for (size_t i = 1; i < cnt; i++)
		comparison_fini(&list[i - 1]);
	return ret;
}

/* ---- two groups of hosts ---- */

#define ROLLOUT_PRINT(name)                                                                        \
	static int print_##name(struct str *out, const struct rollout *rollout)                    \
	{                                                                                          \
		rollout_##name(out, rollout);                                                      \
		return 0;                                                                          \
	}

ROLLOUT_PRINT(text)
ROLLOUT_PRINT(markdown)
ROLLOUT_PRINT(lkml)
ROLLOUT_PRINT(junit)

static int compare_fleet(const struct diff_cfg *cfg, int operands, struct outfile *file,
			 struct err *err)
{
	static const rollout_print_fn prints[] = {
		[DIFF_TEXT] = print_text,	  [DIFF_JSON] = rollout_json,
		[DIFF_MARKDOWN] = print_markdown, [DIFF_LKML] = print_lkml,
		[DIFF_JUNIT] = print_junit,	  [DIFF_HTML] = NULL,
	};
	int ret;

	if (operands)
		return err_usage(err, "--prometheus: of hosts, and recordings are given as well");
	if (!prints[cfg->format])
		return err_usage(err, "--format html: of recordings, not of --prometheus");
	ret = outfile_open(file, cfg->output, err);
	if (!ret)
		ret = diff_fleet(&cfg->fleet, &cfg->window, &cfg->compare, prints[cfg->format],
				 file, err);
	return outfile_end(file, ret, err);
}

static int diff_run(int argc, char **argv, struct err *err)
{
	struct diff_cfg cfg = {
		.compare = {.min_effect = 0.05, .alpha = 0.01, .floor_ns = 100000},
		.fleet = FLEET_DEFAULT,
	};
	int operand = opt_parse(argc, argv, diff_opts, &cfg, err), ret;
	struct outfile file = {.fd = -1};
	struct side sides[SIDES_MAX];
	size_t cnt;

	if (operand < 0)
		return operand;
	ret = diff_fleet_check(&cfg.fleet, &cfg.window, err);
	if (!ret && cfg.fleet.prometheus)
		return compare_fleet(&cfg, argc - operand, &file, err);
	if (!ret)
		ret = input_check_names(argv + operand, err);
	if (ret)
		return ret;
	cnt = argc - operand;
	if (cnt < SIDE_CNT)
		return err_usage(err, "expected BASE and NEW");
	if (cnt > SIDES_MAX)
		return err_usage(err, "at most %d can be compared", SIDES_MAX);
	if (cfg.format == DIFF_HTML && cnt > SIDE_CNT)
		return err_usage(err, "--format html: of two sides, and there are more");
	for (size_t i = 0; i < cnt; i++)
		side_init(&sides[i]);
	ret = outfile_open(&file, cfg.output, err);
	if (!ret)
		ret = outfile_confine(&file, err);
	if (!ret)
		ret = compare_and_print(&cfg, sides, argv + operand, cnt, &file, err);
	ret = outfile_end(&file, ret, err);
	for (size_t i = 0; i < cnt; i++)
		side_fini(&sides[i]);
	return ret;
}

const struct cmd cmd_diff = {
	.name = "diff",
	.summary =
		"compare recordings: what became slower, how sure that is, and which cause moved",
	.operands = "BASE[,BASE...] NEW[,NEW...]...",
	.opts = diff_opts,
	.failed_status = EXIT_TROUBLE,
	.run = diff_run,
};
