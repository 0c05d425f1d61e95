// SPDX-License-Identifier: GPL-2.0-only
#include "base/opt.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/wrap.h"

#define HELP_WIDTH  100
#define HELP_COLUMN 30 /* where help texts start */

static const struct opt help_opt = {
	.name = "help",
	.letter = 'h',
	.type = OPT_TYPE_BOOL,
	.help = "show this help",
};

/* Where the walk through argv is: at a word, or inside one that holds several letters. */
struct walk {
	char **argv;
	int argc;
	int idx;
	const char *letters; /* the rest of "-abc", or NULL */
	bool with_help;	     /* --help is an option too */
};

/* One option as it was met. */
struct found {
	const struct opt *opt;
	char name[64]; /* as typed, for messages: "--pid" or "-p" */
	const char *value;
};

static bool takes_value(const struct opt *opt)
{
	return opt->type != OPT_TYPE_BOOL && opt->type != OPT_TYPE_COUNT;
}

static const struct opt *find_name(const struct walk *walk, const struct opt *opts,
				   const char *name, size_t len)
{
	for (; opts->name; opts++)
		if (strlen(opts->name) == len && !memcmp(opts->name, name, len))
			return opts;
	if (walk->with_help && len == strlen(help_opt.name) && !memcmp(help_opt.name, name, len))
		return &help_opt;
	return NULL;
}

static const struct opt *find_letter(const struct walk *walk, const struct opt *opts, char letter)
{
	for (; opts->name; opts++)
		if (opts->letter == letter)
			return opts;
	if (walk->with_help && letter == help_opt.letter)
		return &help_opt;
	return NULL;
}

/* "fentry|kprobe" for an enum without a metavar of its own. */
static void add_metavar(struct str *out, const struct opt *opt)
{
	if (opt->metavar) {
		str_adds(out, opt->metavar);
		return;
	}
	if (opt->type != OPT_TYPE_ENUM)
		return;
	for (size_t i = 0; opt->choices[i]; i++)
		str_addf(out, "%s%s", i ? "|" : "", opt->choices[i]);
}

static int missing_value(const struct found *found, struct err *err)
{
	struct str metavar;
	int ret;

	str_init(&metavar);
	add_metavar(&metavar, found->opt);
	ret = err_usage(err, "option '%s' needs a value (%s)", found->name, metavar.text);
	str_fini(&metavar);
	return ret;
}

/* The value is the next word, whatever it looks like: "-n -x" is a process named "-x". */
static int next_word_as_value(struct walk *walk, struct found *found, struct err *err)
{
	if (walk->idx == walk->argc)
		return missing_value(found, err);
	found->value = walk->argv[walk->idx++];
	return 1;
}

static int walk_letter(struct walk *walk, const struct opt *opts, struct found *found,
		       struct err *err)
{
	char letter = *walk->letters++;

	snprintf(found->name, sizeof(found->name), "-%c", letter);
	found->opt = find_letter(walk, opts, letter);
	if (!found->opt)
		return err_usage(err, "unknown option '%s'", found->name);
	if (!takes_value(found->opt)) {
		if (!*walk->letters)
			walk->letters = NULL;
		return 1;
	}
	found->value = walk->letters;
	walk->letters = NULL;
	return *found->value ? 1 : next_word_as_value(walk, found, err);
}

static int walk_name(struct walk *walk, const struct opt *opts, const char *word,
		     struct found *found, struct err *err)
{
	size_t len = strcspn(word + 2, "=");
	const char *equals = word[2 + len] ? word + 2 + len : NULL;

	snprintf(found->name, sizeof(found->name), "%.*s", (int)len + 2, word);
	found->opt = find_name(walk, opts, word + 2, len);
	if (!found->opt)
		return err_usage(err, "unknown option '%s'", found->name);
	if (!takes_value(found->opt))
		return equals ? err_usage(err, "option '%s' takes no value", found->name) : 1;
	if (!equals)
		return next_word_as_value(walk, found, err);
	found->value = equals + 1;
	return 1;
}

/* 1 with @found, 0 at the end with walk->idx at the first operand, or a negative errno. */
static int walk_next(struct walk *walk, const struct opt *opts, struct found *found,
		     struct err *err)
{
	const char *word;

	*found = (struct found){0};
	if (walk->letters)
		return walk_letter(walk, opts, found, err);
	if (walk->idx == walk->argc)
		return 0;
	word = walk->argv[walk->idx];
	if (word[0] != '-' || !word[1])
		return 0;
	walk->idx++;
	if (!strcmp(word, "--"))
		return 0;
	if (word[1] == '-')
		return walk_name(walk, opts, word, found, err);
	walk->letters = word + 1;
	return walk_letter(walk, opts, found, err);
}

static int bad_value(const struct found *found, const char *expected, struct err *err)
{
	return err_usage(err, "'%s' is not a value for option '%s': expected %s", found->value,
			 found->name, expected);
}

static int check_limits(const struct found *found, uint64_t value, struct err *err)
{
	uint64_t min = found->opt->min, max = found->opt->max;
	char expected[80];

	if (value >= min && (!max || value <= max))
		return 0;
	if (max)
		snprintf(expected, sizeof(expected), "%" PRIu64 " to %" PRIu64, min, max);
	else
		snprintf(expected, sizeof(expected), "at least %" PRIu64, min);
	return bad_value(found, expected, err);
}

