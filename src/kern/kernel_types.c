// SPDX-License-Identifier: GPL-2.0-only
#include "kern/kernel_types.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <bpf/btf.h>

#define VMLINUX "/sys/kernel/btf/vmlinux"

/* The module that has virt/kvm in it. */
#define KVM_MODULE "kvm"

/* btf__load_vmlinux_btf() has one errno (ESRCH) for whatever is wrong with this file. */
void kernel_types_init(struct kernel_types *types)
{
	types->btf = btf__parse_raw(VMLINUX);
	types->code = types->btf ? 0 : -errno;
	if (types->code == -ENOENT) {
		types->btf = btf__load_vmlinux_btf();
		types->code = types->btf ? 0 : -errno;
	}
	types->module = types->btf ? btf__load_module_btf(KVM_MODULE, types->btf) : NULL;
}

void kernel_types_fini(struct kernel_types *types)
{
	btf__free(types->module);
	btf__free(types->btf);
	types->btf = types->module = NULL;
}

int kernel_types_id(const struct kernel_types *types, const char *name, uint32_t kind)
{
	int id;

	if (!types->btf)
		return types->code;
	id = btf__find_by_name_kind(types->btf, name, kind);
	return id < 0 ? -ESRCH : id;
}

/* A kernel without CONFIG_KALLSYMS_ALL has no symbol of either, and BTF says where in a CPU's
 * static variables they are. */
static int64_t per_cpu_offset(const struct btf *btf, const char *name)
{
	int section = btf__find_by_name_kind(btf, ".data..percpu", BTF_KIND_DATASEC);
	int var = btf__find_by_name_kind(btf, name, BTF_KIND_VAR);
	const struct btf_type *type = section > 0 ? btf__type_by_id(btf, section) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++)
		if ((int)btf_var_secinfos(type)[i].type == var)
			return btf_var_secinfos(type)[i].offset;
	return -1;
}

static int64_t find_from_rq(const struct btf *btf, const char *name)
{
	int64_t rq = per_cpu_offset(btf, "runqueues");
	int64_t var = per_cpu_offset(btf, name);

	return rq < 0 || var < 0 ? 0 : var - rq;
}

static bool has_member(const struct btf *btf, int id, const char *name)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	const struct btf_member *members = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, members[i].name_off), name))
			return true;
	return false;
}

/* v6.18 7d9a0273c459 ("KVM: Avoid synchronize_srcu() in kvm_io_bus_register_dev()"): struct
 * kvm_io_bus has a callback to be freed by. */
static void find_kvm(const struct btf *btf, struct kernel_traits *traits)
{
	int bus = btf__find_by_name_kind(btf, "kvm_io_bus", BTF_KIND_STRUCT);

	traits->has_kvm_types = btf__find_by_name_kind(btf, "kvm", BTF_KIND_STRUCT) > 0;
	traits->defers_register = bus > 0 && has_member(btf, bus, "rcu");
}

/* What a program can be told the type of. */
static void find_structs(const struct btf *btf, struct kernel_traits *traits)
{
	static const char *const names[KS_STRUCT_CNT] = {
#define X(name) [KS_STRUCT_##name] = #name,
		KS_STRUCTS(X)
#undef X
	};

	if (btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) < 0)
		return;
	for (int i = 0; i < KS_STRUCT_CNT; i++) {
		int id = btf__find_by_name_kind(btf, names[i], BTF_KIND_STRUCT);

		traits->struct_ids[i] = id > 0 ? (uint32_t)id : 0;
	}
}

void kernel_types_traits(const struct kernel_types *types, struct kernel_traits *traits)
{
	*traits = (struct kernel_traits){.are_known = types->btf};
	if (!types->btf)
		return;
	traits->rcu_data_from_rq = find_from_rq(types->btf, "rcu_data");
	traits->this_cpu_off_from_rq = find_from_rq(types->btf, "this_cpu_off");
	traits->has_switch_exit =
		btf__find_by_name_kind(types->btf, "btf_trace_sched_exit_tp", BTF_KIND_TYPEDEF) > 0;
	find_structs(types->btf, traits);
	find_kvm(types->btf, traits);
	if (!traits->has_kvm_types && types->module)
		find_kvm(types->module, traits);
}
