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
    int limited = csandbox_set_limits(0, &job->limits);
    if (limited < 0) {
        errno = -limited;
        *failed = "prlimit";
        return;
    }
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
