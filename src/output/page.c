// SPDX-License-Identifier: GPL-2.0-only
#include "output/page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/format.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/str.h"
#include "base/worst.h"
#include "ledger/record_view.h"
#include "output/gp_timeline.h"
#include "output/html.h"
#include "output/page_data.h"
#include "output/summary.h"

#define HIDDEN	   UINTPTR_MAX /* a domain that is not shown */
#define LIST_FIRST 64

/* A call that was found waiting, as it was when it was last found. */
struct sleeper {
	uint64_t ns;
	struct str text;
};

/* ---- lists ---- */

static struct str *value_begin(struct value_list *values)
{
	if (values->cnt++)
		str_addc(&values->text, ',');
	str_addc(&values->text, '[');
	return &values->text;
}

static void value_end(struct page *page, struct value_list *values)
{
	str_addc(&values->text, ']');
	if (str_failed(&values->text))
		page->failed = -ENOMEM;
}

/* A value of those whose worst are kept; after worst_wants(). */
static void keep(struct page *page, struct worst *worst, struct worst_rank rank, struct str *value)
{
	if (worst_add(worst, rank, value))
		page->failed = -ENOMEM;
	str_fini(value);
}

static void set_index(struct page *page, struct map *map, uint64_t key, uintptr_t index)
{
	if (map_put(map, key, (void *)index))
		page->failed = -ENOMEM;
}

/* Which of .strings; 0: none, or no memory. */
static size_t string_of(struct page *page, const char *text)
{
	uint64_t key = text && *text ? hash_text(HASH_START, text) : 0;
	uintptr_t at;

	if (!text || !*text)
		return 0;
	for (; (at = (uintptr_t)map_get(&page->by_hash, key)); key++)
		if (!strcmp(page_string_at(page, at), text))
			return at;
	at = page->strings_cnt + 1;
	if (!ARRAY_ROOM(page->strings, page->strings_cap, at, LIST_FIRST)) {
		page->failed = -ENOMEM;
		return 0;
	}
	page->strings[at] = (struct page_string){.text_off = page->texts.len};
	str_addn(&page->texts, text, strlen(text) + 1);
	set_index(page, &page->by_hash, key, at);
	if (str_failed(&page->texts))
		page->failed = -ENOMEM;
	if (page->failed)
		return 0;
	page->strings_cnt = at;
	return at;
}

static int64_t since_start(struct page *page, uint64_t ts_ns)
{
	if (!page->base_ns)
		page->base_ns = ts_ns;
	return (int64_t)(ts_ns - page->base_ns);
}

/* ---- VMs and their domains ---- */

/* Of .vms, -1: none. */
static long vm_index(const struct page *page, const struct vm *vm)
{
	return vm ? (long)(uintptr_t)map_get(&page->ids, vm->id) - 1 : -1;
}

/* @vm: index, -1 for a domain that is no VM's own. */
static void add_domain(struct page *page, uint64_t ssp, long vm, const char *kind)
{
	struct str *out = value_begin(&page->domains_list);

	str_addf(out, "%ld,%zu,%zu", vm, string_of(page, kind), page->files.cnt - 1);
	value_end(page, &page->domains_list);
	set_index(page, &page->domains, ssp, page->domains_list.cnt);
}

/* A VM that is only somebody's culprit has a name, too. */
static long add_vm(struct page *page, const struct vm *vm)
{
	char name[128];

	if (!ARRAY_ROOM(page->vms, page->vms_cap, page->vms_cnt, LIST_FIRST)) {
		page->failed = -ENOMEM;
		return -1;
	}
	page->vms[page->vms_cnt] = (struct page_vm){
		.born_ns = since_start(page, vm->born_ns),
		.name = string_of(page, text_vm(vm, name, sizeof(name))),
		.id = vm->id,
		.pid = vm->tgid,
		.file = page->files.cnt - 1,
	};
	set_index(page, &page->ids, vm->id, ++page->vms_cnt);
	return (long)page->vms_cnt - 1;
}

static long find_vm(struct page *page, const struct vm *vm)
{
	long index = vm_index(page, vm);

	return !vm || index >= 0 ? index : add_vm(page, vm);
}

void page_vm_new(struct page *page, const struct vm *vm, bool is_wanted)
{
	long index = is_wanted ? add_vm(page, vm) : -1;

	if (index >= 0)
		set_index(page, &page->kvms, vm->kvm, index + 1);
	if (!vm->srcu || !vm->irq_srcu)
		return; /* of a log: nothing is known of its domains */
	if (index < 0) {
		set_index(page, &page->domains, domain_ssp(vm->srcu), HIDDEN);
		set_index(page, &page->domains, domain_ssp(vm->irq_srcu), HIDDEN);
		return;
	}
	add_domain(page, domain_ssp(vm->srcu), index, domain_kind_name(DOMAIN_SRCU));
	add_domain(page, domain_ssp(vm->irq_srcu), index, domain_kind_name(DOMAIN_IRQ_SRCU));
}

