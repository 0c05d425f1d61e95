// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmstall repro: a small, honest VMM. It makes the ioctls that real VMMs make,
 * in their order, and says what each took. It needs no BPF: what it measures is
 * what the tracer is tested against.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/repro/fleet.h"
#include "cmd/repro/from.h"
#include "cmd/repro/inject.h"
#include "cmd/repro/profile.h"
#include "cmd/repro/results.h"
#include "cmd/repro/vmm.h"
#include "kern/limits.h"
#include "script/list.h"
#include "script/order.h"

#define NOT_GIVEN UINT32_MAX

#define NO_LIFE		UINT64_MAX
#define SUGGEST_ROUNDS	31
#define HOLD_DEFAULT_NS 50000000ULL
#define TAP_ABOVE_NS	5000000ULL
#define GAP_MAX_NS	60000000000ULL
/* At HZ=100, three jiffies of a grace period and as many of its callbacks, or nearly. */
#define LIFE_OF_ORDER_NS 53000000ULL

struct repro_cfg {
	uint32_t profile, inject; /* indices; NOT_GIVEN */
	uint32_t order;		  /* of .order_name; NOT_GIVEN: neither */
	const char *order_name, *from;
	uint32_t gaps; /* percent */
	uint64_t min_ns;
	uint32_t devices, vcpus, memslots, vms; /* 0: the profile's */
	uint32_t rounds;
	uint64_t hold_ns, gap_ns, life_ns;
	const char *scenario;
	uint32_t emit; /* NOT_GIVEN: nothing */
	uint64_t fail_above_ns;
	bool is_tap;
	bool is_json, want_list, want_moves;
	uint32_t verbose;
};

/* In the order of enum script_order. */
static const char *const order_names[] = {"devices-first", "memslots-first", NULL};

static const char *const emit_names[] = {"c", NULL};

/* clang-format off */
static const struct opt repro_opts[] = {
	OPT_ENUM('p', "profile", profile_names, struct repro_cfg, profile, "behave as this VMM (default: Firecracker on this machine)"),
	OPT_STR('f', "from", "FILE", struct repro_cfg, from, "make the calls again that this recording, log or list has"),
	OPT_STR('s', "scenario", "NAME", struct repro_cfg, scenario, "reach one stall site instead, or \"all\" of them one by one"),
	OPT_BOOL('l', "list", struct repro_cfg, want_list, "list the scenarios; with --from or --profile, the calls"),
	OPT_ENUM('i', "inject", inject_names, struct repro_cfg, inject, "make this cause, once a round"),
	OPT_NSEC(0, "hold", "DURATION", struct repro_cfg, hold_ns, "how long the reader or the CPU is held (default: 50ms)"),
	OPT_STR('o', "order", "devices-first|memslots-first|FILE", struct repro_cfg, order_name, "memslots after the devices or before them, or a list of --list's"),
	OPT_BOOL(0, "suggest", struct repro_cfg, want_moves, "try which calls to move, and say which move makes the start shorter"),
	OPT_ENUM('e', "emit", emit_names, struct repro_cfg, emit, "print a program in this language that makes the calls"),
	OPT_CUSTOM(0, "gaps", "as-is|none|Nx", struct repro_cfg, gaps, uint32_t, from_parse_gaps, "the times between the calls of --from"),
	OPT_NSEC('m', "min", "DURATION", struct repro_cfg, min_ns, "what is a stall with --from (1ms)"),
	OPT_NSEC('g', "gap", "DURATION", struct repro_cfg, gap_ns, "do something else this long after registering devices"),
	OPT_NSEC(0, "life", "DURATION", struct repro_cfg, life_ns, "how long a VM lives once it is set up (default: 0; with --order, 53ms)"),
	OPT_NSEC(0, "fail-above", "DURATION", struct repro_cfg, fail_above_ns, "exit status 1 if a call takes longer, in most of the rounds"),
	OPT_BOOL(0, "tap", struct repro_cfg, is_tap, "print a test for each call, in TAP (--fail-above: 5ms)"),
	OPT_U32('r', "rounds", "N", struct repro_cfg, rounds, 1, 1000000, "how often each VM is created and destroyed (default: 1; of --suggest 31)"),
	OPT_U32('n', "vms", "N", struct repro_cfg, vms, 0, 4096, "number of concurrent VMMs, one process each (default: 1)"),
	OPT_U32(0, "vcpus", "N", struct repro_cfg, vcpus, 0, 1024, "vCPUs of a VM (0: the profile's)"),
	OPT_U32(0, "devices", "N", struct repro_cfg, devices, 0, 16384, "devices of a VM, an ioeventfd and an irqfd each (0: the profile's; not minimal)"),
	OPT_U32(0, "memslots", "N", struct repro_cfg, memslots, 0, 30000, "memslots of a VM (0: the profile's)"),
	OPT_BOOL('j', "json", struct repro_cfg, is_json, "one JSON object a line"),
	OPT_COUNT('v', "verbose", struct repro_cfg, verbose, "show when each call began"),
	OPT_END(),
};
/* clang-format on */

