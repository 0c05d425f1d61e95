// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/ioctls.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/sites.h"

#define ON_DEV	  (1 << KS_KIND_DEV)
#define ON_VM	  (1 << KS_KIND_VM)
#define ON_DEVICE (1 << KS_KIND_DEVICE)

#define REGISTERS (1 << 0)
#define WAITS	  (1 << 1)

/* clang-format off */
#define U32(n, o) { n, o, IOCTL_ARG_U32, false }
#define S32(n, o) { n, o, IOCTL_ARG_S32, false }
#define U64(n, o) { n, o, IOCTL_ARG_U64, false }
#define HEX(n, o) { n, o, IOCTL_ARG_HEX, false }
#define VALUE(n)  { n, 0, IOCTL_ARG_U64, true }
#define ADDR(n)   { n, 0, IOCTL_ARG_HEX, true }
#define NO_ARGS   { NULL, 0, 0, false }

static const struct ioctl_desc ioctls[] = {
#define X(id, name, nr, kinds, does, ...) { CALL_##id, nr, kinds, { __VA_ARGS__ } },
	IOCTLS(X)
#undef X
};

static const struct {
	const char *name;
	uint8_t does;
} calls[CALL_CNT] = {
#define X(id, name, nr, kinds, does, ...) [CALL_##id] = { name, does },
	IOCTLS(X)
#undef X
#define X(id, name, does) [CALL_##id] = { name, does },
	OTHER_CALLS(X)
#undef X
#define X(id, name, request) [CALL_##id] = { name, 0 },
	UNWATCHED(X)
	OTHER_IOCTLS(X)
#undef X
#define X(id, name, ...) [CALL_##id] = { name, 0 },
	SYSCALLS(X)
#undef X
};

/* By architecture: enum ks_syscall_table */
static const struct {
	enum call_id id;
	int16_t x86, i386, generic;
} syscalls[] = {
#define X(id, name, x86, i386, generic) { CALL_##id, x86, i386, generic },
	SYSCALLS(X)
#undef X
	{ CALL_IOCTL, 16, 54, 29 },
	{ CALL_CLOSE, 3, 6, 57 },
};

static const struct {
	enum call_id id;
	uint32_t request;
} other_ioctls[] = {
#define X(id, name, request) { CALL_##id, request },
	OTHER_IOCTLS(X)
#undef X
};

