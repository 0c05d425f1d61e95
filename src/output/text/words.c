// SPDX-License-Identifier: GPL-2.0-only
#include "output/text/words.h"

#include <inttypes.h>
#include <string.h>

#include "base/format.h"
#include "base/sanitize.h"
#include "base/str.h"
#include "base/wrap.h"
#include "ledger/domain.h"

#define ERRNO_MAX 4096 /* include/linux/err.h: MAX_ERRNO + 1 */

void words_folded(struct str *out, const char *lead, const char *text, size_t width)
{
	str_adds(out, lead);
	wrap_add(out, text, strlen(lead), width);
}

void words_count(struct str *out, uint64_t cnt, const char *noun)
{
	str_addf(out, "%" PRIu64 " %s%s", cnt, noun, format_s(cnt));
}

void words_task(struct str *out, const char *comm, uint32_t tid)
{
	char name[KS_COMM_LEN];

	if (!tid && !*comm) { /* of a log of stacks alone */
		str_adds(out, "a thread without a name");
		return;
	}
	sanitize(name, sizeof(name), comm);
	str_addf(out, "%s[%u]", name, tid);
}

void words_errno(struct str *out, const char *lead, int64_t ret, const char *tail)
{
	const char *name = ret < 0 && ret > -ERRNO_MAX ? strerrorname_np((int)-ret) : NULL;

	if (name)
		str_addf(out, "%s%s%s", lead, name, tail);
}

void words_gp(struct str *out, const struct domain *dom, uint64_t gp)
{
	int64_t number = domain_gp_number(dom, gp);

	if (number < 0)
		str_adds(out, "a grace period");
	else
		str_addf(out, "GP %" PRId64, number);
}
