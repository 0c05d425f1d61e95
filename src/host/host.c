// SPDX-License-Identifier: GPL-2.0-only
#include "host/host.h"

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
};

static const char *const cap_names[HOST_CAP_CNT] = {
	"CAP_BPF",
	"CAP_PERFMON",
	"CAP_SYS_ADMIN",
	"CAP_SYSLOG",
};

const char *host_cap_name(enum host_cap cap)
{
	return cap_names[cap];
}

uint32_t host_hz(const struct host *host)
{
	return host->measured_hz ? host->measured_hz : host->config_hz;
}
