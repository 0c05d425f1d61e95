// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/repro/player.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "cmd/repro/call_log.h"
#include "cmd/repro/machine.h"
#include "script/script.h"

#define ZONE_BYTES 0x20000
#define ZONE_GPA   0xa0000
#define NO_NAME	   UINT64_MAX

#define THREAD_STACK (64 << 10)

static bool is_region(const struct script_op *op)
{
	return op->act == ACT_IOCTL &&
	       (op->id == CALL_SET_USER_MEMORY_REGION || op->id == CALL_SET_USER_MEMORY_REGION2);
}

static size_t count(const struct script *script, enum call_id id)
{
	size_t cnt = 0;

	for (size_t i = 0; i < script->cnt; i++)
		cnt += script->ops[i].act == ACT_IOCTL && script->ops[i].id == id;
	return cnt;
}

void player_size(const struct script *script, struct machine_size *size)
{
	*size = (struct machine_size){.vcpus = (uint32_t)count(script, CALL_CREATE_VCPU)};
	for (size_t i = 0; i < script->cnt; i++)
		size->memslots +=
			is_region(&script->ops[i]) && !script_op_has(&script->ops[i], KEY_SIZE);
}

/* ---- life ---- */

static int reserve_memory(struct player *player, struct err *err)
{
	uint64_t page = VM_PAGE_BYTES, most = 0;

	for (size_t i = 0; i < player->script->cnt; i++) {
		const struct script_op *op = &player->script->ops[i];
		uint64_t size = is_region(op) ? script_op_get(op, KEY_SIZE, 0) : 0;

		most = size > most ? size : most;
	}
	if (!most)
		return 0;
	most = (most + page - 1) / page * page;
	player->mem = mmap(NULL, most, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (player->mem == MAP_FAILED) {
		player->mem = NULL;
		return err_set(err, -ENOMEM, "cannot reserve %llu MiB of guest memory: %s",
			       (unsigned long long)most >> 20, strerror(errno));
	}
	player->mem_bytes = most;
	return 0;
}

/* Before the VM is made, so that the calls on it are the script's alone. */
static int make_eventfds(struct player *player, size_t cnt, struct err *err)
{
	for (size_t i = 0; i < cnt; i++) {
		int fd = machine_eventfd(player->vm);

		if (fd < 0)
			return err_set(err, fd, "cannot make %zu eventfds: %s", cnt, strerror(-fd));
		player->spare_fds[cnt - 1 - i] = fd; /* the first is taken first */
	}
	player->spares_cnt = cnt;
	return 0;
}

static bool has_vcpu_close(const struct script *script)
{
	for (size_t i = 0; i < script->cnt; i++)
		if (script->ops[i].act == ACT_CLOSE_VCPU)
			return true;
	return false;
}

int player_open(struct player *player, struct machine *vm, const struct script *script,
		struct err *err)
{
	size_t users = count(script, CALL_IOEVENTFD) + 2 * count(script, CALL_IRQFD) +
		       count(script, CALL_HYPERV_EVENTFD);
	int ret;

	*player = (struct player){.vm = vm, .script = script};
	pthread_mutex_init(&player->lock, NULL);
	player->max = users + script->cnt + 1;
	player->spare_fds = calloc(player->max, sizeof(*player->spare_fds));
	player->fds = calloc(player->max, sizeof(*player->fds));
	player->windows = calloc(player->max, sizeof(*player->windows));
	player->closes_vcpus_later = has_vcpu_close(script);
	if (!player->spare_fds || !player->fds || !player->windows)
		return err_set(err, -ENOMEM, "out of memory");
	ret = reserve_memory(player, err);
	return ret ? ret : make_eventfds(player, users, err);
}

void player_close(struct player *player)
{
	if (player->mem)
		munmap(player->mem, player->mem_bytes);
	free(player->spare_fds);
	free(player->fds);
	free(player->windows);
	pthread_mutex_destroy(&player->lock);
}

/* ---- eventfds ---- */

static int take_spare(struct player *player)
{
	return player->spares_cnt ? player->spare_fds[--player->spares_cnt] : -1;
}

/* That of the log's number; a new one for a number that is new. */
static int fd_of(struct player *player, uint64_t name)
{
	for (size_t i = player->fds_cnt; i--;)
		if (player->fds[i].name == name)
			return player->fds[i].fd;
	if (player->fds_cnt == player->max)
		return -1;
	player->fds[player->fds_cnt] = (struct player_fd){name, take_spare(player)};
	return player->fds[player->fds_cnt++].fd;
}

static int eventfd_of(struct player *player, const struct script_op *op)
{
	return script_op_has(op, KEY_FD) ? fd_of(player, op->values[KEY_FD]) : take_spare(player);
}

/* ---- ioeventfds and zones ---- */

static bool fits(const struct player_window *window, const struct script_op *op, bool is_zone)
{
	if (window->is_zone != is_zone)
		return false;
	if (!script_op_has(op, KEY_ADDR))
		return true;
	return window->addr == op->values[KEY_ADDR] &&
	       (!script_op_has(op, KEY_LEN) || window->len == op->values[KEY_LEN]) &&
	       (!script_op_has(op, KEY_FD) || window->name == op->values[KEY_FD]) &&
	       (!script_op_has(op, KEY_MATCH) || window->match == op->values[KEY_MATCH]);
}

/* What the call takes back: the newest that fits. */
static bool take_window(struct player *player, const struct script_op *op, bool is_zone,
			struct player_window *window)
{
	bool found = false;

	pthread_mutex_lock(&player->lock);
	for (size_t i = player->windows_cnt; !found && i--;) {
		if (!fits(&player->windows[i], op, is_zone))
			continue;
		*window = player->windows[i];
		player->windows_cnt--;
		memmove(&player->windows[i], &player->windows[i + 1],
			(player->windows_cnt - i) * sizeof(*window));
		found = true;
	}
	pthread_mutex_unlock(&player->lock);
	return found;
}

static void keep_window(struct player *player, const struct player_window *window)
{
	pthread_mutex_lock(&player->lock);
	if (player->windows_cnt < player->max)
		player->windows[player->windows_cnt++] = *window;
	pthread_mutex_unlock(&player->lock);
}

static int set_window(struct player *player, const struct player_window *window, uint32_t flags)
{
	struct kvm_ioeventfd ioeventfd = {
		.datamatch = window->match,
		.addr = window->addr,
		.len = window->len,
		.fd = window->fd,
		.flags = window->flags | flags,
	};

	return machine_set_ioeventfd(player->vm, &ioeventfd);
}

static struct player_window make_window(struct player *player, const struct script_op *op)
{
	struct player_window window = {.name = script_op_get(op, KEY_FD, NO_NAME), .len = 4};

	pthread_mutex_lock(&player->lock);
	window.fd = eventfd_of(player, op);
	window.match = script_op_get(op, KEY_MATCH, player->made_windows);
	if (script_op_has(op, KEY_ADDR)) {
		window.addr = op->values[KEY_ADDR];
		window.len = (uint32_t)script_op_get(op, KEY_LEN, window.len);
		window.flags = (uint32_t)script_op_get(op, KEY_FLAGS, 0);
	} else {
		/* the machine counts them: what is injected later makes more */
		window.addr = machine_notify_gpa(player->vm->ioeventfds_cnt++);
		window.flags = KVM_IOEVENTFD_FLAG_DATAMATCH;
		window.match = script_op_get(op, KEY_MATCH, 0);
	}
	player->made_windows++;
	pthread_mutex_unlock(&player->lock);
	return window;
}

static int play_ioeventfd(struct player *player, const struct script_op *op)
{
	struct player_window window;
	int ret;

	if (script_op_get(op, KEY_FLAGS, 0) & KVM_IOEVENTFD_FLAG_DEASSIGN) {
		if (!take_window(player, op, false, &window))
			window = make_window(player, op);
		return set_window(player, &window, KVM_IOEVENTFD_FLAG_DEASSIGN);
	}
	window = make_window(player, op);
	ret = set_window(player, &window, 0);
	if (!ret)
		keep_window(player, &window);
	return ret;
}

static int play_zone(struct player *player, const struct script_op *op, bool is_on)
{
	struct player_window zone = {.is_zone = true, .addr = ZONE_GPA, .len = ZONE_BYTES};
	int ret;

	if (!is_on) {
		take_window(player, op, true, &zone);
	} else {
		pthread_mutex_lock(&player->lock);
		zone.addr = script_op_get(op, KEY_ADDR,
					  ZONE_GPA + (uint64_t)player->made_zones++ * ZONE_BYTES);
		pthread_mutex_unlock(&player->lock);
		zone.len = (uint32_t)script_op_get(op, KEY_SIZE, ZONE_BYTES);
	}
	ret = machine_set_zone(player->vm, is_on, zone.addr, zone.len);
	if (is_on && !ret)
		keep_window(player, &zone);
	return ret;
}

/* ---- interrupts ---- */

static int play_irqfd(struct player *player, const struct script_op *op)
{
	uint32_t flags = (uint32_t)script_op_get(op, KEY_FLAGS, 0);
	struct kvm_irqfd irqfd = {.flags = flags};

	pthread_mutex_lock(&player->lock);
	irqfd.gsi = (uint32_t)script_op_get(
		op, KEY_GSI, machine_first_gsi + player->made_irqfds++ % machine_gsis_cnt);
	irqfd.fd = (uint32_t)eventfd_of(player, op);
	if (flags & KVM_IRQFD_FLAG_RESAMPLE)
		irqfd.resamplefd = (uint32_t)take_spare(player);
	pthread_mutex_unlock(&player->lock);
	return machine_set_irqfd(player->vm, &irqfd);
}

static int play_routes(struct player *player, const struct script_op *op)
{
	return machine_set_routes(player->vm,
				  (uint32_t)script_op_get(op, KEY_NR, machine_routes_cnt));
}

/* ---- memory ---- */

/* The slots that the machine lays out itself. */
static int play_own_slot(struct player *player, const struct script_op *op)
{
	struct machine *vm = player->vm;
	uint32_t last = vm->size.memslots ? vm->size.memslots - 1 : 0, slot;

	if (script_op_has(op, KEY_SLOT))
		slot = op->values[KEY_SLOT] == SCRIPT_LAST ? last : (uint32_t)op->values[KEY_SLOT];
	else
		slot = player->slots_cnt++;
	if (slot >= vm->size.memslots + VM_EXTRA_SLOTS)
		return -EINVAL;
	return machine_set_slot(vm, slot, machine_slot_gpa(vm, slot),
				script_op_get(op, KEY_SIZE, vm->slot_bytes));
}

static int play_region(struct player *player, const struct script_op *op)
{
	struct kvm_userspace_memory_region region = {
		.slot = (uint32_t)script_op_get(op, KEY_SLOT, 0),
		.flags = (uint32_t)script_op_get(op, KEY_FLAGS, 0) &
			 (KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY),
		.guest_phys_addr = script_op_get(op, KEY_GPA, 0),
		.memory_size = script_op_get(op, KEY_SIZE, 0),
		.userspace_addr = (uintptr_t)player->mem,
	};

	if (!script_op_has(op, KEY_SIZE) || !script_op_has(op, KEY_GPA))
		return play_own_slot(player, op);
	return machine_set_region(player->vm, &region);
}

/* ---- vCPUs ---- */

static int play_create_vcpu(struct player *player, const struct script_op *op)
{
	struct machine *vm = player->vm;

	if (vm->vcpus_cnt > vm->size.vcpus)
		return -EINVAL;
	return machine_create_vcpu(vm, (uint32_t)script_op_get(op, KEY_ID, vm->vcpus_cnt));
}

static struct machine_vcpu *vcpu_of(const struct player *player, const struct script_op *op)
{
	struct machine *vm = player->vm;
	uint64_t id = script_op_get(op, KEY_ID, vm->vcpus_cnt ? vm->vcpus[0].id : 0);

	for (uint32_t i = 0; i < vm->vcpus_cnt; i++)
		if (vm->vcpus[i].id == id && vm->vcpus[i].run)
			return &vm->vcpus[i];
	return NULL;
}

static int play_run(const struct player *player, const struct script_op *op)
{
	const struct machine_vcpu *vcpu = vcpu_of(player, op);

	return vcpu ? machine_run_vcpu(player->vm, vcpu) : -ENOENT;
}

/* ---- what one architecture has ---- */

#if defined(__x86_64__)

static int play_hyperv(struct player *player, const struct script_op *op)
{
	uint32_t flags = (uint32_t)script_op_get(op, KEY_FLAGS, 0);
	int fd;

	pthread_mutex_lock(&player->lock);
	fd = eventfd_of(player, op);
	pthread_mutex_unlock(&player->lock);
	return machine_set_hyperv_eventfd(player->vm, (uint32_t)script_op_get(op, KEY_CONN_ID, 1),
					  fd, flags);
}

static int play_of_arch(struct player *player, const struct script_op *op)
{
	struct machine *vm = player->vm;

	switch (op->id) {
	case CALL_SET_TSS_ADDR:
		return script_op_has(op, KEY_ADDR)
			       ? machine_set_tss(vm, (uint32_t)op->values[KEY_ADDR])
			       : machine_set_tss_addr(vm);
	case CALL_SET_IDENTITY_MAP_ADDR:
		return machine_set_identity_map_addr(vm);
	case CALL_CREATE_IRQCHIP:
		return machine_create_irqchip(vm);
	case CALL_CREATE_PIT2:
		return script_op_has(op, KEY_FLAGS)
			       ? machine_create_pit(vm, (uint32_t)op->values[KEY_FLAGS])
			       : machine_create_pit2(vm);
	case CALL_REINJECT_CONTROL:
		return machine_set_reinject(vm, (uint32_t)script_op_get(op, KEY_REINJECT, 0));
	case CALL_ENABLE_CAP:
		return machine_enable_split_irqchip(vm);
	case CALL_SET_PMU_EVENT_FILTER:
		return machine_set_pmu_event_filter(vm);
	case CALL_X86_SET_MSR_FILTER:
		return machine_set_msr_filter(vm);
	case CALL_HYPERV_EVENTFD:
		return play_hyperv(player, op);
	default:
		return -EOPNOTSUPP;
	}
}

#else

static int play_of_arch(struct player *player, const struct script_op *op)
{
	if (op->id == CALL_CREATE_DEVICE)
		return machine_create_vgic(player->vm);
	return op->id == CALL_ARM_VCPU_INIT ? machine_init_vcpus(player->vm) : -EOPNOTSUPP;
}

#endif

static int play_ioctl(struct player *player, const struct script_op *op)
{
	switch (op->id) {
	case CALL_CREATE_VM:
		return machine_create(player->vm);
	case CALL_CREATE_VCPU:
		return play_create_vcpu(player, op);
	case CALL_RUN:
		return play_run(player, op);
	case CALL_SET_USER_MEMORY_REGION:
	case CALL_SET_USER_MEMORY_REGION2:
		return play_region(player, op);
	case CALL_IOEVENTFD:
		return play_ioeventfd(player, op);
	case CALL_IRQFD:
		return play_irqfd(player, op);
	case CALL_SET_GSI_ROUTING:
		return play_routes(player, op);
	case CALL_REGISTER_COALESCED_MMIO:
	case CALL_UNREGISTER_COALESCED_MMIO:
		return play_zone(player, op, op->id == CALL_REGISTER_COALESCED_MMIO);
	default:
		return play_of_arch(player, op);
	}
}

/* ---- what is no ioctl ---- */

static int play_close(struct player *player)
{
	struct machine *vm = player->vm;
	struct call call = {.what = CALL_IS_CLOSE, .name = "close"};
	long ret;

	/* A log that shows no close of a vCPU's does not know of them. */
	for (uint32_t i = 0; !player->closes_vcpus_later && i < vm->vcpus_cnt; i++)
		machine_close_vcpu(vm, &vm->vcpus[i]);
	if (vm->fd < 0)
		return 0;
	ret = call_log_close(vm->log, &call, vm->fd);
	vm->fd = -1;
	return (int)ret;
}

static int play_close_vcpu(struct player *player, const struct script_op *op)
{
	struct machine_vcpu *vcpu = vcpu_of(player, op);

	return vcpu ? machine_close_vcpu(player->vm, vcpu) : -ENOENT;
}

static int play_eventfd(struct player *player)
{
	int ret;

	pthread_mutex_lock(&player->lock);
	ret = machine_eventfd(player->vm);
	if (ret >= 0 && player->spares_cnt < player->max)
		player->spare_fds[player->spares_cnt++] = ret;
	pthread_mutex_unlock(&player->lock);
	return ret < 0 ? ret : 0;
}

/* Descriptors that nothing is done with: they live as long as this process. */
static int play_descriptor(const struct player *player, enum script_act act)
{
	int fd = act == ACT_DUP ? fcntl(player->vm->kvm_fd, F_DUPFD_CLOEXEC, 0)
				: socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static void *idle(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static int play_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int ret = pthread_attr_init(&attr);

	if (ret)
		return -ret;
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	ret = pthread_create(&thread, &attr, idle, NULL);
	pthread_attr_destroy(&attr);
	return -ret;
}

int player_play(struct player *player, const struct script_op *op)
{
	switch (op->act) {
	case ACT_IOCTL:
		return play_ioctl(player, op);
	case ACT_CLOSE:
		return play_close(player);
	case ACT_CLOSE_VCPU:
		return play_close_vcpu(player, op);
	case ACT_EVENTFD:
		return play_eventfd(player);
	case ACT_THREAD:
		return play_thread();
	default:
		return play_descriptor(player, op->act);
	}
}
