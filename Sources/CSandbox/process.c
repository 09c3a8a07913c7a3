#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __NR_close_range
#define __NR_close_range 436
#endif
#ifndef __NR_pidfd_send_signal
#define __NR_pidfd_send_signal 424
#endif
#ifndef __NR_pidfd_open
#define __NR_pidfd_open 434
#endif

// Descriptors of the parent stay at or above this, so that no target of a spawn overwrites a later source.
enum { LOWEST_SOURCE = 64, CLOSE_RANGE_CLOEXEC_FLAG = 4 };

static int lifted(int descriptor) {
    if (descriptor < 0) { return -errno; }
    if (descriptor >= LOWEST_SOURCE) { return descriptor; }
    int higher = fcntl(descriptor, F_DUPFD_CLOEXEC, LOWEST_SOURCE);
    int error = errno;
    close(descriptor);
    return higher < 0 ? -error : higher;
}

int csandbox_memory_file(const void *bytes, size_t count) {
    int file = lifted(memfd_create("cell", MFD_CLOEXEC));
    if (file < 0) { return file; }
    size_t written = 0;
    while (written < count) {
        ssize_t step = write(file, (const char *)bytes + written, count - written);
        if (step < 0 && errno == EINTR) { continue; }
        if (step < 0) {
            int error = errno;
            close(file);
            return -error;
        }
        written += (size_t)step;
    }
    lseek(file, 0, SEEK_SET);
    return file;
}

int csandbox_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) < 0) { return -errno; }
    ends[0] = lifted(ends[0]);
    ends[1] = lifted(ends[1]);
    if (ends[0] >= 0 && ends[1] >= 0) { return 0; }
    int error = ends[0] < 0 ? ends[0] : ends[1];
    if (ends[0] >= 0) { close(ends[0]); }
    if (ends[1] >= 0) { close(ends[1]); }
    return error;
}

int csandbox_open_null(void) { return lifted(open("/dev/null", O_RDWR | O_CLOEXEC)); }

int csandbox_set_nonblocking(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) { return -errno; }
    return 0;
}

int csandbox_bell(void) { return lifted(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

static const char **split(const char **cursor, size_t count) {
    const char **list = calloc(count + 1, sizeof *list);
    for (size_t index = 0; list != NULL && index < count; index++) {
        list[index] = *cursor;
        while (**cursor != 0) { *cursor += 1; }
        *cursor += 1;
    }
    return list;
}

static int close_the_rest(posix_spawn_file_actions_t *actions, size_t first) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    return posix_spawn_file_actions_addclosefrom_np(actions, (int)first);
#else
    struct rlimit open_files;
    getrlimit(RLIMIT_NOFILE, &open_files);
    for (int descriptor = (int)first; descriptor < (int)open_files.rlim_cur; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0) { continue; }
        int error = posix_spawn_file_actions_addclose(actions, descriptor);
        if (error != 0) { return error; }
    }
    return 0;
#endif
}

static int place(posix_spawn_file_actions_t *actions, const int *descriptors, size_t count) {
    for (size_t index = 0; index < count; index++) {
        if (descriptors[index] >= 0 && descriptors[index] < LOWEST_SOURCE) { return EBADF; }
        int error = descriptors[index] < 0
            ? posix_spawn_file_actions_addclose(actions, (int)index)
            : posix_spawn_file_actions_adddup2(actions, descriptors[index], (int)index);
        if (error != 0) { return error; }
    }
    return close_the_rest(actions, count);
}

int csandbox_spawn(
    const char *strings, size_t argument_count, size_t environment_count, const int *descriptors,
    size_t descriptor_count, pid_t *pid
) {
    const char *cursor = strings;
    const char **arguments = split(&cursor, argument_count);
    const char **environment = split(&cursor, environment_count);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);

    int error = arguments == NULL || environment == NULL ? ENOMEM : place(&actions, descriptors, descriptor_count);
    if (error == 0) {
        error = posix_spawn(
            pid, arguments[0], &actions, &attributes, (char *const *)arguments, (char *const *)environment);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(arguments);
    free(environment);
    return -error;
}

int csandbox_open_program(const char *path) { return lifted(open(path, O_PATH | O_CLOEXEC)); }

// Runs in the caller's memory until the program takes over, beside its other threads: kernel calls and nothing else.
static void become(
    int program, const char **arguments, const char **environment, const int *descriptors, size_t descriptor_count
) {
    if (setsid() < 0) { return; }
    for (int number = 1; number < NSIG; number++) { signal(number, SIG_DFL); }
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    for (size_t index = 0; index < descriptor_count; index++) {
        if (dup2(descriptors[index], (int)index) < 0) { return; }
    }
    if (syscall(__NR_close_range, descriptor_count, ~0U, CLOSE_RANGE_CLOEXEC_FLAG) < 0) { return; }
    syscall(__NR_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
}

int csandbox_spawn_file(
    int program, const char *strings, size_t argument_count, size_t environment_count, const int *descriptors,
    size_t descriptor_count, pid_t *pid
) {
    for (size_t index = 0; index < descriptor_count; index++) {
        if (descriptors[index] < LOWEST_SOURCE) { return -EBADF; }
    }
    const char *cursor = strings;
    const char **arguments = split(&cursor, argument_count);
    const char **environment = split(&cursor, environment_count);
    volatile int error = arguments == NULL || environment == NULL ? ENOMEM : 0;
    if (error == 0) {
        pid_t child = vfork();
        if (child == 0) {
            become(program, arguments, environment, descriptors, descriptor_count);
            error = errno;
            _exit(127);
        }
        if (child < 0) { error = errno; }
        if (child > 0 && error != 0) { waitpid(child, NULL, 0); }
        *pid = child;
    }
    free(arguments);
    free(environment);
    return -error;
}

int csandbox_line(int ends[2]) {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) { return -errno; }
    ends[0] = lifted(ends[0]);
    ends[1] = lifted(ends[1]);
    int error = ends[0] < 0 ? ends[0] : ends[1] < 0 ? ends[1] : csandbox_set_nonblocking(ends[0]);
    if (error == 0) { return 0; }
    if (ends[0] >= 0) { close(ends[0]); }
    if (ends[1] >= 0) { close(ends[1]); }
    return error;
}

