// SPDX-License-Identifier: GPL-2.0-only
#include "diff/compare.h"

#include <math.h>

#include "base/str.h"
#include "diff/verdict.h"
#include "ledger/life.h"
#include "unit.h"

#define US	1000ULL
#define MS	1000000ULL
#define ROUNDS	31
#define LASTING 41 /* of the recording that A/A tests draw from */

/*
 * KVM_SET_USER_MEMORY_REGION of "repro --order devices-first", in us, as recorded on Linux 6.18
 * with HZ=250 on a host that was busy: not of one shape, and its neighbours are alike.
 */
static const uint32_t recorded_us[LASTING] = {
	7638,  10391, 7832,  6804,  7508,  3688,  4104,	 7887,	10498, 3731, 4418,
	5189,  7480,  6683,  3542,  11102, 10190, 10502, 10577, 10455, 7611, 10098,
	10286, 4191,  10511, 10469, 6923,  8282,  6804,	 7002,	6192,  6985, 6833,
	6842,  8442,  9911,  6205,  10246, 7800,  10370, 10603,
};

static const struct compare_cfg usual = {.alpha = 0.01, .min_effect = 0.05, .floor_ns = 100 * US};

/* ---- the calls of a VM ---- */

struct made {
	enum call_id call;
	enum phase phase;
	uint64_t ns;
	enum ks_cause cause;
	const char *func; /* the culprit's */
	bool is_self;	  /* it is its own */
	uint8_t kind;
	uint8_t flags;
};

static void add(struct side *side, uint32_t vm_id, const struct made *made)
{
	const struct ks_call rec = {.kind = made->kind ? made->kind : KS_KIND_VM,
				    .flags = made->flags};
	const struct vm vm = {.id = vm_id};
	const struct segment segment = {.cause = made->cause, .ns = made->ns};
	struct stall stall = {
		.rec = &rec,
		.vm = &vm,
		.call = made->call,
		.latency_ns = made->ns,
		.cause = made->cause,
		.phase = made->phase,
		.is_complete = true,
		.segments = &segment,
		.segments_cnt = 1,
		.culprit = {.is_known = made->func, .func = made->func, .is_self = made->is_self},
	};

	stall.by_cause[made->cause] = made->ns;
	assert_int_equal(samples_add(&side->samples, &stall), 0);
}

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 33;
}

/* Some call that takes 200us, more or less. */
static struct made vcpu(uint64_t *seed)
{
	return (struct made){.call = CALL_CREATE_VCPU, .ns = 150 * US + next(seed) % (100 * US)};
}

static struct made memslot(uint64_t *seed, uint64_t timer_ns)
{
	return (struct made){
		.call = CALL_SET_USER_MEMORY_REGION,
		.phase = PHASE_VCPUS,
		.ns = 100 * US + next(seed) % (100 * US) + timer_ns,
		.cause = timer_ns ? KS_CAUSE_GP_TIMER : KS_CAUSE_GP_WORK,
		.func = timer_ns ? "kvm_io_bus_register_dev" : NULL,
	};
}

static void fill(struct side *side, int rounds, uint64_t timer_ns, uint64_t seed)
{
	side_init(side);
	samples_begin(&side->samples);
	for (int i = 1; i <= rounds; i++) {
		struct made made = vcpu(&seed);

		add(side, i, &made);
		made = memslot(&seed, timer_ns);
		add(side, i, &made);
	}
}

struct sides {
	struct side base, new;
	struct comparison comparison;
};

static void compare(struct sides *sides)
{
	assert_int_equal(compare_sides(&sides->comparison, &sides->base, &sides->new, &usual), 0);
}

static void fini(struct sides *sides)
{
	comparison_fini(&sides->comparison);
	side_fini(&sides->base);
	side_fini(&sides->new);
}

