/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts of this host from proc, sys, boot and dev. What cannot be read is not known, no error. */
#ifndef KERN_HOST_H
#define KERN_HOST_H

#include "core/outlook.h"

/* @root: "", or the folder that stands for "/". What needs BPF (types, HZ by measuring) stays 0. */
void host_read(const char *root, struct host *host);

#endif
