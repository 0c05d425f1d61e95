// SPDX-License-Identifier: GPL-2.0-only
#include "host/attach_plan.h"

#include <errno.h>

#include "base/err.h"
#include "unit.h"

#define CAPABILITY(name) (1u << CAPABILITY_##name)
#define ALL_CAPABILITIES ((1u << CAPABILITY_CNT) - 1)

/* What only a program on the function itself can tell. */
#define FUNC_CAPABILITIES (CAPABILITY(WAIT) | CAPABILITY(CALLBACK))

static void each_kernel_gets_its_backend(void **state)
{
	static const struct {
		const char *kernel;
		/* btf, ringbuf, tp_btf, fentry, iter, contention, kprobe, call_expedited,
		 * vm_ioctl_lost */
		struct features features;
		enum backend wanted, backend;
		uint32_t missing;
	} cases[] = {
		/* the matrix: what tests/vm/expect has for these */
		{"x86 6.1", {1, 1, 1, 1, 1, 1, 1, 0}, BACKEND_CNT, BACKEND_FENTRY, 0},
		{"x86 6.12", {1, 1, 1, 1, 1, 1, 1, 0}, BACKEND_CNT, BACKEND_FENTRY, 0},
		{"x86 7.3", {1, 1, 1, 1, 1, 1, 1, 0}, BACKEND_CNT, BACKEND_FENTRY, 0},
		{"arm64 6.1", {1, 1, 1, 0, 1, 1, 1, 0}, BACKEND_CNT, BACKEND_KPROBE, 0},
		{"arm64 6.12", {1, 1, 1, 1, 1, 1, 1, 0}, BACKEND_CNT, BACKEND_FENTRY, 0},
		{"fentry disabled", {1, 1, 1, 0, 1, 1, 1, 0}, BACKEND_CNT, BACKEND_KPROBE, 0},
		{"no kprobes, fentry refused",
		 {1, 1, 1, 0, 1, 1, 0, 0},
		 BACKEND_CNT,
		 BACKEND_TRACEPOINT,
		 FUNC_CAPABILITIES},
		{"no kprobes", {1, 1, 1, 1, 1, 1, 0, 0}, BACKEND_CNT, BACKEND_FENTRY, 0},
		{"x86 7.3, kvm_vm_ioctl misplaced",
		 {1, 1, 1, 1, 1, 1, 1, 0, 1},
		 BACKEND_CNT,
		 BACKEND_FENTRY,
		 0},
		{"the same without kprobes",
		 {1, 1, 1, 1, 1, 1, 0, 0, 1},
		 BACKEND_CNT,
		 BACKEND_TRACEPOINT,
		 FUNC_CAPABILITIES},
		/* and others */
		{"x86 5.15",
		 {1, 1, 1, 1, 1, 0, 1, 0},
		 BACKEND_CNT,
		 BACKEND_FENTRY,
		 CAPABILITY(LOCK)},
		{"arm64 5.15",
		 {1, 1, 1, 0, 1, 0, 1, 0},
		 BACKEND_CNT,
		 BACKEND_KPROBE,
		 CAPABILITY(LOCK)},
		{"arm64 5.15 without kprobes",
		 {1, 1, 1, 0, 1, 0, 0, 0},
		 BACKEND_CNT,
		 BACKEND_TRACEPOINT,
		 FUNC_CAPABILITIES | CAPABILITY(LOCK)},
		{"no iterator",
		 {1, 1, 1, 1, 0, 1, 1, 0},
		 BACKEND_CNT,
		 BACKEND_FENTRY,
		 CAPABILITY(FIND) | CAPABILITY(SCAN)},
		{"call_srcu_expedited", {1, 1, 1, 1, 1, 1, 1, 1}, BACKEND_CNT, BACKEND_FENTRY, 0},
		{"tracepoints wanted",
		 {1, 1, 1, 1, 1, 1, 1, 0},
		 BACKEND_TRACEPOINT,
		 BACKEND_TRACEPOINT,
		 FUNC_CAPABILITIES},
		{"kprobes wanted", {1, 1, 1, 1, 1, 1, 1, 0}, BACKEND_KPROBE, BACKEND_KPROBE, 0},
		{"fentry wanted", {1, 1, 1, 1, 1, 1, 1, 0}, BACKEND_FENTRY, BACKEND_FENTRY, 0},
	};
	struct attach_plan plan;
	struct err err;

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		if (attach_plan_make(&cases[i].features, cases[i].wanted, &plan, &err))
			fail_msg("%s: %s", cases[i].kernel, err.msg);
		if (plan.backend != cases[i].backend)
			fail_msg("%s: backend %s", cases[i].kernel, backend_names[plan.backend]);
		if (plan.capabilities != (ALL_CAPABILITIES & ~cases[i].missing))
			fail_msg("%s: capabilities %#x, not %#x", cases[i].kernel,
				 plan.capabilities, ALL_CAPABILITIES & ~cases[i].missing);
	}
}

