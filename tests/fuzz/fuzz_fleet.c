// SPDX-License-Identifier: GPL-2.0-only
/* What a Prometheus, or whoever stands before it, answers to diff --prometheus; and matchers. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "diff/fleet/rollout.h"
#include "diff/fleet/rollout_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int is_true)
{
	if (!is_true)
		abort();
}

static void check_rollout(const struct fleet_data *fleet)
{
	const struct compare_cfg cfg = {.alpha = 0.01, .min_effect = 0.05, .floor_ns = 100000};
	struct rollout rollout;
	struct str text;

	must(!rollout_compare(&rollout, fleet, &cfg));
	must(rollout.cnt && (rollout.outcome == OUTCOME_NOT_COMPARABLE) == !!rollout.reasons_cnt);
	str_init(&text);
	rollout_text(&text, &rollout);
	rollout_markdown(&text, &rollout);
	rollout_lkml(&text, &rollout);
	rollout_junit(&text, &rollout);
	must(!rollout_json(&text, &rollout) && !str_failed(&text));
	str_fini(&text);
	rollout_fini(&rollout);
}

/* What passes as matchers has no end of a selector outside of its strings. */
static void check_matchers(const char *text)
{
	struct err err = {0};
	struct str query;

	if (ask_check_matchers(text, "--base", &err)) {
		must(*err.msg != '\0');
		return;
	}
	str_init(&query);
	for (int ask = 0; ask < ASK_CNT; ask++)
		ask_query(&query, ask, text, 3600000000000ULL);
	must(!str_failed(&query));
	str_fini(&query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fleet_data fleet;
	struct err err = {0};
	char matchers[128];
	size_t len = size < sizeof(matchers) - 1 ? size : sizeof(matchers) - 1;
	int ret = fleet_read(&fleet, (const char *)data, size, &err);

	must(!ret || *err.msg);
	if (!ret)
		check_rollout(&fleet);
	fleet_fini(&fleet);
	memcpy(matchers, data, len);
	matchers[len] = '\0';
	check_matchers(matchers);
	return 0;
}
