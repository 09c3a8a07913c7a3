// The server's state, and what its files do for each other. There is one thread and no lock.
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap.h"
#include "http.h"
#include "limits.h"
#include "options.h"
#include "rows.h"
#include "weather.h"

// A connection reads a request, waits until it is served, writes the answer, and reads the next one.
enum state {
    READING,
    QUEUED,    // no place is free
    SERVING,   // holds a place until its timer fires
    WRITING,   // some of the answer has not gone out yet
    FINISHING, // all is said; what the client still sends is thrown away
};

// The chat request that a connection is busy with.
struct job {
    bool is_open;
    bool has_row;
    uint32_t era;  // the statistics it belongs to
    uint64_t row;
    struct weather weather;
    size_t prompt_tokens;
};

struct connection {
    int descriptor;
    enum state state;
    bool is_readable;     // the kernel may hold bytes for us
    bool is_peer_closed;  // the client has ended its side
    bool closes;          // after the answer
    bool told_continue;
    char *in;
    size_t in_start, in_end, in_capacity, scanned;
    char *out;  // what has not gone out yet
    size_t out_start, out_end;
    uint32_t timer;  // names the armed timer; 0 when there is none
    struct connection *previous, *next;  // in the queue
    uint64_t joined_ns;                  // the queue
    struct job job;
    int status;          // of the answer under way; 0 stands for one that was broken off
    bool is_whole;       // the answer is a whole chat completion
};

struct stats {
    uint64_t requests, resets, malformed, abandoned, refused_by_capacity, refused_by_limits;
    uint64_t duplicates, repeats, needless, early, rowless, rows_answered;
    uint64_t statuses[600];
    uint64_t first_ns, last_ns;
    // When the latest row came for the first time, and `in_flight_ns` by then.
    uint64_t row_ns, row_in_flight_ns;
    // Sums of (how many) x (how long), up to `counted_ns`.
    uint64_t in_flight_ns, serving_ns, counted_ns;
    uint32_t most_in_flight, most_serving, most_waiting;
    uint64_t cpu_start_us;
};

struct server {
    struct options options;
    uint64_t now_ns;
    int epoll, listener;
    bool is_full;  // no descriptor was left for another connection
    struct connection **connections;  // by descriptor
    size_t connection_capacity;
    uint32_t connection_count;
    struct heap timers;  // by due time; values hold descriptor and name
    uint32_t last_timer;
    struct connection *queue_head, *queue_tail;
    struct bucket requests, tokens;
    char *reply;  // the text that all replies share, as it stands in JSON
    size_t reply_length;
    struct rows rows;
    uint32_t in_flight, serving, waiting;
    uint32_t era;
    struct stats stats;
};

uint64_t now_ns(void);

// connection.c ------------------------------------------------------------------------------------------------------
// Functions that give a bool give false when the connection is gone: it must not be touched again.

void connections_accept(struct server *server);
// Goes on with a connection as far as it can go.
void connection_advance(struct server *server, struct connection *connection, uint32_t events);
// Sends an answer of some pieces and goes back to reading. Bytes beyond `limit` are left out.
bool connection_answer(struct server *server, struct connection *, const struct slice *pieces, int count, size_t limit);
// An answer with a body that is there already; `headers` are whole lines.
bool connection_say(
    struct server *server, struct connection *, int status, const char *type, const char *headers, struct slice body
);
void connection_close(struct server *server, struct connection *connection, bool resetting);
// Wakes the connection later; a connection has one timer.
void connection_arm(struct server *server, struct connection *connection, uint64_t due_ns);
void timers_fire(struct server *server);
// Nanoseconds until the next timer; -1 when there is none.
int64_t timers_wait_ns(const struct server *server);

// service.c ---------------------------------------------------------------------------------------------------------

bool service_chat(struct server *server, struct connection *connection, const struct request *request);
// The time of a place was over at that moment.
bool service_finish(struct server *server, struct connection *connection, uint64_t due_ns);
// The answer has gone out, or nobody is there to take it.
void service_end(struct server *server, struct connection *connection, bool is_sent);
// Starts what waits while places are free, as of the moment at which they were free: ticks do not add up in a queue.
void service_fill(struct server *server, uint64_t free_ns);
// Makes what depends on the options.
void service_configure(struct server *server);

// routes.c ----------------------------------------------------------------------------------------------------------

bool routes_answer(struct server *server, struct connection *connection, const struct request *request);

// stats.c -----------------------------------------------------------------------------------------------------------

void stats_clear(struct server *server);
// Books the time that has passed; comes before every change of what is counted.
void stats_count(struct server *server);
size_t stats_json(struct server *server, char *text, size_t capacity);
size_t stats_metrics(const struct server *server, char *text, size_t capacity);

// floor.c -----------------------------------------------------------------------------------------------------------

int floor_print(const struct options *options, uint64_t rows, uint32_t places);

#endif
