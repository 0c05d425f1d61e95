// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/play.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "cmd/repro/call_log.h"
#include "cmd/repro/machine.h"
#include "cmd/repro/player.h"
#include "live/process.h"
#include "script/script.h"

/* Beyond its gaps a life has this long: a call that takes longer is stuck. */
#define LIFE_SPARE_MS 60000

/* A sleep is not over sooner than this: what is shorter is spent waiting on the CPU. */
#define SLEEP_MIN_NS 60000ULL

/* ---- in the process that plays ---- */

struct played_op {
	uint64_t begin_ns, end_ns;
	int ret;
	bool has_slept; /* a call that was long for want of a CPU has not */
};

/* What it leaves to its parent, in shared memory. */
struct vmm_life {
	uint64_t exit_ns;     /* when it went about it; 0: it does not end so */
	uint64_t delay_ns[2]; /* the first thread's waits for a CPU, at the start and its end */
	bool is_done;
	struct err err;
	struct played_op ops[];
};

struct playing {
	struct player player;
	const struct script *script;
	struct vmm_life *life;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	size_t begun; /* calls that were */
	bool *ended;
	size_t start_end; /* the call that ends the start, or the last of the script */
};

struct actor {
	struct playing *stage;
	uint32_t thread;
	pthread_t pthread;
};

static void wait_until(uint64_t ns)
{
	uint64_t now_ns = clock_now_ns();

	if (ns > now_ns + SLEEP_MIN_NS)
		clock_sleep_until_ns(ns - SLEEP_MIN_NS / 2);
	while (clock_now_ns() < ns)
		;
}

/* Its turn: all calls before it have begun, and the one before has ended, if it is to. */
static uint64_t await_turn(struct playing *stage, size_t idx)
{
	const struct script_op *op = &stage->script->ops[idx];
	uint64_t base_ns;

	pthread_mutex_lock(&stage->lock);
	while (stage->begun < idx || (idx && !op->is_overlap && !stage->ended[idx - 1]))
		pthread_cond_wait(&stage->moved, &stage->lock);
	if (!idx)
		base_ns = clock_now_ns();
	else
		base_ns = op->is_overlap ? __atomic_load_n(&stage->life->ops[idx - 1].begin_ns,
							   __ATOMIC_RELAXED)
					 : stage->life->ops[idx - 1].end_ns;
	pthread_mutex_unlock(&stage->lock);
	return base_ns + op->gap_ns;
}

/* How often this thread has given up its CPU by itself. */
static long sleeps_so_far(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) ? 0 : usage.ru_nvcsw;
}

/* What the first thread has waited for a CPU so far; 0: this kernel does not count it. */
static uint64_t cpu_delay_ns(void)
{
	unsigned long long ran_ns, delay_ns = 0;
	FILE *file = fopen("/proc/self/schedstat", "re");

	if (file && fscanf(file, "%llu %llu", &ran_ns, &delay_ns) != 2)
		delay_ns = 0;
	if (file)
		fclose(file);
	return delay_ns;
}

static void play_op(struct playing *stage, size_t idx)
{
	struct played_op *played = &stage->life->ops[idx];
	long sleeps;

	wait_until(await_turn(stage, idx));
	if (!idx || idx == stage->start_end)
		stage->life->delay_ns[idx != 0] = cpu_delay_ns();
	pthread_mutex_lock(&stage->lock);
	played->begin_ns = clock_now_ns();
	stage->begun = idx + 1;
	pthread_cond_broadcast(&stage->moved);
	pthread_mutex_unlock(&stage->lock);
	sleeps = sleeps_so_far();
	/* Whoever overlaps may read it now: as it was, or as it is. */
	__atomic_store_n(&played->begin_ns, clock_now_ns(), __ATOMIC_RELAXED);
	played->ret = player_play(&stage->player, &stage->script->ops[idx]);
	played->end_ns = clock_now_ns();
	played->has_slept = sleeps_so_far() != sleeps;
	pthread_mutex_lock(&stage->lock);
	stage->ended[idx] = true;
	pthread_cond_broadcast(&stage->moved);
	pthread_mutex_unlock(&stage->lock);
}

