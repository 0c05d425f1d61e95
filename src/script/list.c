// SPDX-License-Identifier: GPL-2.0-only
#include "script/list.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/str.h"

#define WORD_MAX       64
#define LINE_MAX_CHARS 1024

/* Parts of a group: what "/" separates. */
#define PARTS_MAX 16

struct list_parser {
	const struct script_sizes *sizes;
	struct script *script;
	size_t line;
	bool is_group;
	uint32_t times;		 /* how often the group's parts are wanted; 0: each once */
	size_t parts[PARTS_MAX]; /* where in the script each begins */
	size_t parts_cnt;
};

/* ---- words ---- */

/* The next word of @at, cut off; NULL: there is no more, or it is too long. */
static const char *next_word(const char **at, char word[WORD_MAX])
{
	size_t len;

	*at += strspn(*at, " \t\r");
	len = strcspn(*at, " \t\r");
	if (!len || len >= WORD_MAX)
		return NULL;
	memcpy(word, *at, len);
	word[len] = 0;
	*at += len;
	return word;
}

static bool parse_number(const char *text, uint64_t *value)
{
	uint64_t sum = 0;

	if (text[0] != '0' || text[1] != 'x')
		return parse_u64(text, value);
	if (!text[2] || strlen(text) > 18)
		return false;
	for (text += 2; *text; text++) {
		const char *digits = "0123456789abcdef", *digit = strchr(digits, *text);

		if (!digit)
			return false;
		sum = sum << 4 | (uint64_t)(digit - digits);
	}
	*value = sum;
	return true;
}

static bool take_name(const char *word, struct script_op *op)
{
	op->id = call_by_name(word, strlen(word));
	if (op->id != CALL_NONE) {
		op->act = ACT_IOCTL;
		return true;
	}
	for (op->act = ACT_CLOSE; op->act < ACT_CNT; op->act++)
		if (!strcmp(word, script_op_name(op)))
			return true;
	return false;
}

static bool take_argument(const char *word, struct script_op *op)
{
	const char *equals = strchr(word, '=');
	enum script_key key;
	uint64_t value;

	if (!equals)
		return false;
	if (!strcmp(word, "slot=last")) {
		script_op_set(op, KEY_SLOT, SCRIPT_LAST);
		return true;
	}
	if (!parse_number(equals + 1, &value))
		return false;
	if (!strncmp(word, "err=", 4) && value < 4096) {
		op->err = (int32_t)value;
		return true;
	}
	key = script_key_find(word, equals - word);
	if (key == KEY_CNT || (key == KEY_SLOT && value == SCRIPT_LAST))
		return false;
	script_op_set(op, key, value);
	return true;
}

static bool take_took(char *word, struct script_op *op)
{
	size_t len = strlen(word);

	if (word[0] != '<' || len < 3 || word[len - 1] != '>')
		return false;
	word[len - 1] = 0;
	return parse_nsec(word + 1, &op->took_ns) && op->took_ns < SCRIPT_UNTIMED;
}

/* What stands before the call: the gap and the thread. */
static bool take_lead(const char *word, struct script_op *op)
{
	uint64_t number;

	if (word[0] == '+' || word[0] == '@') {
		op->is_overlap = word[0] == '@';
		return parse_nsec(word + 1, &op->gap_ns);
	}
	if (!parse_u64(word + 1, &number) || number >= SCRIPT_THREADS_MAX)
		return false;
	op->thread = number;
	return true;
}

/* What of the line makes no sense, or NULL. */
static const char *take_op(const char *at, char word[WORD_MAX], struct script_op *op)
{
	bool has_name = false;

	while (next_word(&at, word)) {
		bool is_lead = word[0] == '+' || word[0] == '@' ||
			       (word[0] == 't' && word[1] >= '0' && word[1] <= '9');

		if (!has_name && is_lead ? take_lead(word, op)
		    : !has_name		 ? (has_name = take_name(word, op))
		    : !strcmp(word, "?") ? (op->is_optional = true)
					 : take_took(word, op) || take_argument(word, op))
			continue;
		return word;
	}
	return *at ? "a long word" : has_name ? NULL : "no call";
}

/* ---- groups ---- */

static bool begin_group(struct list_parser *parser, const char *name)
{
	static const char *const names[] = {"vcpus", "devices", "memslots"};
	const uint32_t times[] = {parser->sizes->vcpus, parser->sizes->devices,
				  parser->sizes->memslots};

	for (size_t i = 0; !parser->is_group && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]))
			continue;
		parser->is_group = true;
		parser->times = times[i];
		parser->parts[0] = parser->script->cnt;
		parser->parts_cnt = 1;
		return true;
	}
	return false;
}

static bool begin_part(struct list_parser *parser)
{
	if (!parser->is_group || parser->parts_cnt == PARTS_MAX)
		return false;
	parser->parts[parser->parts_cnt++] = parser->script->cnt;
	return true;
}

