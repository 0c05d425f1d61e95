/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who had a CPU lately, and for how long: the last turns that were long enough to be worth a name.
 * Plain C: unit tests include it.
 */
#ifndef BPF_TURNS_H
#define BPF_TURNS_H

#include <kvmstall/records.h>

/* Shorter ones do not count: nobody waits for long because of them. */
#define TURN_MIN_NS 100000

/* A power of two. Two calls of one CPU that others take turns on wait for some of these. */
#define TURNS_MAX 8

struct turn {
	__u64 from_ns;
	__u64 until_ns; /* 0: none yet */
	__u32 tid;	/* as the kernel has it; 0: idle */
	__u32 shown_tid;
	__u32 prio;
	__u32 is_unseen; /* somebody's, and nothing says whose: .tid is 0 */
	char comm[KS_COMM_LEN];
};

struct turns {
	__u64 since_ns; /* whoever has the CPU has had it since then; 0: not known */
	__u32 next;
	__u32 tid; /* who was seen to get it then */
	struct turn list[TURNS_MAX];
	__u64 unused[8]; /* the next CPU's are in a cache line of their own */
};

/*
 * A turn of @tid's ends, and @next_tid has the CPU. Switches are seen while there is a call,
 * @calls_ns: since when there is one. Returns the turn, to be named; NULL if it was short, or goes
 * on with one that was: somebody else had the CPU for a moment. When @tid was not seen to get it
 * (away.h), the turn is nobody's, as idle is.
 */
static inline __attribute__((always_inline)) struct turn *
turns_end(struct turns *turns, __u32 tid, __u32 next_tid, __u64 calls_ns, __u64 now_ns)
{
	__u64 from_ns = turns->since_ns > calls_ns ? turns->since_ns : calls_ns;
	struct turn *turn = &turns->list[(turns->next - 1) & (TURNS_MAX - 1)];
	__u32 is_unseen = turns->since_ns > calls_ns && turns->tid != tid;

	if (is_unseen)
		tid = 0;
	turns->since_ns = now_ns;
	turns->tid = next_tid;
	if (from_ns > now_ns)
		return 0;
	if (turn->until_ns && turn->tid == tid && turn->is_unseen == is_unseen &&
	    from_ns - turn->until_ns < TURN_MIN_NS) {
		turn->until_ns = now_ns;
		return 0;
	}
	if (now_ns - from_ns < TURN_MIN_NS)
		return 0;
	turn = &turns->list[turns->next++ & (TURNS_MAX - 1)];
	turn->tid = tid;
	turn->is_unseen = is_unseen;
	turn->from_ns = from_ns;
	turn->until_ns = now_ns;
	return turn;
}

/* The turn that goes on: of .tid, since .since_ns. */
#define TURN_OPEN TURNS_MAX

/*
 * Whose turn took most of [@since_ns, @until_ns]: which of .list, or TURN_OPEN; -1: nobody's. An
 * idle CPU's counts if it was half of that: else who waited did so on another CPU meanwhile, and
 * was moved.
 */
static inline __attribute__((always_inline)) int turns_longest(const struct turns *turns,
							       __u64 since_ns, __u64 until_ns)
{
	__u64 open_ns = turns->since_ns > since_ns ? turns->since_ns : since_ns, most = 0;
	int best = -1;

	for (int i = 0; i < TURNS_MAX; i++) {
		const struct turn *turn = &turns->list[i];
		__u64 from_ns = turn->from_ns > since_ns ? turn->from_ns : since_ns;
		__u64 to_ns = turn->until_ns < until_ns ? turn->until_ns : until_ns, ns;

		if (to_ns <= from_ns)
			continue;
		ns = to_ns - from_ns;
		if (ns <= most ||
		    (!turn->tid && !turn->is_unseen && ns < (until_ns - since_ns) / 2))
			continue;
		most = ns;
		best = i;
	}
	if (!turns->since_ns || until_ns <= open_ns || until_ns - open_ns < TURN_MIN_NS)
		return best;
	if (!turns->tid && until_ns - open_ns < (until_ns - since_ns) / 2)
		return best;
	return until_ns - open_ns > most ? TURN_OPEN : best;
}

#endif
