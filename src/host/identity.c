// SPDX-License-Identifier: GPL-2.0-only
#include "host/identity.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "host/cmdline.h"
#include "base/sanitize.h"

#define HEX_ID_LEN 64 /* container ids of all runtimes */

/* ---- command lines ---- */

static const struct vmm_kind {
	const char *program; /* how its file's name begins */
	const char *name;
	const char
		*socket_option; /* its control socket is named after the VM, if nothing else is */
} vmms[] = {
	{"firecracker", "firecracker", "--api-sock"},
	{"qemu-", "qemu", NULL},
	{"kvm", "qemu", NULL},
	{"cloud-hypervisor", "cloud-hypervisor", "--api-socket"},
	{"crosvm", "crosvm", "--socket"},
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const struct vmm_kind *find_vmm(const char *argv0)
{
	const char *base = base_of(argv0);

	for (size_t i = 0; i < sizeof(vmms) / sizeof(vmms[0]); i++)
		if (!strncmp(base, vmms[i].program, strlen(vmms[i].program)) &&
		    strcmp(base, "kvmstall"))
			return &vmms[i];
	return NULL;
}

/* The value of @option; NULL: it is not there. */
static const char *value_of(const char *cmdline, size_t size, const char *option)
{
	const char *value = NULL;

	for (size_t pos = 0, next; pos < size && !value; pos = next) {
		next = pos + strlen(cmdline + pos) + 1;
		value = cmdline_value(cmdline + pos, next < size ? cmdline + next : NULL, option);
	}
	return value;
}

/* "/run/vms/web1.sock", "path=/run/web1.sock,..." -> "web1" */
static void take_socket(const char *value, char *name, size_t size)
{
	char path[256];
	const char *dot;

	if (!strncmp(value, "path=", 5))
		value += 5;
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(value, ","), value);
	dot = strrchr(base_of(path), '.');
	if (dot)
		path[dot - path] = 0;
	sanitize(name, size, base_of(path));
}

static void take_uuid(struct identity *identity, const char *value)
{
	char text[sizeof(identity->uuid)];

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(value, ","), value);
	sanitize(identity->uuid, sizeof(identity->uuid), text);
}

static void add_args(struct identity *identity, const char *cmdline, size_t size)
{
	const struct vmm_kind *vmm = find_vmm(cmdline);
	const char *uuid = value_of(cmdline, size, "-uuid"), *platform;
	char name[256];

	if (cmdline_vm_name(cmdline, size, name, sizeof(name)))
		identity->cut += sanitize(identity->name, sizeof(identity->name), name);
	if (vmm)
		sanitize(identity->vmm, sizeof(identity->vmm), vmm->name);
	if (vmm && vmm->socket_option && !identity->name[0]) {
		const char *socket = value_of(cmdline, size, vmm->socket_option);

		if (socket)
			take_socket(socket, identity->name, sizeof(identity->name));
	}
	platform = value_of(cmdline, size, "--platform");
	if (!uuid && platform && (uuid = strstr(platform, "uuid=")))
		uuid += strlen("uuid=");
	if (uuid)
		take_uuid(identity, uuid);
}

void identity_add_cmdline(struct identity *identity, const char *cmdline, size_t size)
{
	/* What follows the last NUL was cut: leave it out, so that all are strings. */
	while (size && cmdline[size - 1])
		size--;
	if (size)
		add_args(identity, cmdline, size);
}

/* ---- cgroups ---- */

/* The line that says most: version 2's or, with version 1, systemd's own, else the first. */
static const char *pick_line(const char *text)
{
	const char *found = text, *line = text;

	while (line && *line) {
		if (!strncmp(line, "0::", 3) || strstr(line, ":name=systemd:") == strchr(line, ':'))
			found = line;
		if (!strncmp(line, "0::", 3) && line[3] == '/' && line[4] && line[4] != '\n')
			return line;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return found;
}

/* "N:controllers:/path\n" -> "/path" */
static bool path_of_line(const char *line, char *path, size_t size)
{
	const char *colon = strchr(line, ':');

	colon = colon ? strchr(colon + 1, ':') : NULL;
	if (!colon)
		return false;
	snprintf(path, size, "%.*s", (int)strcspn(colon + 1, "\n"), colon + 1);
	return true;
}

static int hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* systemd writes what a unit's name may not have as \xHH: systemd.unit(5) */
static void unescape(const char *text, size_t len, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < len && used + 1 < size; i++) {
		if (i + 3 < len && text[i] == '\\' && text[i + 1] == 'x' &&
		    isxdigit((unsigned char)text[i + 2]) && isxdigit((unsigned char)text[i + 3])) {
			out[used++] = hex_value(text[i + 2]) * 16 + hex_value(text[i + 3]);
			i += 3;
		} else {
			out[used++] = text[i];
		}
	}
	out[used] = 0;
}

/* "machine-qemu\x2d3\x2dweb1.scope" -> "qemu-3-web1" */
static void take_machine(struct identity *identity, const char *part, size_t len)
{
	static const char prefix[] = "machine-", suffix[] = ".scope";
	size_t begin = sizeof(prefix) - 1, end = sizeof(suffix) - 1;
	char name[sizeof(identity->machine)];

	if (len <= begin + end || strncmp(part, prefix, begin) ||
	    strncmp(part + len - end, suffix, end))
		return;
	unescape(part + begin, len - begin - end, name, sizeof(name));
	sanitize(identity->machine, sizeof(identity->machine), name);
}

#define UUID_LEN 36

/* A uuid; the slices of Kubernetes write it with '_'. */
static bool is_uuid(const char *text)
{
	for (int i = 0; i < UUID_LEN; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? text[i] != '-' && text[i] != '_' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return true;
}

/* "pod1234...", "kubepods-burstable-pod1234_....slice" */
static void take_pod(struct identity *identity, const char *part, size_t len)
{
	for (size_t i = 0; i + 3 + UUID_LEN <= len; i++) {
		if (strncmp(part + i, "pod", 3) || !is_uuid(part + i + 3))
			continue;
		for (int k = 0; k < UUID_LEN; k++)
			identity->pod[k] = part[i + 3 + k] == '_' ? '-' : part[i + 3 + k];
		identity->pod[UUID_LEN] = 0;
		return;
	}
}

/* 64 hexadecimal digits, whatever the runtime puts around them; its monitor's cgroup is another. */
static void take_container(struct identity *identity, const char *part, size_t len)
{
	size_t run = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && isxdigit((unsigned char)part[i])) {
			run++;
			continue;
		}
		if (run == HEX_ID_LEN) {
			memcpy(identity->container, part + i - run, run);
			identity->container[run] = 0;
		}
		run = 0;
	}
}

void identity_add_cgroup(struct identity *identity, const char *text, size_t size)
{
	char copy[4096], path[sizeof(copy)];
	size_t len;

	snprintf(copy, sizeof(copy), "%.*s", size < sizeof(copy) ? (int)size : (int)sizeof(copy),
		 text);
	if (!path_of_line(pick_line(copy), path, sizeof(path)))
		return;
	for (const char *part = path; *part; part += len) {
		part += strspn(part, "/");
		len = strcspn(part, "/");
		take_machine(identity, part, len);
		take_pod(identity, part, len);
		take_container(identity, part, len);
	}
	if (strlen(path) >= sizeof(identity->cgroup)) {
		identity->cgroup[0] = 0;
		identity->cut++;
		return;
	}
	sanitize(identity->cgroup, sizeof(identity->cgroup), path);
}
