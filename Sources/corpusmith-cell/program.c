#define _GNU_SOURCE
#include "cell.h"
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __NR_close_range
#define __NR_close_range 436
#endif

// Assembled once: to do it for each program costs as much as to start one.
static const struct sock_fprog *call_filter(void) {
    static struct sock_filter code[1024];
    static struct sock_fprog program;
    if (program.filter == NULL) {
        long size = csandbox_filter(code, sizeof code);
        if (size < 0) {
            errno = (int)-size;
            return NULL;
        }
        program = (struct sock_fprog){(unsigned short)((size_t)size / sizeof *code), code};
    }
    return &program;
}

static int limit(int resource, uint64_t soft, uint64_t hard) {
    struct rlimit limit = {soft, hard}, old;
    // What the cell itself may not have, the program may not have either.
    if (getrlimit(resource, &old) < 0) { return -1; }
    if (limit.rlim_max > old.rlim_max) { limit.rlim_max = old.rlim_max; }
    if (limit.rlim_cur > limit.rlim_max) { limit.rlim_cur = limit.rlim_max; }
    return setrlimit(resource, &limit);
}

static int set_limits(const struct cell_job *job) {
    const struct { int resource; uint64_t soft, hard; } rows[] = {
        {RLIMIT_CPU, job->cpu_seconds, job->cpu_seconds + 1},
        {RLIMIT_DATA, job->data_bytes, job->data_bytes},
        {RLIMIT_STACK, job->stack_bytes, job->stack_bytes},
        {RLIMIT_FSIZE, job->file_bytes, job->file_bytes},
        {RLIMIT_NOFILE, job->open_files, job->open_files},
        {RLIMIT_NPROC, job->processes, job->processes},
        {RLIMIT_CORE, 0, 0},
        {RLIMIT_MEMLOCK, 0, 0},
        {RLIMIT_MSGQUEUE, 0, 0},
        {RLIMIT_RTPRIO, 0, 0},
    };
    for (size_t index = 0; index < sizeof rows / sizeof *rows; index++) {
        if (limit(rows[index].resource, rows[index].soft, rows[index].hard) < 0) { return -1; }
    }
    return 0;
}

static int place(const int *descriptors, unsigned count) {
    for (unsigned index = 0; index < count; index++) {
        if (dup2(descriptors[index], (int)index) < 0) { return -1; }
    }
    return (int)syscall(__NR_close_range, count, ~0U, 0);
}

// Runs in the keeper's memory until the program takes over: nothing may be left changed there but `failed`.
static void become_program(
    const struct cell_job *job, char *const *arguments, char *const *environment, const int *descriptors,
    const struct sock_fprog *filter, const char **failed
) {
    if (setsid() < 0) { *failed = "setsid"; return; }
    if (chdir("/tmp/w") < 0) { *failed = "chdir"; return; }
    if (place(descriptors, job->descriptor_count) < 0) { *failed = "dup2"; return; }
    if (set_limits(job) < 0) { *failed = "setrlimit"; return; }
    if (drop_rights(-1) < 0) { *failed = "capset"; return; }
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter) < 0) { *failed = "seccomp"; return; }
    execve(arguments[0], arguments, environment);
}

pid_t start_program(
    const struct cell_job *job, char *const *arguments, char *const *environment, const int *descriptors,
    const char **failed
) {
    const struct sock_fprog *filter = call_filter();
    if (filter == NULL) {
        *failed = "the system-call filter";
        return -1;
    }
    // The compiler must look for both after the child has written.
    const char *volatile trouble = NULL;
    volatile int error = 0;
    pid_t child = vfork();
    if (child == 0) {
        const char *found = NULL;
        become_program(job, arguments, environment, descriptors, filter, &found);
        error = errno;
        trouble = found;
        _exit(127);
    }
    if (child < 0) {
        *failed = "vfork";
        return -1;
    }
    if (trouble == NULL) { return child; }
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    *failed = trouble;
    errno = error;
    return -1;
}
