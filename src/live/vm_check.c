// SPDX-License-Identifier: GPL-2.0-only
#include "live/vm_check.h"

#include <errno.h>
#include <stdlib.h>

#include <kvmstall/records.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/map.h"
#include "kern/probes.h"
#include "ledger/domain.h"
#include "ledger/ledger.h"
#include "ledger/reorder.h"

static struct ks_step end_of(const struct vm *vm)
{
	return (struct ks_step){
		/* of no CPU: it says nothing of what one has lost */
		.head = {.ts_ns = clock_now_ns(), .type = KS_VM_GONE, .cpu = UINT16_MAX},
		.ssp = domain_ssp(vm->srcu),
		.seq = vm->born_ns,
		.val = vm->kvm,
	};
}

int vm_check(const struct ledger *ledger, const struct probes *probes, struct reorder *order)
{
	const struct map *known = ledger_vms(ledger);
	_free_ struct ks_step *ends = calloc(known->cnt + 1, sizeof(*ends));
	_cleanup_(map_fini) struct map living = {0};
	const struct map_slot *slot;
	size_t pos = 0, cnt = 0;
	int ret = ends ? probes_vms(probes, &living) : -ENOMEM;

	if (ret)
		return ret;
	while ((slot = map_next(known, &pos)))
		if (!map_get(&living, slot->key))
			ends[cnt++] = end_of(slot->value);
	/* Only now: a record that is pushed may bring others to the ledger. */
	for (size_t i = 0; !ret && i < cnt; i++)
		ret = reorder_push(order, &ends[i], sizeof(ends[i]));
	return ret;
}
