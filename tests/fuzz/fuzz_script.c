// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever repro --from reads: lists, logs, JSON, recordings. What comes out has its bounds, is the
 * same again when it is written as a list and read, and moves without losing a call.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "script/emit.h"
#include "script/list.h"
#include "script/order.h"
#include "script/source.h"
#include "script/suggest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int is_true)
{
	if (!is_true)
		abort();
}

static void check_again(const struct script *script)
{
	static const struct script_sizes sizes = {0};
	struct script again = {.ops = NULL};
	struct err err = {0};
	struct str text;

	str_init(&text);
	list_put(script, &text);
	must(!list_parse(text.text, text.len, &sizes, &again, &err));
	must(again.cnt == script->cnt);
	for (size_t i = 0; i < script->cnt; i++)
		must(script_op_same(&again.ops[i], &script->ops[i]));
	script_fini(&again);
	str_fini(&text);
}

static void check_orders(const struct script *script)
{
	for (int order = 0; order <= ORDER_OWN; order++) {
		struct script moved;
		struct err err = {0};
		uint32_t left_out;

		must(!script_copy(&moved, script));
		order_move(&moved, order);
		must(moved.cnt == script->cnt);
		must(!order_apply(&moved, script, &left_out, &err) && !left_out);
		order_check(&moved, ARCH_X86, &err);
		order_check(&moved, ARCH_ARM64, &err);
		script_fini(&moved);
	}
}

/* Whatever it is, it can be moved about and printed as C. */
static void check_uses(const struct script *script)
{
	struct suggestion moves[SUGGESTIONS_MAX] = {{.moved = 0}};
	bool *stalls = malloc(script->cnt + 1);
	struct err err = {0};
	struct str text;

	must(stalls != NULL);
	memset(stalls, 1, script->cnt + 1);
	must(suggest(script, stalls, ARCH_X86, moves) >= 0);
	for (int i = 0; i < SUGGESTIONS_MAX; i++)
		script_fini(&moves[i].script);
	free(stalls);
	str_init(&text);
	must(!emit_c(script, "0", &text, &err) || *err.msg);
	str_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scripts scripts = {.cnt = 0};
	struct script_source *source = script_source_new(&scripts, ARCH_X86);
	struct err err = {0};
	int ret;

	must(source != NULL);
	ret = size ? script_source_feed(source, data, size, &err) : 0;
	if (!ret)
		ret = script_source_finish(source, &err);
	must(!ret || *err.msg);
	for (size_t i = 0; !ret && i < scripts.cnt; i++) {
		must(!script_check(&scripts.vms[i], &err));
		script_recorded_start_ns(&scripts.vms[i]);
		check_again(&scripts.vms[i]);
		check_orders(&scripts.vms[i]);
		check_uses(&scripts.vms[i]);
	}
	script_source_free(source);
	scripts_fini(&scripts);
	return 0;
}
