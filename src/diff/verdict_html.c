// SPDX-License-Identifier: GPL-2.0-only
#include "diff/verdict.h"

#include <errno.h>
#include <inttypes.h>

#include "base/str.h"
#include "output/html.h"

/* [[base's samples], [new's]] of a change, in ns. */
static void add_samples(struct str *out, const struct change *change)
{
	str_addc(out, '[');
	for (int side = 0; side < SIDE_CNT; side++) {
		const struct group *group = change->sides[side].group;

		str_adds(out, side ? ",[" : "[");
		for (size_t i = 0; group && i < group->kept; i++)
			str_addf(out, "%s%" PRIu64, i ? "," : "", group->samples[i].ns);
		str_addc(out, ']');
	}
	str_addc(out, ']');
}

/* Jiffies are marked where both sides have the same. */
static uint32_t common_hz(const struct comparison *comparison)
{
	uint32_t hz = comparison->sides[SIDE_BASE]->hz;

	return hz == comparison->sides[SIDE_NEW]->hz ? hz : 0;
}

int compare_html(struct str *out, const struct comparison *comparison,
		 const char *const names[SIDE_CNT])
{
	struct str data, result;
	int ret;

	str_init(&data);
	str_init(&result);
	str_addf(&data, "{\"kind\":\"diff\",\"hz\":%" PRIu32 ",\"diff\":", common_hz(comparison));
	ret = compare_json(&data, comparison, names);
	str_adds(&data, ",\"samples\":[");
	for (size_t i = 0; i < comparison->cnt; i++) {
		str_adds(&data, i ? "," : "");
		add_samples(&data, &comparison->changes[i]);
	}
	str_adds(&data, "]}");
	compare_add_result(&result, comparison);
	if (!ret && (str_failed(&data) || str_failed(&result)))
		ret = -ENOMEM;
	if (!ret)
		html_add_page(out, "kvmstall diff", result.text, data.text);
	if (!ret && str_failed(out))
		ret = -ENOMEM;
	str_fini(&data);
	str_fini(&result);
	return ret;
}
