#include "CSandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifndef NATIVE_ARCHITECTURE

long csandbox_filter(void *buffer, size_t capacity) {
    (void)buffer;
    (void)capacity;
    return -ENOTSUP;
}

#else

// Calls from 424 on have one number on all architectures; older headers lack the newest names.
enum {
    CALL_IO_URING_SETUP = 425,
    CALL_IO_URING_ENTER = 426,
    CALL_IO_URING_REGISTER = 427,
    CALL_OPEN_TREE = 428,
    CALL_MOVE_MOUNT = 429,
    CALL_FSOPEN = 430,
    CALL_FSCONFIG = 431,
    CALL_FSMOUNT = 432,
    CALL_FSPICK = 433,
    CALL_CLONE3 = 435,
    CALL_PIDFD_GETFD = 438,
    CALL_PROCESS_MADVISE = 440,
    CALL_MOUNT_SETATTR = 442,
    CALL_QUOTACTL_FD = 443,
    CALL_MEMFD_SECRET = 447,
    CALL_PROCESS_MRELEASE = 448,
    CALL_NEWEST = 452,
};

static const unsigned refused_calls[] = {
    // Other processes.
    __NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev, CALL_PROCESS_MADVISE, CALL_PROCESS_MRELEASE,
    __NR_kcmp, CALL_PIDFD_GETFD, __NR_migrate_pages, __NR_move_pages,
    // Name spaces and mounts.
    __NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, CALL_FSOPEN, CALL_FSCONFIG, CALL_FSMOUNT, CALL_FSPICK,
    CALL_MOVE_MOUNT, CALL_OPEN_TREE, CALL_MOUNT_SETATTR, __NR_unshare, __NR_setns,
    // Kernel surface.
    __NR_bpf, __NR_perf_event_open, __NR_userfaultfd, __NR_keyctl, __NR_add_key, __NR_request_key, __NR_kexec_load,
    __NR_kexec_file_load, __NR_init_module, __NR_finit_module, __NR_delete_module, __NR_reboot, __NR_swapon,
    __NR_swapoff, __NR_acct, __NR_quotactl, CALL_QUOTACTL_FD, __NR_syslog, __NR_open_by_handle_at,
    __NR_name_to_handle_at, __NR_fanotify_init, __NR_personality, __NR_clock_settime, __NR_clock_adjtime,
    __NR_settimeofday, __NR_adjtimex, __NR_sethostname, __NR_setdomainname, __NR_vmsplice, __NR_vhangup,
    __NR_lookup_dcookie, __NR_nfsservctl,
#if defined(__x86_64__)
    __NR_modify_ldt, __NR_iopl, __NR_ioperm, __NR_uselib, __NR__sysctl,
#endif
    // Memory that no limit counts.
    __NR_shmget, __NR_shmat, __NR_shmctl, __NR_msgget, __NR_msgsnd, __NR_msgrcv, __NR_msgctl, __NR_semget, __NR_semop,
    __NR_semctl, __NR_semtimedop, __NR_mq_open, __NR_mq_unlink, __NR_mq_timedsend, __NR_mq_timedreceive,
    __NR_mq_notify, __NR_mq_getsetattr, __NR_memfd_create, CALL_MEMFD_SECRET, __NR_mlock, __NR_mlock2, __NR_mlockall,
};

// What a filter could not look into: libraries fall back to the older calls.
static const unsigned absent_calls[] = {
    CALL_IO_URING_SETUP, CALL_IO_URING_ENTER, CALL_IO_URING_REGISTER, CALL_CLONE3,
};

// Their first argument is a process: only 0, the caller itself, passes.
static const unsigned calls_on_self[] = {
    __NR_prlimit64, __NR_sched_setaffinity, __NR_sched_setattr, __NR_sched_setscheduler, __NR_sched_setparam,
};

enum {
    EVERY_NEW_NAMESPACE = 0x7E020000,
    // A child of somebody who does not expect it, and would have to collect it.
    SIBLING = 0x8000,
    MAP_SHARED_BIT = 0x1,
    MAP_ANONYMOUS_BIT = 0x20,
    FAMILY_UNIX = 1,
    TERMINAL_INJECT = 0x5412,
    TERMINAL_LINUX = 0x541C,
    X32_BIT = 0x40000000,
};

struct program {
    struct sock_filter *code;
    size_t count, capacity;
};

