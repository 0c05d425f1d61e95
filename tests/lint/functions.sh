#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A function of the kernel is named in one place: the table of src/ledger/sites.c, or the list of BPF
# programs in include/kvmstall/programs.h.
#
# A name is a string that is nothing but the name, maybe with a '*': what code compares or prints as a
# name. A compiler's suffix belongs to the name. A string with a blank or a bracket in it is a sentence for
# people and may say "kvm_io_bus_register_dev()" as the manual does; so may comments. Names of modules, of their parameters
# of structs and of their members are no functions.
set -eu

allowed='src/ledger/sites.c'
# The published schema is a text; test_json.c holds it to the table.
schema='src/output/json_schema.c'
looks='(__)?(kvm_[a-z]|[a-z_]*srcu|irqfd_|mmu_notifier|mn_hlist|vcpu_|vgic_|handle_userfault|call_srcu|process_srcu|__free_bus)'
not_functions='kvm_io_bus|kvm_intel|kvm_amd|kvm_arm|srcu|srcutree|mmu_notifier|track_srcu|vcpu_fd|kvm_run'
bad=0

# All whole names in the table: they may be nowhere else, however they look.
names=$(sed -nE 's/^\t\{ "([a-z_0-9A-Z]+)",.*/\1/p; s/.*\.callback = "([a-z_]+)".*/\1/p' $allowed | paste -sd '|')
[ "$(tr '|' '\n' <<<"$names" | wc -l)" -gt 50 ] || { echo "the table of $allowed was not understood"; exit 1; }

while IFS= read -r line; do
	echo "a kernel function's name belongs to $allowed: $line"
	bad=1
done < <(grep -rnoE "\\\\?\"($names|${looks}[a-z_0-9]*)(\\.(isra|constprop|part|cold)[a-z0-9.]*)?\\*?\\\\?\"" src --include='*.[ch]' |
	grep -vE "^($allowed|$schema):" | grep -vE ":\\\\?\"($not_functions)\\\\?\"$" | while IFS=: read -r file number name; do
		# not where it stands in a comment
		sed -n "${number}p" "$file" | sed -E 's@/\*.*\*/@@; s@/\*.*@@; s@^\s\*.*@@; s@//.*@@' | grep -qF "$name" && echo "$file:$number: $name"
	done)
exit $bad