static void *act(void *arg)
{
	const struct actor *actor = arg;
	struct playing *stage = actor->stage;

	for (size_t i = 0; i < stage->script->cnt; i++)
		if (stage->script->ops[i].thread == actor->thread)
			play_op(stage, i);
	return NULL;
}

static uint32_t threads_of(const struct script *script)
{
	uint32_t cnt = 1;

	for (size_t i = 0; i < script->cnt; i++)
		if (script->ops[i].thread >= cnt)
			cnt = script->ops[i].thread + 1;
	return cnt;
}

/* The first thread is this one. */
static int play_threads(struct playing *stage, struct err *err)
{
	uint32_t cnt = threads_of(stage->script), made;
	struct actor actors[SCRIPT_THREADS_MAX];
	int ret = 0;

	for (made = 1; made < cnt && !ret; made++) {
		actors[made] = (struct actor){.stage = stage, .thread = made};
		ret = pthread_create(&actors[made].pthread, NULL, act, &actors[made]);
	}
	if (ret) /* the others wait for a call that does not come: they end with this process */
		return err_set(err, -ret, "cannot make %" PRIu32 " threads: %s", cnt,
			       strerror(ret));
	act(&(struct actor){.stage = stage});
	while (--made)
		pthread_join(actors[made].pthread, NULL);
	return 0;
}

static int tell(const struct play_cfg *cfg, struct call_log *log, struct err *err)
{
	call_log_sort(log);
	return cfg->is_told ? results_print(&cfg->report, log, NULL, err) : 0;
}

static int live(const struct play_cfg *cfg, const struct script *script, struct call_log *log,
		struct vmm_life *life)
{
	struct playing stage = {
		.script = script, .life = life, .start_end = script_start_end(script)};
	struct machine_size size;
	struct machine vm;
	int ret;

	if (stage.start_end >= script->cnt)
		stage.start_end = script->cnt - 1;
	player_size(script, &size);
	ret = machine_open(&vm, &size, log, &life->err);
	if (!ret)
		ret = player_open(&stage.player, &vm, script, &life->err);
	stage.ended = calloc(script->cnt + 1, sizeof(*stage.ended));
	if (!ret && !stage.ended)
		ret = err_set(&life->err, -ENOMEM, "out of memory");
	pthread_mutex_init(&stage.lock, NULL);
	pthread_cond_init(&stage.moved, NULL);
	if (!ret)
		ret = play_threads(&stage, &life->err);
	if (!ret && life->ops[0].ret < 0)
		ret = err_set(&life->err, life->ops[0].ret, "%s: %s",
			      script_op_name(&script->ops[0]), strerror(-life->ops[0].ret));
	if (!ret)
		ret = tell(cfg, log, &life->err);
	free(stage.ended);
	return ret;
}

/* The process's whole life; never returns. */
static void be_vmm(const struct play_cfg *cfg, const struct script *script, uint32_t vm,
		   uint32_t round, struct vmm_life *life, uint64_t begin_ns, pid_t parent)
{
	struct call_log log;
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_TIMERSLACK, 1);
	if (getppid() != parent)
		_exit(1);
	call_log_init(&log, cfg->name, vm);
	log.round = round;
	clock_sleep_until_ns(begin_ns);
	ret = live(cfg, script, &log, life);
	if (ret)
		_exit(1);
	life->is_done = true;
	if (script->ends_by_exit)
		life->exit_ns = clock_now_ns();
	_exit(0);
}

/* ---- its parent ---- */

struct vmm_process {
	pid_t pid;
	int pid_fd;
	struct vmm_life *life;
	size_t bytes;
	struct play_sum *sum;
	uint64_t gone_ns;
};

static uint64_t gaps_of(const struct script *script)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < script->cnt; i++)
		ns += script->ops[i].gap_ns;
	return ns;
}

