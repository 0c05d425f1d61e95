/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts that screens are made of. */
#ifndef VIEW_PANE_H
#define VIEW_PANE_H

#include "view/board.h"
#include "view/screen.h"
#include "view/view.h"

/* What every screen begins with: backend, losses, sums; and where no VM is open, what all lost. */
void pane_put_head(const struct view *view, const struct board *board, struct screen *screen);

/* @width characters that share them out to the causes of @row; blanks where it lost nothing. */
void pane_put_bar(const struct board_row *row, size_t width, struct screen *screen);

/* "T gp-timer 60%, R reader 30%", the most first; a line. */
void pane_put_causes(const struct board_row *row, struct screen *screen);

/* "6 callbacks cost 36.84ms in 6 stalls, saved 72us" */
void pane_put_deferral(const struct board *board, uint32_t id, struct screen *screen);

/* The name of a call, without KVM_ where @width is too small for it. */
const char *pane_call(enum call_id call, size_t width);

/* Lines that are left for the page itself, after what is there, and before the last one. */
size_t pane_lines(const struct screen *screen);

void pane_put_table(struct view *view, const struct board *board, struct screen *screen);
void pane_put_vm(struct view *view, const struct board *board, struct screen *screen);
void pane_put_help(struct screen *screen);

#endif