void page_vm_gone(struct page *page, const struct vm *vm)
{
	long index = vm_index(page, vm);

	if (index >= 0)
		page->vms[index].gone_ns = since_start(page, vm->gone_ns);
	map_del(&page->kvms, vm->kvm);
	if (!vm->srcu || !vm->irq_srcu)
		return;
	set_index(page, &page->domains, domain_ssp(vm->srcu), HIDDEN);
	set_index(page, &page->domains, domain_ssp(vm->irq_srcu), HIDDEN);
}

/* 0: not to be shown. */
static uintptr_t domain_index(struct page *page, uint64_t ssp)
{
	uintptr_t index = (uintptr_t)map_get(&page->domains, ssp);

	if (!index) {
		add_domain(page, ssp, -1, "host-wide");
		index = (uintptr_t)map_get(&page->domains, ssp);
	}
	return index == HIDDEN ? 0 : index;
}

/* ---- grace periods ---- */

static void add_starter(struct page *page, struct str *out, const struct gp_slice *gp)
{
	long vm = gp->kvm ? (long)(uintptr_t)map_get(&page->kvms, gp->kvm) - 1 : -1;

	if (!gp->has_starter) {
		str_adds(out, "0");
		return;
	}
	str_addf(out, "[%" PRIu32 ",%zu,%zu,%zu,%" PRId64 ",%ld]", gp->tid,
		 string_of(page, gp->comm), string_of(page, gp->call ? call_name(gp->call) : NULL),
		 string_of(page, gp->func), since_start(page, gp->start_ns), vm);
}

static void on_gp(void *ctx, const struct gp_slice *gp)
{
	struct page *page = ctx;
	bool is_shown = filter_wants_time(&page->times, gp->begin_ns, gp->ns);
	uintptr_t dom = is_shown ? domain_index(page, gp->ssp) : 0;
	struct worst_rank rank = {.weight = gp->ns};
	struct str out;

	if (!dom || !worst_wants(&page->gps, rank))
		return;
	str_init(&out);
	str_addf(&out, "[%zu,%" PRId64 ",%" PRId64 ",%" PRIu64 ",%d,", (size_t)dom - 1, gp->number,
		 since_start(page, gp->begin_ns), gp->ns, gp->is_normal + 2 * gp->is_open);
	add_starter(page, &out, gp);
	str_adds(&out, ",[");
	for (size_t i = 0; i < gp->parts_cnt; i++)
		str_addf(&out, "%s%d,%" PRId64 ",%" PRIu64, i ? "," : "", gp->parts[i].state,
			 (int64_t)(gp->parts[i].begin_ns - gp->begin_ns), gp->parts[i].ns);
	str_adds(&out, "]]");
	keep(page, &page->gps, rank, &out);
}

static void on_callbacks(void *ctx, const struct cb_slice *cb)
{
	struct page *page = ctx;
	bool is_shown = filter_wants_time(&page->times, cb->begin_ns, cb->ns);
	uintptr_t dom = is_shown ? domain_index(page, cb->ssp) : 0;
	struct worst_rank rank = {.weight = cb->ns};
	struct str out;

	if (!dom || !worst_wants(&page->callbacks, rank))
		return;
	str_init(&out);
	str_addf(&out, "[%zu,%u,%" PRId64 ",%" PRIu64 ",%d,%" PRIu64 "]", (size_t)dom - 1, cb->cpu,
		 since_start(page, cb->begin_ns), cb->ns, cb->state, cb->callbacks);
	keep(page, &page->callbacks, rank, &out);
}

/* The recorder's own VM is reported to nobody: its domains are no host-wide ones. */
static void hide_domain(struct page *page, uint64_t ssp)
{
	if (!map_get(&page->domains, ssp))
		set_index(page, &page->domains, ssp, HIDDEN);
}

static void note_track(struct page *page, const struct ks_step *step)
{
	long vm = (long)(uintptr_t)map_get(&page->kvms, step->val) - 1;

	if (vm < 0)
		hide_domain(page, step->ssp);
	else
		add_domain(page, step->ssp, vm, domain_kind_name(DOMAIN_TRACK));
}

