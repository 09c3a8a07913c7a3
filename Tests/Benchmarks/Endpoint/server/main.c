// A stand-in for a model's server: fast, and with weather that is the same for everyone who meets it.

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "error: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void misuse(const char *said) {
    fprintf(stderr, "error: %s\nhint: `model-server --help` lists the flags\n", said);
    exit(2);
}

struct arguments {
    struct options options;
    bool is_floor;
    uint64_t rows;
    uint32_t places;
};

static uint64_t count_of(const char *text, uint64_t most) {
    char *end = NULL;
    errno = 0;
    unsigned long long value = text == NULL || text[0] == '-' ? 0 : strtoull(text, &end, 10);
    if (end == NULL || *end != '\0' || errno != 0 || value == 0 || value > most) {
        misuse("`--floor` takes two numbers above 0: rows and places");
    }
    return value;
}

static struct arguments read_arguments(int count, char **words) {
    struct arguments arguments = {.options = options_default};
    for (int i = 1; i < count; i++) {
        char name[40], said[SAID];
        const char *word = words[i];
        if (strcmp(word, "--help") == 0) {
            fputs(options_help, stdout);
            exit(0);
        }
        if (strcmp(word, "--floor") == 0) {
            arguments.is_floor = true;
            arguments.rows = count_of(i + 1 < count ? words[i + 1] : NULL, 100000000);
            arguments.places = (uint32_t)count_of(i + 2 < count ? words[i + 2] : NULL, 1000000);
            i += 2;
            continue;
        }
        const char *equals = strchr(word, '=');
        size_t length = equals == NULL ? strlen(word) : (size_t)(equals - word);
        if (strncmp(word, "--", 2) != 0 || length - 2 >= sizeof name) { misuse("flags start with `--`"); }
        memcpy(name, word + 2, length - 2);
        name[length - 2] = '\0';
        const char *value = equals != NULL ? equals + 1 : i + 1 < count ? words[++i] : NULL;
        if (value == NULL) { misuse("the last flag has no value"); }
        if (!options_set(&arguments.options, name, value, said)) { misuse(said); }
    }
    return arguments;
}

// A socket that listens on the loopback, and its port.
static int listening(uint16_t *port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0) { fail("no socket"); }
    int is_on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &is_on, sizeof is_on);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) < 0) { fail("the port cannot be had"); }
    if (listen(listener, 4096) < 0) { fail("nobody can connect"); }
    if (getsockname(listener, (struct sockaddr *)&address, &length) < 0) { fail("the port is unknown"); }
    *port = ntohs(address.sin_port);
    return listener;
}

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

// Signals come as events. SIGUSR1 tells that the parent ended, or just the thread that had started us.
static int watched_signals(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int descriptor = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (descriptor < 0) { fail("no signals can be watched"); }
    return descriptor;
}

static bool is_end(int signals, pid_t parent) {
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo != SIGUSR1 || getppid() != parent) { return true; }
    }
    return false;
}

static void watch(int epoll, int descriptor, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = descriptor};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) < 0) { fail("a descriptor cannot be watched"); }
}

// Sleeps out the tick. Waking for every request and every timer would cost more than serving them.
static void sleep_out_tick(const struct server *server) {
    if (server->options.tick_ns == 0 || server->serving + server->waiting == 0) { return; }
    uint64_t end = server->now_ns + server->options.tick_ns;
    struct timespec time = {.tv_sec = (time_t)(end / 1000000000), .tv_nsec = (long)(end % 1000000000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static int wait_for_events(struct server *server, struct epoll_event *events, int most) {
    int64_t wait = timers_wait_ns(server);
    struct timespec time = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
    static bool is_coarse = false;
    if (!is_coarse) {
        int count = epoll_pwait2(server->epoll, events, most, wait < 0 ? NULL : &time, NULL);
        if (count >= 0 || errno != ENOSYS) { return count; }
        is_coarse = true;
    }
    // An older kernel counts milliseconds; timers may be late by one, never early.
    return epoll_wait(server->epoll, events, most, wait < 0 ? -1 : (int)((wait + 999999) / 1000000));
}

static void serve(struct server *server, int signals, pid_t parent) {
    enum { MOST_EVENTS = 512 };
    struct epoll_event events[MOST_EVENTS];
    for (;;) {
        sleep_out_tick(server);
        int count = wait_for_events(server, events, MOST_EVENTS);
        if (count < 0 && errno != EINTR) { fail("no events can be had"); }
        server->now_ns = now_ns();
        for (int i = 0; i < count; i++) {
            int descriptor = events[i].data.fd;
            if (descriptor == signals) {
                if (is_end(signals, parent)) { return; }
            } else if (descriptor == server->listener) {
                connections_accept(server);
            } else if (server->connections[descriptor] != NULL) {
                connection_advance(server, server->connections[descriptor], events[i].events);
            }
        }
        timers_fire(server);
    }
}

// Gives everything back, so that a build that looks for leaks finds only true ones.
static void clean_up(struct server *server) {
    server->is_full = false;
    for (size_t i = 0; i < server->connection_capacity; i++) {
        if (server->connections[i] != NULL) { connection_close(server, server->connections[i], false); }
    }
    free(server->connections);
    free(server->reply);
    heap_free(&server->timers);
    rows_clear(&server->rows);
    close(server->listener);
    close(server->epoll);
}

int main(int count, char **words) {
    pid_t parent = getppid();
    struct arguments arguments = read_arguments(count, words);
    if (arguments.is_floor) { return floor_print(&arguments.options, arguments.rows, arguments.places); }

    raise_descriptor_limit();
    int signals = watched_signals();
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    if (getppid() != parent) { return 0; }

    struct server server = {.options = arguments.options, .now_ns = now_ns()};
    server.listener = listening(&server.options.port);
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server.epoll < 0) { fail("no events can be had"); }
    watch(server.epoll, server.listener, EPOLLIN | EPOLLET);
    watch(server.epoll, signals, EPOLLIN);
    service_configure(&server);
    stats_clear(&server);
    printf("listening on http://127.0.0.1:%u/v1\n", server.options.port);
    fflush(stdout);
    serve(&server, signals, parent);
    clean_up(&server);
    return 0;
}
