// SPDX-License-Identifier: GPL-2.0-only
#include "host/host.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char *const host_param_names[HOST_PARAM_CNT] = {
	[HOST_RCU_NORMAL] = "rcupdate.rcu_normal",
	[HOST_RCU_EXPEDITED] = "rcupdate.rcu_expedited",
	[HOST_EXP_HOLDOFF] = "srcutree.exp_holdoff",
	[HOST_CONVERT_TO_BIG] = "srcutree.convert_to_big",
	[HOST_BIG_CPU_LIM] = "srcutree.big_cpu_lim",
	[HOST_RETRY_CHECK_DELAY] = "srcutree.srcu_retry_check_delay",
	[HOST_MAX_NODELAY] = "srcutree.srcu_max_nodelay",
	[HOST_MAX_NODELAY_PHASE] = "srcutree.srcu_max_nodelay_phase",
	[HOST_NX_HUGE_PAGES] = "kvm.nx_huge_pages",
	[HOST_APICV] = "kvm_intel.enable_apicv",
	[HOST_AVIC] = "kvm_amd.avic",
	[HOST_FIRST_FQS] = "rcutree.jiffies_till_first_fqs",
	[HOST_WAKE_FROM_GP] = "rcutree.rcu_normal_wake_from_gp",
	[HOST_RCU_LAZY] = "rcutree.enable_rcu_lazy",
	[HOST_TDP_MMU] = "kvm.tdp_mmu",
	[HOST_VIRT_AT_LOAD] = "kvm.enable_virt_at_load",
	[HOST_FAVORDYNMODS] = "cgroup.favordynmods",
};

static const char *const cap_names[HOST_CAP_CNT] = {
	"CAP_BPF",
	"CAP_PERFMON",
	"CAP_SYS_ADMIN",
	"CAP_SYSLOG",
};

long host_param(const struct host *host, enum host_param which)
{
	const char *text = host->params[which];

	return *text ? strtol(text, NULL, 0) : -1;
}

bool host_is_x86(const struct host *host)
{
	return !strcmp(host->arch, "x86_64");
}

const char *host_cap_name(enum host_cap cap)
{
	return cap_names[cap];
}

/* A tick may be late at both ends. */
static bool fits(double ticks, double ns, uint32_t hz)
{
	double off = ticks - hz * ns / 1e9;

	return off > -2 && off < 2;
}

uint32_t host_hz_of_ticks(uint64_t ticks, uint64_t ns, uint32_t config_hz)
{
	/* kernel/Kconfig.hz has 100, 250, 300 and 1000; patches of distributions the others. */
	static const uint32_t known[] = {100, 250, 300, 500, 600, 750, 1000};
	double hz = ns ? ticks * 1e9 / ns : 0, off, best_off = 0;
	uint32_t best = 0;

	if (!ticks || !ns)
		return 0;
	if (config_hz && fits(ticks, ns, config_hz))
		return config_hz;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		off = known[i] > hz ? known[i] - hz : hz - known[i];
		if (!best || off < best_off) {
			best = known[i];
			best_off = off;
		}
	}
	return best;
}

uint32_t host_hz(const struct host *host)
{
	return host->measured_hz ? host->measured_hz : host->config_hz;
}