/* One close in so many comes within exp_holdoff of the last grace period; 0: none. */
static void fill_closes(struct side *side, int one_in, uint64_t seed)
{
	side_init(side);
	samples_begin(&side->samples);
	side->hz = 250;
	for (int i = 1; i <= ROUNDS; i++) {
		bool is_late = one_in && i % one_in == 0;
		const struct made made = {
			.call = CALL_CLOSE,
			.kind = KS_KIND_CLOSE,
			.flags = KS_CALL_LAST,
			.phase = PHASE_TEARDOWN,
			.ns = MS + next(&seed) % (100 * US) + (is_late ? 8 * MS : 0),
			.cause = is_late ? KS_CAUSE_GP_TIMER : KS_CAUSE_KWORKER,
			.func = "kvm_pit_set_reinject",
			.is_self = true,
		};

		add(side, i, &made);
	}
}

/* ---- groups ---- */

static void occurrences_are_counted_per_vm_and_recording(void **state)
{
	const struct made made = {.call = CALL_IRQFD, .ns = US};
	struct side side;

	(void)state;
	side_init(&side);
	samples_begin(&side.samples);
	for (int i = 0; i < 6; i++)
		add(&side, 1, &made);
	add(&side, 2, &made);
	samples_begin(&side.samples);
	add(&side, 1, &made);
	samples_sort(&side.samples);
	assert_int_equal(side.samples.cnt, OCCURRENCE_MAX);
	assert_int_equal(side.samples.groups[0]->cnt, 3);
	assert_int_equal(side.samples.groups[1]->cnt, 1);
	assert_int_equal(side.samples.groups[3]->cnt, 3);
	assert_int_equal(side.samples.vms_cnt, 3);
	side_fini(&side);
}

static void the_last_close_is_a_call_of_its_own(void **state)
{
	const struct made plain = {.call = CALL_CLOSE, .ns = US, .kind = KS_KIND_CLOSE};
	const struct made last = {
		.call = CALL_CLOSE, .ns = MS, .kind = KS_KIND_CLOSE, .flags = KS_CALL_LAST};
	struct side side;

	(void)state;
	side_init(&side);
	samples_begin(&side.samples);
	add(&side, 1, &plain);
	add(&side, 1, &last);
	samples_sort(&side.samples);
	assert_int_equal(side.samples.cnt, 2);
	assert_int_equal(side.samples.groups[1]->call, CALL_CLOSE_LAST);
	assert_int_equal(side.samples.groups[1]->occurrence, 0);
	side_fini(&side);
}

static void memory_has_a_bound_and_time_its_order(void **state)
{
	struct made made = {.call = CALL_IRQFD};
	const struct group *group;
	struct side side;

	(void)state;
	side_init(&side);
	samples_begin(&side.samples);
	for (uint32_t i = 1; i <= 100003; i++) {
		const struct vm vm = {.id = i};

		made.ns = i;
		add(&side, i, &made);
		samples_vm_gone(&side.samples, &vm);
	}
	group = side.samples.groups[0];
	assert_int_equal(group->cnt, 100003);
	assert_within(group->kept, SAMPLES_KEPT / 2, SAMPLES_KEPT);
	for (size_t i = 1; i < group->kept; i++)
		assert_true(group->samples[i].ns > group->samples[i - 1].ns);
	assert_int_equal(side.samples.vms.cnt, 0);
	side_fini(&side);
}

/* ---- verdicts ---- */

static const struct change *find(const struct sides *sides, const char *call)
{
	for (size_t i = 0; i < sides->comparison.cnt; i++) {
		const struct change *change = &sides->comparison.changes[i];
		const struct group *group = change->sides[SIDE_BASE].group;

		if (!strcmp(call_name((group ? group : change->sides[SIDE_NEW].group)->call), call))
			return change;
	}
	fail_msg("%s is not there", call);
	return NULL;
}