static uint32_t either(uint32_t given, uint32_t otherwise)
{
	return given ? given : otherwise;
}

/* Who compares orders of set-up does not want the grace periods that it left behind in the close.
 */
static uint64_t life_ns(const struct repro_cfg *cfg)
{
	if (cfg->life_ns != NO_LIFE)
		return cfg->life_ns;
	return cfg->order != NOT_GIVEN ? LIFE_OF_ORDER_NS : 0;
}

static int check_durations(const struct repro_cfg *cfg, const struct inject *inject,
			   struct err *err)
{
	if (cfg->gap_ns > GAP_MAX_NS)
		return err_usage(err, "--gap is at most 60s");
	if (cfg->life_ns != NO_LIFE && cfg->life_ns > GAP_MAX_NS)
		return err_usage(err, "--life is at most 60s");
	if (inject && inject->max_hold_ns && cfg->hold_ns > inject->max_hold_ns)
		return err_usage(err, "--hold of --inject %s is at most %" PRIu64 "ms",
				 inject->name, inject->max_hold_ns / 1000000);
	return 0;
}

static bool has_step(const struct profile *profile, int (*run)(struct machine *vm))
{
	for (const struct step *step = profile->steps; step && step->run; step++)
		if (step->run == run)
			return true;
	return false;
}

/* @group: what repeats in a profile's list; @run: the step that does in a scenario. */
static int check_size(const struct profile *profile, const char *group, uint32_t given,
		      int (*run)(struct machine *vm), struct err *err)
{
	char text[16];

	snprintf(text, sizeof(text), "[%s\n", group);
	if (!given || !profile_is_here(profile) || has_step(profile, run) ||
	    (profile->list && strstr(profile->list, text)))
		return 0;
	return err_usage(err, "--%s: '%s' makes the ones that it needs, no more", group,
			 profile->name);
}

/* What has no effect would be taken for what it is not. */
static int check_sizes(const struct repro_cfg *cfg, const struct profile *profile, struct err *err)
{
	int ret = check_size(profile, "devices", cfg->devices, machine_assign_devices, err);

	if (!ret)
		ret = check_size(profile, "memslots", cfg->memslots, machine_create_memslots, err);
	return ret ? ret : check_size(profile, "vcpus", cfg->vcpus, machine_create_vcpus, err);
}

/* --from has a file's calls: what a profile or an injection would add is not in it. */
static int check_from(const struct repro_cfg *cfg, struct err *err)
{
	if (!cfg->from && (cfg->scenario || cfg->inject != NOT_GIVEN))
		return err_usage(err, "--suggest and --emit: of --from or --profile");
	if (!cfg->from)
		return 0;
	if (cfg->profile != NOT_GIVEN || cfg->scenario || cfg->inject != NOT_GIVEN)
		return err_usage(err, "--from: not with --profile, --scenario or --inject");
	if (cfg->devices || cfg->memslots || cfg->vcpus || cfg->gap_ns || cfg->life_ns != NO_LIFE)
		return err_usage(err, "--from has the file's devices, memslots, vCPUs and times");
	return 0;
}

/* A file only where a list of calls is what is ordered. */
static int take_order(struct repro_cfg *cfg, bool is_listed, struct err *err)
{
	for (uint32_t i = 0; cfg->order_name && order_names[i]; i++)
		if (!strcmp(cfg->order_name, order_names[i]))
			cfg->order = i;
	if (!cfg->order_name || is_listed || cfg->order != NOT_GIVEN)
		return 0;
	return err_usage(err, "--order '%s': devices-first or memslots-first; a file with --from",
			 cfg->order_name);
}

static int run_from(const struct repro_cfg *cfg, struct err *err)
{
	const struct profile *profile =
		&profiles[cfg->profile == NOT_GIVEN ? profile_default : cfg->profile];
	struct from_cfg from = {
		.path = cfg->from,
		.name = profile->name,
		.list = profile->list,
		.vcpus = either(cfg->vcpus, profile->size.vcpus),
		.devices = either(cfg->devices, profile->size.devices),
		.memslots = either(cfg->memslots, profile->size.memslots),
		.order = cfg->order_name,
		.gaps = cfg->gaps,
		.rounds = either(cfg->rounds, cfg->want_moves ? SUGGEST_ROUNDS : 1),
		.vms = either(cfg->vms, 1),
		.min_ns = cfg->min_ns,
		.is_json = cfg->is_json,
		.want_list = cfg->want_list,
		.want_moves = cfg->want_moves,
		.want_c = cfg->emit != NOT_GIVEN,
		.verbose = cfg->verbose,
	};

	if (!cfg->from && !profile->list)
		return err_cannot(err, "profile '%s' needs another architecture", profile->name);
	return from_run(&from, err);
}

