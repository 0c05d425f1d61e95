// SPDX-License-Identifier: GPL-2.0-only
#include "diff/fleet/rollout.h"

#include "base/err.h"
#include "base/str.h"
#include "diff/fleet/rollout_print.h"
#include "unit.h"

#define HOSTS_MAX 16

static const struct compare_cfg usual = {.alpha = 0.01, .min_effect = 0.05, .floor_ns = 100000};

/* ---- questions ---- */

static bool are_matchers(const char *text)
{
	struct err err = {0};

	return !ask_check_matchers(text, "--base", &err);
}

static void matchers_are_those_of_promql(void **state)
{
	(void)state;
	assert_true(are_matchers("kernel=\"6.12.9\""));
	assert_true(are_matchers(" kernel =~ \"6\\\\.12.*\" , rack!='7',zone!~\"a|b\", "));
	assert_true(are_matchers("name=\"a \\\" } b\""));
	assert_true(are_matchers(""));
	assert_false(are_matchers("kernel"));
	assert_false(are_matchers("kernel=\"6.12"));
	assert_false(are_matchers("kernel=\"6\\"));
	assert_false(are_matchers("kernel=\"6\"} or up{a=\"b\""));
	assert_false(are_matchers("kernel=\"6\" rack=\"7\""));
	assert_false(are_matchers("kernel=\"6\n\""));
	assert_false(are_matchers(",kernel=\"6\""));
}

static void queries_are_of_the_groups_hosts(void **state)
{
	struct str text;

	(void)state;
	str_init(&text);
	ask_query(&text, ASK_CALLS, "kernel=\"$W\"", 90000000000ULL);
	assert_string_equal(text.text,
			    "max by (cluster, job, instance, file) (kvmstall_calls_total - "
			    "kvmstall_calls_total offset 90s) and on "
			    "(cluster, job, instance) group by (cluster, job, instance) "
			    "(last_over_time(target_info{kernel!=\"\",kernel=\"$W\"}[90s]))");
	for (int ask = 0; ask < ASK_CNT; ask++) {
		str_reset(&text);
		ask_query(&text, ask, "a=\"b\"", 3600000000000ULL);
		assert_null(strchr(text.text, '$'));
		assert_int_equal(ask_by_name(ask_name(ask)), ask);
	}
	assert_int_equal(ask_by_name("nothing"), ASK_CNT);
	str_fini(&text);
}

/* ---- answers ---- */

/* A group: ms that a VM start stalled on each host, and what is special about them. */
struct group_made {
	double ms[HOSTS_MAX];
	size_t cnt;
	const char *prefix; /* of the hosts' names */
	const char *backend;
	double paused; /* of 101 starts */
	double vms;
};

static void add_sample(struct str *out, const struct group_made *group, size_t i,
		       const char *labels, double value)
{
	str_addf(out, "%s{\"metric\":{\"instance\":\"%s%zu\"%s},\"value\":[1,\"%.9f\"]}",
		 out->text[out->len - 1] == '[' ? "" : ",", group->prefix, i, labels, value);
}

static void add_host(struct str *out, const struct group_made *group, enum ask ask, size_t i)
{
	char labels[128];

	switch (ask) {
	case ASK_INFO:
		snprintf(labels, sizeof(labels), ",\"kernel\":\"6.1\",\"backend\":\"%s\"",
			 group->backend);
		add_sample(out, group, i, labels, 1);
		break;
	case ASK_STARTS:
		add_sample(out, group, i, ",\"kind\":\"run\"", 101 - group->paused);
		add_sample(out, group, i, ",\"kind\":\"paused\"", group->paused);
		break;
	case ASK_STALLED:
		add_sample(out, group, i, "", group->ms[i] * 101 / 1000);
		break;
	case ASK_STALLS:
		add_sample(out, group, i, ",\"call\":\"close\",\"cause\":\"rcu\"",
			   group->ms[i] * 101 / 1000);
		break;
	case ASK_NOW:
	case ASK_VMS:
		add_sample(out, group, i, "", group->vms);
		break;
	default:
		break;
	}
}

static void put_group(struct str *out, enum side_id side, const struct group_made *group)
{
	struct str body;

	str_init(&body);
	for (int ask = 0; ask < ASK_CNT; ask++) {
		struct answer answer = {.side = side, .ask = ask, .status = 200};

		str_reset(&body);
		str_adds(
			&body,
			"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[");
		for (size_t i = 0; i < group->cnt; i++)
			add_host(&body, group, ask, i);
		str_adds(&body, "]}}");
		answer.body = body.text;
		answer.len = body.len;
		answer_put(out, &answer);
	}
	str_fini(&body);
}

