// SPDX-License-Identifier: GPL-2.0-only
/* kvmstall top: VMs by what they lost, live or of a recording, on a terminal. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/input.h"
#include "cmd/live_opts.h"
#include "cmd/printer.h"
#include "cmd/top/keeper.h"
#include "cmd/top/top_live.h"
#include "cmd/top/top_play.h"
#include "output/summary.h"

#define DELAY_MIN_NS 100000000ULL

/* In the order of enum board_sort. */
static const char *const sorts[] = {"lost", "stalls", "worst", "now", "last", "name", NULL};

struct top_opts {
	struct top_cfg show;
	struct live_opts live;
};

static const struct opt top_opts[] = {
	OPT_U32('p', "pid", "PID", struct top_opts, show.filter.pid, 1, UINT32_MAX,
		"only VMs of this process; live, until it ends"),
	OPT_STR(0, "vm", "NAME", struct top_opts, show.filter.vm, "only the VM with this name"),
	OPT_STR(0, "comm", "COMM", struct top_opts, show.filter.comm,
		"only VMs of processes of this name"),
	OPT_BOOL('b', "batch", struct top_opts, show.is_batch, "print screens, without a terminal"),
	OPT_U32('n', "iterations", "N", struct top_opts, show.iterations, 1, UINT32_MAX,
		"end after so many screens"),
	OPT_NSEC('d', "delay", "DURATION", struct top_opts, show.delay_ns,
		 "between two screens (1s)"),
	OPT_ENUM('s', "sort", sorts, struct top_opts, show.sort, "which VMs come first"),
	OPT_BOOL(0, "open", struct top_opts, show.is_open,
		 "start with the page of the VM that comes first"),
	OPT_NSEC('m', "min", "DURATION", struct top_opts, live.min_ns,
		 "a call is a stall from this long on (1ms)"),
	OPT_U32(0, "speed", "N", struct top_opts, show.speed, 1, 1024,
		"play a recording so many times as fast as it was (1)"),
	OPT_STR('o', "output", "FILE", struct top_opts, show.output,
		"where the screens of -b go, and those that w writes"),
	OPT_NSEC(0, "duration", "DURATION", struct top_opts, live.duration_ns,
		 "end after this long"),
	OPT_ENUM(0, "backend", backend_names, struct top_opts, live.backend,
		 "how to watch the kernel (the best that works)"),
	OPT_POW2(0, "ring", "SIZE", struct top_opts, live.ring_bytes, 4096, 1 << 30,
		 "room for records that wait, a power of two (8M)"),
	OPT_BOOL('q', "quiet", struct top_opts, live.quiet, "no summary, no warnings"),
	OPT_END(),
};

static int show_it(struct top_show *show, const struct top_opts *opts, const char *path,
		   struct err *err)
{
	struct summary summary = {.command_status = -1};

	if (path)
		return top_play(show, path, &summary, err);
	return top_live(show, &opts->live, &summary, err);
}

/* On a terminal the screen says what is missing; what is printed is read by programs as well. */
static int show_whole(struct top_show *show, const struct top_opts *opts, const char *path,
		      struct err *err)
{
	int ret = show_it(show, opts, path, err);

	if (ret < 0 || !(show->lacks_memory || show->board.lacks_memory))
		return ret;
	return err_set(err, -ENOMEM, "out of memory: what is printed is not whole");
}

/* On a terminal that is watched over. Returns as a command does. */
static int show_on_terminal(struct top_show *show, const struct top_opts *opts, const char *path,
			    struct err *err)
{
	struct keeper keeper = {.fd = -1};
	int status, ret = terminal_check(&show->terminal, err);

	if (ret)
		return ret;
	ret = keeper_start(&keeper, &status, err);
	if (ret)
		return ret < 0 ? ret : status;
	show->terminal.keeper = &keeper;
	return show_it(show, opts, path, err);
}

static int check(const struct top_opts *opts, char **paths, struct err *err)
{
	int ret = printer_check_filter(&opts->show.filter, err);

	if (ret)
		return ret;
	if (opts->show.delay_ns < DELAY_MIN_NS)
		return err_usage(err, "--delay: expected at least 100ms");
	if (!*paths)
		return 0;
	if (paths[1])
		return err_usage(err, "one recording at a time, and '%s' is another", paths[1]);
	if (!opts->show.is_batch && !strcmp(*paths, "-") && isatty(STDIN_FILENO))
		return err_usage(err, "standard input is the terminal, which keys come from");
	if (opts->live.duration_ns || opts->live.ring_bytes || opts->live.backend != BACKEND_CNT)
		return err_usage(err, "--duration, --ring and --backend are of a kernel that is "
				      "watched, not of a recording");
	return input_check_names(paths, err);
}

static int top_run(int argc, char **argv, struct err *err)
{
	struct top_opts opts = {.show = {.delay_ns = 1000000000, .speed = 1},
				.live = LIVE_OPTS_DEFAULT};
	int operand = opt_parse(argc, argv, top_opts, &opts, err), ret;
	struct top_show show;

	if (operand < 0)
		return operand;
	log_set_verbosity(opts.live.quiet, 0);
	opts.show.min_ns = opts.live.min_ns;
	opts.show.is_quiet = opts.live.quiet;
	ret = check(&opts, argv + operand, err);
	if (ret)
		return ret;
	ret = top_show_init(&show, &opts.show, err);
	if (!ret && opts.show.is_batch)
		ret = show_whole(&show, &opts, argv[operand], err);
	else if (!ret)
		ret = show_on_terminal(&show, &opts, argv[operand], err);
	top_show_fini(&show);
	return ret;
}

const struct cmd cmd_top = {
	.name = "top",
	.summary = "VMs by what they lose, live or of a recording, on a terminal",
	.operands = "[FILE]",
	.opts = top_opts,
	.run = top_run,
};