static void a_timer_more_is_worse_and_named(void **state)
{
	const struct change *change;
	struct sides sides;

	(void)state;
	fill(&sides.base, ROUNDS, 0, 1);
	fill(&sides.new, ROUNDS, 8 * MS, 2);
	side_add_fact(&sides.base, "kernel.release", "6.17.0");
	side_add_fact(&sides.new, "kernel.release", "6.18.5");
	side_add_fact(&sides.base, "mitigation.mds", "off");
	side_add_fact(&sides.new, "mitigation.mds", "on");
	compare(&sides);
	change = find(&sides, "KVM_SET_USER_MEMORY_REGION");
	assert_int_equal(sides.comparison.outcome, OUTCOME_WORSE);
	assert_int_equal(change->verdict, VERDICT_WORSE);
	assert_ptr_equal(change, &sides.comparison.changes[0]);
	assert_true(change->p < 0.01 && change->interval.low > 7.9 * MS);
	assert_int_equal(change->moved, KS_CAUSE_GP_TIMER);
	assert_string_equal(change->origin->func, "kvm_io_bus_register_dev");
	assert_int_equal(change->origin_cnt, ROUNDS);
	/* The release could be behind it; a mitigation could not be behind a timer. */
	assert_int_equal(sides.comparison.facts_cnt, 2);
	assert_int_equal(change->explanations_cnt, 1);
	assert_string_equal(sides.comparison.facts[change->explanations[0]].key, "kernel.release");
	assert_int_equal(find(&sides, "KVM_CREATE_VCPU")->verdict, VERDICT_SAME);
	fini(&sides);
}

static void a_timer_less_is_better_and_no_regression(void **state)
{
	struct sides sides;

	(void)state;
	fill(&sides.base, ROUNDS, 8 * MS, 1);
	fill(&sides.new, ROUNDS, 0, 2);
	compare(&sides);
	assert_int_equal(sides.comparison.outcome, OUTCOME_NOT_WORSE);
	assert_string_equal(comparison_verdict(&sides.comparison), "better");
	assert_string_equal(find(&sides, "KVM_SET_USER_MEMORY_REGION")->origin->func,
			    "kvm_io_bus_register_dev");
	fini(&sides);
}

static void few_samples_are_too_few_however_far_apart(void **state)
{
	struct sides sides;

	(void)state;
	fill(&sides.base, 3, 0, 1);
	fill(&sides.new, 3, 20 * MS, 2);
	compare(&sides);
	assert_int_equal(sides.comparison.outcome, OUTCOME_NOT_COMPARABLE);
	assert_int_equal(sides.comparison.reasons, 1u << REASON_TOO_FEW);
	assert_int_equal(find(&sides, "KVM_SET_USER_MEMORY_REGION")->verdict, VERDICT_TOO_FEW);
	assert_within(sides.comparison.needed, 16, 23);
	fini(&sides);
}

/* What cannot be seen by more samples either: ten of each, far apart, are enough. */
static void ten_samples_far_apart_are_enough(void **state)
{
	struct sides sides;

	(void)state;
	fill(&sides.base, 10, 0, 1);
	fill(&sides.new, 10, 20 * MS, 2);
	compare(&sides);
	assert_int_equal(sides.comparison.outcome, OUTCOME_WORSE);
	fini(&sides);
}

static void differences_below_the_threshold_are_none(void **state)
{
	struct sides sides;

	(void)state;
	fill(&sides.base, 101, 8 * MS, 1);
	fill(&sides.new, 101, 8 * MS + 90 * US, 2);
	compare(&sides);
	assert_true(find(&sides, "KVM_SET_USER_MEMORY_REGION")->p < 0.01);
	assert_int_equal(sides.comparison.outcome, OUTCOME_NOT_WORSE);
	assert_string_equal(comparison_verdict(&sides.comparison), "same");
	fini(&sides);
}

