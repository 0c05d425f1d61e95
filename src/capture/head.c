// SPDX-License-Identifier: GPL-2.0-only
#include "capture/head.h"

#include <errno.h>
#include <jansson.h>

#include "base/err.h"
#include "base/sanitize.h"
#include "base/str.h"
#include "ledger/record_view.h"
#include "output/json.h"
#include "output/ndjson.h"
#include "output/summary.h"

#define HZ_MAX 100000

/* ---- writing ---- */

static void put_sizes(struct ndjson *json)
{
	ndjson_array(json, "record_sizes");
	for (int type = 0; type < KS_TYPE_CNT; type++)
		ndjson_int(json, NULL, record_fixed_bytes(type));
	ndjson_end_array(json);
}

static void put_facts(struct ndjson *json, const struct environment *facts)
{
	ndjson_object(json, "facts");
	for (size_t i = 0; i < facts->cnt; i++)
		ndjson_text(json, facts->list[i].key, facts->list[i].value);
	ndjson_end_object(json);
}

/* The whole object, or NULL. */
static char *finish(struct ndjson *json)
{
	if (!ndjson_finish(json))
		return str_take(json->out);
	str_fini(json->out);
	return NULL;
}

char *capture_head_text(const struct capture_head *head)
{
	struct ndjson json;
	struct str out;

	str_init(&out);
	ndjson_begin_bare(&json, &out);
	ndjson_text(&json, "kvmstall", head->version);
	ndjson_text(&json, "backend", head->backend);
	ndjson_int(&json, "hz", head->hz);
	ndjson_int(&json, "pid", head->pid);
	ndjson_int(&json, "clock_offset_ns", head->clock_offset_ns);
	ndjson_int(&json, "began_ns", head->began_ns);
	ndjson_bool(&json, "followed", head->is_followed);
	if (head->stop_on_ns)
		ndjson_int(&json, "stop_on_ns", head->stop_on_ns);
	ndjson_bool(&json, "rcu_normal", head->rcu_normal);
	ndjson_bool(&json, "all_calls", head->has_all_calls);
	put_sizes(&json);
	put_facts(&json, &head->environment);
	return finish(&json);
}

char *capture_end_text(const struct summary *summary)
{
	struct ndjson json;
	struct str out;

	str_init(&out);
	ndjson_begin_bare(&json, &out);
	ndjson_int(&json, "duration_ns", summary->duration_ns);
	ndjson_int(&json, "records", summary->records);
	json_put_losses(&json, summary);
	ndjson_int(&json, "in_flight", summary->in_flight);
	ndjson_int(&json, "probe_runs", summary->probe_runs);
	ndjson_int(&json, "probe_ns", summary->probe_ns);
	ndjson_int(&json, "cpu_ns", summary->cpu_ns);
	ndjson_int(&json, "command_status", summary->command_status);
	return finish(&json);
}

/* ---- reading ---- */

static int out_of_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

static int load(const char *text, size_t len, const char *what, json_t **object, struct err *err)
{
	json_error_t error;
	json_t *got = json_loadb(text, len, 0, &error);

	*object = got;
	if (json_is_object(got))
		return 0;
	json_decref(got);
	if (!got && json_error_code(&error) == json_error_out_of_memory)
		return out_of_memory(err);
	return err_set(err, -EINVAL, "the %s is not a JSON object%s%s", what, got ? "" : ": ",
		       got ? "" : error.text);
}

/* What is not there, or not of that kind, is 0: not known. */
static uint64_t get_u64(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value < 0 ? 0 : value;
}

static void get_string(const json_t *object, const char *key, char *buf, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	sanitize(buf, size, text ? text : ""); /* of a file: anybody's */
}

static int get_sizes(json_t *array, struct capture_sizes *sizes, struct err *err)
{
	size_t cnt = json_array_size(array);

	if (cnt > PACK_TYPES)
		return err_set(err, -EINVAL, "%zu types of records are too many", cnt);
	for (size_t i = 0; i < cnt; i++) {
		json_int_t size = json_integer_value(json_array_get(array, i));

		if (size < 0 || size > 8 * PACK_WORDS_MAX || size % 8 ||
		    (size && size < (json_int_t)sizeof(struct ks_head)))
			return err_set(err, -EINVAL,
				       "%" JSON_INTEGER_FORMAT " bytes are no record's size", size);
		sizes->list[i] = size;
	}
	return 0;
}

static int get_facts(json_t *object, struct environment *facts, struct err *err)
{
	const char *key;
	json_t *value;
	int ret;

	json_object_foreach(object, key, value)
	{
		ret = json_is_string(value) ? environment_set(facts, key, json_string_value(value))
					    : 0;
		if (ret == -ENOMEM)
			return out_of_memory(err);
		if (ret)
			return err_set(err, ret, "too many facts in the head");
	}
	return 0;
}

int capture_head_parse(const char *text, size_t len, struct capture_head *head,
		       struct capture_sizes *sizes, struct err *err)
{
	json_t *object;
	uint64_t hz;
	int ret = load(text, len, "head", &object, err);

	if (ret)
		return ret;
	get_string(object, "kvmstall", head->version, sizeof(head->version));
	get_string(object, "backend", head->backend, sizeof(head->backend));
	hz = get_u64(object, "hz");
	head->hz = hz > HZ_MAX ? 0 : hz;
	head->pid = get_u64(object, "pid");
	head->clock_offset_ns = json_integer_value(json_object_get(object, "clock_offset_ns"));
	head->began_ns = get_u64(object, "began_ns");
	head->is_followed = json_is_true(json_object_get(object, "followed"));
	head->stop_on_ns = get_u64(object, "stop_on_ns");
	head->rcu_normal = json_is_true(json_object_get(object, "rcu_normal"));
	head->has_all_calls = json_is_true(json_object_get(object, "all_calls"));
	ret = get_sizes(json_object_get(object, "record_sizes"), sizes, err);
	if (!ret)
		ret = get_facts(json_object_get(object, "facts"), &head->environment, err);
	json_decref(object);
	return ret;
}

int capture_end_parse(const char *text, size_t len, struct summary *summary, struct err *err)
{
	json_t *object, *losses, *status;
	int ret = load(text, len, "end", &object, err);

	if (ret)
		return ret;
	*summary = (struct summary){.command_status = -1};
	summary->duration_ns = get_u64(object, "duration_ns");
	summary->records = get_u64(object, "records");
	summary->in_flight = get_u64(object, "in_flight");
	summary->probe_runs = get_u64(object, "probe_runs");
	summary->probe_ns = get_u64(object, "probe_ns");
	summary->cpu_ns = get_u64(object, "cpu_ns");
	losses = json_object_get(object, "losses");
	for (int i = 0; i < KS_LOSS_CNT; i++)
		summary->losses[i] = get_u64(losses, loss_name(i));
	status = json_object_get(object, "command_status");
	if (json_is_integer(status) && json_integer_value(status) >= 0)
		summary->command_status = json_integer_value(status) & 0xff;
	json_decref(object);
	return 0;
}
