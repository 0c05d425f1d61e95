// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/values.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/sanitize.h"
#include "host/identity.h"
#include "kern/proc.h"

static void put_pid(uint32_t pid, const struct identity *identity)
{
	(void)identity;
	printf("%u\n", pid);
}

static void put_line(const char *name)
{
	char clean[64];

	sanitize(clean, sizeof(clean), name);
	if (*clean)
		puts(clean);
}

static void put_comm(uint32_t pid, const struct identity *identity)
{
	char comm[32];

	(void)identity;
	if (proc_comm(pid, comm, sizeof(comm)))
		put_line(comm);
}

static void put_vm(uint32_t pid, const struct identity *identity)
{
	(void)pid;
	put_line(identity->name);
}

static const struct {
	const char *kind;
	void (*put)(uint32_t pid, const struct identity *identity);
} kinds[] = {{"pid", put_pid}, {"comm", put_comm}, {"vm", put_vm}};

bool values_dump(const char *kind)
{
	const struct dirent *entry;
	size_t i = 0;
	uint64_t pid;
	DIR *proc;

	while (i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[i].kind, kind))
		i++;
	if (i == sizeof(kinds) / sizeof(kinds[0]))
		return false;
	proc = opendir("/proc");
	while (proc && (entry = readdir(proc))) {
		struct identity identity = {.vmm = ""};

		if (parse_u64(entry->d_name, &pid) && proc_identity(pid, &identity) &&
		    *identity.vmm)
			kinds[i].put(pid, &identity);
	}
	if (proc)
		closedir(proc);
	return true;
}
