// SPDX-License-Identifier: GPL-2.0-only
#include "import/unwrap.h"

#include <string.h>

#include "import/lexer.h"

static bool is_marked(const char *text)
{
	return strstr(text, "<unfinished ...>") || strstr(text, "<detached ...>") ||
	       strstr(text, "strace: Process ");
}

bool unwrap_is_cut(const struct syscall_line *line, const char *text)
{
	if (line->kind != LINE_CALL && line->kind != LINE_RESUMED)
		return false;
	return !line->has_latency && !line->is_killed && !is_marked(text);
}

/* ") = 0": what has an equals sign elsewhere is an argument. */
static bool has_result(const struct syscall_line *line, const char *text)
{
	const char *at = text + strlen(text);

	if (!line->has_ret && !line->is_killed)
		return false;
	while ((at = memrchr(text, '=', at - text))) {
		const char *before = at;

		if (at == text || at[-1] != ' ' || at[1] != ' ')
			continue;
		while (before > text && before[-1] == ' ')
			before--;
		return before > text && before[-1] == ')';
	}
	return false;
}

bool unwrap_is_whole(const struct syscall_line *line, const char *text)
{
	return line->has_latency || is_marked(text) || has_result(line, text);
}

/* "<0.000050>" */
static bool is_duration(const char *text)
{
	struct lexer scan = {text + strspn(text, " \t")};
	uint64_t ns;

	return lexer_text(&scan, "<") && lexer_seconds(&scan, &ns) && lexer_text(&scan, ">") &&
	       !scan.at[strspn(scan.at, " \t")];
}

/* "<0.02" */
static bool ends_in_duration(const char *text)
{
	const char *open = strrchr(text, '<');

	return open && !open[1 + strspn(open + 1, "0123456789.")];
}

/* After the result there is only a descriptor's path or an error's name, and the duration. */
bool unwrap_goes_on(const char *text, bool has_ret, const char *next)
{
	const char *duration = strrchr(next, '<');

	if (!*next)
		return false;
	if (!has_ret || (duration && is_duration(duration)))
		return true;
	return ends_in_duration(text) && !strcmp(next + strspn(next, "0123456789."), ">");
}

static bool is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* Of strace's own spaces: after a comma, before and after the equals sign of a result, before a
 * duration. Elsewhere a line that was cut at a width has none. */
bool unwrap_has_space(const char *text, size_t len, const char *next)
{
	char last = len ? text[len - 1] : ' ', first = *next;

	if (last == ' ' || first == ' ')
		return false;
	if (last == ',')
		return true;
	if (last == '=')
		return len > 1 && text[len - 2] == ' ';
	if (first == '=')
		return next[1] == ' ';
	if (first == '.') /* "<unfinished ...>" */
		return last == 'd' && !strncmp(next, "...>", 4);
	if (first == '<')
		return is_duration(next);
	return !is_token(last) && first == '(';
}