void page_record(struct page *page, const void *record, size_t size, const struct symbols *syms)
{
	struct record_view view;

	if (!record_view(record, size, &view))
		return;
	since_start(page, view.head->ts_ns);
	if (view.shape == RECORD_VM) {
		hide_domain(page, view.vm->srcu.ssp);
		hide_domain(page, view.vm->irq_srcu.ssp);
	}
	if (view.head->type == KS_DOMAIN && view.step->ssp)
		note_track(page, view.step);
	if (gp_timeline_record(page->gps_seen, record, size, syms))
		page->failed = -ENOMEM;
}

/* ---- calls ---- */

static int64_t gp_number(const struct domain *dom, uint64_t gp)
{
	return dom && gp ? domain_gp_number(dom, gp) : -1;
}

static size_t kind_of(struct page *page, const struct domain *dom)
{
	return dom ? string_of(page, domain_kind_name(domain_get_kind(dom))) : 0;
}

static void add_segments(struct page *page, struct str *out, const struct stall *stall)
{
	for (size_t i = 0; i < stall->segments_cnt; i++) {
		const struct segment *seg = &stall->segments[i];

		str_addf(out, "%s%d,%" PRIu64 ",%" PRId64 ",%zu,%zu", i ? "," : "", seg->cause,
			 seg->ns, gp_number(seg->dom, seg->gp), kind_of(page, seg->dom),
			 string_of(page, seg->func));
	}
}

static void add_waits(struct page *page, struct str *out, const struct stall *stall)
{
	for (size_t i = 0; i < stall->waits_cnt; i++) {
		const struct wait *wait = &stall->waits[i];

		str_addf(out, "%s%" PRId64 ",%" PRIu64 ",%zu,%zu,%zu,%" PRId64 ",%" PRId64,
			 i ? "," : "", (int64_t)(wait->begin_ns - stall->begin_ns), wait->ns,
			 string_of(page, api_name(wait->api ? wait->api : KS_API_SYNC)),
			 string_of(page, wait->site), kind_of(page, wait->dom),
			 gp_number(wait->dom, wait->gp_first),
			 gp_number(wait->dom, wait->gp_needed));
	}
}

/* "kvm_io_bus_register_dev() in KVM_IOEVENTFD": what the verdict blames. */
static void blame(struct page *page, const struct stall *stall)
{
	const struct culprit *culprit = &stall->culprit;
	char text[160];
	size_t at;

	if (culprit->is_self || (!culprit->func && !culprit->call))
		return;
	snprintf(text, sizeof(text), "%s%s%s%s", culprit->func ? culprit->func : "",
		 culprit->func && culprit->kind == CULPRIT_INITIATOR ? "()" : "",
		 culprit->func && culprit->call ? " in " : "",
		 culprit->call ? call_name(culprit->call) : "");
	at = string_of(page, text);
	if (at)
		page->strings[at].lost_ns += stall->stall_ns;
}

static void add_culprit(struct page *page, struct str *out, const struct stall *stall)
{
	const struct culprit *culprit = &stall->culprit;
	const struct domain *dom = culprit->seg ? culprit->seg->dom : NULL;
	uintptr_t index = dom ? domain_index(page, domain_ssp(dom)) : 0;

	if (!culprit->is_known && !culprit->gp) {
		str_adds(out, "0");
		return;
	}
	str_addf(out, "[%zu,%zu,%zu,%" PRIu32 ",%zu,%ld,%" PRIu64 ",%" PRId64 ",%ld,%d,%d]",
		 string_of(page, culprit_kind_name(culprit->kind)), string_of(page, culprit->func),
		 string_of(page, culprit->call ? call_name(culprit->call) : NULL), culprit->tid,
		 string_of(page, culprit->comm), culprit->vm ? find_vm(page, culprit->vm) : -1L,
		 culprit->age_ns, gp_number(dom, culprit->gp), (long)index - 1,
		 culprit->seg ? (int)(culprit->seg - stall->segments) : -1,
		 culprit->is_known + 2 * culprit->is_self);
}

static void add_call(struct page *page, struct str *out, const struct stall *stall, bool is_stall)
{
	const struct ks_call *rec = stall->rec;
	char args[128], advice[ADVICE_MAX];

	str_addf(out,
		 "[%ld,%" PRIu32 ",%zu,%zu,%" PRId64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
		 ",%d,%d,%zu,%zu,[",
		 stall->vm ? find_vm(page, stall->vm) : -1L, rec->head.tid,
		 string_of(page, rec->comm), string_of(page, call_name(stall->call)),
		 since_start(page, stall->begin_ns), stall->latency_ns, stall->stall_ns,
		 stall->without_ns, stall->cause,
		 is_stall + 2 * stall->is_stuck + 4 * !stall->is_complete + 8 * stall->is_inferred,
		 string_of(page, phase_name(stall->phase)),
		 string_of(page, ioctl_format_args(rec, args, sizeof(args))));
	add_segments(page, out, stall);
	str_adds(out, "],[");
	add_waits(page, out, stall);
	str_adds(out, "],");
	add_culprit(page, out, stall);
	str_addf(out, ",%zu,%zu]",
		 string_of(page, advice_for(stall, &page->cfg.host, advice, sizeof(advice))),
		 page->files.cnt - 1);
}

