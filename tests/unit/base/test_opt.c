// SPDX-License-Identifier: GPL-2.0-only
#include "base/opt.h"

#include <errno.h>

#include "base/err.h"
#include "unit.h"

#define WORDS 8

struct cfg {
	uint32_t pid;
	uint64_t min_ns;
	uint64_t size_bytes;
	uint32_t backend;
	uint32_t verbosity;
	bool json, quiet;
	const char *comm;
	uint64_t ring_bytes;
	char first;
};

/* The value's first letter, which is not a digit. */
static int parse_first(const char *value, void *field, struct err *err)
{
	if (*value >= '0' && *value <= '9')
		return err_usage(err, "--first: expected a word, not '%s'", value);
	*(char *)field = *value;
	return 0;
}

static const char *const backends[] = {"auto", "fentry", "kprobe", NULL};

static const struct opt opts[] = {
	OPT_U32('p', "pid", "PID", struct cfg, pid, 1, 4194304, "only this VM process"),
	OPT_NSEC('m', "min", "DURATION", struct cfg, min_ns, "only stalls this long or longer"),
	OPT_BYTES(0, "size", "SIZE", struct cfg, size_bytes, 512, 0, "of the buffer"),
	OPT_ENUM(0, "backend", backends, struct cfg, backend, "how to see the kernel"),
	OPT_COUNT('v', "verbose", struct cfg, verbosity, "say more"),
	OPT_BOOL('j', "json", struct cfg, json, "one JSON object a line"),
	OPT_BOOL('q', "quiet", struct cfg, quiet, "say less"),
	OPT_STR('n', "name", "COMM", struct cfg, comm, "only processes of this name"),
	OPT_POW2(0, "ring", "SIZE", struct cfg, ring_bytes, 512, 65536, "of the ring"),
	OPT_CUSTOM('f', "first", "WORD", struct cfg, first, char, parse_first, "a letter"),
	OPT_END(),
};

