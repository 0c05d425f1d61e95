// SPDX-License-Identifier: GPL-2.0-only
/*
 * replay [EVENTS [VMS [LIVE [FILE [NAME]]]]] - how fast a capture is replayed, and what it takes.
 *
 * One process makes a synthetic capture of so many events, with VMs that are born and gone, LIVE of
 * them at a time; another replays it from a pipe. What is printed is the second one's CPU time
 * and memory alone. With FILE, the capture is only written, there; its VMs are called NAME. The mix
 * of records is that of "repro --profile qemu": each cycle of a VM is a registration that starts a
 * grace period, its steps, and a memory slot that waited for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/any_record.h"
#include "base/err.h"
#include "capture/capture.h"
#include "capture/replay.h"
#include "output/summary.h"
#include "ledger/symbols.h"

#define FN_BASE	 0xffffffff81000000ULL
#define FN_SIZE	 0x1000ULL
#define KVM_BASE 0xffff888100000000ULL
#define KVM_SIZE 0x10000ULL

static const char *const functions[] = {
	"schedule",
	"schedule_timeout",
	"__wait_for_common",
	"wait_for_completion",
	"__synchronize_srcu.part.0",
	"kvm_swap_active_memslots",
	"kvm_set_memslot",
	"kvm_vm_ioctl",
	"__x64_sys_ioctl",
	"do_syscall_64",
	"srcu_gp_start_if_needed",
	"call_srcu",
	"kvm_io_bus_register_dev",
	"kvm_assign_ioeventfd_idx",
};

#define FN_CNT (sizeof(functions) / sizeof(functions[0]))

static const uint8_t in_memslot[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static const uint8_t in_register[] = {10, 11, 12, 13, 7, 8, 9};

struct life {
	uint64_t kvm, gp, left; /* .left: events until it is gone */
	uint64_t call_ns, off_ns, wake_ns;
	uint32_t tgid;
	int step;
};

struct maker {
	const char *name; /* of the VMs */
	struct capture_writer *writer;
	struct symbols *syms;
	uint64_t now_ns, random;
	uint32_t tgid;
};

static uint64_t draw(struct maker *maker, uint64_t below)
{
	maker->random = maker->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (maker->random >> 33) % below;
}

static void put(struct maker *maker, union any_record *rec, size_t size, uint8_t type, uint32_t tid)
{
	maker->now_ns += 100 + draw(maker, 3000);
	rec->head =
		(struct ks_head){.ts_ns = maker->now_ns, .tid = tid, .cpu = tid % 4, .type = type};
	if (capture_writer_record(maker->writer, rec, size, maker->syms))
		exit(1); /* who reads has gone */
}

static uint32_t fill_stack(__u64 *stack, const uint8_t *list, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		stack[i] = FN_BASE + list[i] * FN_SIZE + 0x42 + 8 * i;
	return cnt;
}

static void put_vm(struct maker *maker, struct life *life, uint64_t left)
{
	union any_record rec = {.vm = {.kvm = life->kvm, .jiffies = maker->now_ns / 4000000}};

	*life = (struct life){.kvm = life->kvm, .left = left, .tgid = ++maker->tgid * 7 % 4194304};
	rec.vm.tgid = life->tgid;
	rec.vm.srcu.ssp = life->kvm + 0x1000;
	rec.vm.irq_srcu.ssp = life->kvm + 0x2000;
	strcpy(rec.vm.comm, "firecracker");
	capture_writer_name(maker->writer, life->kvm, maker->name, "firecracker");
	put(maker, &rec, sizeof(rec.vm), KS_VM, life->tgid);
}

static void put_gone(struct maker *maker, struct life *life)
{
	union any_record rec = {.step = {.val = life->kvm}};

	put(maker, &rec, sizeof(rec.step), KS_VM_GONE, life->tgid);
}

static void put_step(struct maker *maker, const struct life *life, uint8_t type, uint64_t seq)
{
	union any_record rec = {.step = {.ssp = life->kvm + 0x1000, .seq = seq}};

	bool is_of_callbacks = type >= KS_CB_ARM && type <= KS_CB_END;

	if (type == KS_CB_BEGIN)
		rec.step.val = 2;
	if (is_of_callbacks)
		rec.cb.cpu = 77 % 4;
	put(maker, &rec, is_of_callbacks ? sizeof(rec.cb) : sizeof(rec.step), type, 77);
}

