// SPDX-License-Identifier: GPL-2.0-only
#include "live/privileges.h"

#include <errno.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "base/err.h"

void privileges_drop_bounding(void)
{
	for (int cap = 0; cap_get_bound(cap) >= 0; cap++)
		cap_drop_bound(cap);
}

/* Of @caps, in both sets, what @have permits. */
static int set_caps(cap_t next, cap_t have, const int *caps, size_t cnt)
{
	cap_flag_value_t is_permitted = CAP_CLEAR;

	for (size_t i = 0; i < cnt; i++) {
		if (cap_get_flag(have, caps[i], CAP_PERMITTED, &is_permitted) ||
		    is_permitted != CAP_SET)
			continue;
		if (cap_set_flag(next, CAP_PERMITTED, 1, &caps[i], CAP_SET) ||
		    cap_set_flag(next, CAP_EFFECTIVE, 1, &caps[i], CAP_SET))
			return -1;
	}
	return cap_set_proc(next);
}

int privileges_keep(const int *caps, size_t cnt, struct err *err)
{
	cap_t have = cap_get_proc(), next = cap_init();
	int ret = 0;

	cap_reset_ambient();
	if (!have || !next || set_caps(next, have, caps, cnt))
		ret = err_set(err, -errno, "cannot drop capabilities: %s", strerror(errno));
	cap_free(have);
	cap_free(next);
	if (!ret && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		ret = err_set(err, -errno, "cannot give up new privileges: %s", strerror(errno));
	return ret;
}

int privileges_watch(bool has_files, struct err *err)
{
	static const int caps[] = {CAP_SYS_PTRACE, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_CHOWN};

	privileges_drop_bounding();
	return privileges_keep(caps, has_files ? sizeof(caps) / sizeof(caps[0]) : 1, err);
}