struct compared {
	struct fleet_data fleet;
	struct rollout rollout;
};

static void compare(struct compared *compared, const struct group_made *base,
		    const struct group_made *new)
{
	const struct question question = {{"a=\"b\"", "a=\"c\""}, 3600000000000ULL, 1764115200};
	struct err err = {0};
	struct str text;

	str_init(&text);
	answer_put_question(&text, &question);
	put_group(&text, SIDE_BASE, base);
	put_group(&text, SIDE_NEW, new);
	assert_int_equal(fleet_read(&compared->fleet, text.text, text.len, &err), 0);
	assert_int_equal(rollout_compare(&compared->rollout, &compared->fleet, &usual), 0);
	str_fini(&text);
}

static void end(struct compared *compared)
{
	rollout_fini(&compared->rollout);
	fleet_fini(&compared->fleet);
}

static enum outcome outcome_of(const struct group_made *base, const struct group_made *new)
{
	struct compared compared;
	enum outcome outcome;

	compare(&compared, base, new);
	outcome = compared.rollout.outcome;
	end(&compared);
	return outcome;
}

static struct group_made make(const char *prefix, double ms, double by)
{
	struct group_made group = {.cnt = 5, .prefix = prefix, .backend = "fentry", .vms = 1};

	for (size_t i = 0; i < group.cnt; i++)
		group.ms[i] = ms + i * by;
	return group;
}

static bool has_reason(const struct compared *compared, enum rollout_reason reason)
{
	for (size_t i = 0; i < compared->rollout.reasons_cnt; i++)
		if (compared->rollout.reasons[i].reason == reason)
			return true;
	return false;
}

static void answers_come_back_as_they_were(void **state)
{
	const struct answer made = {.side = SIDE_NEW,
				    .ask = ASK_LOST,
				    .status = 503,
				    .content_type = "text/html",
				    .location = "",
				    .body = "<\n>\n",
				    .len = 4};
	const struct question asked = {{"a=\"b\"", "c=\"\\\"\""}, 60000000000ULL, -1};
	struct question question;
	struct answer answer;
	struct err err = {0};
	struct str text;
	size_t at = 0;

	(void)state;
	str_init(&text);
	answer_put_question(&text, &asked);
	answer_put(&text, &made);
	answer_put(&text, &made);
	assert_int_equal(answer_get_question(text.text, text.len, &at, &question, &err), 0);
	assert_memory_equal(&question, &asked, sizeof(asked));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(answer_get(text.text, text.len, &at, &answer, &err), 1);
		assert_int_equal(answer.side, SIDE_NEW);
		assert_int_equal(answer.ask, ASK_LOST);
		assert_int_equal(answer.status, 503);
		assert_string_equal(answer.content_type, "text/html");
		assert_int_equal(answer.len, 4);
		assert_memory_equal(answer.body, made.body, 4);
	}
	assert_int_equal(answer_get(text.text, text.len, &at, &answer, &err), 0);
	at = text.len - 3;
	assert_true(answer_get(text.text, text.len, &at, &answer, &err) < 0);
	str_fini(&text);
}

/* ---- verdicts ---- */

static void five_hosts_a_group_are_enough_for_what_all_of_them_have(void **state)
{
	struct group_made base = make("a", 2, 0.1), new = make("b", 4, 0.1);
	struct compared compared;

	(void)state;
	compare(&compared, &base, &new);
	assert_int_equal(compared.rollout.outcome, OUTCOME_WORSE);
	assert_int_equal(compared.rollout.needed, 5);
	assert_string_equal(compared.rollout.moved->part->cause, "rcu");
	assert_true(compared.rollout.rows[0].interval.low > 1.5e6);
	end(&compared);
	assert_int_equal(outcome_of(&new, &base), OUTCOME_NOT_WORSE);
	new.ms[4] = 2.05; /* one of them is as it was */
	assert_int_equal(outcome_of(&base, &new), OUTCOME_NOT_WORSE);
	new = make("b", 4, 0.1);
	new.cnt = 4;
	assert_int_equal(outcome_of(&base, &new), OUTCOME_NOT_COMPARABLE);
}