static void put_start(struct maker *maker, struct life *life, uint64_t seq)
{
	union any_record rec = {.start = {.ssp = life->kvm + 0x1000,
					  .seq = seq,
					  .expires = maker->now_ns / 4000000 + 1,
					  .kvm = life->kvm,
					  .tgid = life->tgid,
					  .cmd = 0x4040ae79,
					  .kind = KS_KIND_VM}};

	life->call_ns = maker->now_ns;
	strcpy(rec.start.comm, "firecracker");
	rec.start.frames = fill_stack(rec.start.stack, in_register, sizeof(in_register));
	put(maker, &rec, sizeof(rec.start), KS_START, life->tgid);
}

static void put_sleep(struct maker *maker, struct life *life, uint64_t needed)
{
	union any_record rec = {.sleep = {.off_ns = life->off_ns,
					  .wake_ns = life->wake_ns,
					  .wait_ns = life->off_ns,
					  .kvm = life->kvm,
					  .ssp = life->kvm + 0x1000,
					  .needed = needed,
					  .tgid = life->tgid,
					  .wake_cpu = 77 % 4,
					  .api = KS_API_SYNC_EXPEDITED,
					  .kind = KS_KIND_VM}};

	rec.sleep.frames = fill_stack(rec.sleep.stack, in_memslot, sizeof(in_memslot));
	put(maker, &rec, sizeof(rec.sleep), KS_SLEEP, life->tgid);
}

static void put_call(struct maker *maker, const struct life *life, uint32_t cmd, uint16_t sleeps)
{
	union any_record rec = {.call = {.begin_ns = life->call_ns,
					 .kvm = life->kvm,
					 .cmd = cmd,
					 .tgid = life->tgid,
					 .sleeps = sleeps,
					 .kind = KS_KIND_VM,
					 .flags = KS_CALL_HAS_ARG}};

	rec.call.arg = 0x7ffc00000000 + draw(maker, 4096) * 16;
	rec.call.args[8] = draw(maker, 256);
	strcpy(rec.call.comm, "firecracker");
	put(maker, &rec, sizeof(rec.call), KS_CALL, life->tgid);
}

static void put_next(struct maker *maker, struct life *life)
{
	uint64_t doing = life->gp * 4 + 1, done = (life->gp + 1) * 4;

	switch (life->step++) {
	case 0:
		put_start(maker, life, doing);
		break;
	case 1:
		put_call(maker, life, 0x4040ae79, 0);
		life->call_ns = maker->now_ns + 10;
		life->off_ns = maker->now_ns + 20;
		break;
	case 2:
		put_step(maker, life, KS_GP_QUEUE, doing);
		break;
	case 3:
		put_step(maker, life, KS_GP_BEGIN, doing);
		break;
	case 4:
		put_step(maker, life, KS_CB_QUEUE, done);
		break;
	case 5:
		put_step(maker, life, KS_GP_END, done);
		break;
	case 6:
		put_step(maker, life, KS_CB_BEGIN, done);
		life->wake_ns = maker->now_ns + 1;
		break;
	case 7:
		put_step(maker, life, KS_CB_END, done);
		break;
	case 8:
		put_sleep(maker, life, done);
		break;
	default:
		put_call(maker, life, 0x4020ae46, 1);
		life->step = 0;
		life->gp++;
	}
	life->left--;
}

static int to_pipe(void *ctx, const void *block, size_t len)
{
	const char *at = block;

	while (len) {
		ssize_t part = write(*(int *)ctx, at, len);

		if (part <= 0)
			return -EPIPE;
		at += part;
		len -= part;
	}
	return 0;
}

