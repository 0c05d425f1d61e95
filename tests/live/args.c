// SPDX-License-Identifier: GPL-2.0-only
/*
 * args make - make ioctls whose argument is followed by bytes that are nobody's business, and
 * ioctls whose argument is the last of its mapping. args check FILE - do that on what was recorded
 * of it: "N calls, N arguments, N bytes behind them".
 */
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <unistd.h>

#include "../lib/records.h"

#define FOLLOWED 7
#define AT_END	 5

static int die(const char *what)
{
	perror(what);
	return 1;
}

static int register_zone(int vm, struct kvm_coalesced_mmio_zone *zone, int nr)
{
	*zone = (struct kvm_coalesced_mmio_zone){.addr = 0xfe000000 + 4096 * nr, .size = 8};
	return ioctl(vm, KVM_REGISTER_COALESCED_MMIO, zone);
}

static int make(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int kvm = open("/dev/kvm", O_RDWR), vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	struct kvm_coalesced_mmio_zone *zone;
	int i;

	if (pages == MAP_FAILED || vm < 0 || mprotect(pages + page, page, PROT_NONE))
		return die("setting up");
	memset(pages, 0x5a, page);
	zone = (void *)(pages + 64);
	for (i = 0; i < FOLLOWED; i++)
		if (register_zone(vm, zone, i))
			return die("KVM_REGISTER_COALESCED_MMIO");
	zone = (void *)(pages + page - sizeof(*zone));
	for (; i < FOLLOWED + AT_END; i++)
		if (register_zone(vm, zone, i))
			return die("KVM_REGISTER_COALESCED_MMIO");
	return 0;
}

struct counts {
	unsigned int calls, args, behind;
};

static int count(void *ctx, const void *record, size_t size)
{
	const struct ks_call *call = record;
	struct counts *counts = ctx;

	(void)size;
	if (call->head.type != KS_CALL || call->cmd != KVM_REGISTER_COALESCED_MMIO ||
	    strcmp(call->comm, "args"))
		return 0;
	counts->calls++;
	counts->args += !!(call->flags & KS_CALL_HAS_ARG);
	for (size_t i = sizeof(struct kvm_coalesced_mmio_zone); i < sizeof(call->args); i++)
		counts->behind += call->args[i] != 0;
	return 0;
}

static int check(const char *file)
{
	struct counts counts = {0};

	if (each_record(file, count, &counts))
		return 1;
	printf("%u calls, %u arguments, %u bytes behind them\n", counts.calls, counts.args,
	       counts.behind);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "make"))
		return make();
	if (argc == 3 && !strcmp(argv[1], "check"))
		return check(argv[2]);
	fprintf(stderr, "args make | args check FILE\n");
	return 2;
}