/* How often depends on microseconds; whether at all, or always, does not. */
static void timers_of_calls_that_sometimes_come_within_the_holdoff_are_the_same(void **state)
{
	static const struct {
		int base, new;
		enum verdict verdict;
	} rows[] = {
		{5, 1, VERDICT_SAME},  {0, 2, VERDICT_SAME},   {1, 7, VERDICT_SAME},
		{0, 1, VERDICT_WORSE}, {1, 0, VERDICT_BETTER},
	};

	(void)state;
	for (size_t i = 0; i < CNT(rows); i++) {
		struct sides sides;

		fill_closes(&sides.base, rows[i].base, 1);
		fill_closes(&sides.new, rows[i].new, 2);
		compare(&sides);
		assert_int_equal(find(&sides, "close (last)")->verdict, rows[i].verdict);
		fini(&sides);
	}
}

/* Of two waits for a timer one may take a jiffy more: where in the tick it began decides. */
static void a_timer_that_took_another_jiffy_is_the_same(void **state)
{
	const uint32_t hz[][2] = {{250, 250}, {250, 1000}, {0, 0}};
	const enum verdict verdicts[] = {VERDICT_SAME, VERDICT_WORSE, VERDICT_WORSE};

	(void)state;
	for (size_t i = 0; i < CNT(hz); i++) {
		struct sides sides;

		fill(&sides.base, ROUNDS, 4 * MS, 1);
		fill(&sides.new, ROUNDS, 8 * MS, 2);
		sides.base.hz = hz[i][0];
		sides.new.hz = hz[i][1];
		compare(&sides);
		assert_int_equal(find(&sides, "KVM_SET_USER_MEMORY_REGION")->verdict, verdicts[i]);
		fini(&sides);
	}
}

static void a_call_that_moved_to_another_phase_is_still_compared(void **state)
{
	struct made made = {.call = CALL_IRQFD, .phase = PHASE_SETUP, .ns = US};
	struct sides sides;

	(void)state;
	fill(&sides.base, ROUNDS, 0, 1);
	fill(&sides.new, ROUNDS, 0, 1);
	for (int i = 1; i <= ROUNDS; i++)
		add(&sides.base, i, &made);
	made.phase = PHASE_RUNNING;
	for (int i = 1; i <= ROUNDS; i++)
		add(&sides.new, i, &made);
	compare(&sides);
	assert_int_equal(find(&sides, "KVM_IRQFD")->verdict, VERDICT_SAME);
	assert_int_equal(sides.comparison.by_verdict[VERDICT_ONE_SIDED], 0);
	assert_int_equal(sides.comparison.outcome, OUTCOME_NOT_WORSE);
	fini(&sides);
}

/* ---- never 0 by accident ---- */

static void lose(struct sides *sides)
{
	sides->new.lost = 1;
}

static void cut(struct sides *sides)
{
	sides->base.cut = 1;
}

static void did_not_end(struct sides *sides)
{
	sides->base.untimed = 1;
}

static void make_another(struct sides *sides)
{
	const struct made made = {.call = CALL_IRQFD, .ns = US};

	for (int i = 1; i <= ROUNDS; i++)
		add(&sides->new, i, &made);
}

static void make_more(struct sides *sides)
{
	const struct made made = {.call = CALL_CREATE_VCPU, .ns = 200 * US};

	for (int i = 1; i <= ROUNDS; i++)
		for (int n = 0; n < 3; n++)
			add(&sides->new, i, &made);
}

static void forget_all(struct sides *sides)
{
	side_fini(&sides->new);
	side_init(&sides->new);
}

static const struct {
	void (*change)(struct sides *sides);
	uint32_t reasons;
} doubts[] = {
	{lose, 1u << REASON_LOST},
	{cut, 1u << REASON_CUT},
	{did_not_end, 1u << REASON_UNTIMED},
	{make_another, 1u << REASON_ONE_SIDED},
	{make_more, 1u << REASON_ONE_SIDED},
	{forget_all, 1u << REASON_ONE_SIDED | 1u << REASON_WORKLOAD | 1u << REASON_EMPTY},
};