/* The parts are there once: repeat them in turn, or take away those that are too many. */
static int end_group(struct list_parser *parser)
{
	struct script *script = parser->script;
	size_t cnt = parser->parts_cnt, end = script->cnt;
	int ret = 0;

	parser->is_group = false;
	if (parser->times && parser->times < cnt)
		script->cnt = parser->parts[parser->times];
	for (size_t i = cnt; !ret && i < parser->times; i++) {
		size_t part = i % cnt;
		size_t last = part + 1 < cnt ? parser->parts[part + 1] : end;

		for (size_t j = parser->parts[part]; !ret && j < last; j++) {
			struct script_op op = script->ops[j];

			ret = script_add(script, &op);
		}
	}
	return ret;
}

/* ---- lines ---- */

static int complain(const struct list_parser *parser, const char *what, struct err *err)
{
	return err_set(err, -EINVAL, "line %zu: '%s' is not understood", parser->line, what);
}

static int parse_line(struct list_parser *parser, char *text, struct err *err)
{
	struct script_op op = {.act = ACT_IOCTL, .took_ns = SCRIPT_UNTIMED};
	const char *at = text, *bad;
	char word[WORD_MAX];
	int ret = 0;

	text[strcspn(text, "#")] = 0;
	at += strspn(at, " \t\r");
	if (!*at)
		return 0;
	if (!strcmp(at, "exit")) {
		parser->script->ends_by_exit = true;
		return 0;
	}
	bad = at[0] == '[' || at[0] == ']' || at[0] == '/' ? NULL : take_op(at, word, &op);
	if (bad)
		return complain(parser, bad, err);
	if (at[0] == '[')
		bad = begin_group(parser, at + 1) ? NULL : at;
	else if (at[0] == '/')
		bad = begin_part(parser) ? NULL : at;
	else if (at[0] == ']')
		ret = parser->is_group ? end_group(parser) : -EINVAL;
	else
		ret = script_add(parser->script, &op);
	if (bad || ret == -EINVAL)
		return complain(parser, at, err);
	if (ret == -E2BIG)
		return err_set(err, ret, "line %zu: more than %d calls", parser->line,
			       SCRIPT_OPS_MAX);
	return ret ? err_set(err, ret, "out of memory") : 0;
}

int list_parse(const char *text, size_t len, const struct script_sizes *sizes,
	       struct script *script, struct err *err)
{
	struct list_parser parser = {.sizes = sizes, .script = script};
	const char *end = text + len;
	char line[LINE_MAX_CHARS];
	int ret = 0;

	while (!ret && text < end) {
		const char *newline = memchr(text, '\n', end - text);
		size_t size = (newline ? newline : end) - text;

		parser.line++;
		if (size >= sizeof(line) || memchr(text, 0, size))
			return err_set(err, -EINVAL, "line %zu: not a call", parser.line);
		memcpy(line, text, size);
		line[size] = 0;
		ret = parse_line(&parser, line, err);
		text += size + 1;
	}
	if (!ret && parser.is_group)
		return err_set(err, -EINVAL, "line %zu: the end, and a '[' has no ']'",
			       parser.line);
	return ret;
}

bool list_is(const char *text, size_t len)
{
	const char *end = text + len;
	char line[LINE_MAX_CHARS], word[WORD_MAX];

	while (text < end) {
		const char *newline = memchr(text, '\n', end - text);
		size_t size = (newline ? newline : end) - text;
		struct script_op op = {.act = ACT_IOCTL};

		if (size >= sizeof(line) || memchr(text, 0, size))
			return false;
		memcpy(line, text, size);
		line[size] = 0;
		line[strcspn(line, "#")] = 0;
		if (line[strspn(line, " \t\r")])
			return line[0] == '[' || !take_op(line, word, &op);
		text += size + 1;
	}
	return false;
}

/* ---- out ---- */

static void put_us(uint64_t ns, struct str *out)
{
	str_addf(out, "%" PRIu64 "us", (ns + 500) / 1000);
}

void list_put_op(const struct script_op *op, bool is_bare, struct str *out)
{
	if (!is_bare) {
		str_addc(out, op->is_overlap ? '@' : '+');
		put_us(op->gap_ns, out);
		str_addf(out, " t%" PRIu32 " ", op->thread);
	}
	str_adds(out, script_op_name(op));
	for (int key = 0; key < KEY_CNT; key++) {
		if (!script_op_has(op, key))
			continue;
		if (key == KEY_SLOT && op->values[key] == SCRIPT_LAST)
			str_adds(out, " slot=last");
		else
			str_addf(out, script_key_is_hex(key) ? " %s=0x%" PRIx64 : " %s=%" PRIu64,
				 script_key_name(key), op->values[key]);
	}
	if (is_bare)
		return;
	if (op->err)
		str_addf(out, " err=%" PRId32, op->err);
	if (op->is_optional)
		str_adds(out, " ?");
	if (op->took_ns != SCRIPT_UNTIMED) {
		str_adds(out, " <");
		put_us(op->took_ns, out);
		str_addc(out, '>');
	}
}

void list_put(const struct script *script, struct str *out)
{
	for (size_t i = 0; i < script->cnt; i++) {
		list_put_op(&script->ops[i], false, out);
		str_addc(out, '\n');
	}
	if (script->ends_by_exit)
		str_adds(out, "exit\n");
}
