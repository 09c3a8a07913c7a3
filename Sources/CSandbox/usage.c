#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

// More processes than a cell may have; a longer list means that the limit on processes failed.
enum { MOST_PROCESSES = 512, PAGE = 8192 };

static ssize_t read_file(const char *path, char *buffer) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) { return -errno; }
    ssize_t count = read(file, buffer, PAGE - 1);
    close(file);
    if (count < 0) { return -errno; }
    buffer[count] = 0;
    return count;
}

static uint64_t field(const char *text, const char *name) {
    const char *place = strstr(text, name);
    return place == NULL ? 0 : strtoull(place + strlen(name), NULL, 10);
}

uint64_t csandbox_memory(pid_t pid) {
    char path[64], text[PAGE];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    if (read_file(path, text) < 0) { return 0; }
    return field(text, "\nRssAnon:") + field(text, "\nRssShmem:") + field(text, "\nVmPTE:");
}

static size_t add_children(pid_t pid, pid_t *list, size_t count) {
    char path[320], text[PAGE];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL) { return count; }
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        if (task->d_name[0] == '.') { continue; }
        snprintf(path, sizeof path, "/proc/%d/task/%s/children", (int)pid, task->d_name);
        if (read_file(path, text) < 0) { continue; }
        char *cursor = text;
        while (count < MOST_PROCESSES) {
            char *end = cursor;
            long child = strtol(cursor, &end, 10);
            if (end == cursor) { break; }
            list[count++] = (pid_t)child;
            cursor = end;
        }
    }
    closedir(tasks);
    return count;
}

int csandbox_measure(pid_t root, struct csandbox_usage *usage) {
    pid_t list[MOST_PROCESSES];
    size_t count = 1;
    list[0] = root;
    memset(usage, 0, sizeof *usage);
    for (size_t index = 0; index < count; index++) {
        usage->memory_kib += csandbox_memory(list[index]);
        count = add_children(list[index], list, count);
    }
    usage->processes = count;
    // Where a cell has no files of its own, those of everybody say nothing about it: walls are inspected elsewhere.
    struct stat everybodys;
    int has_everybodys = stat("/tmp", &everybodys) == 0;
    for (size_t index = 1; index < count; index++) {
        char path[64];
        struct statvfs files;
        snprintf(path, sizeof path, "/proc/%d/root/tmp", (int)list[index]);
        struct stat own;
        if (stat(path, &own) < 0 || statvfs(path, &files) < 0) { continue; }
        if (has_everybodys && own.st_dev == everybodys.st_dev) { continue; }
        usage->inodes = files.f_files - files.f_ffree;
        usage->temporary_kib = (files.f_blocks - files.f_bfree) * files.f_frsize >> 10;
        break;
    }
    return 0;
}
