// A cell: one place to run programs in, one after the other, with walls that are made once.
//
//     supervisor   outside; speaks over a socket
//       guard      this program: waits, so that the supervisor has a child to wait for
//         keeper   first process of a process name space of its own; makes the walls, cleans up, starts programs
//           warden first process of the programs' name space; kills and collects what is in it
//           program born in the warden's name space; cannot name the keeper
//
// Whoever dies takes those below along. No program ever has a right that its starter could not take away.
#define _GNU_SOURCE
#include "cell.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void give_up(const char *call, const char *about) {
    struct cell_end end = {.message = CELL_BROKEN};
    int error = errno;
    snprintf(end.words, sizeof end.words, "%s%s%s: %s", call, *about ? " " : "", about, strerror(error));
    send(CELL_SOCKET, &end, sizeof end, MSG_NOSIGNAL);
    _exit(70);
}

static void write_text(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, text, strlen(text)) < 0) { give_up("write", path); }
    close(file);
}

// Programs are user 1000 inside, and whoever started the cell outside.
static void become_somebody(uid_t user, gid_t group) {
    char text[64];
    write_text("/proc/self/setgroups", "deny");
    snprintf(text, sizeof text, "1000 %u 1", (unsigned)user);
    write_text("/proc/self/uid_map", text);
    snprintf(text, sizeof text, "1000 %u 1", (unsigned)group);
    write_text("/proc/self/gid_map", text);
}

static void leave_the_machine(void) {
    uid_t user = geteuid();
    gid_t group = getegid();
    const int spaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET;
    if (unshare(spaces) < 0) { give_up("unshare", ""); }
    become_somebody(user, group);
    // Hides the names of the machine's groups; kernels without them have none to hide.
    if (unshare(CLONE_NEWCGROUP) < 0 && errno != EINVAL) { give_up("unshare", "cgroups"); }
    if (sethostname("box", 3) < 0) { give_up("sethostname", ""); }
}

// Ends with the keeper, and ends it when asked to. Everything of the cell is gone and collected by then.
_Noreturn static void guard(pid_t keeper, const sigset_t *awaited) {
    close(CELL_SOCKET);
    for (;;) {
        int status = 0, number = 0;
        if (waitpid(keeper, &status, WNOHANG) == keeper) { _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 70); }
        sigwait(awaited, &number);
        if (number == SIGTERM) { kill(keeper, SIGKILL); }
    }
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "corpusmith-cell is started by corpusmith and does nothing for people\n");
        return 64;
    }
    struct walls walls = {
        .temporary_bytes = strtoul(arguments[1], NULL, 10),
        .temporary_files = strtoul(arguments[2], NULL, 10),
        .binds = arguments + 3,
        .bind_count = (size_t)count - 3,
    };
    umask(022);
    pid_t supervisor = getppid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) { give_up("prctl", ""); }
    // It may have died before that was said.
    if (getppid() != supervisor) { return 70; }
    sigset_t awaited, before;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGCHLD);
    sigprocmask(SIG_BLOCK, &awaited, &before);
    leave_the_machine();
    pid_t keeper = fork();
    if (keeper < 0) { give_up("fork", ""); }
    if (keeper > 0) { guard(keeper, &awaited); }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) { give_up("prctl", ""); }
    raise_walls(&walls);
    int line = start_warden();
    close_walls();
    if (renew_temporary(&walls) < 0) { give_up("mount", "/tmp"); }
    // Programs cannot name the keeper, and could not look into it if they could.
    if (prctl(PR_SET_DUMPABLE, 0) < 0) { give_up("prctl", ""); }
    keep(&walls, line);
}