static int count(const char *const *words)
{
	int cnt = 0;

	while (words[cnt])
		cnt++;
	return cnt;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_cfg(const struct cfg *a, const struct cfg *b)
{
	return a->pid == b->pid && a->min_ns == b->min_ns && a->size_bytes == b->size_bytes &&
	       a->backend == b->backend && a->verbosity == b->verbosity && a->json == b->json &&
	       a->quiet == b->quiet && same_text(a->comm, b->comm) &&
	       a->ring_bytes == b->ring_bytes && a->first == b->first;
}

static void options_fill_the_config(void **state)
{
	static const struct {
		const char *argv[WORDS];
		int operand;
		struct cfg cfg;
	} cases[] = {
		{{"x"}, 1, {0}},
		{{"x", "-p", "7"}, 3, {.pid = 7}},
		{{"x", "-p7"}, 2, {.pid = 7}},
		{{"x", "--ring", "512"}, 3, {.ring_bytes = 512}},
		{{"x", "--ring=64K"}, 2, {.ring_bytes = 65536}},
		{{"x", "--first=word", "-f", "other"}, 4, {.first = 'o'}},
		{{"x", "--pid", "7"}, 3, {.pid = 7}},
		{{"x", "--pid=7"}, 2, {.pid = 7}},
		{{"x", "--pid=1"}, 2, {.pid = 1}},
		{{"x", "--pid=4194304"}, 2, {.pid = 4194304}},
		{{"x", "-p7", "-p8"}, 3, {.pid = 8}}, /* the last one counts */
		{{"x", "--min", "1.5ms"}, 3, {.min_ns = 1500000}},
		{{"x", "-m0"}, 2, {0}},
		{{"x", "--size=512"}, 2, {.size_bytes = 512}},
		{{"x", "--size", "64M"}, 3, {.size_bytes = 64 << 20}},
		{{"x", "--backend", "auto"}, 3, {.backend = 0}},
		{{"x", "--backend=kprobe"}, 2, {.backend = 2}},
		{{"x", "-v"}, 2, {.verbosity = 1}},
		{{"x", "-vv", "--verbose"}, 3, {.verbosity = 3}},
		{{"x", "-jq"}, 2, {.json = true, .quiet = true}},
		{{"x", "-jvp7", "-q"}, 3, {.json = true, .verbosity = 1, .pid = 7, .quiet = true}},
		{{"x", "-jp", "7"}, 3, {.json = true, .pid = 7}},
		{{"x", "-n", "-j"}, 3, {.comm = "-j"}},
		{{"x", "--name", "--"}, 3, {.comm = "--"}},
		{{"x", "--name="}, 2, {.comm = ""}},
		{{"x", "--name=a=b"}, 2, {.comm = "a=b"}},
		{{"x", "-n", ""}, 3, {.comm = ""}},
		/* Options end at "--" and at the first word that is none. */
		{{"x", "--"}, 2, {0}},
		{{"x", "-j", "--", "-q"}, 3, {.json = true}},
		{{"x", "-j", "qemu", "-q"}, 2, {.json = true}},
		{{"x", "-", "-q"}, 1, {0}},
		{{"x", "", "-q"}, 1, {0}},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const char *const *argv = cases[i].argv;
		struct err err = {0};
		struct cfg cfg = {0};
		int ret = opt_parse(count(argv), (char **)argv, opts, &cfg, &err);

		if (ret != cases[i].operand || !same_cfg(&cfg, &cases[i].cfg))
			fail_msg("case %zu: %s %s: returned %d (%s)", i, argv[1], argv[2], ret,
				 err.msg);
	}
}

static void mistakes_name_the_option_and_what_was_expected(void **state)
{
	static const struct {
		const char *argv[WORDS];
		const char *msg;
	} cases[] = {
		{{"x", "-z"}, "unknown option '-z'"},
		{{"x", "-jz"}, "unknown option '-z'"},
		{{"x", "--zebra"}, "unknown option '--zebra'"},
		{{"x", "--zebra=1"}, "unknown option '--zebra'"},
		{{"x", "--pi", "7"}, "unknown option '--pi'"},
		{{"x", "--pids", "7"}, "unknown option '--pids'"},
		{{"x", "--=7"}, "unknown option '--'"},
		{{"x", "---"}, "unknown option '---'"},
		{{"x", "-j-"}, "unknown option '--'"},
		{{"x", "--help"}, "unknown option '--help'"},
		{{"x", "--json=1"}, "option '--json' takes no value"},
		{{"x", "--verbose="}, "option '--verbose' takes no value"},
		{{"x", "--pid"}, "option '--pid' needs a value (PID)"},
		{{"x", "-jp"}, "option '-p' needs a value (PID)"},
		{{"x", "--backend"}, "option '--backend' needs a value (auto|fentry|kprobe)"},
		{{"x", "-p", "0"}, "'0' is not a value for option '-p': expected 1 to 4194304"},
		{{"x", "-p4194305"},
		 "'4194305' is not a value for option '-p': expected 1 to 4194304"},
		{{"x", "-p", "4294967297"},
		 "'4294967297' is not a value for option '-p': expected 1 to 4194304"},
		{{"x", "-p99999999999999999999"},
		 "'99999999999999999999' is not a value for option '-p': expected 1 to 4194304"},
		{{"x", "--min", "3000000h"},
		 "'3000000h' is not a value for option '--min': expected at most 87600h, ten "
		 "years"},
		{{"x", "--pid="},
		 "'' is not a value for option '--pid': expected a decimal number"},
		{{"x", "--pid=-1"},
		 "'-1' is not a value for option '--pid': expected a decimal number"},
		{{"x", "--min", "1"},
		 "'1' is not a value for option '--min': expected a duration such as 250us, 1.5ms "
		 "or "
		 "2s"},
		{{"x", "--size=1k"},
		 "'1k' is not a value for option '--size': expected a size such as 512, 64K, 64M "
		 "or "
		 "1G"},
		{{"x", "--size=511"},
		 "'511' is not a value for option '--size': expected at least 512"},
		{{"x", "--backend=Auto"},
		 "'Auto' is not a value for option '--backend': expected auto, fentry or kprobe"},
		{{"x", "--ring=1000"},
		 "'1000' is not a value for option '--ring': expected a power of two"},
		{{"x", "--ring=256"},
		 "'256' is not a value for option '--ring': expected 512 to 65536"},
		{{"x", "-f7"}, "--first: expected a word, not '7'"},
		{{"x", "--first"}, "option '--first' needs a value (WORD)"},
		{{"x", "--backend="},
		 "'' is not a value for option '--backend': expected auto, fentry or kprobe"},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const char *const *argv = cases[i].argv;
		struct err err = {0};
		struct cfg cfg = {.pid = 77};

		assert_int_equal(opt_parse(count(argv), (char **)argv, opts, &cfg, &err), -EINVAL);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_string_equal(err.msg, cases[i].msg);
		assert_int_equal(cfg.pid, 77); /* a refused value leaves the default alone */
	}
}

static void help_is_an_option_but_not_a_value_or_an_operand(void **state)
{
	static const struct {
		const char *argv[WORDS];
		bool wants_help;
	} cases[] = {
		{{"x"}, false},
		{{"x", "--help"}, true},
		{{"x", "-h"}, true},
		{{"x", "-jh"}, true},
		{{"x", "-p", "bad", "--help"}, true},
		{{"x", "--zebra", "--help"}, false}, /* the mistake comes first */
		{{"x", "-n", "--help"}, false},
		{{"x", "-nh"}, false},
		{{"x", "--", "--help"}, false},
		{{"x", "ls", "--help"}, false},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const char *const *argv = cases[i].argv;

		if (opt_wants_help(count(argv), (char **)argv, opts) != cases[i].wants_help)
			fail_msg("case %zu: %s %s", i, argv[1], argv[2]);
	}
}

static char *printed(void (*print)(const struct opt *, FILE *), const struct opt *table)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	print(table, file);
	fclose(file);
	return text;
}

