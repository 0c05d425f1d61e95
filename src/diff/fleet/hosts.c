// SPDX-License-Identifier: GPL-2.0-only
#include "diff/fleet/hosts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/sanitize.h"

static const char *const states[HOST_STATE_CNT] = {
	[HOST_COUNTS] = "counts",
	[HOST_IN_BOTH] = "is in both groups",
	[HOST_CHANGED] = "has changed its kernel or its kvmstall within the window",
	[HOST_STOPPED] = "has no series at the end: stopped, or not scraped any more",
	[HOST_RESET] = "has counters that started again: the host or its daemon did",
	[HOST_NO_SERIES] = "has target_info, but other series of kvmstall are missing",
	[HOST_LATE] = "has no series at the start of the window: give a shorter --over",
	[HOST_LOSES] = "loses records: more than one in a hundred",
	[HOST_IDLE] = "started fewer than 11 VMs",
};

static const char *const files[FILE_CNT] = {"kvm", "vm", "vcpu", "device", "close"};
static const char *const kinds[START_CNT] = {"run", "paused"};
static const char *const fact_labels[FACT_CNT] = {"kernel", "hz", "version", "backend"};
/* As recordings call them. */
static const char *const fact_keys[FACT_CNT] = {"kernel.release", "kernel.hz", "kvmstall.version",
						"backend"};

const char *host_state_text(enum host_state state)
{
	return states[state];
}

const char *host_file_name(enum host_file file)
{
	return files[file];
}

const char *host_fact_key(enum host_fact fact)
{
	return fact_keys[fact];
}

double host_starts(const struct fleet_host *host)
{
	return host->kinds[START_RUN] + host->kinds[START_PAUSED];
}

static size_t find_word(const char *const *words, size_t cnt, const char *word)
{
	size_t i = 0;

	while (i < cnt && strcmp(words[i], word))
		i++;
	return i;
}

/* ---- hosts and parts, by name ---- */

static void name_host(struct fleet_host *host, const struct answer_sample *sample)
{
	const char *cluster = answer_label(sample, "cluster");
	char both[256];

	snprintf(both, sizeof(both), "%s%s%s", cluster, *cluster ? "/" : "",
		 answer_label(sample, "instance"));
	sanitize(host->name, sizeof(host->name), both);
	sanitize(host->job, sizeof(host->job), answer_label(sample, "job"));
}

/* The key under which @host is, or should be: others whose hash is the same have the ones before.
 */
static uint64_t host_key(const struct fleet_side *side, const struct fleet_host *host,
			 size_t *found)
{
	uint64_t key = hash_text(hash_text(HASH_START, host->name), host->job) | 1;

	for (;; key++) {
		const struct fleet_host *other;

		*found = (uintptr_t)map_get(&side->by_name, key);
		if (!*found)
			return key;
		other = &side->hosts[*found - 1];
		if (!strcmp(other->name, host->name) && !strcmp(other->job, host->job))
			return key;
	}
}

/* NULL: out of memory, or no such host where none is to be made. */
static struct fleet_host *find_host(struct fleet_side *side, const struct answer_sample *sample,
				    bool is_made)
{
	struct fleet_host host = {.state = HOST_COUNTS};
	size_t found;
	uint64_t key;

	name_host(&host, sample);
	key = host_key(side, &host, &found);
	if (found)
		return &side->hosts[found - 1];
	if (!is_made || !ARRAY_ROOM(side->hosts, side->cap, side->cnt, 16) ||
	    map_put(&side->by_name, key, (void *)(uintptr_t)(side->cnt + 1)))
		return NULL;
	for (int form = 0; form < FORM_CNT; form++)
		for (int i = 0; i < QUANTILE_CNT; i++)
			host.quantiles[form][i] = -1;
	side->hosts[side->cnt] = host;
	return &side->hosts[side->cnt++];
}

