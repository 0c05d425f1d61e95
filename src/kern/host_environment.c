// SPDX-License-Identifier: GPL-2.0-only
#include "kern/host_environment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/diagnosis.h"
#include "host/host.h"
#include "kern/host_settings.h"

#define PATH_LEN  512
#define VALUE_LEN ENVIRONMENT_VALUE_MAX
#define NOTES_MAX (64 << 10)

/* ---- files ---- */

static int open_under(const char *root, const char *path)
{
	char buf[PATH_LEN];

	snprintf(buf, sizeof(buf), "%s%s", root, path);
	return open(buf, O_RDONLY | O_CLOEXEC);
}

/* Its first line as a fact. */
static int add_line(const char *root, const char *path, struct environment *facts, const char *key)
{
	_close_ int fd = open_under(root, path);
	char value[VALUE_LEN];
	ssize_t len = fd < 0 ? -1 : read(fd, value, sizeof(value) - 1);

	if (len <= 0)
		return 0;
	value[len] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return environment_set(facts, key, value);
}

static int name_cmp(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A fact for each file of a folder, in the order of their names: "PREFIX.NAME". */
static int add_folder(const char *root, const char *folder, struct environment *facts,
		      const char *prefix)
{
	char path[PATH_LEN], key[PATH_LEN];
	struct dirent **list;
	int cnt, ret = 0;

	snprintf(path, sizeof(path), "%s%s", root, folder);
	cnt = scandir(path, &list, is_visible, name_cmp);
	if (cnt < 0)
		return errno == ENOMEM ? -ENOMEM : 0;
	for (int i = 0; i < cnt; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, list[i]->d_name);
		snprintf(key, sizeof(key), "%s.%s", prefix, list[i]->d_name);
		if (!ret)
			ret = add_line(root, path, facts, key);
		free(list[i]);
	}
	free(list);
	return ret;
}

/* ---- the host ---- */

static int add_build_id(const char *root, struct environment *facts)
{
	_close_ int fd = open_under(root, "/sys/kernel/notes");
	char notes[4096], id[BUILD_ID_LEN];
	ssize_t len = fd < 0 ? -1 : read(fd, notes, sizeof(notes));

	if (len <= 0 || !build_id_find(notes, len, id))
		return 0;
	return environment_set(facts, "kernel.build_id", id);
}

static int add_host(const char *root, struct environment *facts)
{
	struct host host = {0};
	char cpus[16];
	int ret;

	host_read(root, &host);
	snprintf(cpus, sizeof(cpus), "%u", host.cpus);
	ret = environment_set(facts, "kernel.release", host.release);
	if (!ret)
		ret = environment_set(facts, "kernel.preempt", host.preemption);
	if (!ret)
		ret = environment_set(facts, "arch", host.arch);
	if (!ret)
		ret = environment_set(facts, "cpu.possible", cpus);
	for (int i = 0; !ret && i < HOST_PARAM_CNT; i++)
		ret = environment_set(facts, host_param_names[i], host.params[i]);
	return ret;
}

/* "model name	: Intel(R) Xeon(R)": of the first CPU, for they are all the same. */
static int add_cpu(const char *root, struct environment *facts)
{
	static const struct {
		const char *field, *key;
	} wanted[] = {
		{"model name", "cpu.model"},
		{"microcode", "cpu.microcode"},
		{"CPU implementer", "cpu.implementer"},
		{"CPU part", "cpu.part"},
		{"CPU revision", "cpu.revision"},
	};
	bool has_flags = false, is_guest = false;
	char path[PATH_LEN], line[4096];
	_fclose_ FILE *file = NULL;
	int ret = 0;

	snprintf(path, sizeof(path), "%s/proc/cpuinfo", root);
	file = fopen(path, "re");
	while (!ret && file && fgets(line, sizeof(line), file) && *line != '\n') {
		char *colon = strchr(line, ':');
		size_t len = strcspn(line, "\t:");

		line[strcspn(line, "\n")] = '\0';
		/* x86: CPUID says that it is a virtual machine's, under KVM as under TCG */
		if (len == strlen("flags") && !strncmp(line, "flags", len)) {
			has_flags = true;
			is_guest = strstr(line, " hypervisor");
		}
		for (size_t i = 0; !ret && colon && i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (len == strlen(wanted[i].field) && !strncmp(line, wanted[i].field, len))
				ret = environment_set(facts, wanted[i].key,
						      colon + strspn(colon, ": \t"));
	}
	if (!ret && has_flags)
		ret = environment_set(facts, "cpu.hypervisor", is_guest ? "yes" : "no");
	return ret;
}

static const struct {
	const char *path, *key;
} lines[] = {
	{"/proc/sys/kernel/version", "kernel.version"},
	{"/proc/cmdline", "kernel.cmdline"},
	{"/sys/devices/system/cpu/smt/control", "cpu.smt"},
	{"/sys/devices/system/clocksource/clocksource0/current_clocksource", "clocksource"},
	{"/sys/kernel/mm/transparent_hugepage/enabled", "transparent_hugepage"},
};

static const struct {
	const char *path, *prefix;
} folders[] = {
	{"/sys/devices/system/cpu/vulnerabilities", "mitigation"},
	{"/sys/module/srcutree/parameters", "srcutree"},
	{"/sys/module/rcutree/parameters", "rcutree"},
	{"/sys/module/rcupdate/parameters", "rcupdate"},
	{"/sys/module/kvm/parameters", "kvm"},
	{"/sys/module/kvm_intel/parameters", "kvm_intel"},
	{"/sys/module/kvm_amd/parameters", "kvm_amd"},
};

int environment_read(const char *root, struct environment *facts)
{
	int ret = add_host(root, facts);

	if (!ret)
		ret = add_build_id(root, facts);
	if (!ret)
		ret = add_cpu(root, facts);
	for (size_t i = 0; !ret && i < sizeof(lines) / sizeof(lines[0]); i++)
		ret = add_line(root, lines[i].path, facts, lines[i].key);
	for (size_t i = 0; !ret && i < sizeof(folders) / sizeof(folders[0]); i++)
		ret = add_folder(root, folders[i].path, facts, folders[i].prefix);
	return ret == -E2BIG ? 0 : ret;
}

/* ---- programs ---- */

static bool read_notes(int fd, const GElf_Phdr *phdr, char id[BUILD_ID_LEN])
{
	_free_ char *notes = phdr->p_filesz <= NOTES_MAX ? malloc(phdr->p_filesz) : NULL;
	ssize_t len = notes ? pread(fd, notes, phdr->p_filesz, phdr->p_offset) : -1;

	return len > 0 && build_id_find(notes, len, id);
}

static bool find_notes(Elf *elf, int fd, char id[BUILD_ID_LEN])
{
	GElf_Phdr phdr;
	size_t cnt;

	if (elf_getphdrnum(elf, &cnt))
		return false;
	for (size_t i = 0; i < cnt; i++)
		if (gelf_getphdr(elf, i, &phdr) && phdr.p_type == PT_NOTE &&
		    read_notes(fd, &phdr, id))
			return true;
	return false;
}

bool fingerprint_program(uint32_t pid, char id[BUILD_ID_LEN])
{
	char path[64];
	_close_ int fd = -1;
	bool is_found;
	Elf *elf;

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || elf_version(EV_CURRENT) == EV_NONE)
		return false;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	is_found = elf && find_notes(elf, fd, id);
	elf_end(elf);
	return is_found;
}
