// SPDX-License-Identifier: GPL-2.0-only
#include "view/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/sanitize.h"

#define CUT "..."

void screen_init(struct screen *screen)
{
	*screen = (struct screen){.cols = 0};
	str_init(&screen->text);
}

void screen_fini(struct screen *screen)
{
	str_fini(&screen->text);
}

void screen_reset(struct screen *screen, size_t rows, size_t cols, bool use_utf8)
{
	str_reset(&screen->text);
	screen->rows = rows;
	screen->cols = cols;
	screen->lines = screen->col = 0;
	screen->use_utf8 = use_utf8;
}

/* No line after this one has room. */
static bool is_full(const struct screen *screen)
{
	return screen->rows && screen->lines >= screen->rows;
}

void screen_style(struct screen *screen, enum screen_style style)
{
	if (is_full(screen))
		return;
	str_addc(&screen->text, SCREEN_MARK);
	str_addc(&screen->text, (char)(SCREEN_STYLE + style));
}

void screen_putn(struct screen *screen, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end && screen->col < screen->cols && !is_full(screen)) {
		size_t cnt;
		const char *shown = sanitize_next(text, &cnt);

		if (cnt > 1 && !screen->use_utf8)
			shown = "?";
		str_addn(&screen->text, shown, shown == text ? cnt : 1);
		screen->col++;
		text += cnt;
	}
}

void screen_put(struct screen *screen, const char *text)
{
	screen_putn(screen, text, strlen(text));
}

void screen_putc(struct screen *screen, char c)
{
	screen_putn(screen, &c, 1);
}

void screen_putf(struct screen *screen, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	screen_put(screen, text);
}

size_t screen_columns(const char *text)
{
	size_t columns = 0, cnt;

	for (; *text; text += cnt, columns++)
		sanitize_next(text, &cnt);
	return columns;
}

static const char *skip(const char *text, size_t columns)
{
	size_t cnt;

	for (; *text && columns; text += cnt, columns--)
		sanitize_next(text, &cnt);
	return text;
}

void screen_pad(struct screen *screen, size_t col)
{
	while (screen->col < col && screen->col < screen->cols && !is_full(screen))
		screen_putc(screen, ' ');
}

void screen_put_left(struct screen *screen, const char *text, size_t width)
{
	size_t columns = screen_columns(text), end = screen->col + width, head;

	if (columns <= width) {
		screen_put(screen, text);
	} else if (width < 8) {
		screen_putn(screen, text, skip(text, width) - text);
	} else {
		head = (width - strlen(CUT) + 1) / 2;
		screen_putn(screen, text, skip(text, head) - text);
		screen_put(screen, CUT);
		screen_put(screen, skip(text, columns - (width - strlen(CUT) - head)));
	}
	screen_pad(screen, end);
}

void screen_put_right(struct screen *screen, const char *text, size_t width)
{
	size_t columns = screen_columns(text);

	if (columns < width)
		screen_pad(screen, screen->col + width - columns);
	screen_put_left(screen, text, columns < width ? columns : width);
}

void screen_end_line(struct screen *screen)
{
	if (is_full(screen))
		return;
	screen_style(screen, STYLE_PLAIN);
	str_addc(&screen->text, '\n');
	screen->lines++;
	screen->col = 0;
}

void screen_plain(const struct screen *screen, struct str *out)
{
	const char *text = screen->text.text;
	size_t blanks = 0;

	for (; *text; text++) {
		if (*text == SCREEN_MARK && text[1]) {
			text++;
		} else if (*text == ' ') {
			blanks++;
		} else {
			for (; blanks && *text != '\n'; blanks--)
				str_addc(out, ' ');
			blanks = 0;
			str_addc(out, *text);
		}
	}
}