static void what_is_not_comparable_is_never_0(void **state)
{
	(void)state;
	for (size_t i = 0; i < CNT(doubts); i++) {
		struct sides sides;

		fill(&sides.base, ROUNDS, 0, 1);
		fill(&sides.new, ROUNDS, 0, 2);
		doubts[i].change(&sides);
		compare(&sides);
		assert_int_equal(sides.comparison.outcome, OUTCOME_NOT_COMPARABLE);
		assert_int_equal(sides.comparison.reasons, doubts[i].reasons);
		fini(&sides);
	}
}

/* report says LOST of this capture: diff must not be silent on it. */
static void a_loss_that_costs_no_call_is_said_and_does_not_decide(void **state)
{
	struct sides sides;
	struct str out;

	(void)state;
	fill(&sides.base, ROUNDS, 0, 1);
	fill(&sides.new, ROUNDS, 0, 2);
	sides.new.holes = 3;
	compare(&sides);
	assert_int_equal(sides.comparison.outcome, OUTCOME_NOT_WORSE);
	str_init(&out);
	compare_add_side(&out, &sides.new);
	assert_non_null(strstr(out.text, ", 3 losses that cost no call (accounts may have holes)"));
	str_fini(&out);
	fini(&sides);
}

static void a_regression_stays_one_though_records_were_lost(void **state)
{
	struct sides sides;

	(void)state;
	fill(&sides.base, ROUNDS, 0, 1);
	fill(&sides.new, ROUNDS, 8 * MS, 2);
	lose(&sides);
	compare(&sides);
	assert_int_equal(sides.comparison.outcome, OUTCOME_WORSE);
	fini(&sides);
}

static void what_one_vm_in_a_hundred_does_is_not_judged(void **state)
{
	const struct made made = {.call = CALL_IRQFD, .ns = MS};
	struct sides sides;

	(void)state;
	fill(&sides.base, 101, 0, 1);
	fill(&sides.new, 101, 0, 2);
	add(&sides.new, 5, &made);
	compare(&sides);
	assert_int_equal(find(&sides, "KVM_IRQFD")->verdict, VERDICT_RARE);
	assert_int_equal(sides.comparison.outcome, OUTCOME_NOT_WORSE);
	fini(&sides);
}

static void two_empty_sides_are_not_the_same(void **state)
{
	struct sides sides;

	(void)state;
	side_init(&sides.base);
	side_init(&sides.new);
	compare(&sides);
	assert_int_equal(sides.comparison.outcome, OUTCOME_NOT_COMPARABLE);
	fini(&sides);
}

/* ---- A/A ---- */

static void draw(struct side *side, uint64_t *seed)
{
	struct made made = {.call = CALL_SET_USER_MEMORY_REGION, .cause = KS_CAUSE_GP_TIMER};

	side_init(side);
	samples_begin(&side->samples);
	for (int i = 1; i <= ROUNDS; i++) {
		made.ns = recorded_us[next(seed) % LASTING] * US + next(seed) % US;
		add(side, i, &made);
	}
}

/* No help from HZ: the statistics alone must hold. */
static void draws_from_one_recording_are_the_same(void **state)
{
	uint64_t seed = 1;
	int same = 0;

	(void)state;
	for (int i = 0; i < 101; i++) {
		struct sides sides;

		draw(&sides.base, &seed);
		draw(&sides.new, &seed);
		compare(&sides);
		same += sides.comparison.changes[0].verdict == VERDICT_SAME;
		fini(&sides);
	}
	print_message("same in %d of 101\n", same);
	assert_within(same, 100, 101);
}

