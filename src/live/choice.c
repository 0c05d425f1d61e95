// SPDX-License-Identifier: GPL-2.0-only
#include "live/choice.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include <kvmstall/records.h>

#include "base/err.h"
#include "base/log.h"
#include "host/diagnosis.h"
#include "host/finding.h"
#include "host/host.h"
#include "kern/features.h"
#include "kern/host_settings.h"
#include "kern/kernel_types.h"
#include "kern/ksyms.h"
#include "kern/probes.h"
#include "kern/ticks.h"
#include "ledger/symbols.h"

/* What goes on, and may miss something: who needs more memory is killed, and says nothing then. */
static bool is_to_be_said(const struct finding *finding)
{
	static const char *const names[] = {"memory", "stacks", "sampling"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (finding->severity == SEVERITY_PROBLEM && !strcmp(finding->name, names[i]))
			return true;
	return false;
}

static void warn_of_problems(const struct findings *findings)
{
	for (size_t i = 0; i < findings->cnt; i++) {
		const struct finding *finding = &findings->list[i];

		if (is_to_be_said(finding))
			log_warn("%s (%s)", finding->text, finding->remedy);
	}
}

/* What makes all else pointless, as 'kvmstall check' would say it. */
static int check_host(const struct host *host, struct err *err)
{
	struct findings findings = {.cnt = 0};

	diagnosis_make(host, &findings);
	warn_of_problems(&findings);
	for (size_t i = 0; i < findings.cnt; i++) {
		const struct finding *finding = &findings.list[i];

		if (finding->severity == SEVERITY_FATAL)
			return err_cannot(err, "%s%s%s%s", finding->text,
					  *finding->remedy ? " (" : "", finding->remedy,
					  *finding->remedy ? ")" : "");
	}
	return 0;
}

/* Whatever the backend, these must work. */
static int check_features(const struct feature_result results[FEATURE_CNT], struct err *err)
{
	static const enum feature needed[] = {FEATURE_BTF, FEATURE_RINGBUF, FEATURE_TP_BTF};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const struct feature_result *result = &results[needed[i]];

		if (!result->works && !result->is_disabled)
			return err_cannot(err, "%s: %s (%s)", result->text, result->why,
					  result->remedy);
	}
	return 0;
}

int choice_plan(struct choice *choice, struct err *err)
{
	return attach_plan_make(&choice->features, choice->wanted, &choice->plan, err);
}

/* Symbols are read by a thread of their own: both that and the trials of features are 30 ms of CPU.
 */
struct reading {
	pthread_t thread;
	bool has_thread;
	struct host *host; /* what symbols say of it; nobody else looks at that meanwhile */
	struct symbols *syms;
	struct err err;
};

static void *read_symbols(void *arg)
{
	struct reading *reading = arg;

	reading->syms = ksyms_load(reading->host, &reading->err);
	return NULL;
}

/* Signals are for others to handle. */
static void reading_start(struct reading *reading, struct host *host)
{
	sigset_t all, before;

	*reading = (struct reading){.host = host};
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	reading->has_thread = !pthread_create(&reading->thread, NULL, read_symbols, reading);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!reading->has_thread)
		read_symbols(reading);
}

static struct symbols *reading_end(struct reading *reading)
{
	if (reading->has_thread)
		pthread_join(reading->thread, NULL);
	return reading->syms;
}

int choice_make(struct choice *choice, enum backend wanted, uint64_t ring_bytes, struct err *err)
{
	struct feature_result results[FEATURE_CNT];
	struct kernel_traits traits;
	struct reading reading;
	struct host host;
	int ret;

	ret = features_check_disabled(err);
	if (ret)
		return ret;
	host_read("", &host);
	reading_start(&reading, &host);
	choice->ticks = ticks_start();
	features_probe(results, ring_bytes, &traits, &choice->core);
	choice->opened = probes_open(choice->core.path); /* while symbols are read */
	choice->syms = reading_end(&reading);
	features_fill_host(&traits, &host);
	host.ring_bytes = ring_bytes;
	ret = check_host(&host, err);
	if (!ret)
		ret = check_features(results, err);
	if (ret)
		return ret;
	if (!choice->syms) {
		*err = reading.err;
		return -ENOMEM;
	}
	choice->wanted = wanted;
	choice->config_hz = host.config_hz;
	memcpy(choice->struct_ids, traits.struct_ids, sizeof(choice->struct_ids));
	choice->rcu_data_from_rq = traits.rcu_data_from_rq;
	choice->this_cpu_off_from_rq = traits.this_cpu_off_from_rq;
	choice->per_cpu_offsets = host.per_cpu_offsets;
	choice->runqueues = host.runqueues;
	choice->host.arch = machine_arch_of(host.arch);
	choice->host.rcu_normal = !strcmp(host.params[HOST_RCU_NORMAL], "1");
	features_for_plan(results, &host, &choice->features);
	return choice_plan(choice, err);
}

void choice_measure(struct choice *choice)
{
	struct host host = {.config_hz = choice->config_hz};

	ticks_stop(choice->ticks, &host);
	choice->ticks = NULL;
	choice->host.hz = host_hz(&host);
}

void choice_fini(struct choice *choice)
{
	ticks_free(choice->ticks);
	choice->ticks = NULL;
	probes_close(choice->opened);
	choice->opened = NULL;
	core_types_fini(&choice->core);
	symbols_free(choice->syms);
	choice->syms = NULL;
}

bool choice_change(struct choice *choice, uint32_t unseen)
{
	struct features *features = &choice->features;

	if (choice->plan.backend == BACKEND_FENTRY && unseen == 1u << KS_KIND_VM &&
	    features->has_kprobe && !features->is_vm_ioctl_lost) {
		features->is_vm_ioctl_lost = true;
		log_info("ftrace takes another function for kvm_vm_ioctl(): a kprobe instead");
		return true;
	}
	if (choice->wanted != BACKEND_CNT || choice->plan.backend == BACKEND_TRACEPOINT)
		return false;
	attach_plan_rule_out(features, choice->plan.backend);
	return true;
}
