// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/printer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/format.h"
#include "base/log.h"
#include "cmd/charset.h"
#include "output/csv.h"
#include "output/json.h"
#include "output/page.h"
#include "output/perfetto/perfetto.h"
#include "output/text/summary_text.h"

static void on_storm(void *ctx, const struct storm *storm);

/* ---- life ---- */

void printer_init(struct printer *show, const struct printer_cfg *cfg, struct outfile *file)
{
	*show = (struct printer){.cfg = *cfg, .file = file, .backend = "?"};
	if (cfg->min_ns == PRINTER_MIN_NOT_GIVEN)
		show->cfg.min_ns = PRINTER_MIN_NS;
	else
		show->all_min_ns = cfg->min_ns;
	show->summary.command_status = -1;
	show->summary.spans = &show->spans;
	str_init(&show->line);
	storms_init(&show->storms, show->cfg.min_ns, on_storm, show);
}

/* A call that still waits: reported when it has for .stuck_ns, then at doubling intervals. */
struct stuck {
	uint64_t begin_ns;
	uint64_t next_ns; /* age at which it is reported again */
};

static void forget_stuck(struct printer *show)
{
	map_clear(&show->stuck, free);
}

void printer_fini(struct printer *show)
{
	forget_stuck(show);
	storms_fini(&show->storms);
	perfetto_free(show->perfetto);
	page_free(show->page);
	str_fini(&show->line);
	spans_fini(&show->spans);
}

/* Half a line is worse than none. */
static void put_line(struct printer *show)
{
	if (str_failed(&show->line))
		show->missing++;
	else
		outfile_put_lines(show->file, show->line.text, show->line.len);
	str_reset(&show->line);
}

static void begin_perfetto(struct printer *show)
{
	if (show->cfg.format != PRINTER_PERFETTO)
		return;
	if (!show->perfetto)
		show->perfetto = perfetto_new(&show->line);
	if (show->perfetto)
		perfetto_next_file(show->perfetto, &show->text, &show->cfg.filter);
	else
		show->missing++;
}

static void begin_page(struct printer *show)
{
	if (show->cfg.format != PRINTER_HTML)
		return;
	if (!show->page)
		show->page = page_new();
	if (show->page)
		page_next_file(show->page, &show->text, show->backend, &show->cfg.filter);
	else
		show->missing++;
}

void printer_begin(struct printer *show, const struct printer_source *source)
{
	if (!show->has_begun && show->cfg.format == PRINTER_TEXT)
		text_header(&show->line);
	if (!show->has_begun && show->cfg.format == PRINTER_CSV)
		csv_stall_header(&show->line);
	show->has_begun = true;
	snprintf(show->backend, sizeof(show->backend), "%s", source->backend);
	show->host = source->host;
	show->host.min_ns = show->cfg.min_ns;
	show->text = (struct text_cfg){
		.clock_offset_ns = source->clock_offset_ns,
		.use_colour = isatty(show->file->fd),
		.show_account = show->cfg.verbose,
		.show_timeline = show->cfg.timeline,
		.use_utf8 = show->cfg.timeline && charset_is_utf8(),
		.vm_width = show->text.vm_width,
		.host = show->host,
	};
	forget_stuck(show);
	show->is_stopped = false;
	begin_perfetto(show);
	begin_page(show);
	put_line(show);
	printer_flush(show);
}

/* ---- what is said at the start ---- */

int printer_check_terminal(enum printer_format format, const struct outfile *out, struct err *err)
{
	if (format != PRINTER_PERFETTO || !isatty(out->fd))
		return 0;
	return err_usage(err, "--format perfetto is not for terminals: write it to a file (-o)");
}

static int check_name(const char *option, const char *name, size_t max, struct err *err)
{
	if (!name || (*name && strlen(name) <= max))
		return 0;
	if (!*name)
		return err_usage(err, "--%s: a name is expected, not ''", option);
	return err_usage(err, "--%s: '%s' is longer than the %zu characters that any has", option,
			 name, max);
}

