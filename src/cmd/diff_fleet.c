// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_fleet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "cmd/outfile.h"
#include "cmd/prometheus.h"
#include "diff/fleet/rollout.h"

#define SECOND_NS 1000000000ULL
#define DAY_S	  86400

static int check_source(const struct fleet_cfg *cfg, const struct window *window, struct err *err)
{
	int ret;

	if (!cfg->base || !cfg->new)
		return err_usage(err,
				 "--prometheus: give --base and --new, which hosts to compare");
	ret = ask_check_matchers(cfg->base, "--base", err);
	if (!ret)
		ret = ask_check_matchers(cfg->new, "--new", err);
	if (ret)
		return ret;
	if (strlen(cfg->base) >= sizeof(((struct question *)0)->matchers[0]) ||
	    strlen(cfg->new) >= sizeof(((struct question *)0)->matchers[0]))
		return err_usage(err, "--base, --new: matchers are at most 1023 characters long");
	if (cfg->over_ns < SECOND_NS)
		return err_usage(err, "--over: expected a second at least");
	if (!cfg->timeout_ns)
		return err_usage(err, "--timeout: expected more than nothing");
	if (window->until.from == WINDOW_START)
		return err_usage(err, "--until: expected a time of day, or one before now (-30m)");
	return 0;
}

int diff_fleet_check(const struct fleet_cfg *cfg, const struct window *window, struct err *err)
{
	if (!cfg->prometheus) {
		if (cfg->base || cfg->new || cfg->header || cfg->save)
			return err_usage(err,
					 "--base, --new, --header and --save are of --prometheus");
		return 0;
	}
	if (window->since.from)
		return err_usage(err, "--prometheus: give --over, not --since");
	if (prometheus_is_url(cfg->prometheus))
		return check_source(cfg, window, err);
	if (strstr(cfg->prometheus, "://"))
		return err_usage(err,
				 "--prometheus: expected a URL of http:// or https://, not '%s'",
				 cfg->prometheus);
	if (cfg->base || cfg->new || cfg->header || cfg->save || window->until.from)
		return err_usage(err,
				 "--prometheus: a file has its own --base, --new and time in it");
	return 0;
}

/* The end of the window, in seconds since 1970: a time of day is the last one that was. */
static int64_t find_until(const struct window_time *until)
{
	int64_t now = time(NULL), seconds = until->ns / SECOND_NS;
	struct tm day;

	if (until->from == WINDOW_END)
		return now - seconds;
	if (until->from != WINDOW_CLOCK)
		return now;
	localtime_r(&(time_t){now}, &day);
	day.tm_hour = seconds / 3600;
	day.tm_min = seconds / 60 % 60;
	day.tm_sec = seconds % 60;
	day.tm_isdst = -1;
	seconds = mktime(&day);
	return seconds > now ? seconds - DAY_S : seconds;
}

static int save(const char *path, const struct str *answers, struct err *err)
{
	struct outfile file = {.fd = -1};
	int ret = outfile_open(&file, path, err);

	if (ret)
		return ret;
	outfile_start(&file);
	outfile_put(&file, answers->text, answers->len);
	return outfile_end(&file, 0, err);
}

static int ask(const struct fleet_cfg *cfg, const struct window *window, struct str *answers,
	       struct err *err)
{
	const struct prometheus_cfg server = {cfg->prometheus, cfg->header, cfg->timeout_ns};
	struct question question = {.over_ns = cfg->over_ns / SECOND_NS * SECOND_NS,
				    .until = find_until(&window->until)};
	int ret;

	snprintf(question.matchers[SIDE_BASE], sizeof(question.matchers[0]), "%s", cfg->base);
	snprintf(question.matchers[SIDE_NEW], sizeof(question.matchers[0]), "%s", cfg->new);
	ret = prometheus_ask(&server, &question, answers, err);
	if (ret || !cfg->save)
		return ret;
	return save(cfg->save, answers, err);
}

static int read_file(const char *path, struct str *answers, struct err *err)
{
	_fclose_ FILE *file = fopen(path, "re");
	char bytes[1 << 16];
	size_t len;

	if (!file)
		return err_set(err, -errno, "cannot open '%s': %s", path, strerror(errno));
	while ((len = fread(bytes, 1, sizeof(bytes), file)))
		str_addn(answers, bytes, len);
	if (ferror(file))
		return err_set(err, -EIO, "cannot read '%s': %s", path, strerror(errno));
	return str_failed(answers) ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static int print(const struct rollout *rollout, rollout_print_fn print_fn, struct outfile *file,
		 struct err *err)
{
	struct str out;
	int ret;

	str_init(&out);
	ret = print_fn(&out, rollout);
	ret = outfile_put_whole(file, &out, ret, err);
	str_fini(&out);
	return ret;
}

static int compare(const struct fleet_cfg *cfg, const struct compare_cfg *compare_cfg,
		   const struct str *answers, rollout_print_fn print_fn, struct outfile *file,
		   struct err *err)
{
	struct rollout rollout = {.cnt = 0};
	struct fleet_data fleet;
	int ret = fleet_read(&fleet, answers->text, answers->len, err);

	if (ret)
		ret = err_wrap(err, ret, "'%s'", cfg->prometheus);
	else if (rollout_compare(&rollout, &fleet, compare_cfg))
		ret = err_set(err, -ENOMEM, "out of memory");
	else
		ret = print(&rollout, print_fn, file, err);
	if (!ret)
		ret = rollout.outcome;
	rollout_fini(&rollout);
	fleet_fini(&fleet);
	return ret;
}

/* Answers are read as others' files are: with nothing left to do but that, and no network any more.
 */
int diff_fleet(const struct fleet_cfg *cfg, const struct window *window,
	       const struct compare_cfg *compare_cfg, rollout_print_fn print_fn,
	       struct outfile *file, struct err *err)
{
	bool is_url = prometheus_is_url(cfg->prometheus);
	struct str answers;
	int ret = 0;

	str_init(&answers);
	if (is_url)
		ret = ask(cfg, window, &answers, err);
	if (!ret)
		ret = outfile_confine(file, err);
	if (!ret && !is_url)
		ret = read_file(cfg->prometheus, &answers, err);
	if (!ret)
		ret = compare(cfg, compare_cfg, &answers, print_fn, file, err);
	str_fini(&answers);
	return ret;
}
