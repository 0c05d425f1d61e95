/* SPDX-License-Identifier: GPL-2.0-only */
/* The KVM calls that can stall, as a table: numbers, names, what their arguments mean. */
#ifndef LEDGER_IOCTLS_H
#define LEDGER_IOCTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmstall/records.h>

enum ioctl_arg_type {
	IOCTL_ARG_U32,
	IOCTL_ARG_S32,
	IOCTL_ARG_U64,
	IOCTL_ARG_HEX, /* 64 bits: addresses and sizes */
};

struct ioctl_arg {
	const char *name;
	uint8_t offset; /* in the structure that the ioctl's argument points to */
	uint8_t type;
	bool is_value; /* the argument itself, not what it points to */
};

#define IOCTL_ARGS_MAX 5

struct ioctl_desc {
	const char *name;
	uint8_t nr;    /* _IOC_NR of the ioctl */
	uint8_t kinds; /* (1 << enum ks_call_kind) it is made on, KS_WANTED_READS */
	struct ioctl_arg args[IOCTL_ARGS_MAX];
};

/* What is known of an ioctl; NULL for one that kvmstall does not watch. */
const struct ioctl_desc *ioctl_find(enum ks_call_kind kind, uint32_t cmd);

/* The same by its name, of @len characters. */
const struct ioctl_desc *ioctl_by_name(const char *name, size_t len);

/* The call's name: "KVM_CREATE_VCPU", "close"; never NULL. */
const char *call_name(enum ks_call_kind kind, uint32_t cmd);

/* The value of one argument of @call; false when it was not readable. */
bool ioctl_arg_value(const struct ks_call *call, const struct ioctl_arg *arg, uint64_t *value);

/* Fill the table that the probes filter by: bit (1 << kind) for each ioctl number. */
void ioctl_wanted(uint8_t wanted[256]);

/* "slot=0 gpa=0x0 size=0x8000000" into @buf, flags only when there are any. Returns @buf. */
char *ioctl_format_args(const struct ks_call *call, char *buf, size_t size);

#endif