static void make(int fd, uint64_t events, uint64_t vms, uint64_t live, const char *name)
{
	struct capture_head head = {.version = "bench", .backend = "fentry", .hz = 250};
	struct maker maker = {
		.name = name, .now_ns = 1000000000, .random = 1, .syms = symbols_new()};
	struct life *lives = calloc(live, sizeof(*lives));
	uint64_t each = events / vms * 7 / 8, born = 0, gone = 0;
	size_t next = 0;

	for (size_t i = 0; i < FN_CNT; i++)
		symbols_add(maker.syms, FN_BASE + i * FN_SIZE, functions[i]);
	symbols_sort(maker.syms);
	maker.writer = capture_writer_new(&head, to_pipe, &fd);
	for (uint64_t i = 0; i < events && gone < vms; i++) {
		struct life *life = &lives[next];

		/* a few in a row: a VM's records come in bursts */
		if (!draw(&maker, 4))
			next = draw(&maker, live);
		life->kvm = KVM_BASE + (life - lives) * KVM_SIZE;
		if (life->left > 1) {
			put_next(&maker, life);
		} else if (life->left == 1) {
			put_gone(&maker, life);
			life->left = 0;
			gone++;
		} else if (born++ < vms) {
			put_vm(&maker, life, each > 2 ? each - 1 + draw(&maker, each / 4) : 2);
		} else {
			next = draw(&maker, live);
			i--;
		}
	}
	capture_writer_end(maker.writer, &(struct summary){.command_status = -1});
	_exit(0);
}

/* ---- replaying ---- */

struct seen_cnt {
	uint64_t stalls, sum_ns, incomplete, news, gones;
};

static void on_stall(void *ctx, const struct stall *stall)
{
	struct seen_cnt *seen = ctx;

	seen->stalls += stall->cause != KS_CAUSE_RUN;
	seen->sum_ns += stall->stall_ns;
	seen->incomplete += !stall->is_complete;
}

static void on_vm_new(void *ctx, struct vm *vm)
{
	struct seen_cnt *seen = ctx;

	(void)vm;
	seen->news++;
}

static void on_vm_gone(void *ctx, const struct vm *vm)
{
	struct seen_cnt *seen = ctx;

	(void)vm;
	seen->gones++;
}

static double cpu_s(const struct rusage *usage)
{
	return usage->ru_utime.tv_sec + usage->ru_stime.tv_sec +
	       (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1e-6;
}

static int play(int fd)
{
	static const struct replay_ops ops = {.ledger = {on_stall, on_vm_new, on_vm_gone, NULL}};
	static char buf[256 << 10];
	struct seen_cnt seen = {0};
	struct replay *replay = replay_new(&ops, &seen);
	struct summary summary = {0};
	struct err err = {.msg = ""};
	struct rusage usage;
	uint64_t bytes = 0;
	ssize_t len;
	int ret = 0;

	while (!ret && (len = read(fd, buf, sizeof(buf))) > 0) {
		bytes += len;
		ret = replay_feed(replay, buf, len, &err);
	}
	if (!ret)
		ret = replay_finish(replay, &err);
	if (ret)
		fprintf(stderr, "replay: %s\n", err.msg);
	replay_summary(replay, &summary);
	getrusage(RUSAGE_SELF, &usage);
	printf("%" PRIu64 " events, %" PRIu64 " VMs born, %" PRIu64 " gone, %" PRIu64
	       " stalls, %" PRIu64 " incomplete\n",
	       summary.records, seen.news, seen.gones, seen.stalls, seen.incomplete);
	printf("events_per_s %.0f\nbytes_per_event %.2f\npeak_rss_kib %ld\n",
	       summary.records / cpu_s(&usage), (double)bytes / summary.records, usage.ru_maxrss);
	replay_free(replay);
	return ret != 0;
}

int main(int argc, char **argv)
{
	uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
	uint64_t vms = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000;
	uint64_t live = argc > 3 ? strtoull(argv[3], NULL, 10) : 100;
	int fds[2], status, ret;
	pid_t pid;

	if (argc > 4)
		make(open(argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0600), events, vms, live,
		     argc > 5 ? argv[5] : "web");
	if (!vms || !live || events < vms || pipe(fds))
		return 2;
	pid = fork();
	if (!pid) {
		close(fds[0]);
		make(fds[1], events, vms, live, "web");
	}
	close(fds[1]);
	ret = play(fds[0]);
	close(fds[0]);
	waitpid(pid, &status, 0);
	return ret ? ret : WEXITSTATUS(status);
}