static void a_kernel_that_cannot_is_told_why(void **state)
{
	static const struct {
		/* btf, ringbuf, tp_btf, fentry, iter, contention, kprobe, call_expedited,
		 * vm_ioctl_lost */
		struct features features;
		enum backend wanted;
		const char *why;
	} cases[] = {
		{{0, 0, 0, 0, 0, 0, 0, 0}, BACKEND_CNT, "CONFIG_DEBUG_INFO_BTF"},
		{{0, 1, 1, 1, 1, 1, 1, 0}, BACKEND_CNT, "CONFIG_DEBUG_INFO_BTF"},
		{{1, 0, 1, 1, 1, 1, 1, 0}, BACKEND_CNT, "ring buffer"},
		{{1, 1, 0, 0, 1, 0, 0, 0}, BACKEND_CNT, "kvmstall check"},
		/* fentry and kprobes alone tell nothing of timers, sleeps and work */
		{{1, 1, 0, 1, 1, 1, 1, 0}, BACKEND_CNT, "kvmstall check"},
		{{1, 1, 0, 1, 1, 1, 1, 0}, BACKEND_FENTRY, "'fentry' does not work"},
		{{1, 1, 0, 0, 1, 1, 1, 0}, BACKEND_KPROBE, "'kprobe' does not work"},
		/* what was asked for is not silently something else */
		{{1, 1, 1, 0, 1, 1, 1, 0}, BACKEND_FENTRY, "'fentry' does not work"},
		{{1, 1, 1, 1, 1, 1, 0, 0}, BACKEND_KPROBE, "'kprobe' does not work"},
		{{1, 1, 0, 0, 1, 1, 0, 0}, BACKEND_TRACEPOINT, "'tracepoint' does not work"},
		{{0, 1, 1, 1, 1, 1, 1, 0}, BACKEND_TRACEPOINT, "CONFIG_DEBUG_INFO_BTF"},
	};
	struct attach_plan plan;

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct err err = {0};

		assert_int_equal(attach_plan_make(&cases[i].features, cases[i].wanted, &plan, &err),
				 -EOPNOTSUPP);
		assert_int_equal(err.kind, ERR_CANNOT);
		if (!strstr(err.msg, cases[i].why))
			fail_msg("case %zu: '%s' does not say '%s'", i, err.msg, cases[i].why);
	}
}

/* A fact is carried exactly when a program for it is there, and no program is there twice. */
static void facts_are_those_of_the_programs(void **state)
{
	const struct features all = {true, true, true, true, true, true, true, true};

	(void)state;
	for (int backend = 0; backend < BACKEND_CNT; backend++) {
		struct attach_plan plan;
		uint32_t capabilities = 0;

		assert_int_equal(attach_plan_make(&all, backend, &plan, NULL), 0);
		assert_within(plan.progs_cnt, 1, ATTACH_PROGS_MAX);
		for (size_t i = 0; i < plan.progs_cnt; i++) {
			capabilities |= 1u << plan.progs[i]->capability;
			for (size_t j = 0; j < i; j++)
				assert_string_not_equal(plan.progs[i]->name, plan.progs[j]->name);
		}
		for (int fact = 0; fact < CAPABILITY_CNT; fact++)
			assert_int_equal(attach_plan_carries(&plan, fact),
					 !!(capabilities & (1u << fact)));
	}
}

static bool has_prog(const struct attach_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->progs_cnt; i++)
		if (!strcmp(plan->progs[i]->name, name))
			return true;
	return false;
}

/* What not every kernel has is there when it is, and by its symbol alone. */
static void optional_programs_follow_their_symbol(void **state)
{
	static const char *const progs[] = {"call_exp_fentry", "call_exp_kprobe"};

	(void)state;
	for (int has = 0; has < 2; has++) {
		const struct features features = {1, 1, 1, 1, 1, 1, 1, has};
		struct attach_plan plan;

		for (int backend = BACKEND_FENTRY; backend <= BACKEND_KPROBE; backend++) {
			assert_int_equal(attach_plan_make(&features, backend, &plan, NULL), 0);
			assert_int_equal(has_prog(&plan, progs[backend]), has);
		}
	}
}

