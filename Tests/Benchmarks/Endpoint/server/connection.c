// Sockets: accepting, reading, writing, closing, and timers.
//
// Events are edge-triggered and asked for once. A flag remembers that the kernel may hold bytes, so that a connection
// whose request is being served is not read until its answer is out; what a client pipelines waits in the socket.

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "server.h"

enum { FIRST_BUFFER = 8 << 10, KEPT_BUFFER = 64 << 10, MOST_PIECES = 8 };

static const uint64_t FAREWELL_NS = 2000000000u;

void connections_accept(struct server *server) {
    for (;;) {
        int descriptor = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            if (errno == EINTR || errno == ECONNABORTED) { continue; }
            server->is_full = errno == EMFILE || errno == ENFILE;
            return;
        }
        if ((size_t)descriptor >= server->connection_capacity) {
            size_t old = server->connection_capacity;
            server->connection_capacity = 2 * (size_t)descriptor + 64;
            server->connections =
                grown(server->connections, server->connection_capacity, sizeof *server->connections);
            memset(server->connections + old, 0, (server->connection_capacity - old) * sizeof *server->connections);
        }
        struct connection *connection = grown(NULL, 1, sizeof *connection);
        *connection = (struct connection){.descriptor = descriptor};
        int is_on = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &is_on, sizeof is_on);
        struct epoll_event event = {
            .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = descriptor,
        };
        if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, descriptor, &event) < 0) {
            close(descriptor);
            free(connection);
            continue;
        }
        server->connections[descriptor] = connection;
        server->connection_count++;
    }
}

