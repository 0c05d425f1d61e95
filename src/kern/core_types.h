/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few of the kernel's types that our programs ask for (CO-RE), as BTF of their own. libbpf goes
 * through all that there are, 126 000 on 6.18, for each of forty, and where KVM is a module through
 * those of all modules.
 */
#ifndef KERN_CORE_TYPES_H
#define KERN_CORE_TYPES_H

struct kernel_types;

/* What bpf_object_open_opts.btf_custom_path takes. */
struct core_types {
	char path[32]; /* "": there is none, and libbpf does without */
	int fd;	       /* of that */
};

/* Of the kernel, and of KVM's module. What fails leaves none. */
void core_types_init(struct core_types *core, const struct kernel_types *types);
void core_types_fini(struct core_types *core);

#endif
