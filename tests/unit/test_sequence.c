// SPDX-License-Identifier: GPL-2.0-only
/* In which order repro takes a profile's steps. The plan is pure, so no VM is made here. */
#include "cmd/repro/sequence.c"

#include "unit.h"

/* Steps are told apart by their names; they are never taken. */
static int create(struct machine *vm)
{
	(void)vm;
	return 0;
}

/* clang-format off */
static const struct step gap_step = { .run = create };
static const struct step steps[] = {
	{ .run = create },
	{ .run = create, .role = STEP_DEVICE }, /* i: irqchip */
	{ .run = create, .role = STEP_DEVICE }, /* p: PIT */
	{ .run = create },			/* v: vCPUs */
	{ .run = create, .role = STEP_MEMORY }, /* m: memslots */
	{ .run = create, .role = STEP_DEVICE }, /* d: virtio devices */
	{ .run = create, .role = STEP_MEMORY }, /* r: remap */
	{ .run = create },			/* k: KVM_RUN */
	{ .run = NULL },
};
static const char letters[] = "cipvmdrk";
/* clang-format on */

static const char *spell(enum profile_order order, const struct step *gap)
{
	static char text[PROFILE_SEQUENCE_MAX + 1];
	const struct step *plan[PROFILE_SEQUENCE_MAX];
	size_t i, cnt = profile_sequence(steps, order, gap, plan);

	for (i = 0; i < cnt; i++)
		text[i] = plan[i] == &gap_step ? '-' : letters[plan[i] - steps];
	text[cnt] = '\0';
	return text;
}

static void an_order_moves_the_memory_steps_only(void **state)
{
	(void)state;
	assert_string_equal(spell(PROFILE_ORDER_OWN, NULL), "cipvmdrk");
	assert_string_equal(spell(PROFILE_ORDER_MEMSLOTS_FIRST, NULL), "cmripvdk");
	assert_string_equal(spell(PROFILE_ORDER_DEVICES_FIRST, NULL), "cipvdmrk");
}

/* Behind each group of devices, whatever the order: that is where a grace period is outstanding. */
static void a_gap_follows_every_group_of_devices(void **state)
{
	(void)state;
	assert_string_equal(spell(PROFILE_ORDER_OWN, &gap_step), "cip-vmd-rk");
	assert_string_equal(spell(PROFILE_ORDER_MEMSLOTS_FIRST, &gap_step), "cmrip-vd-k");
	assert_string_equal(spell(PROFILE_ORDER_DEVICES_FIRST, &gap_step), "cip-vd-mrk");
}

static void devices_first_leaves_a_profile_without_devices_alone(void **state)
{
	static const struct step no_devices[] = {
		{.run = create},
		{.run = create, .role = STEP_MEMORY},
		{.run = NULL},
	};
	const struct step *plan[PROFILE_SEQUENCE_MAX];

	(void)state;
	assert_int_equal(profile_sequence(no_devices, PROFILE_ORDER_DEVICES_FIRST, &gap_step, plan),
			 2);
	assert_ptr_equal(plan[0], &no_devices[0]);
	assert_ptr_equal(plan[1], &no_devices[1]);
}

/* Tables are short; one that is not must not run over. */
static void a_plan_has_an_end(void **state)
{
	static struct step many[2 * PROFILE_SEQUENCE_MAX + 1];
	const struct step *plan[PROFILE_SEQUENCE_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < 2 * PROFILE_SEQUENCE_MAX; i++)
		many[i].run = create;
	assert_int_equal(profile_sequence(many, PROFILE_ORDER_OWN, NULL, plan),
			 PROFILE_SEQUENCE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_moves_the_memory_steps_only),
		cmocka_unit_test(a_gap_follows_every_group_of_devices),
		cmocka_unit_test(devices_first_leaves_a_profile_without_devices_alone),
		cmocka_unit_test(a_plan_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
