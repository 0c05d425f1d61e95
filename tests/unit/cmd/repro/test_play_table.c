// SPDX-License-Identifier: GPL-2.0-only
/* What a replay is worth, as its last line says it. */
#include "base/err.h"
#include "base/str.h"
#include "cmd/repro/play.h"
#include "cmd/repro/play_table.h"
#include "script/source.h"

#include "unit.h"

#define LIVES 3

static struct scripts scripts;
static struct play_call calls[8];
static uint64_t starts[LIVES] = {700000, 800000, 900000};
static struct play_sum sum = {
	.calls = calls, .starts = starts, .delays = (uint64_t[LIVES]){0}, .starts_cnt = LIVES};

/* Played: each of @text's calls took 100 us, in each of the lives. */
static void play(const char *text)
{
	struct script_source *source = script_source_new(&scripts, ARCH_X86);
	struct err err = {0};

	assert_int_equal(script_source_feed(source, text, strlen(text), &err), 0);
	assert_int_equal(script_source_finish(source, &err), 0);
	script_source_free(source);
	sum.script = &scripts.vms[0];
	assert_true(sum.script->cnt <= 8);
	for (size_t i = 0; i < sum.script->cnt; i++)
		for (int life = 0; life < LIVES; life++)
			assert_int_equal(quantile_add(&calls[i].ns, 100000), 0);
}

static int forget(void **state)
{
	(void)state;
	for (size_t i = 0; i < 8; i++)
		quantile_fini(&calls[i].ns);
	memset(calls, 0, sizeof(calls));
	scripts_fini(&scripts);
	scripts = (struct scripts){.cnt = 0};
	return 0;
}

static const char *table(bool is_untimed)
{
	static char text[4096];
	struct play_report report = {
		.path = "vmm.strace",
		.vms_cnt = 1,
		.rounds = LIVES,
		.vms = 1,
		.min_ns = 1000000,
		.played = &sum,
		.release = "6.18.0",
		.cpus = 2,
		.is_untimed = is_untimed,
	};
	struct str out;

	str_init(&out);
	play_table_text(&report, &out);
	snprintf(text, sizeof(text), "%s", out.text);
	str_fini(&out);
	return text;
}

#define LIST                                                                                       \
	"+0us t0 KVM_CREATE_VM <300us>\n"                                                          \
	"+200us t0 KVM_CREATE_IRQCHIP <100us>\n"                                                   \
	"+50us t0 KVM_SET_USER_MEMORY_REGION slot=0 flags=0x0 gpa=0x0 size=0x1000 <5000us>\n"

static void what_differs_most_is_named(void **state)
{
	(void)state;
	play(LIST);
	calls[1].differs = 1;
	calls[2].differs = 3;
	assert_non_null(strstr(
		table(false),
		"same calls stall in 0 of 3 rounds; start 5.65ms recorded, 800us played; "
		"KVM_SET_USER_MEMORY_REGION slot=0 flags=0x0 gpa=0x0 size=0x1000 differs in 3: "
		"5.00ms recorded, 100us played; the file does not say"));
}

static void of_what_is_the_same_nothing_is_said(void **state)
{
	(void)state;
	play(LIST);
	sum.same = LIVES;
	assert_non_null(
		strstr(table(false),
		       "same calls stall in 3 of 3 rounds; start 5.65ms recorded, 800us played\n"));
	sum.same = 0;
}

/* Durations alone: what was between the calls is not known, so the start's length is not. */
static void without_times_no_start_is_known(void **state)
{
	(void)state;
	play(LIST);
	calls[2].differs = 3;
	assert_non_null(strstr(table(true), "same calls stall in 0 of 3 rounds; KVM_SET_USER"));
	assert_null(strstr(table(true), "5.65ms"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_differs_most_is_named, forget),
		cmocka_unit_test_teardown(of_what_is_the_same_nothing_is_said, forget),
		cmocka_unit_test_teardown(without_times_no_start_is_known, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