int printer_check_filter(const struct filter *filter, struct err *err)
{
	int ret = check_name("comm", filter->comm, KS_COMM_LEN - 1, err);

	return ret ? ret : check_name("vm", filter->vm, sizeof(((struct vm *)0)->name) - 1, err);
}

static void add_filter(struct str *out, const struct filter *filter)
{
	const char *sep = "";

	if (filter->pid)
		str_addf(out, "--pid %" PRIu32, filter->pid);
	sep = out->len ? ", " : "";
	if (filter->vm)
		str_addf(out, "%s--vm %s", sep, filter->vm);
	sep = out->len ? ", " : "";
	if (filter->comm)
		str_addf(out, "%s--comm %s", sep, filter->comm);
}

static void add_vms(struct str *out, const struct printer *show)
{
	uint64_t all = show->vms_seen, wanted = show->summary.vms;
	struct str filter;

	str_init(&filter);
	add_filter(&filter, &show->cfg.filter);
	if (!filter.len)
		str_addf(out, "%" PRIu64 " VM%s", all, format_s(all));
	else if (wanted)
		str_addf(out, "%" PRIu64 " of %" PRIu64 " VMs (%s)", wanted, all, filter.text);
	else
		str_addf(out, "%s matches none of %" PRIu64 " VM%s now", filter.text, all,
			 format_s(all));
	str_fini(&filter);
}

void printer_say_start(const struct printer *show, const char *doing, const char *where,
		       const char *command)
{
	struct str vms;

	str_init(&vms);
	if (command)
		str_addf(&vms, "VMs of '%s'", command);
	else
		add_vms(&vms, show);
	if (!show->cfg.quiet)
		log_notice("%s by %s%s: %s", doing, show->backend, where,
			   str_failed(&vms) ? "?" : vms.text);
	str_fini(&vms);
}

/* A daemon's VMs are its own, not those of who asked it for them. */
static void say_unseen_command(const struct printer *show, const char *command)
{
	if (show->vms_born)
		log_notice("none of %" PRIu64 " VM%s born meanwhile is of '%s', or of a "
			   "process that it started (a daemon's, as libvirt's are: --comm or --vm "
			   "names them)",
			   show->vms_born, format_s(show->vms_born), command);
}

void printer_say_unseen(const struct printer *show, const char *command)
{
	struct str filter;

	if (show->cfg.quiet || show->summary.vms || show->summary.calls)
		return;
	str_init(&filter);
	add_filter(&filter, &show->cfg.filter);
	if (filter.len && show->vms_seen)
		log_notice("%s matched none of %" PRIu64 " VM%s", filter.text, show->vms_seen,
			   format_s(show->vms_seen));
	else if (!filter.len && command)
		say_unseen_command(show, command);
	str_fini(&filter);
}

/* ---- stalls ---- */

/* The first stall that .stop_on_ns speaks of, whichever VMs are to be shown. */
static bool is_stop(struct printer *show, const struct stall *stall)
{
	const struct filter recorders = {.is_followed = show->cfg.filter.is_followed};

	if (show->is_stopped || !show->cfg.stop_on_ns ||
	    !stall_counts(stall, show->cfg.stop_on_ns) || !filter_wants_stall(&recorders, stall))
		return false;
	show->is_stopped = true;
	return true;
}

static void put_perfetto(struct printer *show, const struct stall *stall)
{
	if (!show->perfetto)
		return;
	if (stall->is_stuck)
		perfetto_asleep(show->perfetto, stall);
	else
		perfetto_call(show->perfetto, stall);
}

static void put_page(struct printer *show, const struct stall *stall, bool is_stall)
{
	if (!show->page)
		return;
	if (stall->is_stuck)
		page_asleep(show->page, stall);
	else
		page_call(show->page, stall, is_stall);
}