void connection_close(struct server *server, struct connection *connection, bool resetting) {
    if (connection->job.is_open) { service_end(server, connection, false); }
    if (resetting) {
        struct linger linger = {.l_onoff = 1, .l_linger = 0};
        setsockopt(connection->descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    close(connection->descriptor);
    server->connections[connection->descriptor] = NULL;
    server->connection_count--;
    free(connection->in);
    free(connection->out);
    free(connection);
    // The listener's event was used up when no descriptor was left.
    if (server->is_full) { connections_accept(server); }
}

// Timers ------------------------------------------------------------------------------------------------------------
// A timer is never taken out of the heap. One that is not wanted any more finds another name at its connection.

void connection_arm(struct server *server, struct connection *connection, uint64_t due_ns) {
    if (++server->last_timer == 0) { server->last_timer = 1; }
    connection->timer = server->last_timer;
    heap_push(&server->timers, due_ns, (uint64_t)server->last_timer << 32 | (uint32_t)connection->descriptor);
}

int64_t timers_wait_ns(const struct server *server) {
    if (server->timers.count == 0) { return -1; }
    uint64_t due = server->timers.pairs[0].key;
    uint64_t now = now_ns();
    return due > now ? (int64_t)(due - now) : 0;
}

void timers_fire(struct server *server) {
    while (server->timers.count > 0 && server->timers.pairs[0].key <= server->now_ns) {
        struct pair timer = heap_pop(&server->timers);
        struct connection *connection = server->connections[(uint32_t)timer.value];
        if (connection == NULL || connection->timer != timer.value >> 32) { continue; }
        connection->timer = 0;
        if (connection->state == FINISHING) {
            connection_close(server, connection, false);
        } else if (service_finish(server, connection, timer.key)) {
            connection_advance(server, connection, 0);
        }
    }
}

// Writing -----------------------------------------------------------------------------------------------------------

// The answer is out.
static bool answered(struct server *server, struct connection *connection) {
    free(connection->out);
    connection->out = NULL;
    if (connection->job.is_open) { service_end(server, connection, true); }
    connection->state = READING;
    if (!connection->closes) { return true; }
    // A socket that is closed with unread bytes is reset, and the client might lose the answer.
    shutdown(connection->descriptor, SHUT_WR);
    connection->state = FINISHING;
    connection_arm(server, connection, server->now_ns + FAREWELL_NS);
    return true;
}

static bool is_only_full(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

bool connection_answer(
    struct server *server, struct connection *connection, const struct slice *pieces, int count, size_t limit
) {
    struct iovec parts[MOST_PIECES];
    size_t total = 0;
    int used = 0;
    for (; used < count && used < MOST_PIECES && total < limit; used++) {
        size_t length = pieces[used].length < limit - total ? pieces[used].length : limit - total;
        parts[used] = (struct iovec){(void *)pieces[used].start, length};
        total += length;
    }
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)used};
    ssize_t sent = sendmsg(connection->descriptor, &message, MSG_NOSIGNAL);
    if (sent < 0) {
        if (!is_only_full()) {
            connection_close(server, connection, false);
            return false;
        }
        sent = 0;
    }
    if ((size_t)sent == total) { return answered(server, connection); }

    connection->out = grown(NULL, total - (size_t)sent, 1);
    connection->out_start = connection->out_end = 0;
    size_t skipped = (size_t)sent;
    for (int i = 0; i < used; i++) {
        size_t skip = skipped < parts[i].iov_len ? skipped : parts[i].iov_len;
        skipped -= skip;
        memcpy(connection->out + connection->out_end, (char *)parts[i].iov_base + skip, parts[i].iov_len - skip);
        connection->out_end += parts[i].iov_len - skip;
    }
    connection->state = WRITING;
    return true;
}

static bool flush(struct server *server, struct connection *connection) {
    while (connection->out_start < connection->out_end) {
        ssize_t sent = send(
            connection->descriptor, connection->out + connection->out_start,
            connection->out_end - connection->out_start, MSG_NOSIGNAL
        );
        if (sent < 0) {
            if (is_only_full()) { return true; }
            connection_close(server, connection, false);
            return false;
        }
        connection->out_start += (size_t)sent;
    }
    return answered(server, connection);
}

bool connection_say(
    struct server *server, struct connection *connection, int status, const char *type, const char *headers,
    struct slice body
) {
    char head[2048];
    int length = snprintf(
        head, sizeof head, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s\r\n", status,
        http_reason(status), type, body.length, headers, connection->closes ? "Connection: close\r\n" : ""
    );
    if (length < 0 || (size_t)length >= sizeof head) {
        connection_close(server, connection, false);
        return false;
    }
    connection->status = status;
    struct slice pieces[] = {{head, (size_t)length}, body};
    return connection_answer(server, connection, pieces, 2, SIZE_MAX);
}

// Reading -----------------------------------------------------------------------------------------------------------

// Room for `total` bytes of one request.
static void make_room(struct connection *connection, size_t total) {
    size_t held = connection->in_end - connection->in_start;
    if (connection->in_start > 0) {
        memmove(connection->in, connection->in + connection->in_start, held);
        connection->in_start = 0;
        connection->in_end = held;
    }
    if (total > connection->in_capacity) {
        connection->in = grown(connection->in, total, 1);
        connection->in_capacity = total;
    }
}

static bool receive(struct server *server, struct connection *connection) {
    size_t room = connection->in_capacity - connection->in_end;
    ssize_t count = recv(connection->descriptor, connection->in + connection->in_end, room, 0);
    if (count < 0 && is_only_full()) {
        connection->is_readable = errno == EINTR;
        return true;
    }
    if (count <= 0) {
        connection_close(server, connection, false);
        return false;
    }
    connection->in_end += (size_t)count;
    // Less than asked for was all; more will be a new event.
    if ((size_t)count < room) { connection->is_readable = false; }
    return true;
}

// Answers the request that is there, or makes room for more of it and says so.
static bool take_request(struct server *server, struct connection *connection, bool *needs_more) {
    struct request request;
    int status = 0;
    size_t held = connection->in_end - connection->in_start;
    const char *bytes = connection->in == NULL ? "" : connection->in + connection->in_start;
    *needs_more = false;
    switch (http_read(bytes, held, &connection->scanned, &request, &status)) {
    case REQUEST_NEEDS_HEAD:
        *needs_more = true;
        make_room(connection, held < FIRST_BUFFER / 2 ? FIRST_BUFFER : 2 * held);
        return true;
    case REQUEST_NEEDS_BODY:
        *needs_more = true;
        make_room(connection, request.length);
        if (request.expects_continue && !connection->told_continue) {
            connection->told_continue = true;
            static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
            // So few bytes fit, or the client has not taken its answers and will not miss them.
            (void)!send(connection->descriptor, line, sizeof line - 1, MSG_NOSIGNAL);
        }
        return true;
    case REQUEST_BAD:
        connection->closes = true;
        return connection_say(server, connection, status, "text/plain", "", (struct slice){"no\n", 3});
    case REQUEST_WHOLE: break;
    }
    connection->closes = request.closes;
    connection->in_start += request.length;
    connection->scanned = 0;
    connection->told_continue = false;
    return routes_answer(server, connection, &request);
}

// Memory of a large request is not kept.
static void shrink(struct connection *connection) {
    if (connection->in_start < connection->in_end) { return; }
    connection->in_start = connection->in_end = 0;
    if (connection->in_capacity <= KEPT_BUFFER) { return; }
    free(connection->in);
    connection->in = NULL;
    connection->in_capacity = 0;
}

// Throws away what a client says after the last answer.
static void drain(struct server *server, struct connection *connection) {
    char waste[4096];
    ssize_t count = 1;
    while (count > 0) { count = recv(connection->descriptor, waste, sizeof waste, 0); }
    if (count == 0 || !is_only_full()) { connection_close(server, connection, false); }
}

void connection_advance(struct server *server, struct connection *connection, uint32_t events) {
    if (events & EPOLLIN) { connection->is_readable = true; }
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) { connection->is_peer_closed = true; }
    if (connection->state == WRITING && !flush(server, connection)) { return; }
    while (connection->state == READING) {
        bool needs_more;
        if (!take_request(server, connection, &needs_more)) { return; }
        if (!needs_more) { continue; }
        if (!connection->is_readable) { break; }
        if (!receive(server, connection)) { return; }
    }
    shrink(connection);
    if (connection->state == FINISHING) {
        drain(server, connection);
    } else if (connection->is_peer_closed && connection->state != WRITING) {
        // Nothing whole is left to answer, or the client gave up.
        connection_close(server, connection, false);
    }
}