/* include/uapi/linux/kvm.h: whole requests. Those that are not here differ between architectures. */
static const struct {
	enum call_id id;
	uint32_t request;
} requests[] = {
#define X(id, name, request) { CALL_##id, request },
	UNWATCHED(X)
#undef X
	{ CALL_CREATE_VM, 0x0000ae01 },
	{ CALL_SET_MEMORY_REGION, 0x4018ae40 },
	{ CALL_CREATE_VCPU, 0x0000ae41 },
	{ CALL_SET_USER_MEMORY_REGION, 0x4020ae46 },
	{ CALL_SET_TSS_ADDR, 0x0000ae47 },
	{ CALL_SET_IDENTITY_MAP_ADDR, 0x4008ae48 },
	{ CALL_CREATE_IRQCHIP, 0x0000ae60 },
	{ CALL_CREATE_PIT, 0x0000ae64 },
	{ CALL_SET_GSI_ROUTING, 0x4008ae6a },
	{ CALL_REINJECT_CONTROL, 0x0000ae71 },
	{ CALL_IRQFD, 0x4020ae76 },
	{ CALL_CREATE_PIT2, 0x4040ae77 },
	{ CALL_IOEVENTFD, 0x4040ae79 },
	{ CALL_SET_PMU_EVENT_FILTER, 0x4020aeb2 },
	{ CALL_CREATE_DEVICE, 0xc00caee0 },
	{ CALL_SET_DEVICE_ATTR, 0x4018aee1 },
	{ CALL_RUN, 0x0000ae80 },
	{ CALL_SET_SREGS, 0x4138ae84 },
	{ CALL_TRANSLATE, 0xc018ae85 },
	{ CALL_GET_MP_STATE, 0x8004ae98 },
	{ CALL_ENABLE_CAP, 0x4068aea3 },
	{ CALL_HYPERV_EVENTFD, 0x4018aebd },
	{ CALL_X86_SET_MSR_FILTER, 0x4188aec6 },
	{ CALL_XEN_HVM_SET_ATTR, 0x4048aec9 },
	{ CALL_SET_USER_MEMORY_REGION2, 0x40a0ae49 },
	{ CALL_REGISTER_COALESCED_MMIO, 0x4010ae67 },
	{ CALL_UNREGISTER_COALESCED_MMIO, 0x4010ae68 },
	{ CALL_PRE_FAULT_MEMORY, 0xc040aed5 },
	{ CALL_GET_DIRTY_LOG, 0x4010ae42 },
	{ CALL_SET_NR_MMU_PAGES, 0x0000ae44 },
	{ CALL_MEMORY_ENCRYPT_OP, 0xc008aeba },
	{ CALL_MEMORY_ENCRYPT_REG_REGION, 0x8010aebb },
	{ CALL_MEMORY_ENCRYPT_UNREG_REGION, 0x8010aebc },
	{ CALL_CLEAR_DIRTY_LOG, 0xc018aec0 },
	{ CALL_RESET_DIRTY_RINGS, 0x0000aec7 },
	{ CALL_GET_STATS_FD, 0x0000aece },
	{ CALL_SET_MEMORY_ATTRIBUTES, 0x4020aed2 },
	{ CALL_CREATE_GUEST_MEMFD, 0xc040aed4 },
};
/* clang-format on */

#define IOCTLS_CNT (sizeof(ioctls) / sizeof(ioctls[0]))

const struct ioctl_desc *ioctl_find(enum ks_call_kind kind, uint32_t cmd)
{
	for (size_t i = 0; i < IOCTLS_CNT && kind <= KS_KIND_EXIT; i++)
		if (ioctls[i].nr == (cmd & 0xff) && ioctls[i].kinds & (1 << kind) &&
		    (ioctls[i].kinds & KS_WANTED_READS || !KS_IOCTL_READS(cmd)))
			return &ioctls[i];
	return NULL;
}

const struct ioctl_desc *ioctl_by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < IOCTLS_CNT; i++) {
		const char *its = calls[ioctls[i].id].name;

		if (!strncmp(its, name, len) && !its[len])
			return &ioctls[i];
	}
	return NULL;
}

enum call_id call_of_request(uint32_t request)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (requests[i].request == request)
			return requests[i].id;
	return CALL_NONE;
}

enum call_id call_by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const char *its = calls[requests[i].id].name;

		if (!strncmp(its, name, len) && !its[len])
			return requests[i].id;
	}
	return CALL_NONE;
}

enum call_id call_of(enum ks_call_kind kind, uint32_t cmd)
{
	const struct ioctl_desc *desc;

	if (kind == KS_KIND_CLOSE || kind == KS_KIND_EXIT)
		return CALL_CLOSE;
	desc = cmd ? ioctl_find(kind, cmd) : NULL;
	return desc ? desc->id : CALL_UNKNOWN;
}

static enum call_id call_of_any_request(uint32_t request)
{
	enum call_id call = call_of_request(request);

	for (size_t i = 0; !call && i < sizeof(other_ioctls) / sizeof(other_ioctls[0]); i++)
		if (other_ioctls[i].request == request)
			call = other_ioctls[i].id;
	return call ? call : CALL_IOCTL;
}

/* In the table that @cmd is of; NONE: it is not there. */
static int number_of(size_t i, uint32_t cmd)
{
	if (cmd & KS_SYSCALL_X86)
		return syscalls[i].x86;
	if (cmd & KS_SYSCALL_I386)
		return syscalls[i].i386;
	return cmd & KS_SYSCALL_GENERIC ? syscalls[i].generic : NONE;
}