static int check_choice(const struct repro_cfg *cfg, struct err *err)
{
	const struct profile *scenario = cfg->scenario ? scenario_find(cfg->scenario) : NULL;

	if (cfg->scenario && cfg->profile != NOT_GIVEN)
		return err_usage(err, "--profile and --scenario: a scenario has steps of its own");
	if (!cfg->scenario)
		return check_sizes(
			cfg, &profiles[cfg->profile == NOT_GIVEN ? profile_default : cfg->profile],
			err);
	return scenario ? check_sizes(cfg, scenario, err) : 0;
}

/* Put together what the user, the injection and the profile say, in this order of precedence. */
static int fill_vmm_cfg(const struct repro_cfg *cfg, const struct profile *profile,
			struct vmm_cfg *vmm, struct err *err)
{
	const struct inject *inject = cfg->inject == NOT_GIVEN ? NULL : &injects[cfg->inject];

	vmm->profile = profile;
	vmm->inject = inject;
	vmm->size.vcpus = either(cfg->vcpus, profile->size.vcpus);
	vmm->size.devices = either(cfg->devices, profile->size.devices);
	vmm->size.memslots = either(cfg->memslots, profile->size.memslots);
	vmm->order = cfg->order != NOT_GIVEN ? (enum script_order)cfg->order
		     : inject		     ? inject->order
					     : ORDER_OWN;
	vmm->end = inject && inject->end != PROFILE_END_CLOSE ? inject->end : profile->end;
	vmm->vms = either(cfg->vms, inject && inject->vms ? inject->vms : either(profile->vms, 1));
	vmm->rounds = either(cfg->rounds, 1);
	vmm->hold_ns = cfg->hold_ns;
	vmm->gap_ns = cfg->gap_ns;
	vmm->life_ns = life_ns(cfg);
	vmm->is_scenario = cfg->scenario != NULL;
	vmm->report.want_tid = vmm->vms > 1;
	return check_durations(cfg, inject, err);
}

/* The profile's list, of the sizes and in the order that are asked for. */
static int make_script(const struct vmm_cfg *vmm, struct script *script, struct err *err)
{
	struct script_sizes sizes = {vmm->size.vcpus, vmm->size.devices, vmm->size.memslots};
	const char *list = vmm->profile->list;
	int ret = list_parse(list, strlen(list), &sizes, script, err);

	if (ret)
		return ret;
	order_move(script, vmm->order);
	order_add_gaps(script, vmm->gap_ns);
	return 0;
}

static int run_one(const struct repro_cfg *cfg, const struct profile *profile, struct vmm_cfg *vmm,
		   struct results_sums *sums, struct err *err)
{
	_cleanup_(script_fini) struct script script = {.ops = NULL};
	bool is_skipped;
	int ret = fill_vmm_cfg(cfg, profile, vmm, err);

	vmm->script = NULL;
	if (!ret && profile->list) {
		ret = make_script(vmm, &script, err);
		vmm->script = &script;
	}
	if (ret)
		return ret;
	sums->rounds = vmm->rounds;
	sums->vms = vmm->vms > sums->vms ? vmm->vms : sums->vms;
	ret = fleet_run(vmm, sums, &is_skipped, err);
	vmm->script = NULL;
	if (ret < 0)
		return ret;
	return is_skipped ? 3 : 0;
}

static int skip_foreign(const struct profile *scenario, const struct vmm_cfg *vmm,
			struct results_sums *sums, struct err *err)
{
	struct vmm_cfg cfg = *vmm;
	struct vmm teller;
	int ret;

	cfg.profile = scenario;
	vmm_init(&teller, &cfg, 0, sums);
	call_log_add_skip(&teller.log, &(struct skip){.name = scenario->name,
						      .reason = "not on this architecture"});
	ret = vmm_flush(&teller, err);
	vmm_fini(&teller);
	return ret < 0 ? ret : 3;
}

static int run_scenario(const struct repro_cfg *cfg, const struct profile *scenario,
			struct vmm_cfg *vmm, struct results_sums *sums, struct err *err)
{
	return profile_is_here(scenario) ? run_one(cfg, scenario, vmm, sums, err)
					 : skip_foreign(scenario, vmm, sums, err);
}

