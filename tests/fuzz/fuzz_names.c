// SPDX-License-Identifier: GPL-2.0-only
/* What other processes call themselves, and what a client asks for: /proc/PID/cmdline and cgroup,
 * label values, the Accept header. */
#include <stdlib.h>
#include <string.h>

#include "host/cmdline.h"
#include "host/identity.h"
#include "base/sanitize.h"
#include "metrics/prom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Labels go between quotes: no control character, and not longer than there is room. */
static void check(const char *value, size_t size)
{
	if (strnlen(value, size) == size)
		abort();
	for (; *value; value++)
		if ((unsigned char)*value < ' ')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct identity identity = {0};
	char *text = malloc(size + 1), name[64] = "", label[24];

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	identity_add_cmdline(&identity, text, size);
	identity_add_cgroup(&identity, text, size);
	cmdline_vm_name(text, size, name, sizeof(name));
	sanitize(label, sizeof(label), text);
	check(label, sizeof(label));
	check(identity.name, sizeof(identity.name));
	check(identity.cgroup, sizeof(identity.cgroup));
	if (prom_negotiate(text) >= PROM_FORMAT_CNT)
		abort();
	free(text);
	return 0;
}
