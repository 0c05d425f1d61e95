// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command table, help, and the one place that prints an error and turns it
 * into an exit status. What a command does is its own business: src/cmd.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/opt.h"
#include "base/sanitize.h"
#include "cmd/cmd.h"
#include "cmd/sandbox.h"
#include "cmd/values.h"
#include "live/signals.h"
#include "version.h"

enum {
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_CANNOT = 3,
};

static const struct cmd *const commands[] = {
	&cmd_trace,  &cmd_top,	 &cmd_record, &cmd_report, &cmd_diff,
#ifdef HAVE_EXPORT
	&cmd_export,
#endif
	&cmd_repro,  &cmd_check,
};

#define COMMAND_CNT (sizeof(commands) / sizeof(commands[0]))

static const struct cmd *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_CNT; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	char clean[64];

	sanitize(clean, sizeof(clean), name);
	fprintf(stderr, "kvmstall: unknown command '%s'; commands are", clean);
	for (size_t i = 0; i < COMMAND_CNT; i++)
		fprintf(stderr, "%s %s", i ? "," : "", commands[i]->name);
	fputs("\n", stderr);
	return EXIT_USAGE;
}

static void print_usage(FILE *out)
{
	fputs("usage: kvmstall COMMAND [OPTION...]\n"
	      "\n"
	      "Which KVM call stalls, on whose grace period, and why that long.\n"
	      "\n"
	      "commands:\n",
	      out);
	for (size_t i = 0; i < COMMAND_CNT; i++)
		fprintf(out, "  %-8s  %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n"
	      "'kvmstall help COMMAND' or 'kvmstall COMMAND --help' lists a command's options;\n"
	      "'kvmstall --version' prints the version.\n",
	      out);
}

static void print_command_help(const struct cmd *cmd)
{
	printf("usage: kvmstall %s [OPTION...]%s%s\n\n%s\n\noptions:\n", cmd->name,
	       cmd->operands ? " " : "", cmd->operands ? cmd->operands : "", cmd->summary);
	opt_help(cmd->opts, stdout);
}

/* kvmstall help [COMMAND] */
static int run_help(int argc, char **argv)
{
	const struct cmd *cmd;

	if (argc < 2) {
		print_usage(stdout);
		return 0;
	}
	cmd = find_command(argv[1]);
	if (!cmd)
		return unknown_command(argv[1]);
	print_command_help(cmd);
	return 0;
}

static int run_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("kvmstall " KVMSTALL_VERSION);
	return 0;
}

/*
 * kvmstall --dump-options [COMMAND]: the tables themselves, for the completion
 * script and for the lint that compares man pages with them. Deliberately not
 * in the usage text: the format is ours to change.
 */
static int run_dump(int argc, char **argv)
{
	const struct cmd *cmd;

	if (argc < 2) {
		for (size_t i = 0; i < COMMAND_CNT; i++)
			printf("%s\t%s\n", commands[i]->name, commands[i]->summary);
		return 0;
	}
	cmd = find_command(argv[1]);
	if (!cmd)
		return unknown_command(argv[1]);
	opt_dump(cmd->opts, stdout);
	return 0;
}

/*
 * kvmstall --dump-values KIND: what completion scripts propose for options whose values are what
 * runs on this host. Not in the usage text either.
 */
static int run_values(int argc, char **argv)
{
	return argc == 2 && values_dump(argv[1]) ? 0 : EXIT_USAGE;
}

static const struct builtin {
	const char *name;
	int (*run)(int argc, char **argv);
} builtins[] = {
	{"help", run_help},	    {"--help", run_help},	  {"-h", run_help},
	{"--version", run_version}, {"--dump-options", run_dump}, {"--dump-values", run_values},
};

#define BUILTIN_CNT (sizeof(builtins) / sizeof(builtins[0]))

static int status_of(const struct cmd *cmd, enum err_kind kind)
{
	if (kind == ERR_USAGE)
		return EXIT_USAGE;
	if (kind == ERR_CANNOT)
		return EXIT_CANNOT;
	return cmd->failed_status ? cmd->failed_status : EXIT_FAILED;
}

/* Signals may still be blocked (live/signals.h): standard error may not hold us. Who is confined
 * may not open a terminal anew. */