/* Done when at least one scenario was; those that were skipped have said so. */
static int run_all(const struct repro_cfg *cfg, struct vmm_cfg *vmm, struct results_sums *sums,
		   struct err *err)
{
	const struct profile *scenario;
	int ret, all = 3;

	for (scenario = scenarios; scenario->name; scenario++) {
		ret = results_title(&vmm->report, scenario->name, err);
		if (!ret)
			ret = run_scenario(cfg, scenario, vmm, sums, err);
		if (ret < 0)
			return err_wrap(err, ret, "scenario '%s'", scenario->name);
		if (!ret)
			all = 0;
	}
	return all;
}

static int choose_and_run(const struct repro_cfg *cfg, struct vmm_cfg *vmm,
			  struct results_sums *sums, struct err *err)
{
	const struct profile *profile = &profiles[cfg->profile];

	if (!cfg->scenario) {
		if (!profile_is_here(profile))
			return err_cannot(err, "profile '%s' needs another architecture",
					  profile->name);
		return run_one(cfg, profile, vmm, sums, err);
	}
	if (!strcmp(cfg->scenario, "all"))
		return run_all(cfg, vmm, sums, err);
	profile = scenario_find(cfg->scenario);
	if (!profile)
		return err_usage(err, "no scenario '%s': --list names them", cfg->scenario);
	return run_scenario(cfg, profile, vmm, sums, err);
}

/* What cannot be run here is a test that is skipped, for who reads TAP, too. */
static int cannot_tap(const struct results *report, int status, struct err *err)
{
	struct err other = {0};

	if (report->is_tap && err->kind == ERR_CANNOT && results_skip(report, err->msg, &other))
		*err = other;
	return status;
}

static int repro_run(int argc, char **argv, struct err *err)
{
	struct repro_cfg cfg = {
		.profile = NOT_GIVEN,
		.order = NOT_GIVEN,
		.emit = NOT_GIVEN,
		.inject = NOT_GIVEN,
		.hold_ns = HOLD_DEFAULT_NS,
		.life_ns = NO_LIFE,
		.gaps = 100,
		.min_ns = 1000000,
	};
	struct vmm_cfg vmm = {.report = {.lock_fd = -1}};
	struct results_sums sums = {0};
	bool is_listed;
	int ret, status;

	ret = opt_parse(argc, argv, repro_opts, &cfg, err);
	if (ret < 0)
		return ret;
	if (ret < argc)
		return err_usage(err, "repro takes no operands, but there is '%s'", argv[ret]);
	vmm.report.is_json = cfg.is_json;
	vmm.report.is_tap = cfg.is_tap;
	sums.threshold.ns = cfg.fail_above_ns || !cfg.is_tap ? cfg.fail_above_ns : TAP_ABOVE_NS;
	vmm.report.want_time = cfg.verbose > 0;
	is_listed = cfg.from || cfg.want_moves || cfg.emit != NOT_GIVEN ||
		    (cfg.want_list && cfg.profile != NOT_GIVEN);
	ret = take_order(&cfg, is_listed, err);
	if (!ret)
		ret = is_listed ? check_from(&cfg, err) : check_choice(&cfg, err);
	if (ret)
		return ret;
	if (is_listed && (cfg.is_tap || cfg.fail_above_ns))
		return err_usage(err, "--fail-above and --tap: of profiles and scenarios");
	if (cfg.is_tap && cfg.is_json)
		return err_usage(err, "--tap: not with --json");
	if (is_listed)
		return run_from(&cfg, err);
	if (cfg.profile == NOT_GIVEN)
		cfg.profile = profile_default;
	if (cfg.want_list)
		return results_list(&vmm.report, scenarios, err);
	limits_raise(); /* every ioeventfd and irqfd is a descriptor */
	vmm.report.lock_fd = memfd_create("kvmstall-stdout-lock", MFD_CLOEXEC);
	status = choose_and_run(&cfg, &vmm, &sums, err);
	if (vmm.report.lock_fd >= 0)
		close(vmm.report.lock_fd);
	vmm.report.lock_fd = -1;
	if (status < 0)
		return cannot_tap(&vmm.report, status, err);
	ret = results_sums(&vmm.report, cfg.scenario ? cfg.scenario : profiles[cfg.profile].name,
			   &sums, err);
	if (!ret && !status && threshold_is_exceeded(&sums.threshold))
		status = 1;
	return ret < 0 ? ret : status;
}

const struct cmd cmd_repro = {
	.name = "repro",
	.summary = "be a small VMM: make the calls that stall, and say what each took",
	.opts = repro_opts,
	.run = repro_run,
};