/* What there was no memory for, .line knows. */
static void put_shown(struct printer *show, const struct stall *stall, bool is_stall)
{
	struct text_cfg text;

	text_fit(&show->text, stall);
	text = show->text;
	text.show_account |= stall->is_stuck; /* whoever is stuck wants to know why, now */
	switch (show->cfg.format) {
	case PRINTER_TEXT:
		text_stall(&show->line, stall, &text);
		break;
	case PRINTER_JSON:
		json_stall(&show->line, stall, show->backend, &show->host);
		break;
	case PRINTER_CSV:
		csv_stall(&show->line, stall);
		break;
	case PRINTER_PERFETTO:
		put_perfetto(show, stall);
		break;
	case PRINTER_HTML:
		put_page(show, stall, is_stall);
		break;
	case PRINTER_NOTHING:
		break;
	}
	put_line(show);
}

/* Most calls are not shown, so what only the printer knows of one is noted here. */
static void put_stall(struct printer *show, const struct stall *stall, bool is_stall, bool is_stop)
{
	struct stall marked = *stall;

	marked.is_stop = is_stop;
	put_shown(show, &marked, is_stall);
}

static void on_storm(void *ctx, const struct storm *storm)
{
	struct printer *show = ctx;

	if (show->cfg.format == PRINTER_TEXT)
		text_storm(&show->line, storm, &show->text);
	else if (show->cfg.format == PRINTER_JSON)
		json_storm(&show->line, storm);
	put_line(show);
}

void printer_tick(struct printer *show, uint64_t now_ns)
{
	storms_tick(&show->storms, now_ns);
}

/* Like lines are one, for people who did not ask for each. */
static bool is_in_storm(struct printer *show, const struct stall *stall)
{
	return !stall->is_inferred && storms_add(&show->storms, stall) &&
	       show->cfg.format == PRINTER_TEXT && !show->cfg.all && !show->cfg.verbose;
}

bool printer_stall(struct printer *show, const struct stall *stall)
{
	bool stops = is_stop(show, stall);
	bool is_stall = stops || stall_counts(stall, show->cfg.min_ns);

	free(map_del(&show->stuck, stall->rec->head.tid));
	if (!filter_wants_stall(&show->cfg.filter, stall))
		return false;
	summary_add(&show->summary, stall, is_stall);
	if (is_in_storm(show, stall) && !stops)
		return is_stall;
	if (is_stall || (show->cfg.all && stall->latency_ns >= show->all_min_ns))
		put_stall(show, stall, is_stall, stops);
	return is_stall;
}

static struct stuck *find_stuck(struct printer *show, uint64_t key)
{
	struct stuck *stuck = map_get(&show->stuck, key);

	if (stuck)
		return stuck;
	stuck = calloc(1, sizeof(*stuck));
	if (stuck && map_put(&show->stuck, key, stuck)) {
		free(stuck);
		return NULL;
	}
	return stuck;
}

/* @age_ns doubled until it is more than @latency_ns; UINT64_MAX where no double of it is. */
static uint64_t age_after(uint64_t age_ns, uint64_t latency_ns)
{
	while (age_ns <= latency_ns)
		if (__builtin_mul_overflow(age_ns, 2, &age_ns))
			return UINT64_MAX;
	return age_ns;
}

/* Has it waited for so long, or for twice as long as when it was last shown? */
static bool is_due(struct printer *show, const struct stall *stall)
{
	struct stuck *stuck;

	if (!show->cfg.stuck_ns)
		return false;
	if (stall->is_inferred) /* a log has it once, at its end */
		return true;
	stuck = find_stuck(show, stall->rec->head.tid);
	if (!stuck) /* no memory of when it was shown: rather too often than never */
		return stall->latency_ns >= show->cfg.stuck_ns;
	if (stuck->begin_ns != stall->begin_ns)
		*stuck = (struct stuck){stall->begin_ns, show->cfg.stuck_ns};
	if (stall->latency_ns < stuck->next_ns)
		return false;
	stuck->next_ns = age_after(stuck->next_ns, stall->latency_ns);
	return true;
}

