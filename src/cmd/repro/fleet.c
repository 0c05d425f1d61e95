// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/fleet.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "cmd/repro/inject.h"
#include "cmd/repro/vmm.h"
#include "live/process.h"

/* A VMM that has said nothing for this long is stuck in the kernel. */
#define MEET_TIMEOUT_MS 60000

/* What a child exits with when its scenario was skipped; none of the documented ones. */
#define EXIT_SKIPPED 77

struct member {
	pid_t pid;
	int pid_fd;
	int meet_fd; /* one byte each way: "here", "go"; end of file: it died */
	uint64_t go_ns, gone_ns;
	int status;
};

struct fleet {
	const struct vmm_cfg *cfg;
	struct results_sums *sums;
	struct member *members;
	uint32_t members_cnt;
};

static int meet_parent(void *arg, struct err *err)
{
	int fd = *(int *)arg;
	char byte = 0;

	if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
		return err_set(err, -EPIPE, "the parent process is gone");
	return 0;
}

/* The child's whole life; never returns. */
static void be_member(const struct fleet *fleet, uint32_t idx, int meet_fd, pid_t parent)
{
	struct err err = {0};
	struct vmm vmm;
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1); /* it died before the line above */
	vmm_init(&vmm, fleet->cfg, idx, fleet->sums);
	vmm.meet = meet_parent;
	vmm.meet_arg = &meet_fd;
	ret = vmm_run(&vmm, &err);
	if (ret < 0) {
		log_error("VMM %" PRIu32 ": %s", idx, err.msg);
		_exit(1 + err.kind);
	}
	_exit(vmm.skipped_err ? EXIT_SKIPPED : 0);
}

static int start_member(struct fleet *fleet, struct err *err)
{
	struct member *member = &fleet->members[fleet->members_cnt];
	pid_t parent = getpid();
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return err_set(err, -errno, "cannot make a socket pair: %s", strerror(errno));
	member->pid = fork();
	if (!member->pid) {
		close(fds[0]);
		be_member(fleet, fleet->members_cnt, fds[1], parent);
	}
	close(fds[1]);
	if (member->pid < 0) {
		close(fds[0]);
		return err_set(err, -errno, "cannot fork: %s", strerror(errno));
	}
	member->meet_fd = fds[0];
	member->pid_fd = process_child_fd(member->pid, err);
	fleet->members_cnt++;
	return member->pid_fd < 0 ? member->pid_fd : 0;
}

/* Gather everyone who still lives, then let them go, all within microseconds. */
static int hold_meeting(struct fleet *fleet, struct err *err)
{
	struct pollfd poll_fd = {.events = POLLIN};
	struct member *member;
	uint32_t i;
	char byte;

	for (i = 0; i < fleet->members_cnt; i++) {
		member = &fleet->members[i];
		if (member->meet_fd < 0)
			continue;
		poll_fd.fd = member->meet_fd;
		if (poll(&poll_fd, 1, MEET_TIMEOUT_MS) <= 0)
			return err_set(err, -ETIMEDOUT, "VMM %" PRIu32 " (pid %d) is stuck", i,
				       member->pid);
		if (read(member->meet_fd, &byte, 1) == 1)
			continue;
		close(member->meet_fd);
		member->meet_fd = -1;
	}
	for (i = 0; i < fleet->members_cnt; i++) {
		member = &fleet->members[i];
		member->go_ns = clock_now_ns();
		if (member->meet_fd >= 0 && send(member->meet_fd, "", 1, MSG_NOSIGNAL) != 1)
			return err_set(err, -EPIPE, "VMM %" PRIu32 " died at the meeting", i);
	}
	return 0;
}

/* Note when each member is gone; its VM died before that. */
static void await_members(struct fleet *fleet)
{
	struct pollfd *poll_fds = calloc(fleet->members_cnt, sizeof(*poll_fds));
	uint32_t i, left = fleet->members_cnt;

	for (i = 0; poll_fds && i < fleet->members_cnt; i++)
		poll_fds[i] = (struct pollfd){.fd = fleet->members[i].pid_fd, .events = POLLIN};
	while (poll_fds && left && poll(poll_fds, fleet->members_cnt, -1) >= 0) {
		for (i = 0; i < fleet->members_cnt; i++) {
			if (!poll_fds[i].revents)
				continue;
			fleet->members[i].gone_ns = clock_now_ns();
			poll_fds[i].fd = -1;
			poll_fds[i].revents = 0;
			left--;
		}
	}
	free(poll_fds);
	for (i = 0; i < fleet->members_cnt; i++)
		waitpid(fleet->members[i].pid, &fleet->members[i].status, 0);
}

