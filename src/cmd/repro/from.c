// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/from.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/format.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/str.h"
#include "cmd/outfile.h"
#include "cmd/repro/play.h"
#include "cmd/repro/play_table.h"
#include "cmd/repro/try_moves.h"
#include "cmd/unpack.h"
#include "cmd/version.h"
#include "kern/limits.h"
#include "script/emit.h"
#include "script/list.h"
#include "script/order.h"
#include "script/source.h"

#define CHUNK	     (256 << 10)
#define GAPS_PERCENT 10000

struct from {
	const struct from_cfg *cfg;
	enum machine_arch arch;
	struct utsname host;
	struct scripts scripts, others; /* .others: in the other order, if one is asked for */
	struct script_origin origin;
	bool has_other;
	struct play_sum played[SCRIPT_VMS_MAX], other[SCRIPT_VMS_MAX];
};

static void from_fini(struct from *from)
{
	for (size_t i = 0; i < SCRIPT_VMS_MAX; i++) {
		if (from->played[i].script)
			play_sum_fini(&from->played[i]);
		if (from->other[i].script)
			play_sum_fini(&from->other[i]);
	}
	scripts_fini(&from->scripts);
	scripts_fini(&from->others);
}

int from_parse_gaps(const char *value, void *field, struct err *err)
{
	size_t len = strlen(value);
	char number[16] = "";
	uint64_t factor;

	if (!strcmp(value, "as-is"))
		*(uint32_t *)field = 100;
	else if (!strcmp(value, "none"))
		*(uint32_t *)field = 0;
	else if (len > 1 && len < sizeof(number) && value[len - 1] == 'x' &&
		 parse_u64(memcpy(number, value, len - 1), &factor) && factor &&
		 factor <= GAPS_PERCENT / 100)
		*(uint32_t *)field = (uint32_t)factor * 100;
	else
		return err_usage(err, "--gaps: 'as-is', 'none' or '2x' to '%dx', not '%s'",
				 GAPS_PERCENT / 100, value);
	return 0;
}

/* ---- reading ---- */

static void close_unpack(struct unpack **unpack)
{
	unpack_close(*unpack);
}

static void free_source(struct script_source **source)
{
	script_source_free(*source);
}

static int feed_all(struct script_source *source, struct unpack *unpack, struct err *err)
{
	_free_ char *buf = malloc(CHUNK);
	ssize_t len;
	int ret = 0;

	if (!buf)
		return err_set(err, -ENOMEM, "out of memory");
	while (!ret && (len = unpack_read(unpack, buf, CHUNK, err)))
		ret = len < 0 ? (int)len : script_source_feed(source, buf, len, err);
	return ret ? ret : script_source_finish(source, err);
}

static int read_file(const char *path, enum machine_arch arch, struct scripts *scripts,
		     struct script_origin *origin, struct err *err)
{
	_cleanup_(free_source) struct script_source *source = script_source_new(scripts, arch);
	_cleanup_(close_unpack) struct unpack *unpack =
		source ? unpack_open(path, NULL, err) : NULL;
	int ret;

	if (!source)
		return err_set(err, -ENOMEM, "out of memory");
	if (!unpack)
		return -EINVAL;
	ret = feed_all(source, unpack, err);
	if (origin)
		*origin = *script_source_origin(source);
	return ret ? err_wrap(err, ret, "'%s'", path) : 0;
}

static int read_profile(struct from *from, struct err *err)
{
	const struct from_cfg *cfg = from->cfg;
	struct script_sizes sizes = {cfg->vcpus, cfg->devices, cfg->memslots};
	int ret;

	from->scripts.cnt = 1;
	ret = list_parse(cfg->list, strlen(cfg->list), &sizes, &from->scripts.vms[0], err);
	return ret ? ret : script_check(&from->scripts.vms[0], err);
}

/* A list of one's own may be in any order; a log's was made, on whichever kernel. */
static int check_lists(const struct from *from, struct err *err)
{
	bool is_list = !from->cfg->path || !strcmp(from->origin.kind, "list");

	return is_list ? order_check(&from->scripts.vms[0], from->arch, err) : 0;
}

static int read_scripts(struct from *from, struct err *err)
{
	int ret = from->cfg->path ? read_file(from->cfg->path, from->arch, &from->scripts,
					      &from->origin, err)
				  : read_profile(from, err);

	if (!ret)
		ret = check_lists(from, err);
	for (size_t i = 0; !ret && i < from->scripts.cnt; i++)
		if (script_end(&from->scripts.vms[i]))
			ret = err_set(err, -ENOMEM, "out of memory");
	if (!ret && from->scripts.left_out)
		log_warn("more than %d VMs: the first of them are played", SCRIPT_VMS_MAX);
	return ret;
}

