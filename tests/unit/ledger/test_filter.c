// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/filter.h"

#include "unit.h"

#define CNT(array) (sizeof(array) / sizeof((array)[0]))
#define OWN	   4242u

static void a_stall_is_what_the_caller_waited_for(void **state)
{
	(void)state;
	assert_true(stall_counts(&(struct stall){.latency_ns = 1000000, .stall_ns = 1}, 1000000));
	assert_true(stall_counts(&(struct stall){.latency_ns = 1000000}, 1000000));
	assert_false(
		stall_counts(&(struct stall){.latency_ns = 999999, .stall_ns = 999999}, 1000000));
	assert_true(stall_counts(&(struct stall){.latency_ns = 2, .stall_ns = 1}, 0));
	assert_false(stall_counts(&(struct stall){.latency_ns = 2}, 0));
}

static void each_part_of_a_filter_is_wanted(void **state)
{
	const struct vm vm = {.tgid = 7, .name = "web", .comm = "qemu", .flags = KS_VM_FOLLOWED};
	static const struct {
		struct filter filter;
		bool vm, stranger, unknown; /* the VM; a thread of another process; of no VM */
	} cases[] = {
		{{0}, true, true, true},
		{{.is_followed = true}, true, true, false},
		{{.pid = 7}, true, true, false},
		{{.pid = 9}, false, true, true},
		{{.pid = 8}, false, false, false},
		{{.vm = "web"}, true, true, false},
		{{.vm = "we"}, false, false, false},
		{{.comm = "qemu"}, true, true, false},
		{{.comm = "other"}, false, true, true},
		{{.pid = 7, .vm = "db"}, false, false, false},
	};
	const struct ks_call call = {.tgid = 9, .comm = "other"};
	const struct ks_call followed = {.tgid = 9, .comm = "other", .flags = KS_CALL_FOLLOWED};

	(void)state;
	/* COMMAND, before it has a VM */
	assert_true(filter_wants_stall(&(struct filter){.is_followed = true},
				       &(struct stall){.rec = &followed}));
	assert_false(filter_wants_stall(&(struct filter){.is_followed = true, .pid = 8},
					&(struct stall){.rec = &followed}));
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct filter *filter = &cases[i].filter;

		if (filter_wants_vm(filter, &vm) != cases[i].vm ||
		    filter_wants_stall(filter, &(struct stall){.rec = &call, .vm = &vm}) !=
			    cases[i].stranger ||
		    filter_wants_stall(filter, &(struct stall){.rec = &call}) != cases[i].unknown)
			fail_msg("case %zu", i);
	}
}

static void a_call_is_wanted_where_a_part_of_it_lies_between(void **state)
{
	static const struct {
		uint64_t since_ns, until_ns;
		bool is_wanted; /* the call from 101 to 131 */
	} cases[] = {
		{0, 0, true},	   {0, UINT64_MAX, true},    {131, UINT64_MAX, true},
		{132, 997, false}, {0, 101, false},	     {0, 102, true},
		{107, 109, true},  {132, UINT64_MAX, false},
	};
	const struct ks_call call = {.tgid = 9};
	const struct stall stall = {.rec = &call, .begin_ns = 101, .latency_ns = 30};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct filter filter = {.since_ns = cases[i].since_ns,
					      .until_ns = cases[i].until_ns};

		if (filter_wants_stall(&filter, &stall) != cases[i].is_wanted)
			fail_msg("case %zu", i);
	}
}

/* ---- the sink ---- */

struct sink_seen {
	int stalls, asleep, born, gone;
	char name[64];
};

static void see_stall(void *ctx, const struct stall *stall)
{
	(void)stall;
	((struct sink_seen *)ctx)->stalls++;
}

static void see_asleep(void *ctx, const struct stall *stall)
{
	(void)stall;
	((struct sink_seen *)ctx)->asleep++;
}

static void see_new(void *ctx, struct vm *vm)
{
	struct sink_seen *seen = ctx;

	seen->born++;
	memcpy(seen->name, vm->name, sizeof(seen->name));
}

static void see_gone(void *ctx, const struct vm *vm)
{
	(void)vm;
	((struct sink_seen *)ctx)->gone++;
}

static void name_vm(void *ctx, struct vm *vm)
{
	memcpy(vm->name, ctx, 4);
}

static void send(struct stall_sink *sink, uint32_t tgid)
{
	const struct ks_call call = {.tgid = tgid};
	const struct stall stall = {.rec = &call};
	struct vm vm = {.tgid = tgid};

	stall_sink_ops.vm_new(sink, &vm);
	stall_sink_ops.stall(sink, &stall);
	stall_sink_ops.asleep(sink, &stall);
	stall_sink_ops.vm_gone(sink, &vm);
}

static void what_the_recorder_does_is_left_out(void **state)
{
	static const struct ledger_ops ops = {
		.stall = see_stall, .vm_new = see_new, .vm_gone = see_gone, .asleep = see_asleep};
	char name[] = "web";
	struct sink_seen seen = {.stalls = 0};
	struct stall_sink sink = {
		.ops = &ops, .ctx = &seen, .own_tgid = OWN, .name_vm = name_vm, .name_ctx = name};

	(void)state;
	send(&sink, OWN);
	assert_int_equal(seen.stalls + seen.asleep + seen.born + seen.gone, 0);
	send(&sink, 7);
	assert_true(seen.stalls == 1 && seen.asleep == 1 && seen.born == 1 && seen.gone == 1);
	assert_string_equal(seen.name, "web");
}

static void nobody_has_to_take_anything(void **state)
{
	static const struct ledger_ops none = {.stall = NULL};
	struct stall_sink sink = {.ops = &none};

	(void)state;
	send(&sink, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stall_is_what_the_caller_waited_for),
		cmocka_unit_test(each_part_of_a_filter_is_wanted),
		cmocka_unit_test(a_call_is_wanted_where_a_part_of_it_lies_between),
		cmocka_unit_test(what_the_recorder_does_is_left_out),
		cmocka_unit_test(nobody_has_to_take_anything),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
