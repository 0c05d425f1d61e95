#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# No BPF program does work that grows with VMs, tasks or the size of a map: it walks no map, and a loop has a
# constant bound. Iterators, which the kernel calls once an element, run in user space's own time. And the comment before
# each program, or macro that makes programs, says what its longest run does.
set -eu

bad=0
while IFS= read -r line; do
	echo "a program walks a map, or loops without a constant bound: $line"
	bad=1
done < <(grep -nE 'bpf_for_each|bpf_loop|bpf_repeat|bpf_for\(|\bwhile \(|\bdo$|\bfor \(' bpf/*.h bpf/*.c |
	grep -vE 'for \(int i = 0; i < [A-Z_]+; i\+\+\)|^bpf/holdout\.bpf\.c:') # repro's load, not a trace's

# A comment counts until the first line that is neither it nor a macro of the program.
while IFS= read -r line; do
	echo "a program does not say what its longest run does (\"Worst:\" in the comment before it): $line"
	bad=1
done < <(awk '
	/^\/\*/ { says = 0; inside = 1 }
	inside && /[Ww]orst[:,]/ { says = 1 }
	/\*\// { inside = 0; next }
	inside { next }
	/^(TRACE|PROBE|PROBE_RETURN|ITERATE)\(/ || /^LISTED\([a-z]/ || /^#define (IOCTL|RELEASE|WAIT|CALLBACK|CLEANUP|WORK)\(/ {
		if (!says)
			print FILENAME ":" FNR ": " $0
	}
	/^[^ \t]/ { says = 0 }' bpf/kvmstall.bpf.c)
exit $bad
