#define _GNU_SOURCE
#include "cell.h"
#include "CSandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __NR_pidfd_open
#define __NR_pidfd_open 434
#endif

enum { LOOK_MICROSECONDS = 10000 };

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static void say(const struct cell_end *end) {
    if (send(CELL_SOCKET, end, sizeof *end, MSG_NOSIGNAL) < 0) { _exit(0); }
}

// Private and shared memory of all programs, and what their pages are kept in, in KiB.
static uint64_t programs_memory(void) {
    DIR *processes = opendir("/proc");
    // What cannot be measured may be too much.
    if (processes == NULL) { return UINT64_MAX; }
    uint64_t sum = 0;
    for (struct dirent *entry = readdir(processes); entry != NULL; entry = readdir(processes)) {
        // The first is the warden.
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || strcmp(entry->d_name, "1") == 0) { continue; }
        sum += csandbox_memory((pid_t)strtol(entry->d_name, NULL, 10));
    }
    closedir(processes);
    return sum;
}

// Takes a job with its descriptors: 0 when the supervisor has hung up.
static int take_job(struct cell_job *job, int *descriptors) {
    union {
        char room[CMSG_SPACE(CELL_DESCRIPTORS * sizeof(int))];
        struct cmsghdr aligned;
    } control;
    for (;;) {
        struct iovec part = {job, sizeof *job};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
        ssize_t count = recvmsg(CELL_SOCKET, &message, MSG_CMSG_CLOEXEC);
        if (count < 0 && errno == EINTR) { continue; }
        if (count <= 0) { return 0; }
        // One that came too late: the job had ended.
        if (job->message == CELL_STOP) { continue; }
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        errno = EPROTO;
        if ((size_t)count != sizeof *job || job->message != CELL_JOB || job->descriptor_count >= CELL_DESCRIPTORS
            || head == NULL || head->cmsg_len != CMSG_LEN((job->descriptor_count + 1) * sizeof(int))) {
            give_up("recvmsg", "");
        }
        memcpy(descriptors, CMSG_DATA(head), (job->descriptor_count + 1) * sizeof(int));
        for (uint32_t index = 0; index <= job->descriptor_count; index++) {
            // One would overwrite another when they are put in their places.
            if (descriptors[index] < CELL_DESCRIPTORS - 1) { give_up("recvmsg", "low numbers"); }
        }
        return 1;
    }
}

static char *read_payload(int file, const struct cell_job *job) {
    char *payload = malloc(job->payload_bytes + 1);
    if (payload == NULL) { give_up("malloc", ""); }
    size_t taken = 0;
    while (taken < job->payload_bytes) {
        ssize_t step = pread(file, payload + taken, job->payload_bytes - taken, (off_t)taken);
        if (step <= 0) { give_up("pread", ""); }
        taken += (size_t)step;
    }
    payload[taken] = 0;
    return payload;
}

static char **next_strings(char **cursor, size_t count) {
    char **list = calloc(count + 1, sizeof *list);
    if (list == NULL) { give_up("calloc", ""); }
    for (size_t index = 0; index < count; index++) {
        list[index] = *cursor;
        *cursor += strlen(*cursor) + 1;
    }
    return list;
}

// The working folder is empty, and no program is there that could have put a link in the way.
static void write_file(const char *name, const char *bytes, size_t count) {
    char path[300];
    snprintf(path, sizeof path, "/tmp/w/%s", name);
    int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (file < 0) { give_up("create", name); }
    while (count > 0) {
        ssize_t step = write(file, bytes, count);
        if (step < 0 && errno == EINTR) { continue; }
        if (step < 0) { give_up("write", name); }
        bytes += step;
        count -= (size_t)step;
    }
    close(file);
}

static void lay_out(const struct cell_job *job, char *cursor, const char *contents) {
    for (uint32_t index = 0; index < job->file_count; index++) {
        const char *name = cursor;
        cursor += strlen(cursor) + 1;
        size_t size = strtoull(cursor, NULL, 10);
        cursor += strlen(cursor) + 1;
        write_file(name, contents, size);
        contents += size;
    }
}

