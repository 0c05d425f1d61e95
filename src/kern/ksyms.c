// SPDX-License-Identifier: GPL-2.0-only
#include "kern/ksyms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kvmstall/programs.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/host.h"
#include "host/kallsyms.h"
#include "ledger/sites.h"
#include "ledger/symbols.h"

#define KALLSYMS "/proc/kallsyms"

/* The kernel hands out one page a read, whatever the room. */
#define CHUNK_BYTES 16384

/* One function for all of its programs. */
#define X(name, type, target, ...) #target,
static const char *const first_runs[] = {KS_FIRST_RUN(X)};
#undef X

/* What is made of each symbol. The names are here since site_that() searches, 120 000 times. */
struct load {
	const char *ioctl, *queues, *hurries, *recovers;
	struct host *host;
	struct symbols *syms; /* NULL: not wanted */
	struct module *only;  /* NULL: all functions; else foreign ones, and the module before */
};

/* A module's symbols follow each other. */
struct module {
	char name[64];
	bool is_foreign;
};

/* 'O' is TAINT_OOT_MODULE: kernel/module/main.c, module_flags_taint(). */
static bool is_foreign(struct module *last, const char *name)
{
	char path[sizeof("/sys/module//taint") + sizeof(last->name)], taint[32];
	_close_ int fd = -1;
	ssize_t len;

	if (!name || strlen(name) >= sizeof(last->name))
		return name;
	if (!strcmp(name, last->name))
		return last->is_foreign;
	snprintf(last->name, sizeof(last->name), "%s", name);
	snprintf(path, sizeof(path), "/sys/module/%s/taint", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? 0 : read(fd, taint, sizeof(taint));
	last->is_foreign = len > 0 && memchr(taint, 'O', len);
	return last->is_foreign;
}

/* Without privileges addresses are 0, and names are there all the same. */
static void fill_host(const struct load *load, const struct kallsym *symbol)
{
	struct host *host = load->host;

	/* call_srcu_expedited() starts as call_srcu() does, and KVM's functions all start with a k:
	 * most names are none of these at once */
	if (*symbol->name != *load->ioctl && *symbol->name != *load->queues)
		return;
	if (!strcmp(symbol->name, load->hurries))
		host->has_call_expedited = true;
	if (!strcmp(symbol->name, first_runs[0]))
		host->has_first_run = true;
	if (!strcmp(symbol->name, load->recovers))
		host->has_nx_kthread = true;
	if (!strcmp(symbol->name, load->queues))
		host->has_addresses = symbol->addr;
	if (!strcmp(symbol->name, load->ioctl))
		host->kvm = symbol->module ? HOST_KVM_MODULE : HOST_KVM_BUILTIN;
}

/* Variables of the kernel's own. */
static void fill_variables(struct host *host, const struct kallsym *symbol)
{
	if (symbol->module || (*symbol->name != '_' && *symbol->name != 'r'))
		return;
	if (!strcmp(symbol->name, "__per_cpu_offset"))
		host->per_cpu_offsets = symbol->addr;
	else if (!strcmp(symbol->name, "runqueues"))
		host->runqueues = symbol->addr;
}

static int take_line(const struct load *load, char *line)
{
	struct kallsym symbol;

	if (!kallsym_parse(line, &symbol))
		return 0;
	fill_host(load, &symbol);
	fill_variables(load->host, &symbol);
	if (!load->syms || !kallsym_is_function(&symbol) ||
	    (load->only && !is_foreign(load->only, symbol.module)))
		return 0;
	return symbols_add(load->syms, symbol.addr, symbol.name);
}

/* Returns how much of @buf was whole lines, or -ENOMEM. */
static ssize_t take_lines(const struct load *load, char *buf, size_t len)
{
	char *line = buf, *end;

	while ((end = memchr(line, '\n', buf + len - line))) {
		*end = '\0';
		if (take_line(load, line))
			return -ENOMEM;
		line = end + 1;
	}
	return line - buf;
}

static int read_all(const struct load *load, int fd)
{
	char buf[CHUNK_BYTES];
	size_t rest = 0; /* of a line that is not whole yet */
	ssize_t len, taken;

	while ((len = read(fd, buf + rest, sizeof(buf) - rest)) > 0) {
		load->host->kvm = load->host->kvm ? load->host->kvm : HOST_KVM_ABSENT;
		taken = take_lines(load, buf, rest + len);
		if (taken < 0)
			return taken;
		rest += len - taken;
		memmove(buf, buf + taken, rest);
	}
	return len < 0 ? -errno : 0;
}

static int read_symbols(struct host *host, struct symbols *syms, struct module *only)
{
	const struct load load = {
		.ioctl = site_that(SITE_IOCTL)->func,
		.queues = site_that(SITE_QUEUES)->func,
		.recovers = site_that(SITE_RECOVERS)->func,
		.hurries = site_that(SITE_HURRIES)->func,
		.host = host,
		.syms = syms,
		.only = only,
	};
	_close_ int fd = open(KALLSYMS, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : read_all(&load, fd);
}

void ksyms_fill_host(struct host *host)
{
	read_symbols(host, NULL, NULL); /* what cannot be read is not known */
}

static void cleanup_symbols(struct symbols **syms)
{
	symbols_free(*syms);
}

static struct symbols *load(struct host *host, struct module *only, struct err *err)
{
	_cleanup_(cleanup_symbols) struct symbols *syms = symbols_new();
	int ret = syms ? read_symbols(host, syms, only) : -ENOMEM;

	if (ret == -ENOMEM) {
		err_set(err, ret, "out of memory");
		return NULL;
	}
	if (ret) {
		err_set(err, ret, "cannot read '%s': %s", KALLSYMS, strerror(-ret));
		return NULL;
	}
	symbols_sort(syms);
	return take_ptr(syms);
}

struct symbols *ksyms_load(struct host *host, struct err *err)
{
	_cleanup_(cleanup_symbols) struct symbols *syms = load(host, NULL, err);

	if (syms && !symbols_cnt(syms)) {
		err_cannot(err,
			   "'%s' hides kernel addresses: run as root, and see sysctl "
			   "kernel.kptr_restrict",
			   KALLSYMS);
		return NULL;
	}
	return take_ptr(syms);
}

struct symbols *ksyms_load_foreign(struct err *err)
{
	struct host host = {0};
	struct module last = {.name = ""};

	return load(&host, &last, err);
}
