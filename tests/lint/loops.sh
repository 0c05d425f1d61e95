#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# No BPF program does work that grows with VMs, tasks or the size of a map: it walks no map, and a loop has a
# constant bound. Iterators, which the kernel calls once an element, run in user space's own time.
set -eu

bad=0
while IFS= read -r line; do
	echo "a program walks a map, or loops without a constant bound: $line"
	bad=1
done < <(grep -nE 'bpf_for_each|bpf_loop|bpf_repeat|bpf_for\(|\bwhile \(|\bdo$|\bfor \(' bpf/*.h bpf/*.c |
	grep -vE 'for \(int i = 0; i < [A-Z_]+; i\+\+\)|^bpf/holdout\.bpf\.c:') # repro's load, not a trace's
exit $bad
