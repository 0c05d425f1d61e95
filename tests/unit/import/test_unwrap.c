// SPDX-License-Identifier: GPL-2.0-only
#include "import/unwrap.h"

#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "import/envelope.h"
#include "import/import.h"
#include "ledger/ioctls.h"
#include "unit.h"

/* The narrowest that a mail is: what leads a line, and the call's name, are in one piece. */
#define WIDTH_MIN 60
#define WIDTH_MAX 211

static const char log_text[] =
	"[pid 45726] 1771257872.914000 ioctl(4</dev/kvm>, KVM_CREATE_VM, 0) = "
	"25<anon_inode:kvm-vm> <0.000137>\n"
	"[pid 45726] 1771257872.914200 ioctl(25<anon_inode:kvm-vm>, KVM_CREATE_IRQCHIP, 0) = 0 "
	"<0.000050>\n"
	"[pid 45726] 1771257872.914330 ioctl(25<anon_inode:kvm-vm>, KVM_SET_USER_MEMORY_REGION, "
	"{slot=3, flags=0, "
	"guest_phys_addr=0x80000000, memory_size=12884901888, userspace_addr=0xfffc91fc9000} "
	"<unfinished ...>\n"
	"[pid 45730] 1771257872.920000 ioctl(25<anon_inode:kvm-vm>, KVM_CREATE_IRQCHIP, 0) = -1 "
	"EEXIST (File exists) "
	"<0.000041>\n"
	"[pid 45726] 1771257872.926330 <... ioctl resumed>) = 0 <0.012000>\n"
	"[pid 45726] 1771257872.930000 close(25<anon_inode:kvm-vm>) = 0 <0.023000>\n"
	"[pid 45726] 1771257873.000000 +++ exited with 0 +++\n";

static void on_stall(void *ctx, const struct stall *stall)
{
	char args[128];

	ioctl_format_args(stall->rec, args, sizeof(args));
	str_addf(ctx, "%s%u %s %s %lu %u\n", stall->is_stuck ? "STUCK " : "", stall->rec->head.tid,
		 call_name(stall->call), args, (unsigned long)stall->latency_ns, stall->cause);
}

static void read_log(const struct str *text, struct str *out)
{
	const struct replay_ops ops = {.ledger = {.stall = on_stall, .asleep = on_stall}};
	struct import_kind kind;
	struct import *import;
	struct err err = {0};

	import_detect(text->text, text->len, IMPORT_NONE, &kind);
	assert_int_equal(kind.format, IMPORT_STRACE);
	import = import_new(&kind, &ops, out);
	assert_non_null(import);
	assert_int_equal(import_feed(import, text->text, text->len, &err), 0);
	assert_int_equal(import_finish(import, &err), 0);
	import_free(import);
}

/* As a terminal cuts at @width, or a mail at the last space before that, which goes. */
static void cut_at(struct str *out, size_t width, bool at_spaces)
{
	for (const char *line = log_text; *line;) {
		size_t len = strcspn(line, "\n"), part = len < width ? len : width;

		for (size_t i = part; at_spaces && part < len && i > WIDTH_MIN; i--)
			if (line[i] == ' ') {
				part = i;
				break;
			}
		str_addn(out, line, part);
		str_addc(out, '\n');
		line += part;
		line += *line == '\n' || (at_spaces && *line == ' ');
	}
}

static void a_log_that_was_cut_is_read_as_if_it_had_not_been(void **state)
{
	struct str whole, expected;

	(void)state;
	str_init(&whole);
	str_init(&expected);
	str_adds(&whole, log_text);
	read_log(&whole, &expected);
	for (size_t width = WIDTH_MIN; width < WIDTH_MAX; width++)
		for (int at_spaces = 0; at_spaces < 2; at_spaces++) {
			struct str text, out;

			str_init(&text);
			str_init(&out);
			cut_at(&text, width, at_spaces);
			read_log(&text, &out);
			if (strcmp(out.text, expected.text) != 0)
				fail_msg("at %zu:\n%s\nis read as\n%s", width, text.text, out.text);
			str_fini(&text);
			str_fini(&out);
		}
	str_fini(&whole);
	str_fini(&expected);
}

static void quoted_printable_is_told_from_what_looks_like_it(void **state)
{
	static const char quoted[] = "ioctl(5) =3D 0 <0.0=\n01>\n",
			  plain[] = "ioctl(5, \"=3D\"=\n) = 0\n";
	char line[] = "a=3Db=20=C3=A4=0A=00=zz=";
	size_t len = strlen("x=\r");

	(void)state;
	assert_true(envelope_is_quoted(quoted, strlen(quoted)));
	assert_false(envelope_is_quoted(plain, strlen(plain)));
	assert_false(envelope_is_quoted("=3D\n", 4));
	assert_true(envelope_goes_on("x=\r", &len));
	assert_int_equal(len, 1);
	envelope_unquote(line);
	assert_string_equal(line, "a=b \303\244\n=00=zz=");
}

static void a_message_is_taken_out_of_its_envelope(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{"{\"a\":\"b\",\"MESSAGE\":\"x \\\"y\\\" \\u003cz\\u003e\"}", "x \"y\" <z>"},
		{"{\"__MONOTONIC_TIMESTAMP\":\"1500000\",\"MESSAGE\":\"x\"}", "[    1.500000] x"},
		{"{\"log\":\"x\\n\",\"stream\":\"stderr\"}", "x"},
		{"   \"msg\": \"x\\\\y\"", "x\\y"},
		{"    MESSAGE=x", "x"},
		{"{\"message\" : \"\\ud83d\\u0000\"}", "??"},
		{"{\"log\":\"cut\\", "cut"},
		{"{\"log\":\"cut\\u00", "cutu00"},
	};
	static const char *const others[] = {"{\"type\":\"stall\",\"log\":\"x\"}",
					     "{\"a\":1}",
					     "",
					     "{",
					     "MESSAGES=x",
					     "{\"MESSAGE\":[72,105]}"};
	char line[256];

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		strcpy(line, cases[i].line);
		assert_true(envelope_open(line, sizeof(line)));
		assert_string_equal(line, cases[i].text);
	}
	for (size_t i = 0; i < CNT(others); i++) {
		strcpy(line, others[i]);
		assert_false(envelope_open(line, sizeof(line)));
		assert_string_equal(line, others[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_that_was_cut_is_read_as_if_it_had_not_been),
		cmocka_unit_test(quoted_printable_is_told_from_what_looks_like_it),
		cmocka_unit_test(a_message_is_taken_out_of_its_envelope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