static void the_same_samples_give_the_same_output(void **state)
{
	static const char *const names[SIDE_CNT] = {"a", "b"};
	struct str out[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct sides sides;

		str_init(&out[i]);
		fill(&sides.base, ROUNDS, 0, 1);
		fill(&sides.new, ROUNDS, 8 * MS, 2);
		compare(&sides);
		compare_text(&out[i], &sides.comparison, names);
		compare_markdown(&out[i], &sides.comparison, names);
		assert_int_equal(compare_json(&out[i], &sides.comparison, names), 0);
		fini(&sides);
	}
	assert_string_equal(out[0].text, out[1].text);
	str_fini(&out[0]);
	str_fini(&out[1]);
}

static void facts_of_several_recordings_are_listed_once_each(void **state)
{
	struct side side;

	(void)state;
	side_init(&side);
	side_add_fact(&side, "kernel.release", "6.17.0");
	side_add_fact(&side, "kernel.release", "6.18.5");
	side_add_fact(&side, "kernel.release", "6.17.0");
	side_add_fact(&side, "kernel.release", "6.1");
	side_add_fact(&side, "kernel.release", "");
	assert_string_equal(environment_get(&side.facts, "kernel.release"),
			    "6.17.0 / 6.18.5 / 6.1");
	side_fini(&side);
}

static void long_facts_are_told_by_the_words_that_differ(void **state)
{
	const struct fact_change facts[] = {
		{"kernel.cmdline",
		 {"ro quiet mitigations=off root=/dev/sda1", "ro quiet root=/dev/sda1"}},
		{"kernel.release", {"6.17.0", "6.18.5"}},
		{"kvm.nx_huge_pages", {"", "Y"}},
	};
	struct str out;

	(void)state;
	str_init(&out);
	for (size_t i = 0; i < CNT(facts); i++) {
		compare_add_fact(&out, &facts[i]);
		str_addc(&out, '|');
	}
	assert_string_equal(out.text, "kernel.cmdline: mitigations=off to -|"
				      "kernel.release: 6.17.0 to 6.18.5|"
				      "kvm.nx_huge_pages: (not known) to Y|");
	str_fini(&out);
}

/* ---- whole VMs ---- */

/* A call of microseconds that varies, in VMs whose start takes ms; 0: their start is not known. */
static void fill_starts(struct side *side, uint64_t start_ns, uint64_t varies_ns, uint64_t seed)
{
	side_init(side);
	samples_begin(&side->samples);
	for (uint32_t i = 1; i <= 11; i++) {
		const struct made made = {.call = CALL_CREATE_VM,
					  .ns = 150 * US + next(&seed) % varies_ns};
		const struct vm vm = {.id = i};
		const struct span span = {.kind = SPAN_START,
					  .vm = &vm,
					  .ns = start_ns + next(&seed) % (50 * US),
					  .worst_ns = start_ns / 2,
					  .worst_cause = KS_CAUSE_GP_TIMER};

		add(side, i, &made);
		if (start_ns)
			assert_int_equal(samples_add_span(&side->samples, &span), 0);
	}
}

/* C27: 4 of 12 recordings of the same were not comparable with another, by 100 us of 30 ms. */
static void what_moves_little_of_a_start_does_not_decide(void **state)
{
	static const struct {
		uint64_t base_ns, new_ns;
		enum outcome outcome;
	} cases[] = {
		{0, 0, OUTCOME_NOT_COMPARABLE}, /* nothing to weigh it by */
		{31 * MS, 31 * MS, OUTCOME_NOT_WORSE},
		{31 * MS, 37 * MS, OUTCOME_WORSE}, /* the start itself */
		{37 * MS, 31 * MS, OUTCOME_NOT_WORSE},
		{1 * MS, 1 * MS,
		 OUTCOME_NOT_WORSE}, /* as much as a start takes, which is the same */
		{31 * MS, 0, OUTCOME_NOT_COMPARABLE}, /* one of an older version */
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		struct sides sides;

		fill_starts(&sides.base, cases[i].base_ns, 400 * US, 5);
		fill_starts(&sides.new, cases[i].new_ns, 400 * US, 3);
		compare(&sides);
		if (sides.comparison.outcome != cases[i].outcome)
			fail_msg("case %zu: %s", i, comparison_verdict(&sides.comparison));
		if (cases[i].base_ns && cases[i].new_ns)
			assert_true(change_is_span(&sides.comparison.changes[0]));
		fini(&sides);
	}
}

