// SPDX-License-Identifier: GPL-2.0-only
#include "output/text/summary_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/format.h"
#include "base/str.h"
#include "output/advice.h"
#include "output/spans.h"
#include "output/summary.h"
#include "output/text/words.h"

static void add_command(struct str *out, int status)
{
	if (status > 128)
		str_addf(out, "COMMAND was killed by signal %d\n", status - 128);
	else if (status > 0)
		str_addf(out, "COMMAND exited with %d\n", status);
}

static void add_losses(struct str *out, const struct summary *summary)
{
	for (int i = 0; i < KS_LOSS_CNT; i++)
		if (summary->losses[i])
			str_addf(out, "LOST %" PRIu64 " (%s): %s\n", summary->losses[i],
				 loss_name(i), loss_help(i));
}

/* Of a log: it was made by others, so nothing is said of records and of their cost, but of what it
 * has: calls that ended, that did not, that trace leaves out as well. */
static void add_log_totals(struct str *out, const struct summary *summary, const char *backend)
{
	char ns[DURATION_LEN];

	str_adds(out, "--- ");
	if (summary->calls) {
		words_count(out, summary->stalls, "stall");
		str_adds(out, " in ");
		words_count(out, summary->calls, "call");
		str_adds(out, summary->stuck ? ", " : "");
	}
	if (summary->stuck) {
		words_count(out, summary->stuck, "call");
		str_adds(out, " that did not end");
	}
	if (!summary->calls && !summary->stuck)
		str_adds(out, summary->duration_ns ? "no call passed the filters"
						   : "no call that can stall");
	if (!summary->calls && summary->left_out)
		str_addf(out, ", %" PRIu64 " of KVM_RUN or under 1ms", summary->left_out);
	if (summary->vms) {
		str_adds(out, ", ");
		words_count(out, summary->vms, "VM");
	}
	if (summary->duration_ns)
		str_addf(out, ", %s", format_nsec(summary->duration_ns, ns, sizeof(ns)));
	str_addf(out, "%s of a log of %s\n", summary->duration_ns ? "" : ",", backend);
}

static void add_totals(struct str *out, const struct summary *summary, const char *backend)
{
	char ns[DURATION_LEN];

	if (summary->is_log) {
		add_log_totals(out, summary, backend);
		return;
	}
	str_adds(out, "--- ");
	words_count(out, summary->stalls, "stall");
	str_adds(out, " in ");
	words_count(out, summary->calls, "call");
	str_adds(out, " that slept, ");
	words_count(out, summary->vms, "VM");
	str_addf(out, ", %s by %s; ", format_nsec(summary->duration_ns, ns, sizeof(ns)), backend);
	words_count(out, summary->records, "record");
	str_addf(out, ", %" PRIu64 " lost\n", summary_lost(summary));
}

static void add_sum(struct str *out, const struct summary *summary, enum ks_cause cause)
{
	bool is_guess = summary->is_log && cause != KS_CAUSE_UNEXPLAINED;
	char ns[DURATION_LEN], name[48];

	snprintf(name, sizeof(name), "%s%s", cause_name(cause), is_guess ? " (inferred)" : "");
	str_addf(out, "    %-*s %9s  %4" PRIu64 " %-6s  %s\n", summary->is_log ? 21 : 12, name,
		 format_nsec(summary->by_cause[cause], ns, sizeof(ns)),
		 summary->stalls_by_cause[cause],
		 summary->stalls_by_cause[cause] == 1 ? "stall" : "stalls", cause_help(cause));
	if (summary->stalls_by_cause[cause] && advice_for_cause(cause) && !summary->is_log)
		words_folded(out, "        -> ", advice_for_cause(cause), TEXT_WIDTH);
}

static void add_cost(struct str *out, const struct summary *summary)
{
	char a[DURATION_LEN], b[DURATION_LEN];

	str_addf(out, "cost of tracing: %s of CPU in user space",
		 format_nsec(summary->cpu_ns, a, sizeof(a)));
	if (summary->probe_ns)
		str_addf(out, ", %s in %" PRIu64 " runs of its programs",
			 format_nsec(summary->probe_ns, b, sizeof(b)), summary->probe_runs);
	str_addf(out, "\n");
}

void summary_text(struct str *out, const struct summary *summary, const char *backend)
{
	char a[DURATION_LEN], b[DURATION_LEN];

	add_totals(out, summary, backend);
	for (int i = 0; i < KS_CAUSE_CNT; i++)
		if (i != KS_CAUSE_RUN && summary->by_cause[i])
			add_sum(out, summary, i);
	if (summary->without_ns != summary->stalled_latency_ns)
		str_addf(out,
			 "the stalled calls took %s; they would have taken %s with no grace "
			 "period outstanding\n",
			 format_nsec(summary->stalled_latency_ns, a, sizeof(a)),
			 format_nsec(summary->without_ns, b, sizeof(b)));
	if (summary->spans)
		spans_text(summary->spans, out);
	if (summary->incomplete)
		str_addf(out, "incomplete accounts, with holes: %" PRIu64 "\n",
			 summary->incomplete);
	if (summary->in_flight)
		str_addf(out,
			 "in flight when the trace started, and not shown: %" PRIu64 " call%s\n",
			 summary->in_flight, format_s(summary->in_flight));
	add_losses(out, summary);
	add_command(out, summary->command_status);
	if (!summary->is_log)
		add_cost(out, summary);
}
