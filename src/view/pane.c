// SPDX-License-Identifier: GPL-2.0-only
#include "view/pane.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/format.h"
#include "output/deferral.h"
#include "output/timeline.h"

#define NS_LEN 24

size_t pane_lines(const struct screen *screen)
{
	if (!screen->rows)
		return SIZE_MAX;
	return screen->rows > screen->lines + 1 ? screen->rows - screen->lines - 1 : 0;
}

const char *pane_call(enum call_id call, size_t width)
{
	const char *name = call_name(call);

	if (!name)
		return "-";
	return strlen(name) > width && !strncmp(name, "KVM_", 4) ? name + 4 : name;
}

/* ---- causes ---- */

void pane_put_bar(const struct board_row *row, size_t width, struct screen *screen)
{
	uint64_t all = 0, sum = 0;
	size_t from = 0;

	for (int i = 0; i < KS_CAUSE_CNT; i++)
		all += row->by_cause[i];
	for (int i = 0; all && i < KS_CAUSE_CNT; i++) {
		size_t to;

		sum += row->by_cause[i];
		to = (size_t)((double)sum / (double)all * (double)width + 0.5);
		if (to > from)
			screen_style(screen, STYLE_CAUSE + i);
		for (; from < to; from++)
			screen_putc(screen, timeline_letter(i));
	}
	screen_style(screen, STYLE_PLAIN);
	screen_pad(screen, screen->col + width - from);
}

/* Of those that are not in @done the one that took most; KS_CAUSE_RUN: there is none. */
static enum ks_cause next_cause(const struct board_row *row, const bool *done)
{
	enum ks_cause most = KS_CAUSE_RUN;

	for (int i = KS_CAUSE_RUN + 1; i < KS_CAUSE_CNT; i++)
		if (!done[i] && row->by_cause[i] > (most ? row->by_cause[most] : 0))
			most = i;
	return most;
}

void pane_put_causes(const struct board_row *row, struct screen *screen)
{
	bool done[KS_CAUSE_CNT] = {false};
	const char *sep = "";
	enum ks_cause cause;
	double all = 0;

	for (int i = 0; i < KS_CAUSE_CNT; i++)
		all += row->by_cause[i];
	if (all <= 0)
		screen_put(screen, "nothing lost so far");
	while ((cause = next_cause(row, done)) != KS_CAUSE_RUN) {
		double percent = 100.0 * row->by_cause[cause] / all;

		done[cause] = true;
		if (percent < 1)
			continue;
		screen_put(screen, sep);
		screen_style(screen, STYLE_CAUSE + cause);
		screen_putc(screen, timeline_letter(cause));
		screen_style(screen, STYLE_PLAIN);
		screen_putf(screen, " %s %.0f%%", cause_name(cause), percent);
		sep = ", ";
	}
	screen_end_line(screen);
}

void pane_put_deferral(const struct board *board, uint32_t id, struct screen *screen)
{
	struct deferral_sum sum;
	char lost[NS_LEN], saved[NS_LEN];

	deferral_add_up(board->deferral, id, &sum);
	if (!sum.callbacks && !sum.stalls) {
		screen_put(screen, "deferral: no callback seen");
		return;
	}
	screen_putf(screen, "deferral: %" PRIu64 " callback%s cost %s in %" PRIu64 " stall%s",
		    sum.callbacks, format_s(sum.callbacks),
		    format_nsec(sum.lost_ns, lost, sizeof(lost)), sum.stalls, format_s(sum.stalls));
	if (sum.expedited_ns)
		screen_putf(screen, ", saved %s",
			    format_nsec(sum.expedited_ns, saved, sizeof(saved)));
}