enum call_id call_of_syscall(uint32_t cmd, uint64_t arg)
{
	int nr = cmd & KS_SYSCALL_NR;

	if (nr == KS_SYSCALL_NONE)
		return CALL_FAULT;
	if (nr == KS_SYSCALL_USER)
		return CALL_USER_CODE;
	for (size_t i = 0; i < sizeof(syscalls) / sizeof(syscalls[0]); i++)
		if (nr == number_of(i, cmd))
			return syscalls[i].id == CALL_IOCTL ? call_of_any_request(arg)
							    : syscalls[i].id;
	return CALL_SYSTEM_CALL;
}

/* __x64_sys_*, __arm64_sys_*: arch/x86/include/asm/syscall_wrapper.h */
enum call_id call_of_entry(const char *func)
{
	static const char mark[] = "_sys_";
	const char *name = strncmp(func, "__", 2) ? NULL : strstr(func, mark);

	for (size_t i = 0; name && i < sizeof(syscalls) / sizeof(syscalls[0]); i++)
		if (!strcmp(calls[syscalls[i].id].name, name + sizeof(mark) - 1))
			return syscalls[i].id;
	return CALL_NONE;
}

const char *call_name(enum call_id call)
{
	if (call == CALL_NONE || call >= CALL_CNT)
		return NULL;
	return calls[call].name ? calls[call].name : site_of_call(call)->func;
}

int call_order(enum call_id a, enum call_id b)
{
	const char *one = call_name(a), *two = call_name(b);

	return strcmp(one ? one : "", two ? two : "");
}

bool call_registers(enum call_id call)
{
	return calls[call].does & REGISTERS;
}

bool call_waits(enum call_id call)
{
	return calls[call].does & WAITS;
}

void ioctl_wanted(uint8_t wanted[256])
{
	memset(wanted, 0, 256);
	for (size_t i = 0; i < IOCTLS_CNT; i++)
		wanted[ioctls[i].nr] |= ioctls[i].kinds;
}

bool ioctl_arg_value(const struct ks_call *call, const struct ioctl_arg *arg, uint64_t *value)
{
	uint32_t word;

	if (arg->is_value) {
		*value = call->arg;
		return true;
	}
	if (!(call->flags & KS_CALL_HAS_ARG))
		return false;
	if (arg->type == IOCTL_ARG_U64 || arg->type == IOCTL_ARG_HEX) {
		memcpy(value, call->args + arg->offset, sizeof(*value));
		return true;
	}
	memcpy(&word, call->args + arg->offset, sizeof(word));
	*value = arg->type == IOCTL_ARG_S32 ? (uint64_t)(int64_t)(int32_t)word : word;
	return true;
}

static int format_arg(const struct ioctl_arg *arg, uint64_t value, char *buf, size_t size)
{
	switch (arg->type) {
	case IOCTL_ARG_HEX:
		return snprintf(buf, size, "%s=0x%" PRIx64, arg->name, value);
	case IOCTL_ARG_S32:
		return snprintf(buf, size, "%s=%" PRId64, arg->name, (int64_t)value);
	default:
		return snprintf(buf, size, "%s=%" PRIu64, arg->name, value);
	}
}

char *ioctl_format_args(const struct ks_call *call, char *buf, size_t size)
{
	const struct ioctl_desc *desc = ioctl_find(call->kind, call->cmd);
	size_t len = 0;
	uint64_t value;

	buf[0] = 0;
	for (size_t i = 0; desc && i < IOCTL_ARGS_MAX && desc->args[i].name; i++) {
		if (!ioctl_arg_value(call, &desc->args[i], &value) || len + 2 >= size)
			continue;
		if (!value && !strcmp(desc->args[i].name, "flags"))
			continue;
		if (len)
			buf[len++] = ' ';
		len += format_arg(&desc->args[i], value, buf + len, size - len);
		if (len >= size)
			return buf;
	}
	return buf;
}
