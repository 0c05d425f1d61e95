#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# edit.sh SOURCE - give a kernel tree the behaviours that the lab compares.
#
# kvm_io_bus_register_dev() replaces a bus and must get rid of the old one once no reader of kvm->srcu
# has it. The parameter kvm.lab_register says how, so one kernel is good for all four behaviours:
#     0  wait for an expedited grace period, as before v6.18
#     1  call_srcu(), as since v6.18 7d9a0273c459 ("KVM: Avoid synchronize_srcu() in ...")
#     2  wait while there is no vCPU, call_srcu() then: proposed on 2026-02-13
#     3  call_srcu_expedited(), which SRCU gets for that: proposed on 2026-03-09
# The lines are our own. Done to a tree a second time it changes nothing.
set -euo pipefail

kvm=$1/virt/kvm/kvm_main.c srcu=$1/kernel/rcu/srcutree.c

for file in "$kvm" "$srcu"; do
	[ -e "$file.orig" ] || cp "$file" "$file.orig"
	cp "$file.orig" "$file.lab"
done

cat >"$1/lab.register" <<-'END'
	void call_srcu_expedited(struct srcu_struct *ssp, struct rcu_head *rhp, rcu_callback_t func);

	static int lab_register = 1;
	module_param(lab_register, int, 0644);

	static void lab_free_bus(struct kvm *kvm, struct kvm_io_bus *bus)
	{
		int how = READ_ONCE(lab_register);

		if (how == 0 || (how == 2 && !READ_ONCE(kvm->created_vcpus))) {
			synchronize_srcu_expedited(&kvm->srcu);
			kfree(bus);
		} else if (how == 3) {
			call_srcu_expedited(&kvm->srcu, &bus->rcu, __free_bus);
		} else {
			call_srcu(&kvm->srcu, &bus->rcu, __free_bus);
		}
	}

END
cat >"$1/lab.srcu" <<-'END'

	void call_srcu_expedited(struct srcu_struct *ssp, struct rcu_head *rhp, rcu_callback_t func);
	void call_srcu_expedited(struct srcu_struct *ssp, struct rcu_head *rhp, rcu_callback_t func)
	{
		__call_srcu(ssp, rhp, func, rcu_gp_is_normal());
	}
	EXPORT_SYMBOL_GPL(call_srcu_expedited);
END

# The definitions behind __free_bus(), their use in kvm_io_bus_register_dev().
sed -i -e "/^int kvm_io_bus_register_dev(/,/^}/s/^\tcall_srcu(&kvm->srcu, &bus->rcu, __free_bus);/\tlab_free_bus(kvm, bus);/" \
	-e "/^static void __free_bus(/,/^}/{/^}/r $1/lab.register
}" "$kvm.lab"
sed -i "/^EXPORT_SYMBOL_GPL(call_srcu);/r $1/lab.srcu" "$srcu.lab"
for line in "$kvm:lab_free_bus(kvm, bus);" "$kvm:module_param(lab_register" "$srcu:__call_srcu(ssp, rhp, func, rcu_gp_is_normal());"; do
	grep -qF "${line#*:}" "${line%%:*}.lab" && continue
	echo "edit: ${line%%:*} is not as expected" >&2
	exit 1
done

# Unchanged files keep their time: make builds what differs.
for file in "$kvm" "$srcu"; do
	if cmp -s "$file.lab" "$file"; then
		rm "$file.lab"
	else
		mv "$file.lab" "$file"
	fi
done
rm -f "$1"/lab.*