int csandbox_send_job(int line, const struct cell_job *job, const int *descriptors, size_t count) {
    if (count > CELL_DESCRIPTORS) { return -EINVAL; }
    union {
        char room[CMSG_SPACE(CELL_DESCRIPTORS * sizeof(int))];
        struct cmsghdr aligned;
    } control = {{0}};
    struct iovec part = {(void *)job, sizeof *job};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.room,
        .msg_controllen = CMSG_SPACE(count * sizeof(int)),
    };
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(head), descriptors, count * sizeof(int));
    return sendmsg(line, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int csandbox_send_stop(int line) {
    uint32_t word = CELL_STOP;
    return send(line, &word, sizeof word, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int csandbox_process_descriptor(pid_t pid) { return lifted((int)syscall(__NR_pidfd_open, pid, 0)); }

int csandbox_kill(int process_descriptor) {
    return syscall(__NR_pidfd_send_signal, process_descriptor, SIGKILL, NULL, 0) < 0 ? -errno : 0;
}

int csandbox_kill_group(pid_t group) { return kill(-group, SIGKILL) < 0 ? -errno : 0; }

int csandbox_collect(pid_t pid, int *status) {
    pid_t result;
    do { result = waitpid(pid, status, WNOHANG); } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result > 0;
}

void csandbox_await(pid_t pid) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
}

void csandbox_end_cell(int process_descriptor, pid_t pid) {
    syscall(__NR_pidfd_send_signal, process_descriptor, SIGTERM, NULL, 0);
    struct pollfd end = {.fd = process_descriptor, .events = POLLIN};
    // A guard that cannot end its keeper is killed, and the keeper with it, a little later.
    if (poll(&end, 1, 2000) <= 0) { csandbox_kill(process_descriptor); }
    csandbox_await(pid);
}

static int set_limit(pid_t pid, int resource, uint64_t soft, uint64_t hard) {
    struct rlimit limit = {soft, hard};
    struct rlimit old;
    // What the caller itself may not have, the program may not have either; only root could raise it.
    if (prlimit(pid, resource, NULL, &old) < 0) { return -errno; }
    if (limit.rlim_max > old.rlim_max) { limit.rlim_max = old.rlim_max; }
    if (limit.rlim_cur > limit.rlim_max) { limit.rlim_cur = limit.rlim_max; }
    return prlimit(pid, resource, &limit, NULL) < 0 ? -errno : 0;
}

int csandbox_set_limits(pid_t pid, const struct csandbox_limits *limits) {
    const struct { int resource; uint64_t soft, hard; } rows[] = {
        {RLIMIT_CPU, limits->cpu_seconds, limits->cpu_seconds + 1},
        {RLIMIT_DATA, limits->data_bytes, limits->data_bytes},
        {RLIMIT_STACK, limits->stack_bytes, limits->stack_bytes},
        {RLIMIT_FSIZE, limits->file_bytes, limits->file_bytes},
        {RLIMIT_NOFILE, limits->open_files, limits->open_files},
        {RLIMIT_CORE, 0, 0},
        {RLIMIT_MEMLOCK, 0, 0},
        {RLIMIT_MSGQUEUE, 0, 0},
        {RLIMIT_RTPRIO, 0, 0},
    };
    for (size_t index = 0; index < sizeof rows / sizeof *rows; index++) {
        int error = set_limit(pid, rows[index].resource, rows[index].soft, rows[index].hard);
        if (error < 0) { return error; }
    }
    return limits->processes == 0 ? 0 : set_limit(pid, RLIMIT_NPROC, limits->processes, limits->processes);
}

void csandbox_quiet_thread(void) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
}

long csandbox_leave_root(void) {
    if (geteuid() != 0) { return (long)geteuid(); }
    // RLIMIT_NPROC does not bind the host's root, and a breach should not find itself root. The second is for
    // user name spaces that map few users.
    static const uid_t candidates[] = {200000, 65534};
    for (size_t index = 0; index < sizeof candidates / sizeof *candidates; index++) {
        uid_t user = candidates[index];
        // The library's own functions would change every thread.
        if (syscall(SYS_setgroups, 0, NULL) < 0 && errno != EPERM) { continue; }
        if (syscall(SYS_setresgid, user, user, user) < 0) { continue; }
        if (syscall(SYS_setresuid, user, user, user) < 0) { continue; }
        // The memory is root's: a program of the new user that could trace this thread would read and write all of it.
        // The change of user has closed it already, unless `fs.suid_dumpable` says otherwise.
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        return (long)user;
    }
    return -EPERM;
}
