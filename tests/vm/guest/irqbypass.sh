#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In an arm64 guest, for ../locks.sh: each irqfd registers with irqbypass there, whose mutex is the host's. VMMs start and
# end together, until one has waited for another: irqbypass.trace, and how often that was tried.
set -u

uname -r >/out/release-arm64
kvmstall repro -p arm64 >/dev/null
for try in 1 2 3 4 5; do
	kvmstall trace -a -j -o /out/irqbypass.trace -- kvmstall repro -p arm64 --devices 61 --vms 7 -r 5 >/dev/null
	echo "$try" >/out/irqbypass.tries
	grep -q '"call":"KVM_IRQFD",.*"stall_ns":[0-9]*,"cause":"lock",.*"irq_bypass_register_consumer"' /out/irqbypass.trace && break
done
