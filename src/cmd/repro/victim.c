// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/victim.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "cmd/repro/machine.h"
#include "cmd/repro/profile.h"

int victim_error(struct machine *vm, int ret, struct err *err)
{
	const char *call = vm->failed_call ? vm->failed_call : "injection";

	if (profile_is_refusal(ret))
		return err_cannot(err, "this kernel refused %s: %s", call, strerror(-ret));
	return err_set(err, ret, "%s: %s", call, strerror(-ret));
}

int victim_vm(const struct machine *vm, const char *at_start, const char *at_end, uint64_t delay_ns,
	      struct err *err)
{
	struct machine second;
	int ret = machine_open(&second, &(struct machine_size){0}, vm->log, err), close_ret;

	if (ret)
		return ret;
	clock_sleep_ns(delay_ns);
	second.injected = at_start;
	ret = machine_create(&second);
	if (ret)
		ret = victim_error(&second, ret, err);
	second.injected = ret ? NULL : at_end;
	close_ret = machine_close(&second);
	if (!ret && close_ret)
		ret = err_set(err, close_ret, "cannot close a VM: %s", strerror(-close_ret));
	return ret;
}

int victim_update(struct machine *vm, uint32_t extra, const char *name, struct err *err)
{
	const char *before = vm->injected;
	uint32_t slot = vm->size.memslots + extra;
	int ret;

	vm->injected = name;
	ret = machine_set_slot(vm, slot, machine_slot_gpa(vm, slot), vm->slot_bytes);
	vm->injected = before;
	return ret < 0 ? victim_error(vm, ret, err) : 0;
}

int victim_leave_cpu(int cpu, const char *name, cpu_set_t *before, struct err *err)
{
	cpu_set_t others;

	if (sched_getaffinity(0, sizeof(*before), before))
		return err_set(err, -errno, "cannot read the CPU affinity: %s", strerror(errno));
	others = *before;
	CPU_CLR(cpu, &others);
	if (!CPU_COUNT(&others) || !CPU_ISSET(cpu, before))
		return err_cannot(err, "--inject %s needs CPU %d and another one", name, cpu);
	if (sched_setaffinity(0, sizeof(others), &others))
		return err_set(err, -errno, "cannot leave CPU %d: %s", cpu, strerror(errno));
	return 0;
}