static void help_is_aligned_and_wrapped(void **state)
{
	static const struct opt table[] = {
		OPT_U32('p', "pid", "PID", struct cfg, pid, 0, 0, "only this VM process"),
		OPT_BOOL(
			0, "json", struct cfg, json,
			"a text that is longer than what is left of a line of one hundred columns, "
			"and so goes on"),
		OPT_STR(0, "a-very-long-option", "ARGUMENT", struct cfg, comm, "on its own line"),
		OPT_END(),
	};
	char *text = printed(opt_help, table);

	(void)state;
	assert_string_equal(text, "  -p, --pid PID               only this VM process\n"
				  "      --json                  a text that is longer than what "
				  "is left of a line of one hundred\n"
				  "                              columns, and so goes on\n"
				  "      --a-very-long-option ARGUMENT\n"
				  "                              on its own line\n"
				  "  -h, --help                  show this help\n");
	free(text);
}

static void dump_is_one_line_an_option(void **state)
{
	char *text = printed(opt_dump, opts);

	(void)state;
	assert_string_equal(text, "p\tpid\tPID\tonly this VM process\n"
				  "m\tmin\tDURATION\tonly stalls this long or longer\n"
				  "\tsize\tSIZE\tof the buffer\n"
				  "\tbackend\tauto|fentry|kprobe\thow to see the kernel\n"
				  "v\tverbose\t\tsay more\n"
				  "j\tjson\t\tone JSON object a line\n"
				  "q\tquiet\t\tsay less\n"
				  "n\tname\tCOMM\tonly processes of this name\n"
				  "\tring\tSIZE\tof the ring\n"
				  "f\tfirst\tWORD\ta letter\n"
				  "h\thelp\t\tshow this help\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_fill_the_config),
		cmocka_unit_test(mistakes_name_the_option_and_what_was_expected),
		cmocka_unit_test(help_is_an_option_but_not_a_value_or_an_operand),
		cmocka_unit_test(help_is_aligned_and_wrapped),
		cmocka_unit_test(dump_is_one_line_an_option),
	};

	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