/* What the members could not say themselves: how long their exits took. */
static int report_exits(const struct fleet *fleet, struct err *err)
{
	const struct inject *inject = fleet->cfg->inject;
	struct injection injection = {0};
	struct vmm vmm;
	uint32_t i;
	int ret = 0;

	for (i = 0; i < fleet->members_cnt && !ret; i++) {
		const struct member *member = &fleet->members[i];
		struct call call = {.what = CALL_IS_EXIT,
				    .name = "exit",
				    .injected = inject ? inject->name : NULL,
				    .begin_ns = member->go_ns,
				    .end_ns = member->gone_ns};

		if (!WIFEXITED(member->status) || WEXITSTATUS(member->status))
			continue;
		vmm_init(&vmm, fleet->cfg, i, fleet->sums);
		vmm.log.pid = member->pid;
		vmm.log.round = fleet->cfg->rounds - 1;
		call_log_add_call(&vmm.log, &call, member->pid);
		if (inject && i + 1 == fleet->members_cnt) {
			injection = (struct injection){.name = inject->name,
						       .expects = inject->expects,
						       .begin_ns = fleet->members[0].go_ns,
						       .end_ns = member->gone_ns,
						       .tid = getpid()};
			snprintf(injection.detail, sizeof(injection.detail),
				 "%" PRIu32 " VMMs let go at once with their VMs open",
				 fleet->members_cnt);
			call_log_add_injection(&vmm.log, &injection);
		}
		ret = vmm_flush(&vmm, err);
		vmm_fini(&vmm);
	}
	return ret;
}

/* A member's exit status is its error's kind and one. */
static enum err_kind kind_of_end(int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) > ERR_KIND_CNT)
		return ERR_FAILED;
	return WEXITSTATUS(status) - 1;
}

static int judge(const struct fleet *fleet, bool *is_skipped, struct err *err)
{
	uint32_t i, failed_cnt = 0;
	enum err_kind kind = ERR_FAILED;
	int status;

	for (i = 0; i < fleet->members_cnt; i++) {
		status = fleet->members[i].status;
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED) {
			*is_skipped = true;
		} else if (!WIFEXITED(status) || WEXITSTATUS(status)) {
			failed_cnt++;
			kind = kind_of_end(status);
		}
	}
	if (!failed_cnt)
		return 0;
	err_set(err, -EIO, "%" PRIu32 " of %" PRIu32 " VMMs failed", failed_cnt,
		fleet->members_cnt);
	err->kind = kind;
	return -EIO;
}

static int run_members(struct fleet *fleet, bool *is_skipped, struct err *err)
{
	uint32_t i, meetings = fleet->cfg->end == PROFILE_END_CLOSE ? 0 : fleet->cfg->rounds;
	int ret = 0, judged;

	for (i = 0; i < fleet->cfg->vms && !ret; i++)
		ret = start_member(fleet, err);
	for (i = 0; i < meetings && !ret; i++)
		ret = hold_meeting(fleet, err);
	for (i = 0; i < fleet->members_cnt && ret; i++)
		kill(fleet->members[i].pid, SIGKILL);
	await_members(fleet);
	if (ret)
		return ret;
	judged = judge(fleet, is_skipped, err);
	if (fleet->cfg->end == PROFILE_END_EXIT_TOGETHER && !*is_skipped)
		ret = report_exits(fleet, err);
	return judged ? judged : ret;
}

static int run_alone(const struct vmm_cfg *cfg, struct results_sums *sums, bool *is_skipped,
		     struct err *err)
{
	struct vmm vmm;
	int ret;

	vmm_init(&vmm, cfg, 0, sums);
	ret = vmm_run(&vmm, err);
	*is_skipped = vmm.skipped_err != 0;
	vmm_fini(&vmm);
	return ret;
}

int fleet_run(const struct vmm_cfg *cfg, struct results_sums *sums, bool *is_skipped,
	      struct err *err)
{
	struct fleet fleet = {.cfg = cfg};
	uint32_t i;
	int ret;

	*is_skipped = false;
	if (cfg->vms == 1 && cfg->end != PROFILE_END_EXIT_TOGETHER)
		return run_alone(cfg, sums, is_skipped, err);
	fleet.members = calloc(cfg->vms, sizeof(*fleet.members));
	if (!fleet.members)
		return err_set(err, -ENOMEM, "out of memory");
	fleet.sums = mmap(NULL, sizeof(*sums), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);
	if (fleet.sums == MAP_FAILED) {
		free(fleet.members);
		return err_set(err, -errno, "cannot map memory: %s", strerror(errno));
	}
	*fleet.sums = *sums;
	ret = run_members(&fleet, is_skipped, err);
	*sums = *fleet.sums;
	munmap(fleet.sums, sizeof(*sums));
	for (i = 0; i < fleet.members_cnt; i++) {
		close(fleet.members[i].pid_fd);
		if (fleet.members[i].meet_fd >= 0)
			close(fleet.members[i].meet_fd);
	}
	free(fleet.members);
	return ret;
}
