// SPDX-License-Identifier: GPL-2.0-only
#include "kern/holdout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/err.h"
#include "kern/libbpf_opts.h"
#include "kern/limits.h"

#include "holdout.skel.h"

struct holdout {
	struct holdout_bpf *skel;
};

/* What libbpf says of a kernel that cannot is in the error, too. */
static struct holdout_bpf *load_quietly(int *code)
{
	libbpf_print_fn_t old = libbpf_set_print(NULL);
	struct holdout_bpf *skel = holdout_bpf__open();

	*code = skel ? 0 : -errno;
	if (skel) {
		bpf_program__set_autoload(skel->progs.hold, true);
		*code = holdout_bpf__load(skel);
		if (!*code && !skel->bss)
			*code = -ENOMEM;
	}
	libbpf_set_print(old);
	return skel;
}

struct holdout *holdout_new(uint64_t hold_ns, struct err *err)
{
	struct holdout *holdout = calloc(1, sizeof(*holdout));
	int code;

	if (!holdout) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	limits_raise();
	holdout->skel = load_quietly(&code);
	if (code || !holdout->skel) {
		err_cannot(err,
			   "cannot load a BPF program that holds RCU up: %s (CAP_BPF, "
			   "CAP_PERFMON; Linux 5.17)",
			   strerror(-code));
		holdout_free(holdout);
		return NULL;
	}
	holdout->skel->bss->hold_ns = hold_ns;
	return holdout;
}

void holdout_free(struct holdout *holdout)
{
	if (!holdout)
		return;
	holdout_bpf__destroy(holdout->skel);
	free(holdout);
}

int holdout_run(const struct holdout *holdout)
{
	ZERO_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(bpf_program__fd(holdout->skel->progs.hold), &opts) ? -errno
											 : 0;
}

uint64_t holdout_began_ns(const struct holdout *holdout)
{
	return *(volatile __u64 *)&holdout->skel->bss->began_ns;
}

uint64_t holdout_ended_ns(const struct holdout *holdout)
{
	return *(volatile __u64 *)&holdout->skel->bss->ended_ns;
}