/* Every way to halve ten hosts that are the same: chance puts all larger ones into NEW once. */
static void equal_hosts_are_worse_in_one_of_252_halves(void **state)
{
	size_t halves = 0, worse = 0, same = 0;

	(void)state;
	for (unsigned int mask = 0; mask < 1024; mask++) {
		struct group_made base = make("a", 0, 0), new = make("b", 0, 0);
		size_t cnts[SIDE_CNT] = {0};
		enum outcome outcome;

		if (__builtin_popcount(mask) != 5)
			continue;
		for (int i = 0; i < 10; i++)
			*(mask & 1u << i ? &new.ms[cnts[1]++] : &base.ms[cnts[0]++]) = 5 + 0.3 * i;
		outcome = outcome_of(&base, &new);
		halves++;
		worse += outcome == OUTCOME_WORSE;
		same += outcome == OUTCOME_NOT_WORSE;
	}
	assert_int_equal(halves, 252);
	assert_int_equal(worse, 1);
	assert_int_equal(same, 251);
}

static void differences_below_what_counts_are_the_same(void **state)
{
	struct group_made base = make("a", 2, 0), new = make("b", 2.09, 0);

	(void)state;
	assert_int_equal(outcome_of(&base, &new), OUTCOME_NOT_WORSE); /* of 100 us */
	base = make("a", 200, 0);
	new = make("b", 209, 0);
	assert_int_equal(outcome_of(&base, &new), OUTCOME_NOT_WORSE); /* of 5 % */
	new = make("b", 211, 0);
	assert_int_equal(outcome_of(&base, &new), OUTCOME_WORSE);
}

static void hosts_that_vary_as_much_as_they_stall_decide_nothing(void **state)
{
	struct group_made base = make("a", 1, 3), new = make("b", 2, 5);
	struct compared compared;

	(void)state;
	compare(&compared, &base, &new);
	assert_int_equal(compared.rollout.outcome, OUTCOME_NOT_COMPARABLE);
	assert_true(has_reason(&compared, ROLLOUT_VARIED));
	end(&compared);
}

static void a_host_in_both_groups_is_in_none(void **state)
{
	struct group_made base = make("a", 2, 0.1), new = make("a", 4, 0.1);
	struct compared compared;

	(void)state;
	compare(&compared, &base, &new);
	assert_int_equal(compared.rollout.outcome, OUTCOME_NOT_COMPARABLE);
	assert_int_equal(compared.fleet.sides[SIDE_BASE].by_state[HOST_IN_BOTH], 5);
	end(&compared);
}

static void other_work_is_not_compared(void **state)
{
	struct group_made base = make("a", 2, 0.1), new = make("b", 4, 0.1);
	struct compared compared;

	(void)state;
	new.paused = 31;
	compare(&compared, &base, &new);
	assert_true(has_reason(&compared, ROLLOUT_WORKLOAD));
	end(&compared);
	new.paused = 0;
	base.vms = 7; /* an hour, 101 starts: four minutes each */
	compare(&compared, &base, &new);
	assert_true(has_reason(&compared, ROLLOUT_WORKLOAD));
	assert_int_equal(compared.rollout.outcome, OUTCOME_NOT_COMPARABLE);
	end(&compared);
}

static void an_empty_group_is_named(void **state)
{
	struct group_made base = make("a", 2, 0.1), new = make("b", 4, 0.1);
	struct compared compared;
	struct str text;

	(void)state;
	new.cnt = 0;
	compare(&compared, &base, &new);
	assert_true(has_reason(&compared, ROLLOUT_EMPTY));
	str_init(&text);
	rollout_text(&text, &compared.rollout);
	assert_non_null(strstr(text.text, "note: NEW is empty"));
	assert_non_null(strstr(text.text, "2025-11-26 00:00:00 UTC"));
	str_fini(&text);
	end(&compared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matchers_are_those_of_promql),
		cmocka_unit_test(queries_are_of_the_groups_hosts),
		cmocka_unit_test(answers_come_back_as_they_were),
		cmocka_unit_test(five_hosts_a_group_are_enough_for_what_all_of_them_have),
		cmocka_unit_test(equal_hosts_are_worse_in_one_of_252_halves),
		cmocka_unit_test(differences_below_what_counts_are_the_same),
		cmocka_unit_test(hosts_that_vary_as_much_as_they_stall_decide_nothing),
		cmocka_unit_test(a_host_in_both_groups_is_in_none),
		cmocka_unit_test(other_work_is_not_compared),
		cmocka_unit_test(an_empty_group_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
