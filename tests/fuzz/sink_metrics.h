/* SPDX-License-Identifier: GPL-2.0-only */
/* The metrics' part of the sink: what export would do. They abort() when something fails. */
#ifndef SINK_METRICS_H
#define SINK_METRICS_H

struct metrics;
struct summary;

struct metrics *sink_metrics_new(void);

/* Two scrapes, in a format that the input decides: that of what lives, and that after. Frees
 * @metrics. */
void sink_metrics_end(struct metrics *metrics, const struct summary *summary);

#endif
