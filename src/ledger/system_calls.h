/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that are not KVM's: system calls that can wait for a grace period in a process that owns a
 * VM. Which do is not in the list: any may, and one that is not in it is called "system call".
 */
#ifndef LEDGER_SYSTEM_CALLS_H
#define LEDGER_SYSTEM_CALLS_H

/*
 * X(id, name, number on x86-64, of a 32-bit task there, on arm64: the generic one); NONE: it is not
 * there. arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl (of mmap, fcntl and ftruncate
 * what C libraries call: mmap2, fcntl64, ftruncate64), include/uapi/asm-generic/unistd.h
 */
/* clang-format off */
#define NONE (-1)
#define SYSCALLS(X) \
	X(SYS_EVENTFD, "eventfd", 284, 323, NONE) \
	X(SYS_EVENTFD2, "eventfd2", 290, 328, 19) \
	X(SYS_DUP, "dup", 32, 41, 23) \
	X(SYS_DUP2, "dup2", 33, 63, NONE) \
	X(SYS_DUP3, "dup3", 292, 330, 24) \
	X(SYS_FCNTL, "fcntl", 72, 221, 25) \
	X(SYS_OPEN, "open", 2, 5, NONE) \
	X(SYS_OPENAT, "openat", 257, 295, 56) \
	X(SYS_OPENAT2, "openat2", 437, 437, 437) \
	X(SYS_CREAT, "creat", 85, 8, NONE) \
	X(SYS_CLOSE_RANGE, "close_range", 436, 436, 436) \
	X(SYS_SOCKET, "socket", 41, 359, 198) \
	X(SYS_SOCKETPAIR, "socketpair", 53, 360, 199) \
	X(SYS_ACCEPT, "accept", 43, NONE, 202) \
	X(SYS_ACCEPT4, "accept4", 288, 364, 242) \
	X(SYS_PIPE, "pipe", 22, 42, NONE) \
	X(SYS_PIPE2, "pipe2", 293, 331, 59) \
	X(SYS_EPOLL_CREATE, "epoll_create", 213, 254, NONE) \
	X(SYS_EPOLL_CREATE1, "epoll_create1", 291, 329, 20) \
	X(SYS_EPOLL_CTL, "epoll_ctl", 233, 255, 21) \
	X(SYS_TIMERFD_CREATE, "timerfd_create", 283, 322, 85) \
	X(SYS_SIGNALFD, "signalfd", 282, 321, NONE) \
	X(SYS_SIGNALFD4, "signalfd4", 289, 327, 74) \
	X(SYS_MEMFD_CREATE, "memfd_create", 319, 356, 279) \
	X(SYS_MEMFD_SECRET, "memfd_secret", 447, 447, 447) \
	X(SYS_INOTIFY_INIT, "inotify_init", 253, 291, NONE) \
	X(SYS_INOTIFY_INIT1, "inotify_init1", 294, 332, 26) \
	X(SYS_FANOTIFY_INIT, "fanotify_init", 300, 338, 262) \
	X(SYS_USERFAULTFD, "userfaultfd", 323, 374, 282) \
	X(SYS_PERF_EVENT_OPEN, "perf_event_open", 298, 336, 241) \
	X(SYS_IO_URING_SETUP, "io_uring_setup", 425, 425, 425) \
	X(SYS_IO_URING_REGISTER, "io_uring_register", 427, 427, 427) \
	X(SYS_PIDFD_OPEN, "pidfd_open", 434, 434, 434) \
	X(SYS_PIDFD_GETFD, "pidfd_getfd", 438, 438, 438) \
	X(SYS_BPF, "bpf", 321, 357, 280) \
	X(SYS_READ, "read", 0, 3, 63) \
	X(SYS_PREAD64, "pread64", 17, 180, 67) \
	X(SYS_READV, "readv", 19, 145, 65) \
	X(SYS_WRITE, "write", 1, 4, 64) \
	X(SYS_PWRITE64, "pwrite64", 18, 181, 68) \
	X(SYS_WRITEV, "writev", 20, 146, 66) \
	X(SYS_SENDMSG, "sendmsg", 46, 370, 211) \
	X(SYS_RECVMSG, "recvmsg", 47, 372, 212) \
	X(SYS_SETSOCKOPT, "setsockopt", 54, 366, 208) \
	X(SYS_BIND, "bind", 49, 361, 200) \
	X(SYS_CONNECT, "connect", 42, 362, 203) \
	X(SYS_SHUTDOWN, "shutdown", 48, 373, 210) \
	X(SYS_MMAP, "mmap", 9, 192, 222) \
	X(SYS_MUNMAP, "munmap", 11, 91, 215) \
	X(SYS_MREMAP, "mremap", 25, 163, 216) \
	X(SYS_MPROTECT, "mprotect", 10, 125, 226) \
	X(SYS_MADVISE, "madvise", 28, 219, 233) \
	X(SYS_BRK, "brk", 12, 45, 214) \
	X(SYS_MLOCKALL, "mlockall", 151, 152, 230) \
	X(SYS_EXIT, "exit", 60, 1, 93) \
	X(SYS_EXIT_GROUP, "exit_group", 231, 252, 94) \
	X(SYS_EXECVE, "execve", 59, 11, 221) \
	X(SYS_EXECVEAT, "execveat", 322, 358, 281) \
	X(SYS_CLONE, "clone", 56, 120, 220) \
	X(SYS_CLONE3, "clone3", 435, 435, 435) \
	X(SYS_FORK, "fork", 57, 2, NONE) \
	X(SYS_VFORK, "vfork", 58, 190, NONE) \
	X(SYS_UNSHARE, "unshare", 272, 310, 97) \
	X(SYS_SETNS, "setns", 308, 346, 268) \
	X(SYS_MOUNT, "mount", 165, 21, 40) \
	X(SYS_UMOUNT2, "umount2", 166, 52, 39) \
	X(SYS_PIVOT_ROOT, "pivot_root", 155, 217, 41) \
	X(SYS_FSOPEN, "fsopen", 430, 430, 430) \
	X(SYS_FSMOUNT, "fsmount", 432, 432, 432) \
	X(SYS_MOVE_MOUNT, "move_mount", 429, 429, 429) \
	X(SYS_OPEN_TREE, "open_tree", 428, 428, 428) \
	X(SYS_PRCTL, "prctl", 157, 172, 167) \
	X(SYS_SECCOMP, "seccomp", 317, 354, 277) \
	X(SYS_SCHED_SETATTR, "sched_setattr", 314, 351, 274) \
	X(SYS_SCHED_SETAFFINITY, "sched_setaffinity", 203, 241, 122) \
	X(SYS_WAIT4, "wait4", 61, 114, 260) \
	X(SYS_SWAPOFF, "swapoff", 168, 115, 225) \
	X(SYS_UNLINK, "unlink", 87, 10, NONE) \
	X(SYS_UNLINKAT, "unlinkat", 263, 301, 35) \
	X(SYS_RMDIR, "rmdir", 84, 40, NONE) \
	X(SYS_RENAME, "rename", 82, 38, NONE) \
	X(SYS_RENAMEAT2, "renameat2", 316, 353, 276) \
	X(SYS_LANDLOCK_CREATE_RULESET, "landlock_create_ruleset", 444, 444, 444) \
	X(SYS_PROCESS_MADVISE, "process_madvise", 440, 440, 440) \
	X(SYS_FTRUNCATE, "ftruncate", 77, 194, 46) \
	X(SYS_FALLOCATE, "fallocate", 285, 324, 47) \
	X(SYS_IO_URING_ENTER, "io_uring_enter", 426, 426, 426) \
	X(SYS_SENDTO, "sendto", 44, 369, 206) \
	X(SYS_RECVFROM, "recvfrom", 45, 371, 207) \
	X(SYS_SENDMMSG, "sendmmsg", 307, 345, 269) \
	X(SYS_RECVMMSG, "recvmmsg", 299, 337, 243) \
	X(SYS_POLL, "poll", 7, 168, NONE) \
	X(SYS_PPOLL, "ppoll", 271, 309, 73) \
	X(SYS_EPOLL_WAIT, "epoll_wait", 232, 256, NONE) \
	X(SYS_EPOLL_PWAIT, "epoll_pwait", 281, 319, 22) \
	X(SYS_PSELECT6, "pselect6", 270, 308, 72) \
	X(SYS_FUTEX, "futex", 202, 240, 98) \
	X(SYS_NANOSLEEP, "nanosleep", 35, 162, 101) \
	X(SYS_CLOCK_NANOSLEEP, "clock_nanosleep", 230, 267, 115) \
	X(SYS_FSYNC, "fsync", 74, 118, 82) \
	X(SYS_FDATASYNC, "fdatasync", 75, 148, 83) \
	X(SYS_SYNC_FILE_RANGE, "sync_file_range", 277, 314, 84) \
	X(SYS_PREADV, "preadv", 295, 333, 69) \
	X(SYS_PWRITEV, "pwritev", 296, 334, 70) \
	X(SYS_PREADV2, "preadv2", 327, 378, 286) \
	X(SYS_PWRITEV2, "pwritev2", 328, 379, 287) \
	X(SYS_IO_SUBMIT, "io_submit", 209, 248, 2) \
	X(SYS_IO_GETEVENTS, "io_getevents", 208, 247, 4) \
	X(SYS_LSEEK, "lseek", 8, 19, 62) \
	X(SYS_TRUNCATE, "truncate", 76, 193, 45) \
	X(SYS_STATX, "statx", 332, 383, 291) \
	X(SYS_NEWFSTATAT, "newfstatat", 262, 300, 79) \
	X(SYS_GETDENTS64, "getdents64", 217, 220, 61) \
	X(SYS_MSYNC, "msync", 26, 144, 227) \
	X(SYS_MLOCK, "mlock", 149, 150, 228) \
	X(SYS_MLOCK2, "mlock2", 325, 376, 284) \
	X(SYS_PROCESS_VM_READV, "process_vm_readv", 310, 347, 270) \
	X(SYS_PROCESS_VM_WRITEV, "process_vm_writev", 311, 348, 271) \
	X(SYS_PTRACE, "ptrace", 101, 26, 117) \
	X(SYS_RT_SIGRETURN, "rt_sigreturn", 15, 173, 139)

/* What ioctls of others are that a VMM makes. X(id, name, the request: include/uapi/linux/vhost.h) */
#define OTHER_IOCTLS(X) \
	X(VHOST_SET_OWNER, "VHOST_SET_OWNER", 0x0000af01) \
	X(VHOST_RESET_OWNER, "VHOST_RESET_OWNER", 0x0000af02) \
	X(VHOST_ATTACH_VRING_WORKER, "VHOST_ATTACH_VRING_WORKER", 0x4008af15) \
	X(VHOST_NET_SET_BACKEND, "VHOST_NET_SET_BACKEND", 0x4008af30) \
	X(VHOST_VSOCK_SET_RUNNING, "VHOST_VSOCK_SET_RUNNING", 0x4004af61)
/* clang-format on */

#endif
