#include "sockets.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct CorpusCurlLoop {
    CURLM *multi;
    int epoll;
    /// An event counter: other threads write to it to end the sleep.
    int wake;
    /// When libcurl wants to look at its clocks, in milliseconds of the monotonic clock; negative for never.
    int64_t due;
    /// What is known of sockets, by number.
    struct watch *watches;
    int watch_count;
};

/// A socket that the loop may hear of.
struct watch {
    /// What the kernel has been told to look for; 0 when it has not been told of the socket.
    uint32_t told;
    /// What libcurl wants to hear of it; 0 for nothing.
    uint32_t wanted;
    /// Whether it was opened for libcurl here, so that its end will be seen here too.
    bool is_own;
};

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int take_timer(CURLM *multi, long milliseconds, void *context) {
    (void)multi;
    CorpusCurlLoop *loop = context;
    loop->due = milliseconds < 0 ? -1 : now() + milliseconds;
    return 0;
}

/// What is known of a socket; NULL when memory is short.
static struct watch *watch(CorpusCurlLoop *loop, int socket) {
    if (socket >= loop->watch_count) {
        int count = socket + 64;
        struct watch *longer = realloc(loop->watches, (size_t)count * sizeof *longer);
        if (!longer) return NULL;
        memset(longer + loop->watch_count, 0, (size_t)(count - loop->watch_count) * sizeof *longer);
        loop->watches = longer;
        loop->watch_count = count;
    }
    return &loop->watches[socket];
}

// Programs that are started meanwhile must not inherit a connection that carries a key.
curl_socket_t corpus_curl_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    int made = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (made < 0) return CURL_SOCKET_BAD;
    struct watch *its = watch(context, made);
    if (its) *its = (struct watch){.is_own = true};
    return made;
}

int corpus_curl_close_socket(void *context, curl_socket_t socket) {
    // With its last descriptor the kernel forgets the socket.
    struct watch *its = watch(context, socket);
    if (its) *its = (struct watch){0};
    return close(socket);
}

static void forget(CorpusCurlLoop *loop, int socket, struct watch *its) {
    // Fails when the socket is closed already, and then there is nothing to remove.
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, socket, NULL);
    its->told = 0;
}

// libcurl says what it wants to hear of a socket, and takes it back after each transfer. Between two transfers over one
// connection the kernel need not be told: nothing comes from it but its end.
static int take_socket(CURL *handle, curl_socket_t socket, int want, void *context, void *mark) {
    (void)handle;
    (void)mark;
    CorpusCurlLoop *loop = context;
    struct watch *its = watch(loop, socket);
    // One transfer will run into its time limit. An error here would end all transfers, those to come included.
    if (!its) return 0;
    its->wanted = 0;
    if (want == CURL_POLL_REMOVE) {
        // Before 8.3 libcurl closes a socket that never connected without telling: only one that was read from is kept.
        if (!its->is_own || !(its->told & EPOLLIN)) {
            forget(loop, socket, its);
            its->is_own = false;
        }
        return 0;
    }
    if (want & CURL_POLL_IN) its->wanted |= EPOLLIN;
    if (want & CURL_POLL_OUT) its->wanted |= EPOLLOUT;
    if (its->told == its->wanted) return 0;
    struct epoll_event event = {.data.fd = socket, .events = its->wanted};
    // A closed socket's number may come back before its removal was told, so the other way may be the right one.
    int first = its->told ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, second = its->told ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    bool is_told = epoll_ctl(loop->epoll, first, socket, &event) == 0
        || epoll_ctl(loop->epoll, second, socket, &event) == 0;
    its->told = is_told ? its->wanted : 0;
    return 0;
}

CorpusCurlLoop *corpus_curl_open(long connections) {
    CorpusCurlLoop *loop = calloc(1, sizeof *loop);
    if (!loop) return NULL;
    loop->due = -1;
    loop->multi = curl_multi_init();
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = loop->wake};
    if (!loop->multi || loop->epoll < 0 || loop->wake < 0
        || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event) != 0) {
        corpus_curl_close(loop);
        return NULL;
    }
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, take_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, take_timer);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    // The cache would otherwise grow to four times the easy handles.
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, connections);
    curl_multi_setopt(loop->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
    curl_multi_setopt(loop->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 128L);
    return loop;
}

CURLMcode corpus_curl_add(CorpusCurlLoop *loop, CURL *handle) {
    return curl_multi_add_handle(loop->multi, handle);
}

void corpus_curl_remove(CorpusCurlLoop *loop, CURL *handle) {
    curl_multi_remove_handle(loop->multi, handle);
}

void corpus_curl_turn(CorpusCurlLoop *loop, int64_t milliseconds) {
    int64_t wait = milliseconds;
    if (loop->due >= 0) {
        int64_t left = loop->due - now();
        if (left < wait) wait = left < 0 ? 0 : left;
    }
    struct epoll_event events[256];
    int count = epoll_wait(loop->epoll, events, sizeof events / sizeof *events, (int)wait);
    int running = 0;
    for (int index = 0; index < count; index++) {
        int socket = events[index].data.fd;
        if (socket == loop->wake) {
            uint64_t times;
            while (read(loop->wake, &times, sizeof times) > 0) {}
            continue;
        }
        struct watch *its = watch(loop, socket);
        if (its && !its->wanted) {
            // Nobody uses the connection; libcurl looks whether it is alive before somebody does.
            forget(loop, socket, its);
            continue;
        }
        uint32_t seen = events[index].events;
        int action = 0;
        if (seen & EPOLLIN) action |= CURL_CSELECT_IN;
        if (seen & EPOLLOUT) action |= CURL_CSELECT_OUT;
        if (seen & (EPOLLERR | EPOLLHUP)) action |= CURL_CSELECT_ERR;
        curl_multi_socket_action(loop->multi, socket, action, &running);
    }
    if (loop->due >= 0 && loop->due <= now()) {
        // libcurl says anew when it wants to be called.
        loop->due = -1;
        curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

CURL *corpus_curl_next_done(CorpusCurlLoop *loop, uint64_t *number, CURLcode *result) {
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(loop->multi, &left));) {
        if (message->msg != CURLMSG_DONE) continue;
        char *private = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        *number = (uint64_t)(uintptr_t)private;
        *result = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}

void corpus_curl_wake(CorpusCurlLoop *loop) {
    uint64_t once = 1;
    // Fails only when the counter is full, and then the loop wakes all the same.
    ssize_t written = write(loop->wake, &once, sizeof once);
    (void)written;
}

void corpus_curl_close(CorpusCurlLoop *loop) {
    if (loop->multi) curl_multi_cleanup(loop->multi);
    if (loop->epoll >= 0) close(loop->epoll);
    if (loop->wake >= 0) close(loop->wake);
    free(loop->watches);
    free(loop);
}