static void emit(struct program *program, unsigned short operation, unsigned value, unsigned char then, unsigned char otherwise) {
    if (program->count < program->capacity) {
        program->code[program->count] =
            (struct sock_filter){.code = operation, .jt = then, .jf = otherwise, .k = value};
    }
    program->count += 1;
}

static void answer(struct program *program, unsigned error) {
    emit(program, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA), 0, 0);
}

static void allow(struct program *program) { emit(program, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0); }

static void kill_process(struct program *program) {
    emit(program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

static void load(struct program *program, size_t offset) {
    emit(program, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

// Both tables are little-endian: the low half of an argument stands first.
static void load_argument(struct program *program, unsigned index) {
    load(program, offsetof(struct seccomp_data, args) + 8 * index);
}

static void unless_equal_skip(struct program *program, unsigned value, unsigned char count) {
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, count);
}

static void unless_any_bit_skip(struct program *program, unsigned bits, unsigned char count) {
    emit(program, BPF_JMP | BPF_JSET | BPF_K, bits, 0, count);
}

static void refuse(struct program *program, const unsigned *calls, size_t count, unsigned error) {
    for (size_t index = 0; index < count; index++) {
        unless_equal_skip(program, calls[index], 1);
        answer(program, error);
    }
}

// Each of these blocks ends in a verdict, so the call number need not be loaded again after it.
static void look_into_arguments(struct program *program) {
    unless_equal_skip(program, __NR_clone, 4);
    load_argument(program, 0);
    unless_any_bit_skip(program, EVERY_NEW_NAMESPACE | SIBLING, 1);
    answer(program, EPERM);
    allow(program);

    unless_equal_skip(program, __NR_mmap, 5);
    load_argument(program, 3);
    unless_any_bit_skip(program, MAP_SHARED_BIT, 2);
    unless_any_bit_skip(program, MAP_ANONYMOUS_BIT, 1);
    answer(program, EPERM);
    allow(program);

    const unsigned socket_calls[] = {__NR_socket, __NR_socketpair};
    for (size_t index = 0; index < 2; index++) {
        unless_equal_skip(program, socket_calls[index], 4);
        load_argument(program, 0);
        unless_equal_skip(program, FAMILY_UNIX, 1);
        allow(program);
        answer(program, EAFNOSUPPORT);
    }

    unless_equal_skip(program, __NR_ioctl, 6);
    load_argument(program, 1);
    unless_equal_skip(program, TERMINAL_INJECT, 1);
    answer(program, EPERM);
    unless_equal_skip(program, TERMINAL_LINUX, 1);
    answer(program, EPERM);
    allow(program);

    for (size_t index = 0; index < sizeof calls_on_self / sizeof *calls_on_self; index++) {
        unless_equal_skip(program, calls_on_self[index], 4);
        load_argument(program, 0);
        unless_equal_skip(program, 0, 1);
        allow(program);
        answer(program, EPERM);
    }

    const unsigned priority_calls[] = {__NR_setpriority, __NR_ioprio_set};
    const unsigned one_process[] = {0, 1};
    for (size_t index = 0; index < 2; index++) {
        unless_equal_skip(program, priority_calls[index], 6);
        load_argument(program, 0);
        unless_equal_skip(program, one_process[index], 3);
        load_argument(program, 1);
        unless_equal_skip(program, 0, 1);
        allow(program);
        answer(program, EPERM);
    }
}

long csandbox_filter(void *buffer, size_t capacity) {
    struct program program = {buffer, 0, capacity / sizeof(struct sock_filter)};
    load(&program, offsetof(struct seccomp_data, arch));
    // Other tables have other numbers: without this check the rest would be a list of strangers.
    emit(&program, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0);
    kill_process(&program);
    load(&program, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    emit(&program, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    kill_process(&program);
#endif
    emit(&program, BPF_JMP | BPF_JGT | BPF_K, CALL_NEWEST, 0, 1);
    answer(&program, ENOSYS);
    look_into_arguments(&program);
    refuse(&program, absent_calls, sizeof absent_calls / sizeof *absent_calls, ENOSYS);
    refuse(&program, refused_calls, sizeof refused_calls / sizeof *refused_calls, EPERM);
    allow(&program);
    if (program.count > program.capacity) { return -ENOSPC; }
    return (long)(program.count * sizeof(struct sock_filter));
}

#endif
