// SPDX-License-Identifier: GPL-2.0-only
#include "live/suspects.h"

#include "base/clock.h"
#include "kern/probes.h"
#include "ledger/ledger.h"
#include "ledger/reorder.h"

/* Whose threads may hold it; 0: that is not known yet, since older records wait. */
static uint32_t whose(const struct ledger *ledger, const struct held_domain *held,
		      const struct domain *dom)
{
	const struct vm *vm = held->kvm ? ledger_vm(ledger, held->kvm) : NULL;

	if (held->kvm)
		return vm ? vm->tgid : 0;
	return dom && domain_get_kind(dom) == DOMAIN_SHARED ? KS_SCAN_ALL : 0;
}

/* Has a scan of this grace period seen somebody? */
static bool is_seen(const struct domain *dom, uint64_t now_ns)
{
	size_t cnt;

	domain_suspects(dom, domain_gp_at(dom, now_ns), &cnt);
	return cnt;
}

/* Before the scan: what it finds then is in between two counts. */
static int count(const struct probes *probes, struct reorder *order, uint64_t ssp)
{
	struct ks_readers readers;

	return probes_readers(probes, ssp, &readers)
		       ? reorder_push(order, &readers, sizeof(readers))
		       : 0;
}

int find_suspects(struct held_queue *queue, const struct ledger *ledger, struct probes *probes,
		  struct reorder *order)
{
	uint64_t now = clock_now_ns();
	const struct held_domain *held;
	int ret = 0;

	while (!ret && (held = held_next(queue, now))) {
		const struct domain *dom = ledger_domain(ledger, held->ssp);
		uint32_t tgid = whose(ledger, held, dom);
		uint64_t ssp = held->ssp;

		if (!tgid) {
			held_postpone(queue, held, now);
		} else if (held->scans && dom && is_seen(dom, now)) {
			held_done(queue, held);
		} else {
			held_scanned(queue, held, now);
			if (held->gp)
				ret = count(probes, order, ssp);
			else
				held_done(queue, held);
			probes_scan(probes, tgid, ssp);
		}
	}
	return ret;
}
