// SPDX-License-Identifier: GPL-2.0-only
#include "sink_metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "metrics/metrics.h"
#include "metrics/prom.h"
#include "output/summary.h"

struct metrics *sink_metrics_new(void)
{
	static const struct metrics_cfg cfg = {.vm_limit = 3, .min_ns = 1000, .version = "fuzz"};
	struct metrics *metrics = metrics_new(&cfg);

	if (!metrics)
		abort();
	metrics_asleep_begin(metrics);
	return metrics;
}

/* Text ends with a line, and a label has no line of its own. */
static void check(const struct str *out, enum prom_format format)
{
	if (str_failed(out) || !out->len)
		abort();
	if (format == PROM_PROTOBUF)
		return;
	if (out->text[out->len - 1] != '\n' || strlen(out->text) != out->len)
		abort();
	for (const char *line = out->text; *line; line = strchr(line, '\n') + 1)
		if (strncmp(line, "# ", 2) && strncmp(line, "kvmstall_", 9) &&
		    strncmp(line, "process_", 8))
			abort();
}

static void scrape(struct metrics *metrics, uint64_t now_ns, enum prom_format format)
{
	const struct prom_cfg cfg = {.format = format};
	struct str out;

	str_init(&out);
	metrics_judge(metrics, now_ns);
	prom_write(&out, metrics, &cfg);
	check(&out, format);
	str_fini(&out);
}

void sink_metrics_end(struct metrics *metrics, const struct summary *summary)
{
	/* More than a thousand series are there at 0 already: all formats each time are all of its
	 * time. */
	enum prom_format format = (summary->records + summary->calls) % PROM_FORMAT_CNT;
	struct metrics_totals totals = {.backend = "fuzz", .release = "0"};

	totals.records = summary->records;
	memcpy(totals.losses, summary->losses, sizeof(totals.losses));
	metrics_set_totals(metrics, &totals);
	scrape(metrics, 0, format);
	metrics_asleep_begin(metrics);
	scrape(metrics, metrics_due_ns(metrics, 0), format);
	metrics_free(metrics);
}