static int start_vmm(const struct play_cfg *cfg, struct vmm_process *vmm, uint32_t idx,
		     uint32_t round, uint64_t begin_ns, struct err *err)
{
	const struct script *script = vmm->sum->script;
	pid_t parent = getpid();

	vmm->bytes = sizeof(struct vmm_life) + script->cnt * sizeof(struct played_op);
	vmm->life =
		mmap(NULL, vmm->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (vmm->life == MAP_FAILED) {
		vmm->life = NULL;
		return err_set(err, -errno, "cannot map memory: %s", strerror(errno));
	}
	vmm->pid = fork();
	if (!vmm->pid)
		be_vmm(cfg, script, idx, round, vmm->life, begin_ns, parent);
	if (vmm->pid < 0)
		return err_set(err, -errno, "cannot fork: %s", strerror(errno));
	vmm->pid_fd = process_child_fd(vmm->pid, err);
	return vmm->pid_fd < 0 ? vmm->pid_fd : 0;
}

static int judge(const struct vmm_process *vmm, int status, struct err *err)
{
	const struct vmm_life *life = vmm->life;

	if (!life || life->is_done) /* who runs has one; gcc 14 -fanalyzer does not see that */
		return 0;
	if (!*life->err.msg)
		return err_set(err, -EIO, "a VMM died: status 0x%x", status);
	*err = life->err;
	return -EIO;
}

/* Until their VMs are gone, too: that is before their pids are. */
static int await_vmms(struct vmm_process *vmms, size_t cnt, int timeout, struct err *err)
{
	struct pollfd *poll_fds = calloc(cnt, sizeof(*poll_fds));
	size_t left = cnt;
	int status, ret = 0;

	if (!poll_fds)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < cnt; i++)
		poll_fds[i] = (struct pollfd){.fd = vmms[i].pid_fd, .events = POLLIN};
	while (!ret && left) {
		if (poll(poll_fds, cnt, timeout) <= 0)
			ret = err_set(err, -ETIMEDOUT, "%zu of %zu VMMs are stuck", left, cnt);
		for (size_t i = 0; !ret && i < cnt; i++) {
			if (!poll_fds[i].revents)
				continue;
			vmms[i].gone_ns = clock_now_ns();
			poll_fds[i].fd = -1;
			poll_fds[i].revents = 0;
			left--;
		}
	}
	free(poll_fds);
	for (size_t i = 0; !ret && i < cnt; i++) {
		waitpid(vmms[i].pid, &status, 0);
		vmms[i].pid = 0;
		ret = judge(&vmms[i], status, err);
	}
	return ret;
}

static void end_vmm(struct vmm_process *vmm)
{
	if (vmm->pid > 0) {
		kill(vmm->pid, SIGKILL);
		waitpid(vmm->pid, NULL, 0);
	}
	if (vmm->pid_fd > 0)
		close(vmm->pid_fd);
	if (vmm->life)
		munmap(vmm->life, vmm->bytes);
}

static uint64_t took(const struct played_op *played)
{
	return played->end_ns - played->begin_ns;
}

static bool is_stall(const struct play_cfg *cfg, const struct played_op *played)
{
	return played->has_slept && took(played) >= cfg->min_ns;
}