static void print_error(const struct cmd *cmd, const char *msg, bool is_usage)
{
	char line[sizeof(((struct err *)NULL)->msg) + 128];

	snprintf(line, sizeof(line), "kvmstall %s: %s%s%s%s\n", cmd->name, msg,
		 is_usage ? " (see 'kvmstall " : "", is_usage ? cmd->name : "",
		 is_usage ? " --help')" : "");
	if (sandbox_is_on())
		fputs(line, stderr);
	else
		io_write_briefly(STDERR_FILENO, line, strlen(line));
}

static int run_command(const struct cmd *cmd, int argc, char **argv)
{
	struct err err = {0};
	char msg[sizeof(err.msg)]; /* names in it may be anybody's */
	int ret;

	if (opt_wants_help(argc, argv, cmd->opts)) {
		print_command_help(cmd);
		return 0;
	}
	ret = cmd->run(argc, argv, &err);
	if (ret >= 0)
		return ret;

	fflush(stdout); /* on a terminal the error comes after the output it ended */
	sanitize_lines(msg, sizeof(msg), err.msg[0] ? err.msg : strerror(-ret));
	print_error(cmd, msg, err.kind == ERR_USAGE);
	clearerr(stdout); /* one error is enough: finish_stdout() must not find another */
	return status_of(cmd, err.kind);
}

static int dispatch(int argc, char **argv)
{
	const struct cmd *cmd;

	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < BUILTIN_CNT; i++)
		if (!strcmp(builtins[i].name, argv[1]))
			return builtins[i].run(argc - 1, argv + 1);
	cmd = find_command(argv[1]);
	if (!cmd)
		return unknown_command(argv[1]);
	return run_command(cmd, argc - 1, argv + 1);
}

/* Has the reader of our output gone? Asked of the pipe, as errno is long forgotten. */
static bool reader_is_gone(void)
{
	struct pollfd out = {.fd = fileno(stdout)};

	return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

/*
 * Output that did not arrive is a failure, whatever the command thought. Except
 * when the reader left: "kvmstall trace | head" ends quietly. SIGPIPE keeps the
 * disposition we were started with, which by default ends us silently at the
 * write. Where our parent ignores it, as service managers do, or while we trace
 * (live/signals.h, which also has the rule for COMMAND), writes fail with EPIPE
 * and we get here.
 */
static int finish_stdout(int status)
{
	bool has_failed = ferror(stdout);

	errno = 0;
	if (!fflush(stdout) && !has_failed)
		return status;
	if (errno == EPIPE || reader_is_gone())
		return status;
	fprintf(stderr, "kvmstall: cannot write standard output%s%s\n", errno ? ": " : "",
		errno ? strerror(errno) : "");
	return EXIT_FAILED;
}

/*
 * Where one of these is closed, the next file that is opened takes its place, and what is meant for
 * people is written into that. What is opened here can be written (0) or read (1, 2) and not
 * the other way round: to use it stays the error that it was (EBADF).
 */
static void open_closed(void)
{
	static int opened[STDERR_FILENO + 1]; /* as long as the program runs: they are no leak */

	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		opened[fd] = open("/dev/null", fd ? O_RDONLY : O_WRONLY);
		if (opened[fd] < 0)
			opened[fd] = open("/", O_RDONLY);
		if (opened[fd] < 0)
			_exit(EXIT_FAILED);
	}
}

/*
 * jansson calls a member that it had no memory for a mistake in the text, and frees twice what it
 * could not lengthen (2.14, strbuffer_append_bytes()). Only what a capture says of itself is parsed
 * by it, so nothing is lost that it has not lost.
 */
static void *memory_or_end(size_t size)
{
	void *memory = malloc(size);

	if (memory)
		return memory;
	fputs("kvmstall: out of memory\n", stderr);
	exit(EXIT_FAILED);
}

/* diff needs 70 KiB, and arguments and environment are on the stack as well. */
#define STACK_MIN ((rlim_t)256 << 10)

static void refuse_small_stack(void)
{
	struct rlimit stack;

	if (getrlimit(RLIMIT_STACK, &stack) || stack.rlim_cur >= STACK_MIN)
		return;
	fprintf(stderr, "kvmstall: a stack of %llu KiB is too small: %llu are needed (ulimit -s)\n",
		(unsigned long long)stack.rlim_cur >> 10, (unsigned long long)STACK_MIN >> 10);
	exit(EXIT_CANNOT);
}

int main(int argc, char **argv)
{
	open_closed();
	refuse_small_stack();
	clock_init();
	signals_init();
	json_set_alloc_funcs(memory_or_end, free);
	return finish_stdout(dispatch(argc, argv));
}