/* ---- the other order ---- */

static int apply_list(struct from *from, struct err *err)
{
	struct scripts wanted = {.cnt = 0};
	uint32_t left_out = 0;
	int ret;

	if (from->scripts.cnt > 1)
		return err_set(err, -EINVAL, "a list orders the calls of one VM, and there are %zu",
			       from->scripts.cnt);
	ret = read_file(from->cfg->order, from->arch, &wanted, NULL, err);
	if (!ret && script_end(&wanted.vms[0]))
		ret = err_set(err, -ENOMEM, "out of memory");
	if (!ret && wanted.cnt != 1)
		ret = err_set(err, -EINVAL, "it has %zu VMs", wanted.cnt);
	if (!ret)
		ret = order_apply(&from->others.vms[0], &wanted.vms[0], &left_out, err);
	if (!ret && left_out)
		log_warn("'%s' leaves out %" PRIu32 " call%s", from->cfg->order, left_out,
			 format_s(left_out));
	scripts_fini(&wanted);
	return ret ? err_wrap(err, ret, "--order") : 0;
}

static int make_other(struct from *from, struct err *err)
{
	const char *order = from->cfg->order;
	bool is_list = strcmp(order, "devices-first") && strcmp(order, "memslots-first");
	int ret = 0;

	for (size_t i = 0; i < from->scripts.cnt; i++, from->others.cnt++)
		if (script_copy(&from->others.vms[i], &from->scripts.vms[i]))
			return err_set(err, -ENOMEM, "out of memory");
	if (is_list)
		ret = apply_list(from, err);
	for (size_t i = 0; !ret && i < from->others.cnt; i++) {
		if (!is_list)
			order_move(&from->others.vms[i],
				   *order == 'd' ? ORDER_DEVICES_FIRST : ORDER_MEMSLOTS_FIRST);
		ret = order_check(&from->others.vms[i], from->arch, err);
		ret = ret ? err_wrap(err, ret, "--order %s", order) : 0;
	}
	from->has_other = true;
	return ret;
}

/* ---- out ---- */

static int print(struct str *text, struct err *err)
{
	struct outfile out = {.fd = -1};
	int ret = str_failed(text) ? err_set(err, -ENOMEM, "out of memory") : 0, closed;

	if (!ret)
		ret = outfile_open(&out, NULL, err);
	if (ret)
		return ret;
	outfile_put_lines(&out, text->text, text->len);
	closed = outfile_close(&out, err);
	return closed;
}

static int print_lists(const struct from *from, struct err *err)
{
	const struct scripts *scripts = from->has_other ? &from->others : &from->scripts;
	struct str text;
	int ret;

	str_init(&text);
	for (size_t i = 0; i < scripts->cnt; i++) {
		if (scripts->cnt > 1)
			str_addf(&text, "# VM %zu of %zu\n", i + 1, scripts->cnt);
		str_adds(&text, "# ");
		script_say_played(&scripts->vms[i], &text);
		str_addc(&text, '\n');
		list_put(&scripts->vms[i], &text);
	}
	ret = print(&text, err);
	str_fini(&text);
	return ret;
}

static void put_report(const struct from *from, size_t idx, struct str *text)
{
	const struct from_cfg *cfg = from->cfg;
	struct play_report report = {
		.path = cfg->path ? cfg->path : cfg->name,
		.vm = idx,
		.vms_cnt = from->scripts.cnt,
		.rounds = cfg->rounds,
		.vms = cfg->vms,
		.min_ns = cfg->min_ns,
		.played = &from->played[idx],
		.other = from->has_other ? &from->other[idx] : NULL,
		.order = from->has_other ? cfg->order : NULL,
		.origin = cfg->path ? &from->origin : NULL,
		.release = from->host.release,
		.cpus = (uint32_t)sysconf(_SC_NPROCESSORS_CONF),
		.is_partial = from->scripts.is_partial,
		.is_untimed = from->scripts.is_untimed,
		.want_all = cfg->verbose > 0,
		.now_ns = clock_now_ns(),
	};

	if (cfg->is_json)
		play_table_json(&report, text);
	else
		play_table_text(&report, text);
}