// Waits for the program's end, or ends it: when its time is up, when it takes too much, or when it is asked to.
static void watch(const struct cell_job *job, int process, uint64_t start, struct cell_end *end) {
    uint64_t deadline = start + job->wall_microseconds, look = start + LOOK_MICROSECONDS;
    struct pollfd events[] = {{.fd = process, .events = POLLIN}, {.fd = CELL_SOCKET, .events = POLLIN}};
    for (;;) {
        uint64_t time = now(), next = look < deadline ? look : deadline;
        uint64_t wait = next > time ? next - time : 0;
        struct timespec pause = {(time_t)(wait / 1000000), (long)(wait % 1000000) * 1000};
        if (ppoll(events, 2, &pause, NULL) < 0 && errno != EINTR) { give_up("ppoll", ""); }
        if (events[0].revents) { return; }
        if (events[1].revents) {
            uint32_t word;
            if (recv(CELL_SOCKET, &word, sizeof word, 0) <= 0) { _exit(0); }
            end->stop = CELL_STOPPED_ASKED;
            return;
        }
        time = now();
        if (time >= deadline) {
            end->stop = CELL_STOPPED_WALL;
            return;
        }
        if (time >= look) {
            if (programs_memory() > job->total_memory_kib) {
                end->stop = CELL_STOPPED_MEMORY;
                return;
            }
            look = now() + LOOK_MICROSECONDS;
        }
    }
}

static uint64_t microseconds(struct timeval time) { return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec; }

static void run(const struct cell_job *job, const int *descriptors, int warden_line, struct cell_end *end) {
    char *payload = read_payload(descriptors[0], job), *cursor = payload;
    char **arguments = next_strings(&cursor, job->argument_count);
    char **environment = next_strings(&cursor, job->environment_count);
    lay_out(job, cursor, payload + job->string_bytes);
    const char *failed = "";
    uint64_t start = now();
    pid_t program = start_program(job, arguments, environment, descriptors + 1, &failed);
    if (program < 0) { give_up(failed, arguments[0]); }
    int process = (int)syscall(__NR_pidfd_open, program, 0);
    if (process < 0) { give_up("pidfd_open", ""); }
    watch(job, process, start, end);
    kill(program, SIGKILL);
    struct rusage usage;
    while (wait4(program, &end->status, 0, &usage) < 0) {
        if (errno != EINTR) { give_up("wait4", ""); }
    }
    end->wall_microseconds = now() - start;
    end->user_microseconds = microseconds(usage.ru_utime);
    end->system_microseconds = microseconds(usage.ru_stime);
    end->peak_kib = (uint64_t)usage.ru_maxrss;
    close(process);
    int left = clear_programs(warden_line);
    if (left < 0) { give_up("the warden", "is gone"); }
    end->left = (uint32_t)left;
    free(arguments);
    free(environment);
    free(payload);
}

// How many sockets the cell has, and one more; -1 when nobody can tell.
static int count_sockets(void) {
    FILE *list = fopen("/proc/1/net/unix", "re");
    if (list == NULL) { return -1; }
    int count = 0;
    for (int letter = getc(list); letter != EOF; letter = getc(list)) { count += letter == '\n'; }
    fclose(list);
    return count;
}

// Sockets that hold each other, and files with them, outlive their programs until the kernel looks for such: it does when
// one is closed. 0 once there are no more than before the first program, or -1.
static int clear_sockets(int own) {
    for (int look = 0; look < 1000; look++) {
        int count = count_sockets();
        if (count >= 0 && count <= own) { return 0; }
        int bait = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bait >= 0) { close(bait); }
        usleep(1000);
    }
    errno = EBUSY;
    return -1;
}

void keep(const struct walls *walls, int warden_line) {
    int own = count_sockets();
    if (own < 0) { give_up("open", "/proc/1/net/unix"); }
    struct cell_end ready = {.message = CELL_READY};
    say(&ready);
    struct cell_job job;
    int descriptors[CELL_DESCRIPTORS];
    while (take_job(&job, descriptors)) {
        struct cell_end end = {.message = CELL_ENDED};
        run(&job, descriptors, warden_line, &end);
        for (uint32_t index = 0; index <= job.descriptor_count; index++) { close(descriptors[index]); }
        // What does not go away now would be found by the next program. That is no fault of this one, of which nothing is
        // left: what came of it is told all the same.
        int is_clean = clear_sockets(own) == 0 && renew_temporary(walls) == 0;
        int error = errno;
        say(&end);
        errno = error;
        if (!is_clean) { give_up("clean", "/tmp"); }
    }
    _exit(0);
}