static void sleeper_free(void *sleeper)
{
	str_fini(&((struct sleeper *)sleeper)->text);
	free(sleeper);
}

static void forget_asleep(struct page *page, uint32_t tid)
{
	struct sleeper *sleeper = map_del(&page->asleep, tid);

	if (sleeper)
		sleeper_free(sleeper);
}

void page_call(struct page *page, const struct stall *stall, bool is_stall)
{
	struct worst_rank rank = {is_stall, stall->stall_ns};
	struct str out;

	forget_asleep(page, stall->rec->head.tid);
	if (is_stall)
		blame(page, stall);
	if (!worst_wants(&page->calls, rank))
		return;
	str_init(&out);
	add_call(page, &out, stall, is_stall);
	keep(page, &page->calls, rank, &out);
}

void page_asleep(struct page *page, const struct stall *stall)
{
	struct sleeper *sleeper = calloc(1, sizeof(*sleeper));

	forget_asleep(page, stall->rec->head.tid);
	if (!sleeper || map_put(&page->asleep, stall->rec->head.tid, sleeper)) {
		free(sleeper);
		page->failed = -ENOMEM;
		return;
	}
	sleeper->ns = stall->stall_ns;
	str_init(&sleeper->text);
	add_call(page, &sleeper->text, stall, true);
	if (str_failed(&sleeper->text))
		page->failed = -ENOMEM;
}

/* ---- life ---- */

static void end_file(struct page *page)
{
	const struct map_slot *slot;
	size_t pos = 0;

	gp_timeline_end(page->gps_seen);
	while ((slot = map_next(&page->asleep, &pos))) {
		struct sleeper *sleeper = slot->value;
		struct worst_rank rank = {true, sleeper->ns};

		if (worst_wants(&page->calls, rank))
			keep(page, &page->calls, rank, &sleeper->text);
	}
	map_clear(&page->asleep, sleeper_free);
	map_fini(&page->ids);
	map_fini(&page->kvms);
	map_fini(&page->domains);
	page->base_ns = 0;
}

struct page *page_new(void)
{
	static const struct gp_timeline_ops ops = {.gp = on_gp, .callbacks = on_callbacks};
	struct page *page = calloc(1, sizeof(*page));

	if (!page)
		return NULL;
	str_init(&page->texts);
	str_init(&page->files.text);
	str_init(&page->domains_list.text);
	worst_init(&page->calls, PAGE_CALLS_MAX);
	worst_init(&page->gps, PAGE_GPS_MAX);
	worst_init(&page->callbacks, PAGE_GPS_MAX);
	page->gps_seen = gp_timeline_new(&ops, page);
	if (page->gps_seen)
		return page;
	page_free(page);
	return NULL;
}

void page_free(struct page *page)
{
	if (!page)
		return;
	str_fini(&page->texts);
	free(page->strings);
	free(page->vms);
	str_fini(&page->files.text);
	str_fini(&page->domains_list.text);
	worst_fini(&page->calls);
	worst_fini(&page->gps);
	worst_fini(&page->callbacks);
	map_clear(&page->asleep, sleeper_free);
	map_fini(&page->by_hash);
	map_fini(&page->ids);
	map_fini(&page->kvms);
	map_fini(&page->domains);
	gp_timeline_free(page->gps_seen);
	free(page);
}

void page_next_file(struct page *page, const struct text_cfg *cfg, const char *backend,
		    const struct filter *filter)
{
	struct str *out;

	end_file(page);
	page->cfg = *cfg;
	page->times = (struct filter){.since_ns = filter->since_ns, .until_ns = filter->until_ns};
	out = value_begin(&page->files);
	str_addf(out, "%" PRIu32 ",%zu", cfg->host.hz, string_of(page, backend));
	value_end(page, &page->files);
}

/* ---- the page ---- */

int page_end(struct page *page, const struct summary *summary, struct str *out)
{
	struct str data, verdict;

	str_init(&data);
	str_init(&verdict);
	end_file(page);
	if (page_put_data(page, summary, &data))
		page->failed = -ENOMEM;
	page_add_verdict(&verdict, page, summary);
	if (!page->failed && !str_failed(&verdict))
		html_add_page(out, "kvmstall report", verdict.text, data.text);
	if (str_failed(&verdict) || str_failed(out))
		page->failed = -ENOMEM;
	str_fini(&data);
	str_fini(&verdict);
	return page->failed;
}