/* A start of @start_ns and more, of which a call of the set-up takes a share that varies. */
static void fill_parts(struct side *side, const uint64_t *starts_us, const uint64_t *calls_us)
{
	side_init(side);
	samples_begin(&side->samples);
	for (uint32_t i = 0; i < 11; i++) {
		const struct made made = {.call = CALL_CREATE_PIT2, .ns = calls_us[i] * US};
		const struct vm vm = {.id = i + 1};
		const struct span span = {.kind = SPAN_START,
					  .vm = &vm,
					  .ns = starts_us[i] * US,
					  .worst_ns = MS,
					  .worst_cause = KS_CAUSE_GP_TIMER,
					  .timers = 1};

		add(side, i + 1, &made);
		assert_int_equal(samples_add_span(&side->samples, &span), 0);
	}
}

/* In us: even; slow, or not, as often; and as much faster, sometimes. */
static const uint64_t even_us[11] = {20000, 20010, 20020, 20030, 20040, 20050,
				     20060, 20070, 20080, 20090, 20110};
static const uint64_t either_us[11] = {270, 2800, 271, 2810, 273, 2830, 277, 2870, 2790, 281, 2830};
static const uint64_t other_us[11] = {2803, 269, 2807, 272, 274, 2840, 278, 2860, 279, 283, 290};
static const uint64_t early_us[11] = {20001, 12011, 20021, 12031, 20041, 20051,
				      12061, 20071, 12081, 12091, 12101};
static const uint64_t late_us[11] = {20001, 28011, 20021, 28031, 20041, 20051,
				     28061, 20071, 28081, 28091, 28101};

/* The question is whether it is worse: of few samples, what is faster at times is an answer. */
static void few_samples_are_enough_to_be_no_worse(void **state)
{
	static const struct {
		const uint64_t *base_us, *new_us;
		enum verdict verdict;
		enum outcome outcome;
		bool is_unsure;
	} cases[] = {
		{even_us, even_us, VERDICT_SAME, OUTCOME_NOT_WORSE, false},
		{even_us, early_us, VERDICT_SAME, OUTCOME_NOT_WORSE, true},
		{even_us, late_us, VERDICT_TOO_FEW, OUTCOME_NOT_COMPARABLE, false},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct change *start;
		struct sides sides;

		fill_parts(&sides.base, cases[i].base_us, even_us);
		fill_parts(&sides.new, cases[i].new_us, even_us);
		compare(&sides);
		start = &sides.comparison.changes[0];
		assert_true(change_is_span(start));
		if (start->verdict != cases[i].verdict || start->is_unsure != cases[i].is_unsure ||
		    sides.comparison.outcome != cases[i].outcome)
			fail_msg("case %zu: %s, %d", i, verdict_name(start->verdict),
				 start->is_unsure);
		fini(&sides);
	}
}

/*
 * Starts of the same thing as recorded on Linux 6.18 with HZ=250 and 2 CPUs at a load of 7, where
 * two jiffies count: so few medians are anywhere, and the interval of their difference goes up to
 * 10 or 11 ms; the test of ranks knows.
 */
