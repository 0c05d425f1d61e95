// SPDX-License-Identifier: GPL-2.0-only
#include "live/suspects.h"

#include "base/clock.h"
#include "kern/probes.h"
#include "ledger/ledger.h"

void find_suspects(struct held_queue *queue, const struct ledger *ledger, struct probes *probes)
{
	uint64_t now = clock_now_ns();
	const struct held_domain *held;

	while ((held = held_next(queue, now))) {
		const struct vm *vm = ledger_vm(ledger, held->kvm);
		uint64_t ssp = held->ssp;

		if (!vm) { /* its record still waits for older ones */
			held_postpone(queue, held, now);
			continue;
		}
		held_done(queue, held, now);
		probes_scan(probes, vm->tgid, ssp);
	}
}