static int add_ns(struct play_call *call, uint64_t ns, bool is_long, struct err *err)
{
	call->stalls += is_long;
	return quantile_add(&call->ns, ns) ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static void note_refused(struct play_sum *sum, size_t idx, const struct played_op *played)
{
	const struct script_op *op = &sum->script->ops[idx];

	if (played->ret >= 0 || op->err)
		return;
	sum->calls[idx].refused++;
	if (sum->refused++)
		return;
	sum->refused_err = -played->ret;
	sum->refused_name = script_op_name(op);
}

static uint64_t start_of(const struct script *script, const struct vmm_life *life)
{
	size_t end = script_start_end(script);
	uint64_t latest = 0;

	if (end < script->cnt && script->ops[end].act == ACT_IOCTL)
		return life->ops[end].begin_ns - life->ops[0].begin_ns;
	for (size_t i = 0; i < end; i++)
		if (life->ops[i].end_ns > latest)
			latest = life->ops[i].end_ns;
	return end ? latest - life->ops[0].begin_ns : 0;
}

/* Did just those calls stall that did in the recording, of those that it has a time of? */
static bool compare_stalls(const struct play_cfg *cfg, struct play_sum *sum,
			   const struct vmm_life *life)
{
	bool is_same = true;

	for (size_t i = 0; i < sum->script->cnt; i++) {
		uint64_t took_ns = sum->script->ops[i].took_ns;

		if (took_ns == SCRIPT_UNTIMED ||
		    (took_ns >= cfg->min_ns) == is_stall(cfg, &life->ops[i]))
			continue;
		sum->calls[i].differs++;
		is_same = false;
	}
	return is_same;
}

static int add_life(const struct play_cfg *cfg, const struct vmm_process *vmm, struct err *err)
{
	struct play_sum *sum = vmm->sum;
	const struct vmm_life *life = vmm->life;
	int ret = 0;

	for (size_t i = 0; !ret && i < sum->script->cnt; i++) {
		const struct played_op *played = &life->ops[i];

		ret = add_ns(&sum->calls[i], took(played), is_stall(cfg, played), err);
		note_refused(sum, i, played);
	}
	if (!ret && life->exit_ns)
		ret = add_ns(&sum->exit, vmm->gone_ns - life->exit_ns,
			     vmm->gone_ns - life->exit_ns >= cfg->min_ns, err);
	sum->same += compare_stalls(cfg, sum, life);
	sum->delays[sum->starts_cnt] = life->delay_ns[1] - life->delay_ns[0];
	sum->starts[sum->starts_cnt++] = start_of(sum->script, life);
	return ret;
}

/* VMs that a log has side by side are played so; one that comes much later, a second later. */
static uint64_t offset_of(const struct play_sum *sums, size_t cnt, size_t idx)
{
	uint64_t first_ns = UINT64_MAX, offset;

	for (size_t i = 0; i < cnt; i++)
		if (sums[i].script->start_ns < first_ns)
			first_ns = sums[i].script->start_ns;
	offset = sums[idx].script->start_ns - first_ns;
	return offset < SCRIPT_GAP_MAX_NS ? offset : SCRIPT_GAP_MAX_NS;
}

int play_round(const struct play_cfg *cfg, struct play_sum *sums, size_t cnt, uint32_t round,
	       struct err *err)
{
	size_t all = cnt * cfg->vms;
	struct vmm_process *vmms = calloc(all, sizeof(*vmms));
	uint64_t begin_ns = clock_now_ns(), gaps_ns = 0;
	int ret = 0;

	if (!vmms)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; !ret && i < all; i++) {
		vmms[i].sum = &sums[i % cnt];
		ret = start_vmm(cfg, &vmms[i], (uint32_t)i, round,
				begin_ns + offset_of(sums, cnt, i % cnt), err);
	}
	for (size_t i = 0; !ret && i < cnt; i++)
		if (gaps_of(sums[i].script) > gaps_ns)
			gaps_ns = gaps_of(sums[i].script);
	if (!ret)
		ret = await_vmms(vmms, all, LIFE_SPARE_MS + (int)(gaps_ns / 1000000), err);
	for (size_t i = 0; !ret && i < all && vmms[i].life; i++)
		ret = add_life(cfg, &vmms[i], err);
	for (size_t i = 0; i < all; i++)
		end_vmm(&vmms[i]);
	free(vmms);
	return ret;
}

int play_sum_init(struct play_sum *sum, const struct script *script, size_t rounds, struct err *err)
{
	*sum = (struct play_sum){.script = script};
	sum->calls = calloc(script->cnt + 1, sizeof(*sum->calls));
	sum->starts = calloc(rounds + 1, sizeof(*sum->starts));
	sum->delays = calloc(rounds + 1, sizeof(*sum->delays));
	return sum->calls && sum->starts && sum->delays ? 0
							: err_set(err, -ENOMEM, "out of memory");
}

void play_sum_fini(struct play_sum *sum)
{
	for (size_t i = 0; sum->calls && i < sum->script->cnt; i++)
		quantile_fini(&sum->calls[i].ns);
	quantile_fini(&sum->exit.ns);
	free(sum->calls);
	free(sum->starts);
	free(sum->delays);
	*sum = (struct play_sum){.calls = NULL};
}
