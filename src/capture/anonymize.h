/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a capture says of whose host it is of, replaced: names of VMs and of
 * threads, addresses of the kernel and of VMMs, the kernel's command line. The
 * same is always replaced by the same, so that all but the names comes out as
 * it was. Thread ids, times, and names of the kernel's own functions stay.
 */
#ifndef CAPTURE_ANONYMIZE_H
#define CAPTURE_ANONYMIZE_H

#include <stddef.h>
#include <stdint.h>

struct anonymize;
struct environment;
struct symbols;

/* NULL: out of memory. */
struct anonymize *anonymize_new(void);
void anonymize_free(struct anonymize *anon);

/* 0, or -ENOMEM: since then what should have been replaced was left out. */
int anonymize_failed(const struct anonymize *anon);

/* "vm-1", "vm-2", ...; an empty name stays so. */
void anonymize_vm_name(struct anonymize *anon, const char *name, char *out, size_t size);

/*
 * "comm-1", ...; those of kernel threads of SRCU, RCU and KVM stay, as they are
 * the same on all hosts. @comm ends at @comm_len at the latest; it may be @out.
 */
void anonymize_comm(struct anonymize *anon, const char *comm, size_t comm_len, char *out,
		    size_t size);

/*
 * From now on the names of these functions are replaced as well. @foreign, which
 * may be NULL, must outlive @anon.
 */
void anonymize_foreign(struct anonymize *anon, const struct symbols *foreign);

/*
 * The name of the function that begins at @start: of a BPF program
 * "bpf_prog_1", ...; of a foreign one that kvmstall knows nothing of
 * "module_function_1", ...; else as it is. @out has at least CAPTURE_SYMBOL_MAX
 * + 1 bytes.
 */
void anonymize_function(struct anonymize *anon, uint64_t start, const char *name, char *out,
			size_t size);

/* Of the kernel; 0 stays 0. */
uint64_t anonymize_address(struct anonymize *anon, uint64_t addr);

/* From now on @addr is as far from @start as it was. To be called before @addr is replaced. */
void anonymize_symbol(struct anonymize *anon, uint64_t addr, uint64_t start);

/* In place: a whole record, of @size bytes, aligned to 8; what is none stays as it is. */
void anonymize_record(struct anonymize *anon, void *record, size_t size);

/*
 * Of "kernel.cmdline" only parameters stay that explain stalls. Returns 0 or
 * a negative errno.
 */
int anonymize_environment(struct environment *facts);

#endif
