/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that work for the kernel in a user's process (vhost's, and since v6.13 KVM's
 * kvm-nx-lpage-recovery), and that a scan found stopped: a call that waits for one waits for
 * whoever lets it go on.
 */
#ifndef LEDGER_BLAME_HALTS_H
#define LEDGER_BLAME_HALTS_H

#include <stdint.h>

#include <kvmstall/records.h>

/* The newest of a host that has more: a call is asked about as it is seen. */
#define HALTS_MAX 31

struct halt {
	uint64_t seen_ns; /* last */
	uint32_t tid;	  /* 0: there is none */
	uint32_t tgid;
	uint8_t why;	/* enum ks_halt */
	uint8_t signal; /* KS_HALT_SIGNAL: which; 0: not known */
	char comm[KS_COMM_LEN];
};

struct halts {
	struct halt list[HALTS_MAX];
	uint32_t next;
};

/* KS_HALTED */
void halts_note(struct halts *halts, const struct ks_cpu *rec);

/* One that was seen in [@begin_ns, @end_ns]: thread @tid, or if that is 0 any of process @tgid.
 * NULL: none. */
const struct halt *halts_find(const struct halts *halts, uint32_t tid, uint32_t tgid,
			      uint64_t begin_ns, uint64_t end_ns);

#endif
