// SPDX-License-Identifier: GPL-2.0-only
#include "import/ioctl_text.h"

#include <string.h>

#include "import/lexer.h"

#define KVM_TYPE 0xae

/* include/uapi/asm-generic/ioctl.h */
#define IOC_WRITE 1U
#define IOC_READ  2U

/* ---- which ---- */

/* "_IOC_READ|_IOC_WRITE", "READ|WRITE" */
static uint32_t scan_direction(struct lexer *scan)
{
	size_t len = strcspn(scan->at, ",");
	struct word word = {scan->at, len};
	uint32_t dir = 0;

	for (size_t i = 0; i < len; i++) {
		word = (struct word){scan->at + i, len - i};
		dir |= word_begins(&word, "READ") ? IOC_READ : 0;
		dir |= word_begins(&word, "WRITE") ? IOC_WRITE : 0;
	}
	scan->at += len;
	return dir;
}

/* "_IOC(_IOC_NONE, 0xae, 0x41, 0)"; "(NONE, 0xae, 0x41, 0)" of perf trace */
static bool scan_ioc(struct lexer *scan, uint64_t *request)
{
	uint64_t type, nr, size;
	uint32_t dir;

	if (!lexer_text(scan, "_IOC(") && !lexer_text(scan, "("))
		return false;
	dir = scan_direction(scan);
	if (!lexer_text(scan, ", ") || !lexer_number(scan, &type) || !lexer_text(scan, ", ") ||
	    !lexer_number(scan, &nr) || !lexer_text(scan, ", ") || !lexer_number(scan, &size))
		return false;
	if (type > UINT8_MAX || nr > UINT8_MAX || size >= 1 << 14)
		return false;
	*request = (uint64_t)dir << 30 | size << 16 | type << 8 | nr;
	return true;
}

static enum call_id id_of_number(uint64_t request)
{
	enum call_id id;

	if (request > UINT32_MAX || (request >> 8 & 0xff) != KVM_TYPE)
		return CALL_NONE;
	id = call_of_request(request);
	return id == CALL_NONE ? CALL_IOCTL : id;
}

/* "(0xae, 0x41, 0x1)": type, number and direction, of perf trace; no size, so no name. */
static bool is_kvm_triple(const struct word *request)
{
	struct lexer scan = {request->text};
	uint64_t type;

	return lexer_text(&scan, "(") && lexer_number(&scan, &type) && type == KVM_TYPE;
}

enum call_id ioctl_text_id(const struct word *request)
{
	enum call_id id = call_by_name(request->text, request->len);
	struct lexer scan = {request->text};
	uint64_t number;

	if (id != CALL_NONE)
		return id;
	if (scan_ioc(&scan, &number))
		return id_of_number(number);
	scan = (struct lexer){request->text};
	if (lexer_number(&scan, &number))
		return id_of_number(number);
	if (is_kvm_triple(request))
		return CALL_IOCTL;
	return word_begins(request, "KVM_") ? CALL_IOCTL : CALL_NONE;
}

static const struct ioctl_desc *desc_of(enum call_id id)
{
	const char *name = call_name(id);
	const struct ioctl_desc *desc = name ? ioctl_by_name(name, strlen(name)) : NULL;

	return desc && desc->id == id ? desc : NULL;
}

enum ks_call_kind ioctl_text_kind(enum call_id id)
{
	static const enum ks_call_kind kinds[] = {KS_KIND_DEV, KS_KIND_VM, KS_KIND_DEVICE};
	const struct ioctl_desc *desc = desc_of(id);

	for (size_t i = 0; desc && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (desc->kinds & 1 << kinds[i])
			return kinds[i];
	return KS_KIND_NONE;
}

uint32_t ioctl_text_cmd(enum call_id id)
{
	const struct ioctl_desc *desc = desc_of(id);

	return desc ? KVM_TYPE << 8 | desc->nr : 0;
}

/* ---- arguments ---- */

/* What strace calls the members that we call otherwise. */
static const char *member_of(const char *name)
{
	if (!strcmp(name, "gpa"))
		return "guest_phys_addr";
	return strcmp(name, "size") ? name : "memory_size";
}

/* "KVM_MEM_LOG_DIRTY_PAGES|KVM_MEM_READONLY": include/uapi/linux/kvm.h */
static bool scan_flags(struct lexer *scan, int64_t *value)
{
	static const struct {
		const char *name;
		int64_t bit;
	} flags[] = {
		{"KVM_MEM_LOG_DIRTY_PAGES", 1},
		{"KVM_MEM_READONLY", 2},
		{"KVM_MEM_GUEST_MEMFD", 4},
		{"KVM_PIT_SPEAKER_DUMMY", 1},
	};
	bool is_any = false;

	*value = 0;
	do {
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			if (lexer_text(scan, flags[i].name)) {
				*value |= flags[i].bit;
				is_any = true;
			}
	} while (lexer_text(scan, "|"));
	return is_any;
}

static bool find_member(const char *text, const char *name, int64_t *value)
{
	size_t len = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at += len) {
		struct lexer scan = {at + len};

		if (at > text && strchr("{ ,", at[-1]) && lexer_text(&scan, "="))
			return lexer_signed(&scan, value) || scan_flags(&scan, value);
	}
	return false;
}

static void set_member(struct ks_call *rec, const struct ioctl_arg *arg, int64_t value)
{
	uint32_t word = value;

	if (arg->type == IOCTL_ARG_U64 || arg->type == IOCTL_ARG_HEX)
		memcpy(rec->args + arg->offset, &value, sizeof(value));
	else
		memcpy(rec->args + arg->offset, &word, sizeof(word));
}

void ioctl_text_args(struct ks_call *rec, const char *text)
{
	const struct ioctl_desc *desc = ioctl_find(rec->kind, rec->cmd);
	struct lexer scan = {text};
	int64_t value;
	size_t cnt = 0;

	lexer_spaces(&scan);
	if (lexer_signed(&scan, &value))
		rec->arg = value;
	for (size_t i = 0; desc && i < IOCTL_ARGS_MAX && desc->args[i].name; i++) {
		if (desc->args[i].is_value ||
		    !find_member(text, member_of(desc->args[i].name), &value))
			return;
		set_member(rec, &desc->args[i], value);
		cnt++;
	}
	if (cnt)
		rec->flags |= KS_CALL_HAS_ARG;
}