/* Its index, or a negative errno. */
static int find_part(struct fleet_data *fleet, enum part_kind kind, const char *name,
		     const char *cause)
{
	struct fleet_part part = {.kind = kind};
	uint64_t key;
	size_t found;

	sanitize(part.name, sizeof(part.name), name);
	sanitize(part.cause, sizeof(part.cause), cause);
	key = hash_text(hash_text(hash_word(HASH_START, kind), part.name), part.cause) | 1;
	for (; (found = (uintptr_t)map_get(&fleet->by_part, key)); key++) {
		const struct fleet_part *other = &fleet->parts[found - 1];

		if (other->kind == kind && !strcmp(other->name, part.name) &&
		    !strcmp(other->cause, part.cause))
			return found - 1;
	}
	if (!ARRAY_ROOM(fleet->parts, fleet->parts_cap, fleet->parts_cnt, 64) ||
	    map_put(&fleet->by_part, key, (void *)(uintptr_t)(fleet->parts_cnt + 1)))
		return -ENOMEM;
	fleet->parts[fleet->parts_cnt] = part;
	return fleet->parts_cnt++;
}

/* ---- what the answers say ---- */

struct taking {
	struct fleet_data *fleet;
	struct fleet_side *side;
	enum ask ask;
};

static void take_info(struct fleet_host *host, const struct answer_sample *sample)
{
	char value[sizeof(host->facts[0])];

	for (int i = 0; i < FACT_CNT; i++) {
		sanitize(value, sizeof(value), answer_label(sample, fact_labels[i]));
		if (host->facts[i][0] && strcmp(host->facts[i], value))
			host->is_changed = true;
		memcpy(host->facts[i], value, sizeof(value));
	}
}

static int add_cell(struct taking *taking, const struct fleet_host *host, int part, double seconds)
{
	struct fleet_side *side = taking->side;

	if (part < 0)
		return part;
	if (!ARRAY_ROOM(side->cells, side->cells_cap, side->cells_cnt, 256))
		return -ENOMEM;
	side->cells[side->cells_cnt++] = (struct fleet_cell){part, host - side->hosts, seconds};
	return 0;
}

static int take_stall(struct taking *taking, const struct fleet_host *host,
		      const struct answer_sample *sample)
{
	const char *call = answer_label(sample, "call"), *cause = answer_label(sample, "cause");
	int ret = add_cell(taking, host, find_part(taking->fleet, PART_CAUSE, "", cause),
			   sample->value);

	if (!ret)
		ret = add_cell(taking, host, find_part(taking->fleet, PART_CALL, call, cause),
			       sample->value);
	return ret;
}

static void take_file(struct fleet_host *host, const struct answer_sample *sample)
{
	size_t file = find_word(files, FILE_CNT, answer_label(sample, "file"));

	if (file < FILE_CNT)
		host->files[file] = sample->value;
}

static void take_kind(struct fleet_host *host, const struct answer_sample *sample)
{
	size_t kind = find_word(kinds, START_CNT, answer_label(sample, "kind"));

	if (kind < START_CNT && sample->value > 0)
		host->kinds[kind] = sample->value;
}

static void take_quantile(struct fleet_host *host, enum host_form form,
			  const struct answer_sample *sample)
{
	bool is_median = !strcmp(answer_label(sample, "q"), "0.5");

	host->quantiles[form][is_median ? QUANTILE_P50 : QUANTILE_P99] = sample->value;
}

static void take_value(struct fleet_host *host, enum ask ask, double value)
{
	switch (ask) {
	case ASK_NOW:
		host->is_there = true;
		break;
	case ASK_RESETS:
		host->resets = value;
		break;
	case ASK_STALLED:
		host->stalled_s = value;
		host->has_stalled = true;
		break;
	case ASK_VMS:
		host->vms = value;
		host->has_vms = true;
		break;
	case ASK_LOST:
		host->lost = value;
		break;
	default:
		break;
	}
}

/* Who is not in target_info is of no group: a series that came between two questions. */
static int on_sample(void *ctx, const struct answer_sample *sample)
{
	struct taking *taking = ctx;
	struct fleet_host *host = find_host(taking->side, sample, taking->ask == ASK_INFO);

	if (!host)
		return taking->ask == ASK_INFO ? -ENOMEM : 0;
	switch (taking->ask) {
	case ASK_INFO:
		take_info(host, sample);
		return 0;
	case ASK_STARTS:
		take_kind(host, sample);
		return 0;
	case ASK_STALLS:
		return take_stall(taking, host, sample);
	case ASK_CALLS:
		take_file(host, sample);
		return 0;
	case ASK_FUNCTIONS:
		return add_cell(taking, host,
				find_part(taking->fleet, PART_FUNCTION,
					  answer_label(sample, "function"), ""),
				sample->value);
	case ASK_NATIVE:
	case ASK_CLASSIC:
		take_quantile(host, taking->ask == ASK_NATIVE ? FORM_NATIVE : FORM_CLASSIC, sample);
		return 0;
	default:
		take_value(host, taking->ask, sample->value);
		return 0;
	}
}