/* In every backend, and before the program of the switch, which leaves work to it. */
static void what_follows_a_switch_is_attached_first(void **state)
{
	struct features features = {1, 1, 1, 1, 1, 1, 1, 0};

	(void)state;
	for (int has = 0; has < 2; has++) {
		features.has_switch_exit = has;
		for (int backend = 0; backend < BACKEND_CNT; backend++) {
			struct attach_plan plan;
			bool is_before = false;

			assert_int_equal(attach_plan_make(&features, backend, &plan, NULL), 0);
			assert_int_equal(attach_plan_has(&plan, KS_PROGRAM_back_tp), has);
			assert_true(attach_plan_has(&plan, KS_PROGRAM_switch_tp));
			for (size_t i = 0; plan.progs[i]->program != KS_PROGRAM_switch_tp; i++)
				is_before |= plan.progs[i]->program == KS_PROGRAM_back_tp;
			assert_int_equal(is_before, has);
		}
	}
}

/* One function by a kprobe where ftrace misplaces it, and no other. */
static void a_misplaced_function_is_probed_another_way(void **state)
{
	struct features features = {true, true, true, true, true, true, true, true};
	struct attach_plan plan;

	(void)state;
	for (int is_lost = 0; is_lost < 2; is_lost++) {
		features.is_vm_ioctl_lost = is_lost;
		assert_int_equal(attach_plan_make(&features, BACKEND_FENTRY, &plan, NULL), 0);
		assert_int_equal(has_prog(&plan, "vm_fentry"), !is_lost);
		assert_int_equal(has_prog(&plan, "vm_fexit"), !is_lost);
		assert_int_equal(has_prog(&plan, "vm_kprobe"), is_lost);
		assert_int_equal(has_prog(&plan, "vm_kret"), is_lost);
		assert_true(has_prog(&plan, "dev_fentry"));
		assert_false(has_prog(&plan, "dev_kprobe"));
	}
}

/* A return's program comes behind its entry's: only so the entry sees if the return will be. */
static void returns_are_attached_after_entries(void **state)
{
	const struct features all = {true, true, true, true, true, true, true, true};
	struct attach_plan plan;

	(void)state;
	assert_int_equal(attach_plan_make(&all, BACKEND_KPROBE, &plan, NULL), 0);
	for (size_t i = 0; i < plan.progs_cnt; i++) {
		const char *name = plan.progs[i]->name;
		size_t len = strlen(name);

		if (len < 5 || strcmp(name + len - 5, "_kret"))
			continue;
		assert_int_not_equal(i, 0);
		assert_memory_equal(plan.progs[i - 1]->name, name, len - 4);
		assert_string_equal(plan.progs[i - 1]->name + len - 4, "kprobe");
	}
}

/* A row that no backend ever takes, whatever the kernel can do, is a mistake in the list. */
static void each_program_is_of_some_plan(void **state)
{
	bool is_taken[KS_PROGRAM_CNT] = {false};

	(void)state;
	for (int is_lost = 0; is_lost < 2; is_lost++) {
		const struct features features = {1, 1, 1, 1, 1, 1, 1, 1, is_lost, 1, 1};

		for (int backend = 0; backend < BACKEND_CNT; backend++) {
			struct attach_plan plan;

			assert_int_equal(attach_plan_make(&features, backend, &plan, NULL), 0);
			for (size_t i = 0; i < plan.progs_cnt; i++)
				is_taken[plan.progs[i]->program] = true;
		}
	}
	for (int program = 0; program < KS_PROGRAM_CNT; program++)
		assert_true(is_taken[program]);
}

static void names_are_complete_and_distinct(void **state)
{
	(void)state;
	assert_null(backend_names[BACKEND_CNT]);
	for (int fact = 0; fact < CAPABILITY_CNT; fact++) {
		assert_non_null(capability_name(fact));
		for (int other = 0; other < fact; other++)
			assert_string_not_equal(capability_name(fact), capability_name(other));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kernel_gets_its_backend),
		cmocka_unit_test(a_kernel_that_cannot_is_told_why),
		cmocka_unit_test(facts_are_those_of_the_programs),
		cmocka_unit_test(optional_programs_follow_their_symbol),
		cmocka_unit_test(what_follows_a_switch_is_attached_first),
		cmocka_unit_test(a_misplaced_function_is_probed_another_way),
		cmocka_unit_test(returns_are_attached_after_entries),
		cmocka_unit_test(each_program_is_of_some_plan),
		cmocka_unit_test(names_are_complete_and_distinct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