bool printer_asleep(struct printer *show, const struct stall *stall)
{
	bool stops = is_stop(show, stall);
	bool is_shown;

	if (!filter_wants_stall(&show->cfg.filter, stall))
		return false;
	show->summary.stuck += stall->is_inferred;
	is_shown = is_due(show, stall) || stops;
	if (is_shown)
		put_stall(show, stall, true, stops);
	return is_shown;
}

/* ---- VMs ---- */

static void put_vm(struct printer *show, const struct vm *vm, const char *event)
{
	if (show->cfg.format != PRINTER_JSON)
		return;
	json_vm(&show->line, vm, event, vm->gone_ns ? vm->gone_ns : vm->born_ns);
	put_line(show);
}

void printer_vm_new(struct printer *show, const struct vm *vm)
{
	bool is_wanted = filter_wants_vm(&show->cfg.filter, vm);

	show->vms_seen++;
	show->vms_born += !(vm->flags & KS_VM_FOUND);
	if (show->perfetto)
		perfetto_vm_new(show->perfetto, vm, is_wanted);
	if (show->page)
		page_vm_new(show->page, vm, is_wanted);
	if (!is_wanted)
		return;
	show->summary.vms++;
	put_vm(show, vm, vm->flags & KS_VM_FOUND ? "found" : "born");
}

void printer_vm_gone(struct printer *show, const struct vm *vm)
{
	if (show->perfetto)
		perfetto_vm_gone(show->perfetto, vm);
	if (show->page)
		page_vm_gone(show->page, vm);
	if (filter_wants_vm(&show->cfg.filter, vm))
		put_vm(show, vm, "gone");
}

/* ---- records ---- */

void printer_record(struct printer *show, const void *record, size_t size,
		    const struct symbols *syms)
{
	if (show->page)
		page_record(show->page, record, size, syms);
	if (!show->perfetto)
		return;
	perfetto_record(show->perfetto, record, size, syms);
	if (show->line.len)
		put_line(show);
}

void printer_span(struct printer *show, const struct span *span)
{
	if (!filter_wants_span(&show->cfg.filter, span))
		return;
	if (spans_add(&show->spans, span))
		show->missing++;
	if (show->cfg.format != PRINTER_JSON)
		return;
	json_span(&show->line, span);
	put_line(show);
}

/* ---- the end ---- */

bool printer_flush(struct printer *show)
{
	return !outfile_flush(show->file);
}

static void put_json_end(struct printer *show)
{
	for (int i = 0; i < KS_LOSS_CNT; i++)
		if (show->summary.losses[i])
			json_lost(&show->line, loss_name(i), show->summary.losses[i]);
	json_summary(&show->line, &show->summary, show->backend);
	put_line(show);
}

/* It is for people, and goes to standard error. */
static void put_text_end(struct printer *show)
{
	summary_text(&show->line, &show->summary, show->backend);
	if (str_failed(&show->line))
		show->missing++;
	else
		log_text(show->line.text, show->line.len);
	str_reset(&show->line);
}

int printer_end(struct printer *show, int ret, struct err *err)
{
	storms_end(&show->storms);
	/* Nobody may read it any more; what was lost is still said. */
	if (show->perfetto && perfetto_end(show->perfetto))
		show->missing++;
	if (show->page && page_end(show->page, &show->summary, &show->line))
		show->missing++;
	put_line(show);
	printer_flush(show);
	if (show->cfg.format == PRINTER_JSON || show->cfg.json_end)
		put_json_end(show);
	else if (!show->cfg.quiet)
		put_text_end(show);
	printer_flush(show);
	if (ret < 0 || !show->missing)
		return ret;
	return err_set(err, -ENOMEM, "out of memory: %" PRIu64 " line%s not printed", show->missing,
		       format_s(show->missing));
}