/* ---- which count ---- */

static enum host_state judge_host(const struct fleet_host *host, bool is_in_both)
{
	if (is_in_both)
		return HOST_IN_BOTH;
	if (host->is_changed)
		return HOST_CHANGED;
	if (!host->is_there)
		return HOST_STOPPED;
	if (host->resets > 0)
		return HOST_RESET;
	if (!host->has_vms)
		return HOST_NO_SERIES;
	if (!host->has_stalled)
		return HOST_LATE;
	if (host->lost > HOST_LOST_MAX)
		return HOST_LOSES;
	return host_starts(host) < HOST_STARTS_MIN ? HOST_IDLE : HOST_COUNTS;
}

static void judge_hosts(struct fleet_data *fleet)
{
	for (int i = 0; i < SIDE_CNT; i++) {
		struct fleet_side *side = &fleet->sides[i];
		const struct fleet_side *other = &fleet->sides[SIDE_CNT - 1 - i];

		for (size_t at = 0; at < side->cnt; at++) {
			size_t found;

			host_key(other, &side->hosts[at], &found);
			side->hosts[at].state = judge_host(&side->hosts[at], found);
			side->by_state[side->hosts[at].state]++;
		}
	}
}

/* ---- the whole ---- */

static int compare_cells(const void *a, const void *b)
{
	const struct fleet_cell *x = a, *y = b;

	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	return x->host < y->host ? -1 : x->host > y->host;
}

static int take_answer(struct fleet_data *fleet, const struct answer *answer, struct err *err)
{
	struct fleet_side *side = &fleet->sides[answer->side];
	struct taking taking = {fleet, side, answer->ask};
	int ret =
		answer_each(answer, on_sample, &taking, side->warning, sizeof(side->warning), err);

	if (ret == -ENOMEM)
		return err_set(err, ret, "out of memory");
	return ret < 0 ? err_wrap(err, ret, "asked for '%s'", ask_name(answer->ask)) : 0;
}

/* The first answer of a side says who its hosts are. */
static int take_answers(struct fleet_data *fleet, const char *text, size_t len, size_t at,
			struct err *err)
{
	unsigned int asked[SIDE_CNT] = {0};
	struct answer answer;
	int ret;

	while ((ret = answer_get(text, len, &at, &answer, err)) > 0) {
		if (answer.ask != ASK_INFO && !(asked[answer.side] & 1u << ASK_INFO))
			return err_set(err, -EINVAL, "an answer comes before that to 'info'");
		asked[answer.side] |= 1u << answer.ask;
		ret = take_answer(fleet, &answer, err);
		if (ret)
			return ret;
	}
	for (int side = 0; !ret && side < SIDE_CNT; side++)
		for (int ask = 0; ask < ASK_CNT; ask++)
			if (!(asked[side] & 1u << ask))
				return err_set(err, -EINVAL, "cut: the answer to '%s' is missing",
					       ask_name(ask));
	return ret;
}

int fleet_read(struct fleet_data *fleet, const char *text, size_t len, struct err *err)
{
	size_t at = 0;
	int ret;

	*fleet = (struct fleet_data){0};
	ret = answer_get_question(text, len, &at, &fleet->question, err);
	if (!ret)
		ret = take_answers(fleet, text, len, at, err);
	if (ret)
		return ret;
	judge_hosts(fleet);
	for (int i = 0; i < SIDE_CNT; i++)
		if (fleet->sides[i].cells_cnt)
			qsort(fleet->sides[i].cells, fleet->sides[i].cells_cnt,
			      sizeof(struct fleet_cell), compare_cells);
	return 0;
}

void fleet_fini(struct fleet_data *fleet)
{
	for (int i = 0; i < SIDE_CNT; i++) {
		free(fleet->sides[i].hosts);
		free(fleet->sides[i].cells);
		map_fini(&fleet->sides[i].by_name);
	}
	free(fleet->parts);
	map_fini(&fleet->by_part);
	*fleet = (struct fleet_data){0};
}