static int print_reports(const struct from *from, struct err *err)
{
	struct str text;
	int ret;

	str_init(&text);
	for (size_t i = 0; i < from->scripts.cnt; i++)
		put_report(from, i, &text);
	ret = print(&text, err);
	str_fini(&text);
	return ret;
}

/* ---- playing ---- */

static int init_sums(struct play_sum *sums, const struct scripts *scripts, size_t rounds,
		     struct err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < scripts->cnt; i++)
		ret = play_sum_init(&sums[i], &scripts->vms[i], rounds, err);
	return ret;
}

static int play_all(struct from *from, const struct play_cfg *play_cfg, struct err *err)
{
	const struct from_cfg *cfg = from->cfg;
	size_t rounds = (size_t)cfg->rounds * cfg->vms;
	int ret = init_sums(from->played, &from->scripts, rounds, err);

	if (!ret && from->has_other)
		ret = init_sums(from->other, &from->others, rounds, err);
	for (uint32_t round = 0; !ret && round < cfg->rounds; round++) {
		ret = play_round(play_cfg, from->played, from->scripts.cnt, round, err);
		if (!ret && from->has_other)
			ret = play_round(play_cfg, from->other, from->others.cnt, round, err);
	}
	return ret ? ret : print_reports(from, err);
}

/* Of one VM: what another on the same host does is not its own start. */
static int suggest_moves(const struct from *from, const struct play_cfg *play_cfg, struct err *err)
{
	const struct scripts *scripts = from->has_other ? &from->others : &from->scripts;
	struct str text;
	int ret;

	if (from->scripts.cnt > 1)
		return err_set(err, -EINVAL, "--suggest is for one VM, and there are %zu",
			       from->scripts.cnt);
	str_init(&text);
	ret = try_moves(&scripts->vms[0], from->arch, play_cfg, from->cfg->rounds,
			from->cfg->is_json, &text, err);
	if (!ret)
		ret = print(&text, err);
	str_fini(&text);
	return ret;
}

static int play(struct from *from, struct err *err)
{
	const struct from_cfg *cfg = from->cfg;
	struct play_cfg play_cfg = {
		.min_ns = cfg->min_ns,
		.vms = cfg->vms,
		.is_told = !cfg->want_moves && (cfg->is_json || cfg->verbose > 1),
		.name = cfg->path ? "from" : cfg->name,
		.report = {.is_json = cfg->is_json,
			   .want_time = true,
			   .want_tid = true,
			   .lock_fd = memfd_create("kvmstall-stdout-lock", MFD_CLOEXEC)},
	};
	int ret = cfg->want_moves ? suggest_moves(from, &play_cfg, err)
				  : play_all(from, &play_cfg, err);

	if (play_cfg.report.lock_fd >= 0)
		close(play_cfg.report.lock_fd);
	return ret;
}

/* The order that is asked for, of one VM. */
static int print_c(const struct from *from, struct err *err)
{
	const struct scripts *scripts = from->has_other ? &from->others : &from->scripts;
	struct str text;
	int ret;

	if (scripts->cnt > 1)
		return err_set(err, -EINVAL, "--emit is for one VM, and there are %zu",
			       scripts->cnt);
	str_init(&text);
	ret = emit_c(&scripts->vms[0], version_text, &text, err);
	if (!ret)
		ret = print(&text, err);
	str_fini(&text);
	return ret;
}

static void scale(struct scripts *scripts, uint32_t percent)
{
	for (size_t i = 0; i < scripts->cnt; i++)
		script_scale_gaps(&scripts->vms[i], percent);
}

static int run(struct from *from, struct err *err)
{
	int ret = read_scripts(from, err);

	if (!ret && from->cfg->order)
		ret = make_other(from, err);
	if (ret)
		return ret;
	scale(&from->scripts, from->cfg->gaps);
	scale(&from->others, from->cfg->gaps);
	if (from->cfg->want_list)
		return print_lists(from, err);
	if (from->cfg->want_c)
		return print_c(from, err);
	limits_raise(); /* every ioeventfd and irqfd is a descriptor */
	return play(from, err);
}

int from_run(const struct from_cfg *cfg, struct err *err)
{
	struct from *from = calloc(1, sizeof(*from));
	int ret;

	if (!from)
		return err_set(err, -ENOMEM, "out of memory");
	from->cfg = cfg;
	uname(&from->host);
	from->arch = machine_arch_of(from->host.machine);
	ret = run(from, err);
	from_fini(from);
	free(from);
	return ret;
}
