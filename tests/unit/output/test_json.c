// SPDX-License-Identifier: GPL-2.0-only
/* The NDJSON lines of the contract: what parses, which keys, in which order, what they hold. */
#include "ledger/sites.h"
#include "output/json.h"

#include <jansson.h>

#include "base/str.h"
#include "output/advice.h"
#include "output/storm.h"
#include "output/summary.h"
#include "trace.h"

static const struct advice_host host = {.hz = TRACE_HZ};

/* One line, and nothing but it. */
static json_t *parse(struct str *out)
{
	json_error_t error;
	json_t *object;

	assert_true(out->len > 1);
	assert_ptr_equal(strchr(out->text, '\n'), out->text + out->len - 1);
	object = json_loads(out->text, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(object);
	str_fini(out);
	return object;
}

static json_t *stall_json(const struct stall *stall)
{
	struct str out;

	str_init(&out);
	assert_int_equal(json_stall(&out, stall, "fentry", &host), 0);
	return parse(&out);
}

/* Keys that the contract names come in its order; others may stand between. */
static void assert_keys(json_t *object, const char *keys)
{
	char *copy = strdup(keys), *save = NULL, *key = strtok_r(copy, " ", &save);
	void *iter = json_object_iter(object);

	for (; key; key = strtok_r(NULL, " ", &save)) {
		while (iter && strcmp(json_object_iter_key(iter), key))
			iter = json_object_iter_next(object, iter);
		if (!iter)
			fail_msg("%s is missing or not in its place", key);
	}
	free(copy);
}

static json_int_t integer(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static const char *string(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	assert_true(json_is_string(value));
	return json_string_value(value);
}

static void a_stall_has_the_contracts_keys_in_its_order(void **state)
{
	struct trace *trace = RUN(trace_seed_rows);
	const struct stall stall = trace_stall(trace, 0, ledger_vm(trace->ledger, KVM(1)));
	json_t *object = stall_json(&stall), *culprit = json_object_get(object, "culprit");
	json_t *wait = json_array_get(json_object_get(object, "waits"), 0);
	json_t *vm = json_object_get(object, "vm");

	(void)state;
	assert_keys(object, "type v ts_ns vm tid comm call args ret latency_ns stall_ns cause "
			    "segments waits culprit without_ns phase backend complete");
	assert_string_equal(string(object, "type"), "stall");
	assert_int_equal(integer(object, "v"), 1);
	assert_int_equal(integer(object, "ts_ns"), 400000);
	assert_int_equal(integer(object, "tid"), 12);
	assert_string_equal(string(object, "comm"), "vmm");
	assert_string_equal(string(object, "call"), "KVM_SET_USER_MEMORY_REGION");
	assert_int_equal(integer(object, "latency_ns"), 5670000);
	assert_int_equal(integer(object, "stall_ns"), 5645000);
	assert_string_equal(string(object, "cause"), "gp-timer");
	assert_int_equal(integer(object, "without_ns"), 65000);
	assert_string_equal(string(object, "phase"), "setup");
	assert_string_equal(string(object, "backend"), "fentry");
	assert_true(json_is_true(json_object_get(object, "complete")));

	assert_keys(vm, "id pid comm name");
	assert_int_equal(integer(vm, "id"), 1);
	assert_int_equal(integer(vm, "pid"), TGID(1));
	assert_true(json_is_null(json_object_get(vm, "name")));

	assert_keys(wait, "api domain site ns gp_first gp_needed stack");
	assert_string_equal(string(wait, "api"), "synchronize_srcu_expedited");
	assert_string_equal(string(wait, "domain"), "kvm.srcu");
	assert_string_equal(string(wait, "site"), "kvm_swap_active_memslots");
	assert_int_equal(integer(wait, "ns"), 5648000);
	assert_int_equal(integer(wait, "gp_first"), 1);
	assert_int_equal(integer(wait, "gp_needed"), 2);
	assert_int_equal(json_array_size(json_object_get(wait, "stack")), 7);

	assert_keys(culprit, "function call tid comm age_ns callbacks");
	assert_string_equal(string(culprit, "function"), "kvm_io_bus_register_dev");
	assert_string_equal(string(culprit, "call"), "KVM_CREATE_IRQCHIP");
	assert_int_equal(integer(culprit, "tid"), 11);
	assert_int_equal(integer(culprit, "age_ns"), 312000);
	assert_int_equal(integer(culprit, "callbacks"), 4);
	json_decref(object);
	trace_free(trace);
}

static void segments_say_cause_domain_and_gp_and_sum_to_the_latency(void **state)
{
	struct trace *trace = RUN(trace_seed_rows);
	const struct stall stall = trace_stall(trace, 0, NULL);
	json_t *object = stall_json(&stall), *segs = json_object_get(object, "segments"), *seg;
	json_int_t sum = 0;
	size_t i;

	(void)state;
	json_array_foreach(segs, i, seg)
	{
		assert_keys(seg, "cause ns domain gp");
		sum += integer(seg, "ns");
	}
	assert_int_equal(sum, 5670000);
	seg = json_array_get(segs, 1);
	assert_string_equal(string(seg, "cause"), "gp-timer");
	assert_int_equal(integer(seg, "ns"), 5585000);
	assert_string_equal(string(seg, "domain"), "kvm.srcu");
	assert_int_equal(integer(seg, "gp"), 1);
	seg = json_array_get(segs, 0);
	assert_string_equal(string(seg, "cause"), "run");
	assert_true(json_is_null(json_object_get(seg, "domain")));
	assert_true(json_is_null(json_object_get(seg, "gp")));
	assert_true(json_is_null(json_object_get(object, "vm")));
	json_decref(object);
	trace_free(trace);
}

/* comm is whatever prctl() was given; names come from command lines. They read as in text. */
static void bytes_that_are_no_text_break_no_line(void **state)
{
	static const struct {
		const char *raw, *clean;
	} comms[] = {
		{"\xff\xfe", "??"},
		{"ab\xff"
		 "c",
		 "ab?c"},
		{"\"\\\n", "\"\\?"},
		{"\x01", "?"},
		{"\xe2\x82", "??"},
		{"", ""},
	};
	struct trace *trace = RUN(trace_seed_rows);

	(void)state;
	for (size_t i = 0; i < CNT(comms); i++) {
		struct vm vm = {.id = 1};
		struct stall stall = trace_stall(trace, 0, &vm);
		struct ks_call rec = *stall.rec;
		json_t *object;

		memset(rec.comm, 0, sizeof(rec.comm));
		strcpy(rec.comm, comms[i].raw);
		strcpy(vm.comm, comms[i].raw);
		strcpy(vm.name, comms[i].raw);
		strcpy(stall.culprit.comm, comms[i].raw);
		stall.rec = &rec;
		object = stall_json(&stall);
		assert_string_equal(string(object, "comm"), comms[i].clean);
		assert_string_equal(string(json_object_get(object, "vm"), "comm"), comms[i].clean);
		json_decref(object);
	}
	trace_free(trace);
}

static void a_call_that_did_not_stall_is_a_call_with_nulls(void **state)
{
	const struct row rows[] = {CALL(100, 200, 12, 0, VCPU, 0, .flags = KS_CALL_KILLED)};
	struct trace *trace = RUN(rows);
	const struct stall stall = trace_stall(trace, 0, NULL);
	json_t *object = stall_json(&stall);

	(void)state;
	assert_string_equal(string(object, "type"), "call");
	assert_string_equal(string(object, "cause"), "run");
	assert_true(json_is_null(json_object_get(object, "culprit")));
	assert_true(json_is_null(json_object_get(object, "vm")));
	assert_int_equal(json_array_size(json_object_get(object, "waits")), 0);
	assert_true(json_is_true(json_object_get(object, "killed")));
	assert_int_equal(integer(json_object_get(object, "args"), "id"), 0);
	json_decref(object);
	trace_free(trace);
}

static void what_was_lost_is_false_or_null(void **state)
{
	const struct row rows[] = {
		BORN(10, 1),
		SLEEP(110, 120, 130, 12, 0, .stack = IN_PIT_CLOSE),
		CLOSE(100, 200, 12, 1, 2),
	};
	struct trace *trace = RUN(rows);
	const struct stall stall = trace_stall(trace, 0, NULL);
	json_t *object = stall_json(&stall);
	json_t *wait = json_array_get(json_object_get(object, "waits"), 0);

	(void)state;
	assert_true(json_is_false(json_object_get(object, "complete")));
	assert_true(json_is_null(json_object_get(wait, "domain")));
	assert_true(json_is_null(json_object_get(wait, "gp_first")));
	assert_true(json_is_null(json_object_get(wait, "gp_needed")));
	json_decref(object);
	trace_free(trace);
}

static void an_exit_says_that_it_is_one(void **state)
{
	const struct row rows[] = {IN_EXIT(100, 200, 12, 1)};
	struct trace *trace = RUN(rows);
	const struct stall stall = trace_stall(trace, 0, NULL);
	json_t *object = stall_json(&stall);

	(void)state;
	assert_string_equal(string(object, "call"), "close");
	assert_string_equal(string(json_object_get(object, "args"), "via"), "exit");
	json_decref(object);
	trace_free(trace);
}

static void the_other_types_have_their_keys(void **state)
{
	const struct vm vm = {.id = 3, .tgid = 77, .comm = "fc", .name = "web1"};
	struct summary summary = {.vms = 2, .command_status = -1};
	json_t *object, *causes;
	struct str out;

	(void)state;
	str_init(&out);
	assert_int_equal(json_vm(&out, &vm, "found", 5), 0);
	object = parse(&out);
	assert_keys(object, "type v ts_ns event vm");
	assert_string_equal(string(object, "event"), "found");
	assert_string_equal(string(json_object_get(object, "vm"), "name"), "web1");
	json_decref(object);

	str_init(&out);
	assert_int_equal(json_lost(&out, "ring", 9), 0);
	object = parse(&out);
	assert_keys(object, "type v where count");
	assert_int_equal(integer(object, "count"), 9);
	json_decref(object);

	str_init(&out);
	summary.losses[KS_LOSS_RING] = 4;
	summary.losses[KS_LOSS_REORDER] = 3;
	summary.by_cause[KS_CAUSE_LOCK] = 12;
	assert_int_equal(json_summary(&out, &summary, "kprobe"), 0);
	object = parse(&out);
	assert_keys(object, "type v backend vms calls stalls lost losses");
	assert_int_equal(integer(object, "lost"), 7);
	assert_int_equal(integer(json_object_get(object, "losses"), "ring"), 4);
	causes = json_object_get(object, "ns_by_cause");
	assert_int_equal(json_object_size(causes), KS_CAUSE_CNT);
	assert_int_equal(integer(causes, "lock"), 12);
	assert_true(json_is_null(json_object_get(object, "command_status")));
	json_decref(object);
}

/* 3 a.m.: who reads JSON asks whose fault a storm is, as the text says. */
static void a_storm_has_the_culprit_of_its_longest_call(void **state)
{
	static struct storm storm = {.call = CALL_SET_GSI_ROUTING, .cnt = 521};
	json_t *object, *culprit;
	struct str out;

	(void)state;
	str_init(&out);
	assert_int_equal(json_storm(&out, &storm), 0);
	object = parse(&out);
	assert_keys(object, "type v ts_ns vm tid call calls ns_by_cause culprit advice over");
	assert_true(json_is_null(json_object_get(object, "culprit")));
	json_decref(object);

	storm.culprit_ns = 5003;
	storm.culprit_kind = CULPRIT_HOLDER;
	storm.culprit_call = CALL_CLOSE;
	storm.culprit_tid = 77;
	strcpy(storm.culprit_comm, "fc");
	str_init(&out);
	assert_int_equal(json_storm(&out, &storm), 0);
	object = parse(&out);
	culprit = json_object_get(object, "culprit");
	assert_string_equal(string(culprit, "kind"), "holder");
	assert_string_equal(string(culprit, "call"), "close");
	assert_string_equal(string(culprit, "comm"), "fc");
	assert_int_equal(integer(culprit, "tid"), 77);
	assert_int_equal(integer(culprit, "latency_ns"), 5003);
	json_decref(object);
}

static void the_schema_is_json_and_names_every_key_of_a_stall(void **state)
{
	struct trace *trace = RUN(trace_seed_rows);
	const struct stall stall = trace_stall(trace, 0, NULL);
	json_t *object = stall_json(&stall), *schema = json_loads(json_schema(), 0, NULL);
	const char *key;
	json_t *value;

	(void)state;
	assert_non_null(schema);
	json_object_foreach(object, key, value)
	{
		char quoted[64];

		snprintf(quoted, sizeof(quoted), "\"%s\"", key);
		if (!strstr(json_schema(), quoted))
			fail_msg("the schema does not know %s", quoted);
	}
	json_decref(object);
	json_decref(schema);
	trace_free(trace);
}

static void the_schema_has_the_apis_and_domains_that_there_are(void **state)
{
	(void)state;
	for (int api = KS_API_NONE + 1; api_name(api); api++) {
		char quoted[64];

		snprintf(quoted, sizeof(quoted), "\"%s\"", api_name(api));
		assert_non_null(strstr(json_schema(), quoted));
		if (api == KS_API_BARRIER)
			break;
	}
	for (int kind = 0; kind < DOMAIN_KIND_CNT; kind++)
		assert_non_null(strstr(json_schema(), domain_kind_name(kind)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stall_has_the_contracts_keys_in_its_order),
		cmocka_unit_test(segments_say_cause_domain_and_gp_and_sum_to_the_latency),
		cmocka_unit_test(bytes_that_are_no_text_break_no_line),
		cmocka_unit_test(a_call_that_did_not_stall_is_a_call_with_nulls),
		cmocka_unit_test(what_was_lost_is_false_or_null),
		cmocka_unit_test(an_exit_says_that_it_is_one),
		cmocka_unit_test(the_other_types_have_their_keys),
		cmocka_unit_test(a_storm_has_the_culprit_of_its_longest_call),
		cmocka_unit_test(the_schema_is_json_and_names_every_key_of_a_stall),
		cmocka_unit_test(the_schema_has_the_apis_and_domains_that_there_are),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