static void starts_of_a_busy_host_are_comparable(void **state)
{
	static const uint64_t busy_us[][11] = {
		{8818, 9894, 13995, 11695, 12595, 11883, 12711, 32447, 11753, 43184, 20586},
		{24425, 7796, 6738, 23728, 7851, 8715, 17262, 14851, 11212, 8394, 26177},
		{34163, 8749, 13059, 11775, 8387, 9306, 7959, 11776, 9787, 7807, 14551},
		{8818, 9894, 13995, 11695, 12595, 11883, 12711, 32447, 11753, 43184, 20586},
	};

	(void)state;
	for (size_t i = 0; i < CNT(busy_us); i += 2) {
		struct sides sides;

		fill_parts(&sides.base, busy_us[i], even_us);
		fill_parts(&sides.new, busy_us[i + 1], even_us);
		sides.base.hz = 250;
		sides.new.hz = 250;
		compare(&sides);
		assert_true(change_is_span(&sides.comparison.changes[0]));
		assert_true(sides.comparison.changes[0].interval.high > 8 * MS);
		assert_int_equal(sides.comparison.changes[0].verdict, VERDICT_SAME);
		assert_int_equal(sides.comparison.outcome, OUTCOME_NOT_WORSE);
		fini(&sides);
	}
}

/* A call that is slow at times, and cannot have made the start slower. */
static void a_part_of_a_start_that_is_no_worse_does_not_decide(void **state)
{
	static const struct {
		const uint64_t *new_us;
		enum outcome outcome;
		bool is_covered;
	} cases[] = {
		{even_us, OUTCOME_NOT_WORSE, true},
		{early_us, OUTCOME_NOT_WORSE, true},
		{late_us, OUTCOME_NOT_COMPARABLE, false},
	};

	(void)state;
	for (size_t i = 0; i < CNT(cases); i++) {
		const struct change *call;
		struct sides sides;

		fill_parts(&sides.base, even_us, other_us);
		fill_parts(&sides.new, cases[i].new_us, either_us);
		compare(&sides);
		call = find(&sides, "KVM_CREATE_PIT2");
		assert_int_equal(call->verdict, VERDICT_TOO_FEW);
		assert_int_equal(call->is_covered, cases[i].is_covered);
		assert_int_equal(call->is_minor, cases[i].is_covered);
		assert_int_equal(sides.comparison.outcome, cases[i].outcome);
		fini(&sides);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_samples_are_enough_to_be_no_worse),
		cmocka_unit_test(starts_of_a_busy_host_are_comparable),
		cmocka_unit_test(a_part_of_a_start_that_is_no_worse_does_not_decide),
		cmocka_unit_test(what_moves_little_of_a_start_does_not_decide),
		cmocka_unit_test(occurrences_are_counted_per_vm_and_recording),
		cmocka_unit_test(the_last_close_is_a_call_of_its_own),
		cmocka_unit_test(memory_has_a_bound_and_time_its_order),
		cmocka_unit_test(a_timer_more_is_worse_and_named),
		cmocka_unit_test(a_timer_less_is_better_and_no_regression),
		cmocka_unit_test(few_samples_are_too_few_however_far_apart),
		cmocka_unit_test(ten_samples_far_apart_are_enough),
		cmocka_unit_test(differences_below_the_threshold_are_none),
		cmocka_unit_test(
			timers_of_calls_that_sometimes_come_within_the_holdoff_are_the_same),
		cmocka_unit_test(a_timer_that_took_another_jiffy_is_the_same),
		cmocka_unit_test(a_call_that_moved_to_another_phase_is_still_compared),
		cmocka_unit_test(what_is_not_comparable_is_never_0),
		cmocka_unit_test(a_loss_that_costs_no_call_is_said_and_does_not_decide),
		cmocka_unit_test(a_regression_stays_one_though_records_were_lost),
		cmocka_unit_test(what_one_vm_in_a_hundred_does_is_not_judged),
		cmocka_unit_test(two_empty_sides_are_not_the_same),
		cmocka_unit_test(draws_from_one_recording_are_the_same),
		cmocka_unit_test(the_same_samples_give_the_same_output),
		cmocka_unit_test(facts_of_several_recordings_are_listed_once_each),
		cmocka_unit_test(long_facts_are_told_by_the_words_that_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
