/* SPDX-License-Identifier: GPL-2.0-only */
/* Who a VM is to its operator: from its VMM's command line and its cgroup. Unknown fields are "".
 */
#ifndef HOST_IDENTITY_H
#define HOST_IDENTITY_H

#include <stddef.h>

struct identity {
	char vmm[20];	    /* "firecracker", "qemu", "cloud-hypervisor", "crosvm" */
	char name[64];	    /* Firecracker --id, QEMU -name, ... */
	char uuid[40];	    /* QEMU -uuid, cloud-hypervisor --platform uuid= */
	char machine[64];   /* as systemd-machined and libvirt know it */
	char pod[40];	    /* Kubernetes: the pod's uid */
	char container[68]; /* 64 hexadecimal digits */
	char cgroup[512];   /* its whole path; "" if it is longer: a part joins with nothing */
	unsigned int cut;   /* of these, how many were too long */
};

/* @cmdline as in /proc/PID/cmdline: arguments that end in NUL, @size bytes in all. */
void identity_add_cmdline(struct identity *identity, const char *cmdline, size_t size);

/* @text as in /proc/PID/cgroup: "0::/path\n", or several lines with version 1. */
void identity_add_cgroup(struct identity *identity, const char *text, size_t size);

#endif
