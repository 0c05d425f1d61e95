// SPDX-License-Identifier: GPL-2.0-only
#include "ledger/ioctls.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ON_DEV	  (1 << KS_KIND_DEV)
#define ON_VM	  (1 << KS_KIND_VM)
#define ON_VCPU	  (1 << KS_KIND_VCPU)
#define ON_DEVICE (1 << KS_KIND_DEVICE)

/* clang-format off */
#define U32(n, o) { n, o, IOCTL_ARG_U32, false }
#define S32(n, o) { n, o, IOCTL_ARG_S32, false }
#define U64(n, o) { n, o, IOCTL_ARG_U64, false }
#define HEX(n, o) { n, o, IOCTL_ARG_HEX, false }
#define VALUE(n)  { n, 0, IOCTL_ARG_U64, true }
#define ADDR(n)   { n, 0, IOCTL_ARG_HEX, true }

/* include/uapi/linux/kvm.h: numbers and structures. Hot calls (KVM_RUN, KVM_IRQ_LINE,
 * KVM_SIGNAL_MSI, KVM_GET_DIRTY_LOG...) are deliberately not here. */
static const struct ioctl_desc calls[] = {
	{ "KVM_CREATE_VM",               0x01, ON_DEV,  { VALUE("type") } },
	{ "KVM_CREATE_VCPU",             0x41, ON_VM,   { VALUE("id") } },
	{ "KVM_SET_MEMORY_REGION",       0x40, ON_VM,   { { 0 } } },
	{ "KVM_SET_USER_MEMORY_REGION",  0x46, ON_VM,   { U32("slot", 0), U32("flags", 4), HEX("gpa", 8), HEX("size", 16) } },
	{ "KVM_SET_TSS_ADDR",            0x47, ON_VM,   { ADDR("addr") } },
	{ "KVM_SET_IDENTITY_MAP_ADDR",   0x48, ON_VM,   { { 0 } } },
	{ "KVM_SET_USER_MEMORY_REGION2", 0x49, ON_VM,   { U32("slot", 0), U32("flags", 4), HEX("gpa", 8), HEX("size", 16) } },
	{ "KVM_CREATE_IRQCHIP",          0x60, ON_VM,   { { 0 } } },
	{ "KVM_REGISTER_COALESCED_MMIO", 0x67, ON_VM,   { HEX("addr", 0), U32("size", 8) } },
	{ "KVM_UNREGISTER_COALESCED_MMIO", 0x68, ON_VM, { HEX("addr", 0), U32("size", 8) } },
	{ "KVM_SET_GSI_ROUTING",         0x6a, ON_VM,   { U32("nr", 0) } },
	{ "KVM_REINJECT_CONTROL",        0x71, ON_VM,   { U32("reinject", 0) } },
	{ "KVM_IRQFD",                   0x76, ON_VM,   { S32("fd", 0), U32("gsi", 4), U32("flags", 8) } },
	{ "KVM_CREATE_PIT2",             0x77, ON_VM,   { U32("flags", 0) } },
	{ "KVM_CREATE_PIT",              0x64, ON_VM,   { { 0 } } },
	{ "KVM_IOEVENTFD",               0x79, ON_VM,   { HEX("addr", 8), U32("len", 16), S32("fd", 20), U32("flags", 24) } },
	{ "KVM_ENABLE_CAP",              0xa3, ON_VM,   { U32("cap", 0) } },
	{ "KVM_SET_PMU_EVENT_FILTER",    0xb2, ON_VM,   { U32("action", 0), U32("nevents", 4) } },
	{ "KVM_HYPERV_EVENTFD",          0xbd, ON_VM,   { U32("conn_id", 0), S32("fd", 4), U32("flags", 8) } },
	{ "KVM_X86_SET_MSR_FILTER",      0xc6, ON_VM,   { U32("flags", 0) } },
	{ "KVM_XEN_HVM_SET_ATTR",        0xc9, ON_VM,   { U32("type", 0) } },
	{ "KVM_CREATE_DEVICE",           0xe0, ON_VM | KS_WANTED_READS, { U32("type", 0), U32("flags", 8) } },
	{ "KVM_SET_DEVICE_ATTR",         0xe1, ON_DEVICE | ON_VM, { U32("group", 4), U64("attr", 8) } },
};
/* clang-format on */

#define CALLS_CNT (sizeof(calls) / sizeof(calls[0]))

const struct ioctl_desc *ioctl_find(enum ks_call_kind kind, uint32_t cmd)
{
	for (size_t i = 0; i < CALLS_CNT && kind <= KS_KIND_EXIT; i++)
		if (calls[i].nr == (cmd & 0xff) && calls[i].kinds & (1 << kind) &&
		    (calls[i].kinds & KS_WANTED_READS || !KS_IOCTL_READS(cmd)))
			return &calls[i];
	return NULL;
}

const struct ioctl_desc *ioctl_by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < CALLS_CNT; i++)
		if (strlen(calls[i].name) == len && !strncmp(calls[i].name, name, len))
			return &calls[i];
	return NULL;
}

const char *call_name(enum ks_call_kind kind, uint32_t cmd)
{
	const struct ioctl_desc *desc;

	if (kind == KS_KIND_CLOSE || kind == KS_KIND_EXIT)
		return "close";
	desc = cmd ? ioctl_find(kind, cmd) : NULL;
	return desc ? desc->name : "unknown";
}

void ioctl_wanted(uint8_t wanted[256])
{
	memset(wanted, 0, 256);
	for (size_t i = 0; i < CALLS_CNT; i++)
		wanted[calls[i].nr] |= calls[i].kinds;
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
