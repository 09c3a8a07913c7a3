#define _GNU_SOURCE
#include "cell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif

enum { PATH = 4096 };

// As the kernel defines them; older headers do not.
struct attributes {
    uint64_t set, clear, propagation, user;
};
enum { READ_ONLY = 0x1, NO_SETUID = 0x2, NO_DEVICES = 0x4, WHOLE_TREE = 0x8000 };

// Everything mounted at or below a place is read from then on and nothing else. A setting that it came with stays, since
// a user name space may not take it away.
static void protect(const char *place) {
    struct attributes attributes = {.set = READ_ONLY | NO_SETUID | NO_DEVICES};
    if (syscall(__NR_mount_setattr, AT_FDCWD, place, WHOLE_TREE, &attributes, sizeof attributes) == 0) { return; }
    if (errno != ENOSYS) { give_up("mount_setattr", place); }
    struct statvfs about;
    if (statvfs(place, &about) < 0) { give_up("statvfs", place); }
    unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV;
    if (about.f_flag & ST_NOEXEC) { flags |= MS_NOEXEC; }
    if (about.f_flag & ST_NOATIME) { flags |= MS_NOATIME; }
    if (about.f_flag & ST_NODIRATIME) { flags |= MS_NODIRATIME; }
    if (about.f_flag & ST_RELATIME) { flags |= MS_RELATIME; }
    if (mount(NULL, place, NULL, flags, NULL) < 0) { give_up("remount", place); }
}

static void make_folder(const char *path) {
    if (mkdir(path, 0755) < 0 && errno != EEXIST) { give_up("mkdir", path); }
}

// Makes the folders that a path lies in.
static void make_way(const char *path) {
    char part[PATH];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        make_folder(part);
        *slash = '/';
    }
}

// Shows a file or folder of the machine at the same place.
static void show(const char *path, int is_needed) {
    char from[PATH];
    snprintf(from, sizeof from, "/old%s", path);
    struct stat about;
    if (stat(from, &about) < 0) {
        if (is_needed) { give_up("stat", path); }
        return;
    }
    make_way(path);
    if (S_ISDIR(about.st_mode)) {
        make_folder(path);
    } else {
        int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        if (file < 0) { give_up("create", path); }
        close(file);
    }
    if (mount(from, path, NULL, MS_BIND | MS_REC, NULL) < 0) { give_up("bind", path); }
}

// Shows a top folder as the machine has it: a link to a part of `/usr`, or a folder.
static void show_top(const char *path) {
    char from[PATH], target[PATH];
    snprintf(from, sizeof from, "/old%s", path);
    ssize_t length = readlink(from, target, sizeof target - 1);
    if (length < 0) {
        show(path, 0);
        if (access(path, F_OK) == 0) { protect(path); }
        return;
    }
    target[length] = 0;
    if (symlink(target, path) < 0) { give_up("symlink", path); }
}

static void link_to(const char *target, const char *path) {
    if (symlink(target, path) < 0) { give_up("symlink", path); }
}

// Single nodes: a file system of devices would be one more that can be written. There is no /dev/zero, since a shared
// mapping of it is memory that no limit counts.
static void show_devices(void) {
    static const char *const nodes[] = {"/dev/null", "/dev/full", "/dev/random", "/dev/urandom"};
    for (size_t index = 0; index < sizeof nodes / sizeof *nodes; index++) { show(nodes[index], 1); }
    link_to("/proc/self/fd", "/dev/fd");
    link_to("/proc/self/fd/0", "/dev/stdin");
    link_to("/proc/self/fd/1", "/dev/stdout");
    link_to("/proc/self/fd/2", "/dev/stderr");
    // With a file system of its own what one program leaves there another one would find.
    link_to("/tmp", "/dev/shm");
}

void raise_walls(const struct walls *walls) {
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) { give_up("make private", "/"); }
    const char *base = "/tmp";
    if (mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m,nr_inodes=1024") < 0) {
        give_up("mount", "the root");
    }
    if (mkdir("/tmp/old", 0755) < 0) { give_up("mkdir", "/tmp/old"); }
    if (syscall(SYS_pivot_root, base, "/tmp/old") < 0) { give_up("pivot_root", ""); }
    if (chdir("/") < 0) { give_up("chdir", "/"); }
    show("/usr", 1);
    protect("/usr");
    static const char *const tops[] = {"/bin", "/sbin", "/lib", "/lib64"};
    for (size_t index = 0; index < sizeof tops / sizeof *tops; index++) { show_top(tops[index]); }
    static const char *const settings[] = {"/etc/ld.so.cache", "/etc/alternatives"};
    for (size_t index = 0; index < sizeof settings / sizeof *settings; index++) {
        show(settings[index], 0);
        if (access(settings[index], F_OK) == 0) { protect(settings[index]); }
    }
    for (size_t index = 0; index < walls->bind_count; index++) {
        show(walls->binds[index], 1);
        protect(walls->binds[index]);
    }
    show_devices();
    make_folder("/proc");
    make_folder("/tmp");
}

void close_walls(void) {
    if (umount2("/old", MNT_DETACH) < 0) { give_up("umount", "/old"); }
    if (rmdir("/old") < 0) { give_up("rmdir", "/old"); }
    // The root alone: what is mounted below has its own settings.
    if (mount(NULL, "/", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0) {
        give_up("remount", "/");
    }
}

int renew_temporary(const struct walls *walls) {
    // Fails the first time, when there is none yet.
    if (umount2("/tmp", 0) < 0 && errno != EINVAL) { return -1; }
    char options[128];
    snprintf(
        options, sizeof options, "mode=0777,size=%lu,nr_inodes=%lu", walls->temporary_bytes, walls->temporary_files);
    if (mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, options) < 0) { return -1; }
    return mkdir("/tmp/w", 0755);
}
