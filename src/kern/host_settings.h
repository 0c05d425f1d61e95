/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts of this host from proc, sys, boot and dev. What cannot be read is not known, no error. */
#ifndef KERN_HOST_SETTINGS_H
#define KERN_HOST_SETTINGS_H

#include <stdbool.h>

#include "host/diagnosis.h"
#include "host/host.h"

/*
 * @root: "", or the folder that stands for "/". What needs BPF (types, HZ by measuring) and
 * what symbols say (kern/ksyms.h) stays 0.
 */
void host_read(const char *root, struct host *host);

/* Is KVM there, built in or as a module that is loaded? KVMSTALL_KVM_DEVICE names another file to
 * go by: tests have no module to unload. */
bool host_has_kvm(void);

/* How often to look for one that comes later. */
#define HOST_KVM_POLL_MS 2000

#endif