/* Digits that are too many for @value are a number, and too large. */
static bool is_number(const char *text, uint64_t *value)
{
	if (parse_u64(text, value))
		return true;
	*value = UINT64_MAX;
	return *text && !text[strspn(text, "0123456789")];
}

static int store_u32(const struct found *found, uint32_t *field, struct err *err)
{
	uint64_t value;
	int ret;

	if (!is_number(found->value, &value))
		return bad_value(found, "a decimal number", err);
	ret = check_limits(found, value, err);
	if (!ret && value > UINT32_MAX)
		ret = bad_value(found, "at most 4294967295", err);
	if (!ret)
		*field = (uint32_t)value;
	return ret;
}

/* What is longer than anybody waits is a mistake. */
static int check_duration(const struct found *found, uint64_t ns, struct err *err)
{
	if (found->opt->type != OPT_TYPE_NSEC || ns <= OPT_NSEC_MAX)
		return 0;
	return bad_value(found, "at most 87600h, ten years", err);
}

static int store_u64(const struct found *found, bool (*parse)(const char *, uint64_t *),
		     const char *expected, uint64_t *field, struct err *err)
{
	uint64_t value;
	int ret;

	if (!parse(found->value, &value))
		return bad_value(found, expected, err);
	ret = check_limits(found, value, err);
	if (!ret)
		ret = check_duration(found, value, err);
	if (!ret && found->opt->is_pow2 && value & (value - 1))
		ret = bad_value(found, "a power of two", err);
	if (!ret)
		*field = value;
	return ret;
}

static int store_enum(const struct found *found, uint32_t *field, struct err *err)
{
	const char *const *choices = found->opt->choices;
	struct str expected;
	int ret;

	for (uint32_t i = 0; choices[i]; i++) {
		if (!strcmp(choices[i], found->value)) {
			*field = i;
			return 0;
		}
	}
	str_init(&expected);
	for (size_t i = 0; choices[i]; i++)
		str_addf(&expected, "%s%s", !i ? "" : choices[i + 1] ? ", " : " or ", choices[i]);
	ret = bad_value(found, expected.text, err);
	str_fini(&expected);
	return ret;
}

static int store(const struct found *found, void *cfg, struct err *err)
{
	void *field = (char *)cfg + found->opt->offset;

	switch (found->opt->type) {
	case OPT_TYPE_BOOL:
		*(bool *)field = true;
		return 0;
	case OPT_TYPE_COUNT:
		++*(uint32_t *)field;
		return 0;
	case OPT_TYPE_STR:
		*(const char **)field = found->value;
		return 0;
	case OPT_TYPE_U32:
		return store_u32(found, field, err);
	case OPT_TYPE_NSEC:
		return store_u64(found, parse_nsec, "a duration such as 250us, 1.5ms or 2s", field,
				 err);
	case OPT_TYPE_BYTES:
		return store_u64(found, parse_bytes, "a size such as 512, 64K, 64M or 1G", field,
				 err);
	case OPT_TYPE_ENUM:
		return store_enum(found, field, err);
	case OPT_TYPE_CUSTOM:
		return found->opt->parse(found->value, field, err);
	}
	return err_usage(err, "option '%s' has no type", found->name);
}

int opt_parse(int argc, char **argv, const struct opt *opts, void *cfg, struct err *err)
{
	struct walk walk = {.argv = argv, .argc = argc, .idx = argc ? 1 : 0};
	struct found found;
	int ret;

	while ((ret = walk_next(&walk, opts, &found, err)) > 0) {
		ret = store(&found, cfg, err);
		if (ret < 0)
			return ret;
	}
	return ret < 0 ? ret : walk.idx;
}

bool opt_wants_help(int argc, char **argv, const struct opt *opts)
{
	struct walk walk = {.argv = argv, .argc = argc, .idx = argc ? 1 : 0, .with_help = true};
	struct found found;

	while (walk_next(&walk, opts, &found, NULL) > 0)
		if (found.opt == &help_opt)
			return true;
	return false;
}

static void add_help(struct str *out, const struct opt *opt)
{
	size_t start = out->len;

	if (opt->letter)
		str_addf(out, "  -%c, --%s", opt->letter, opt->name);
	else
		str_addf(out, "      --%s", opt->name);
	if (takes_value(opt))
		str_addc(out, ' ');
	add_metavar(out, opt);
	if (out->len - start + 2 > HELP_COLUMN)
		str_addc(out, '\n');
	str_pad(out, HELP_COLUMN);
	wrap_add(out, opt->help, HELP_COLUMN, HELP_WIDTH);
}

static void add_dump(struct str *out, const struct opt *opt)
{
	if (opt->letter)
		str_addc(out, opt->letter);
	str_addf(out, "\t%s\t", opt->name);
	add_metavar(out, opt);
	str_addf(out, "\t%s\n", opt->help);
}

static void print_table(const struct opt *opts, void (*add)(struct str *, const struct opt *),
			FILE *out)
{
	struct str text;

	str_init(&text);
	for (; opts->name; opts++)
		add(&text, opts);
	add(&text, &help_opt);
	fputs(text.text, out);
	str_fini(&text);
}

void opt_help(const struct opt *opts, FILE *out)
{
	print_table(opts, add_help, out);
}

void opt_dump(const struct opt *opts, FILE *out)
{
	print_table(opts, add_dump, out);
}
