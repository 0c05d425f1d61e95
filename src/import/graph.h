/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ftrace's function_graph: durations and nesting of functions, by task where it shows tasks, else
 * by CPU. There are no times of day in it, so nothing is inferred.
 */
#ifndef IMPORT_GRAPH_H
#define IMPORT_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

struct log;
struct graph;

/* Is it a line of a function's entry or exit? */
bool graph_is_line(const char *text);

struct graph *graph_new(struct log *log);
void graph_free(struct graph *graph);

/* False: the line is none of such a log. @ret: 0, or -ENOMEM. */
bool graph_take(struct graph *graph, const char *text, int *ret);

#endif
