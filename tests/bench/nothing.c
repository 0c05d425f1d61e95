// SPDX-License-Identifier: GPL-2.0-only
/*
 * nothing trace [TRACEPOINT...] - programs that do nothing, on these tracepoints or on each that
 * the tracepoint backend has one on, until it is ended. What is another thing beside it is not
 * because of what kvmstall's programs do, but because there are any. "trace" is for tracer.sh.
 */
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include <bpf/bpf.h>
#include <kvmstall/programs.h>

static void attach(const char *tracepoint)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int prog = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "nothing", "GPL", nothing, 2, NULL);

	if (prog < 0 || bpf_raw_tracepoint_open(tracepoint, prog) < 0)
		err(1, "a program on %s", tracepoint);
}

static void attach_all(void)
{
	/* FORK's are attached with a COMMAND, which the benches do not give. */
#define X(name, type, target, backends, need, capability)                                          \
	if (strcmp(#type, "tp_btf") == 0 && strcmp(#capability, "FORK") != 0)                      \
		attach(#target);
	KS_PROGRAMS(X)
#undef X
}

int main(int argc, char **argv)
{
	if (argc <= 2)
		attach_all();
	for (int i = 2; i < argc; i++)
		attach(argv[i]);
	signal(SIGINT, SIG_DFL); /* a shell ignores it for what it starts with & */
	poll(NULL, 0, -1);
	return 0;
}
