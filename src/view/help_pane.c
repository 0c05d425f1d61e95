// SPDX-License-Identifier: GPL-2.0-only
/* What keys do and what letters mean. */
#include "output/timeline.h"
#include "view/pane.h"

static const char *const lines[] = {
	"q, ^C   quit                      s S     sort by the next, the one before",
	"Enter   open the VM; Esc: back    /       only VMs with this in their name",
	"Space   pause, go on              z       count from zero from now on",
	"w       write the screen to FILE  < >     a recording: slower, faster",
	"n p     the stall before, next    arrows  scroll, and move the strip",
	"+ -     less, more of the strip   l       what the VM's domains do now",
};

static void put_letter(enum ks_cause cause, struct screen *screen)
{
	screen_style(screen, STYLE_CAUSE + cause);
	screen_putc(screen, timeline_letter(cause));
	screen_style(screen, STYLE_PLAIN);
	screen_putf(screen, " %-12s  %s", cause_name(cause), cause_help(cause));
	screen_end_line(screen);
}

void pane_put_help(struct screen *screen)
{
	size_t room = pane_lines(screen);

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]) && room; i++, room--) {
		screen_put(screen, lines[i]);
		screen_end_line(screen);
	}
	for (int i = KS_CAUSE_RUN + 1; i < KS_CAUSE_CNT && room; i++, room--)
		put_letter(i, screen);
}
