// SPDX-License-Identifier: GPL-2.0-only
#include "diff/mail.h"

#include <inttypes.h>
#include <string.h>

#include "base/format.h"
#include "base/str.h"
#include "base/wrap.h"
#include "capture/environment.h"
#include "output/spans.h"
#include "output/summary.h"

#define DURATION_LEN 24

void mail_add_folded(struct str *out, const char *text, size_t indent)
{
	str_pad(out, indent);
	wrap_add(out, text, indent, MAIL_WIDTH);
}

/* ---- the host ---- */

static const char *fact(const struct environment *facts, const char *key)
{
	const char *value = environment_get(facts, key);

	return value ? value : "(not recorded)";
}

/* CPUID's word for it; arm64 has none that is known here. */
static const char *machine(const struct environment *facts)
{
	const char *value = environment_get(facts, "cpu.hypervisor");

	if (!value)
		return "bare metal, nested or emulated: not recorded";
	return strcmp(value, "yes") ? "bare metal" : "a virtual machine (nested or emulated)";
}

static void add_params(struct str *text, const struct environment *facts)
{
	static const char *const keys[] = {
		"rcupdate.rcu_normal", "rcupdate.rcu_expedited", "srcutree.exp_holdoff",
		"kvm.nx_huge_pages",   "kvm_amd.avic",		 "kvm_intel.enable_apicv",
		"kvm_amd.npt",	       "kvm_intel.ept",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = environment_get(facts, keys[i]);

		if (value)
			str_addf(text, ", %s=%s", keys[i], value);
	}
}

void mail_add_host(struct str *text, const struct environment *facts, uint32_t hz)
{
	if (!environment_get(facts, "kernel.release")) { /* a log */
		str_adds(text, "nothing is recorded of its host");
		return;
	}
	str_addf(text, "%s %s, HZ=", fact(facts, "kernel.release"), fact(facts, "arch"));
	if (hz)
		str_addf(text, "%" PRIu32, hz);
	else
		str_adds(text, "(not recorded)");
	str_addf(text, ", preempt %s, %s CPUs (%s), %s", fact(facts, "kernel.preempt"),
		 fact(facts, "cpu.possible"), fact(facts, "cpu.model"), machine(facts));
	add_params(text, facts);
}

/* ---- a regression ---- */

static void add_span(struct str *out, struct span_sums *sums, const char *what)
{
	char p50[DURATION_LEN], p99[DURATION_LEN], without[DURATION_LEN];
	struct str text;

	if (!sums->ns.cnt)
		return;
	str_init(&text);
	str_addf(&text,
		 "%s (%" PRIu64 " VM%s): median %s, 99th percentile %s; with no SRCU grace "
		 "period outstanding the median would be %s.",
		 what, sums->ns.cnt, format_s(sums->ns.cnt),
		 format_nsec(quantile_get(&sums->ns, 50), p50, sizeof(p50)),
		 format_nsec(quantile_get(&sums->ns, 99), p99, sizeof(p99)),
		 format_nsec(quantile_get(&sums->without, 50), without, sizeof(without)));
	mail_add_folded(out, str_part(out, &text), 2);
	str_fini(&text);
	for (int part = 0; part < SPAN_PARTS_CNT; part++)
		if (sums->part_ns[part] * 100 >= sums->sum_ns)
			str_addf(out, "    %-14s %3.0f %%\n",
				 part == SPAN_OUTSIDE ? "outside calls" : cause_name(part),
				 100.0 * sums->part_ns[part] / sums->sum_ns);
}

static void add_stalls(struct str *out, const struct summary *summary)
{
	char ns[DURATION_LEN];

	str_addf(out, "\n  Calls that stalled: %" PRIu64 ", of %" PRIu64 " VM%s\n", summary->stalls,
		 summary->vms, format_s(summary->vms));
	for (int cause = 0; cause < KS_CAUSE_CNT; cause++)
		if (summary->stalls_by_cause[cause])
			str_addf(out, "    %-14s %5" PRIu64 " stall%s, %s in all calls\n",
				 cause_name(cause), summary->stalls_by_cause[cause],
				 format_s(summary->stalls_by_cause[cause]),
				 format_nsec(summary->by_cause[cause], ns, sizeof(ns)));
}

/* Only whoever sends it knows; regzbot wants a commit or a range, by their names. */
static const char *const gaps[] = {
	"Last kernel that was good: [NOT KNOWN: a release, or a commit]",
	"Introduced by: [NOT KNOWN: a commit after a bisection, or good..bad]",
	"Configuration of the kernel: [NOT KNOWN: attach it]",
	("Impact on a VM's boot as its user sees it: [NOT KNOWN: seconds before and after; a "
	 "micro-benchmark's few percent are no regression by themselves]"),
	"Reproduced on a kernel without patches and modules of others: [NOT KNOWN]",
};

void mail_regression(struct str *out, const char *name, const struct environment *facts,
		     uint32_t hz, const struct summary *summary)
{
	struct str text;

	str_adds(out, "Subject: [REGRESSION] KVM: [NOT KNOWN: what is slower, since when]\n"
		      "To: [scripts/get_maintainer.pl -f virt/kvm/kvm_main.c]\n"
		      "Cc: kvm@vger.kernel.org, rcu@vger.kernel.org,\n"
		      "    regressions@lists.linux.dev\n\n");
	str_adds(out, "What was measured:\n\n");
	if (summary->spans) {
		add_span(out, &summary->spans->sums[SPAN_START],
			 "Start of a VM, KVM_CREATE_VM to the first KVM_RUN");
		add_span(out, &summary->spans->sums[SPAN_END],
			 "End of a VM, the first close to the last");
	}
	add_stalls(out, summary);
	str_adds(out, "\nWhere:\n\n");
	str_init(&text);
	mail_add_host(&text, facts, hz);
	mail_add_folded(out, str_part(out, &text), 2);
	str_fini(&text);
	str_adds(out, "\nWhat the recording does not know:\n\n");
	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		str_adds(out, "- ");
		wrap_add(out, gaps[i], 2, MAIL_WIDTH);
	}
	str_adds(out, "\nTo reproduce, without BPF, and with it:\n\n"
		      "    kvmstall repro --rounds 31\n"
		      "    kvmstall record -o new.kvs -- kvmstall repro --rounds 31\n");
	str_addf(out, "    kvmstall report --format lkml new.kvs   # this: %s\n", name);
	str_adds(out, "\n#regzbot introduced: [NOT KNOWN: commit, or good..bad]\n");
}
