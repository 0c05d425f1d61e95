// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/dumper.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/outfile.h"
#include "cmd/version.h"
#include "kern/hang_reader.h"
#include "live/session.h"
#include "output/advice.h"

int dumper_open(struct dumper *dumper, const char *path, const struct io_waiter *waiter,
		struct err *err)
{
	int ret = outfile_check(path, err);

	dumper->path = path;
	dumper->waiter = waiter;
	if (ret)
		return ret;
	dumper->reader = hang_reader_new(err);
	return dumper->reader ? 0 : -EINVAL;
}

void dumper_close(struct dumper *dumper)
{
	hang_reader_free(dumper->reader);
	dump_fini(&dumper->dump);
	*dumper = (struct dumper){0};
}

void dumper_asleep(struct dumper *dumper, const struct stall *stall, bool is_shown)
{
	if (!dumper->reader)
		return;
	dumper->is_due |= is_shown;
	if (dump_add_wait(&dumper->dump, stall))
		dumper->failed = -ENOMEM;
}

/* ---- a dump ---- */

static int on_task(void *ctx, const struct ks_dump_task *task)
{
	return dump_add_task(ctx, task);
}

static int on_fault(void *ctx, const struct ks_dump_fault *fault)
{
	return dump_add_fault(ctx, fault);
}

/* Everything as close together in time as it can be; no lock holds it still. */
static int read_all(struct dumper *dumper, struct dump_facts *facts)
{
	struct dump *dump = &dumper->dump;
	struct hang_reader *reader = dumper->reader;
	int ret = dump_begin(dump);

	if (!hang_reader_clock(reader, &facts->now_ns, &facts->dmesg_ns, &facts->jiffies))
		facts->now_ns = clock_now_ns();
	for (size_t i = 0; i < dump->waits_cnt; i++) {
		hang_reader_want(reader, dump->waits[i].culprit_tid);
		hang_reader_want(reader, dump->waits[i].tid);
	}
	if (!ret)
		ret = hang_reader_tasks(reader, on_task, dump);
	if (!ret)
		ret = hang_reader_faults(reader, on_fault, dump);
	for (size_t i = 0; i < dump->domains_cnt; i++)
		dump->domains[i].is_read = hang_reader_domain(reader, &dump->domains[i].read);
	for (size_t i = 0; i < dump->vms_cnt; i++)
		dump->vms[i].is_read = hang_reader_vm(reader, &dump->vms[i].read);
	for (size_t i = 0; i < dump->pools_cnt; i++)
		hang_reader_pool(reader, &dump->pools[i]);
	return ret;
}

static int put(struct dumper *dumper, const struct str *text, struct err *err)
{
	struct outfile out = {.fd = -1, .waiter = dumper->waiter};
	int ret = outfile_open(&out, dumper->path, err);

	if (ret)
		return ret;
	outfile_start(&out);
	outfile_put(&out, text->text, text->len);
	return outfile_end(&out, 0, err);
}

static int write_dump(struct dumper *dumper, struct session *session, struct err *err)
{
	struct utsname name = {0};
	struct dump_facts facts = {
		.version = version_text,
		.release = name.release,
		.arch = name.machine,
		.hz = session_host(session)->hz,
	};
	struct str text;
	int ret;

	uname(&name);
	facts.is_taint_known = hang_reader_taint(&facts.taint);
	ret = read_all(dumper, &facts);
	if (ret)
		return err_set(err, ret, "cannot read the hang: %s", strerror(-ret));
	str_init(&text);
	dump_text(&dumper->dump, &facts, session_symbols(session), &text);
	ret = str_failed(&text) ? err_set(err, -ENOMEM, "out of memory") : put(dumper, &text, err);
	str_fini(&text);
	if (!ret)
		log_notice("who waits for whom is in '%s'", dumper->path);
	return ret;
}

int dumper_tick(struct dumper *dumper, struct session *session, bool has_signal, struct err *err)
{
	if (!dumper->reader)
		return 0;
	if (dumper->failed)
		return err_set(err, dumper->failed, "out of memory");
	if (has_signal) {
		session_scan(session);
		dumper->due_ns = clock_now_ns() + SESSION_SETTLE_NS;
	}
	if (!dumper->is_due && (!dumper->due_ns || clock_now_ns() < dumper->due_ns))
		return 0;
	dumper->is_due = false;
	dumper->due_ns = 0;
	return write_dump(dumper, session, err);
}
