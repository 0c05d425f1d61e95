/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options as data: one const table a command. Parsing, --help, completion and
 * the man page check read the same table.
 */
#ifndef BASE_OPT_H
#define BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

enum opt_type {
	OPT_TYPE_BOOL,	 /* bool; no value */
	OPT_TYPE_U32,	 /* uint32_t; decimal */
	OPT_TYPE_NSEC,	 /* uint64_t nanoseconds; "250us", "1.5ms", "2s", "1m", bare 0; see below */
	OPT_TYPE_BYTES,	 /* uint64_t; "64M", "1G", "512" (powers of 1024) */
	OPT_TYPE_STR,	 /* const char *; points into argv */
	OPT_TYPE_ENUM,	 /* uint32_t; index into .choices, a NULL-terminated list */
	OPT_TYPE_COUNT,	 /* uint32_t; each occurrence adds one (-v -v, -vv) */
	OPT_TYPE_CUSTOM, /* whatever .parse makes of the value */
};

#define OPT_NSEC_MAX (87600ULL * 3600 * 1000000000) /* longer durations are an error: ten years */

/* Take @value into the config's @field: 0, or a negative errno with @err of kind ERR_USAGE. */
typedef int (*opt_parse_fn)(const char *value, void *field, struct err *err);

struct opt {
	const char *name; /* long name, without dashes */
	char letter;	  /* short name or 0 */
	enum opt_type type;
	const char *metavar; /* NULL for flags; enums default to the list of choices */
	const char *help;    /* one line, lower case, no full stop */
	size_t offset;	     /* of the field in the command's config struct */
	const char *const *choices;
	uint64_t min, max; /* inclusive; for U32, NSEC and BYTES; max 0: no limit */
	bool is_pow2;	   /* BYTES: only a power of two */
	opt_parse_fn parse;
};

/* offsetof(), or a compile error when the field is not a @T. */
#define OPT_FIELD(CFG, FIELD, T)                                                                   \
	(offsetof(CFG, FIELD) * sizeof(char[_Generic(((CFG *)0)->FIELD, T : 1, default : -1)]))

/* clang-format off */
#define OPT_BOOL(L, N, CFG, F, H)           { .name = N, .letter = L, .type = OPT_TYPE_BOOL, .help = H, .offset = OPT_FIELD(CFG, F, bool) }
#define OPT_U32(L, N, M, CFG, F, LO, HI, H) { .name = N, .letter = L, .type = OPT_TYPE_U32, .metavar = M, .help = H, .offset = OPT_FIELD(CFG, F, uint32_t), .min = LO, .max = HI }
#define OPT_NSEC(L, N, M, CFG, F, H)        { .name = N, .letter = L, .type = OPT_TYPE_NSEC, .metavar = M, .help = H, .offset = OPT_FIELD(CFG, F, uint64_t) }
#define OPT_BYTES(L, N, M, CFG, F, LO, HI, H) { .name = N, .letter = L, .type = OPT_TYPE_BYTES, .metavar = M, .help = H, .offset = OPT_FIELD(CFG, F, uint64_t), .min = LO, .max = HI }
#define OPT_POW2(L, N, M, CFG, F, LO, HI, H) { .name = N, .letter = L, .type = OPT_TYPE_BYTES, .metavar = M, .help = H, .offset = OPT_FIELD(CFG, F, uint64_t), .min = LO, .max = HI, .is_pow2 = true }
#define OPT_CUSTOM(L, N, M, CFG, F, T, PARSE, H) { .name = N, .letter = L, .type = OPT_TYPE_CUSTOM, .metavar = M, .help = H, .offset = OPT_FIELD(CFG, F, T), .parse = PARSE }
#define OPT_STR(L, N, M, CFG, F, H)         { .name = N, .letter = L, .type = OPT_TYPE_STR, .metavar = M, .help = H, .offset = OPT_FIELD(CFG, F, const char *) }
#define OPT_ENUM(L, N, C, CFG, F, H)        { .name = N, .letter = L, .type = OPT_TYPE_ENUM, .help = H, .offset = OPT_FIELD(CFG, F, uint32_t), .choices = C }
#define OPT_COUNT(L, N, CFG, F, H)          { .name = N, .letter = L, .type = OPT_TYPE_COUNT, .help = H, .offset = OPT_FIELD(CFG, F, uint32_t) }
#define OPT_END()                           { .name = NULL }
/* clang-format on */

/*
 * Parse argv[1..] into @cfg. Returns the index of the first operand (what
 * follows "--", or the first word that is not an option: options end there, as in
 * strace and perf), or a negative errno with @err of kind ERR_USAGE, naming the
 * option and what was expected. Names match exactly: no abbreviations.
 */
int opt_parse(int argc, char **argv, const struct opt *opts, void *cfg, struct err *err);

/*
 * Is --help or -h among the options? Every command has it without listing it:
 * main asks before it runs one, so opt_parse() never meets it.
 */
bool opt_wants_help(int argc, char **argv, const struct opt *opts);

/* Print the table as --help shows it: letters, names, metavars, help, and --help; 100 columns. */
void opt_help(const struct opt *opts, FILE *out);

/* One line an option, --help too: letter, name, metavar, help, by tabs; for lint and completion. */
void opt_dump(const struct opt *opts, FILE *out);

#endif
