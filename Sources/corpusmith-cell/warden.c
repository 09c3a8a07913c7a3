#define _GNU_SOURCE
#include "cell.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// To number the next process; older kernels do not know it.
enum { RIGHT_TO_NUMBER = 40 };

int drop_rights(int kept) {
    for (int right = 0; prctl(PR_CAPBSET_READ, right) >= 0; right++) {
        if (prctl(PR_CAPBSET_DROP, right) < 0) { return -1; }
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL) { return -1; }
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct rest[2] = {{0}};
    if (kept >= 0) { rest[kept / 32].effective = rest[kept / 32].permitted = 1U << (kept % 32); }
    if (syscall(SYS_capset, &head, rest) < 0) { return -1; }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

// Collects whoever has ended and was left by its parent.
static unsigned collect(void) {
    unsigned count = 0;
    while (waitpid(-1, NULL, WNOHANG) > 0) { count += 1; }
    return count;
}

static unsigned kill_everybody(void) {
    unsigned count = 0;
    // Signals reach everybody in the name space but its first process. Who is not ours yet becomes ours when its parent
    // has died.
    while (kill(-1, SIGKILL) == 0 || errno != ESRCH) {
        if (waitpid(-1, NULL, 0) > 0) {
            count += 1;
        } else {
            sched_yield();
        }
        count += collect();
    }
    return count + collect();
}

_Noreturn static void guard_programs(int line) {
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ended, NULL);
    // The next program has the number that it would have in a new cell: it may print it.
    int last = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    int signals = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
    struct pollfd events[] = {{.fd = line, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    for (;;) {
        if (poll(events, 2, -1) < 0 && errno != EINTR) { _exit(70); }
        if (events[1].revents & POLLIN) {
            struct signalfd_siginfo about;
            while (read(signals, &about, sizeof about) > 0) {}
            collect();
        }
        if (events[0].revents == 0) { continue; }
        char order;
        if (read(line, &order, 1) != 1) { _exit(0); }
        unsigned count = kill_everybody();
        if (last >= 0 && pwrite(last, "1", 1, 0) < 0) {
            close(last);
            last = -1;
        }
        if (write(line, &count, sizeof count) != sizeof count) { _exit(0); }
    }
}

int start_warden(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) { give_up("socketpair", ""); }
    if (unshare(CLONE_NEWPID) < 0) { give_up("unshare", "processes"); }
    pid_t warden = fork();
    if (warden < 0) { give_up("fork", ""); }
    if (warden == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) { give_up("mount", "/proc"); }
        if (drop_rights(RIGHT_TO_NUMBER) < 0 && drop_rights(-1) < 0) { give_up("capset", "of the warden"); }
        if (prctl(PR_SET_DUMPABLE, 0) < 0) { give_up("prctl", ""); }
        close(CELL_SOCKET);
        unsigned none = 0;
        if (write(ends[1], &none, sizeof none) != sizeof none) { _exit(70); }
        guard_programs(ends[1]);
    }
    close(ends[1]);
    unsigned none;
    // It has said why over the socket when it does not come.
    if (read(ends[0], &none, sizeof none) != sizeof none) { _exit(70); }
    return ends[0];
}

int clear_programs(int line) {
    unsigned count = 0;
    if (write(line, "", 1) != 1) { return -1; }
    struct pollfd answer = {.fd = line, .events = POLLIN};
    while (poll(&answer, 1, 5) == 0) {
        // Whoever came to be our child would be waited for by nobody.
        while (waitpid(-1, NULL, WNOHANG | __WALL) > 0) {}
    }
    if (read(line, &count, sizeof count) != sizeof count) { return -1; }
    return (int)count;
}
