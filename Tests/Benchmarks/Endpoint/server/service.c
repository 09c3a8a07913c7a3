// Chat completions: who is let in, who waits, how it ends.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

enum { ROW_DIGITS = 19, BYTES_PER_TOKEN = 4 };

// Timers of clients may be this much too early before it is called impatience.
static const uint64_t GRACE_NS = 10000000;

// The row's number in a prompt: the first marker that starts a word and is followed by digits.
static bool find_row(struct slice body, const char *marker, uint64_t *row) {
    size_t length = strlen(marker);
    const char *end = body.start + body.length;
    const char *from = body.start;
    while (from != NULL && (size_t)(end - from) > length) {
        const char *place = memmem(from, (size_t)(end - from), marker, length);
        if (place == NULL) { return false; }
        from = place + 1;
        bool starts_word = place == body.start || !((place[-1] | 32) >= 'a' && (place[-1] | 32) <= 'z');
        uint64_t number = 0;
        int digits = 0;
        for (const char *next = place + length; next < end && *next >= '0' && *next <= '9'; next++) {
            if (++digits > ROW_DIGITS) { break; }
            number = 10 * number + (uint64_t)(*next - '0');
        }
        if (starts_word && digits > 0 && digits <= ROW_DIGITS) {
            *row = number;
            return true;
        }
    }
    return false;
}

// Answers -----------------------------------------------------------------------------------------------------------

static size_t limit_headers(struct server *server, char *text, size_t capacity) {
    // The levels are those of this moment.
    bucket_wait_ns(&server->requests, 0, server->now_ns);
    bucket_wait_ns(&server->tokens, 0, server->now_ns);
    return limits_headers(text, capacity, server->options.headers, &server->requests, &server->tokens);
}

// A status other than 200; `wait_s` below 0 stands for no Retry-After.
static bool answer_fault(struct server *server, struct connection *connection, int status, double wait_s) {
    char headers[1024];
    size_t length = limit_headers(server, headers, sizeof headers - 64);
    headers[length] = '\0';
    if (wait_s >= 0) {
        snprintf(headers + length, sizeof headers - length, "Retry-After: %.0f\r\n", wait_s);
        if (connection->job.has_row && connection->job.era == server->era) {
            rows_at(&server->rows, connection->job.row)->not_before_ns = server->now_ns + (uint64_t)(wait_s * 1e9);
        }
    }
    char body[256];
    int count = snprintf(
        body, sizeof body, "{\"error\":{\"message\":\"%s\",\"type\":\"%s\",\"param\":null,\"code\":%d}}",
        http_reason(status), status == 429 ? "rate_limit_error" : status < 500 ? "invalid_request_error" : "server_error",
        status
    );
    return connection_say(
        server, connection, status, "application/json", headers, (struct slice){body, (size_t)count}
    );
}

// A chat completion, whole or spoilt as the weather says.
static bool answer_completion(struct server *server, struct connection *connection) {
    const struct job *job = &connection->job;
    char start[768], tail[256], head[1536], limits[1024];
    // The first line names the row and is as long for every row.
    char first_line[LEAST_REPLY + 1];
    snprintf(first_line, sizeof first_line, "row %-27llu", (unsigned long long)job->row);
    if (!job->has_row) { memset(first_line, '-', LEAST_REPLY); }
    int start_length = snprintf(
        start, sizeof start,
        "{\"id\":\"chatcmpl-%016llx\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"%s\","
        "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"%.*s\\n",
        (unsigned long long)mixed(server->options.seed ^ mixed(job->row)), server->options.model,
        LEAST_REPLY - 1, first_line
    );
    size_t reply_tokens = server->options.reply_bytes / BYTES_PER_TOKEN;
    int tail_length = snprintf(
        tail, sizeof tail,
        "\"},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
        "\"usage\":{\"prompt_tokens\":%zu,\"completion_tokens\":%zu,\"total_tokens\":%zu}}",
        job->prompt_tokens, reply_tokens, job->prompt_tokens + reply_tokens
    );
    size_t whole = (size_t)start_length + server->reply_length + (size_t)tail_length;
    size_t length = job->weather.fault == FAULT_MALFORMED ? whole / 2 : whole;
    limits[limit_headers(server, limits, sizeof limits - 1)] = '\0';
    int head_length = snprintf(
        head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s%s\r\n", length,
        limits, connection->closes ? "Connection: close\r\n" : ""
    );
    struct slice pieces[] = {
        {head, (size_t)head_length},
        {start, (size_t)start_length},
        {server->reply, server->reply_length},
        {tail, (size_t)tail_length},
    };
    if (job->weather.fault == FAULT_RESET) {
        connection->status = 0;
        connection->closes = false;
        size_t half = (size_t)head_length + whole / 2;
        if (job->weather.is_late && !connection_answer(server, connection, pieces, 4, half)) { return false; }
        // It counts as a reset also when the half had no room in the socket.
        if (connection->job.is_open) { service_end(server, connection, true); }
        connection_close(server, connection, true);
        return false;
    }
    connection->status = 200;
    connection->is_whole = job->weather.fault == FAULT_NONE;
    return connection_answer(server, connection, pieces, 4, (size_t)head_length + length);
}

static bool answer(struct server *server, struct connection *connection) {
    const struct weather *weather = &connection->job.weather;
    if (weather->fault != FAULT_STATUS) { return answer_completion(server, connection); }
    return answer_fault(
        server, connection, weather->status, weather->status == 429 ? server->options.retry_after_s : -1
    );
}

// Places ------------------------------------------------------------------------------------------------------------

static void start_serving(struct server *server, struct connection *connection, uint64_t start_ns) {
    connection->state = SERVING;
    if (++server->serving > server->stats.most_serving) { server->stats.most_serving = server->serving; }
    connection_arm(server, connection, start_ns + connection->job.weather.latency_ns);
}

static void join_queue(struct server *server, struct connection *connection) {
    connection->state = QUEUED;
    connection->joined_ns = server->now_ns;
    connection->previous = server->queue_tail;
    connection->next = NULL;
    if (server->queue_tail != NULL) { server->queue_tail->next = connection; }
    if (server->queue_head == NULL) { server->queue_head = connection; }
    server->queue_tail = connection;
    if (++server->waiting > server->stats.most_waiting) { server->stats.most_waiting = server->waiting; }
}

static void leave_queue(struct server *server, struct connection *connection) {
    if (connection->previous != NULL) { connection->previous->next = connection->next; }
    if (connection->next != NULL) { connection->next->previous = connection->previous; }
    if (server->queue_head == connection) { server->queue_head = connection->next; }
    if (server->queue_tail == connection) { server->queue_tail = connection->previous; }
    connection->previous = connection->next = NULL;
    server->waiting--;
}

static bool has_place(const struct server *server) {
    return server->options.capacity == 0 || server->serving < server->options.capacity;
}

void service_fill(struct server *server, uint64_t free_ns) {
    while (server->queue_head != NULL && has_place(server)) {
        struct connection *connection = server->queue_head;
        stats_count(server);
        leave_queue(server, connection);
        start_serving(server, connection, free_ns > connection->joined_ns ? free_ns : connection->joined_ns);
    }
}

bool service_finish(struct server *server, struct connection *connection, uint64_t due_ns) {
    stats_count(server);
    server->serving--;
    connection->state = WRITING;
    service_fill(server, due_ns);
    return answer(server, connection);
}

// Books the arrival; gives the row's record when the request names one.
static struct row *book_arrival(struct server *server, struct connection *connection, struct slice body) {
    struct stats *stats = &server->stats;
    stats_count(server);
    if (stats->requests++ == 0) { stats->first_ns = server->now_ns; }
    if (++server->in_flight > stats->most_in_flight) { stats->most_in_flight = server->in_flight; }
    struct job job = {.is_open = true, .era = server->era, .prompt_tokens = body.length / BYTES_PER_TOKEN};
    job.has_row = find_row(body, server->options.marker, &job.row);
    connection->job = job;
    connection->is_whole = false;
    if (!job.has_row) {
        stats->rowless++;
        return NULL;
    }
    size_t count = server->rows.count;
    struct row *row = rows_at(&server->rows, job.row);
    if (server->rows.count > count) {
        stats->row_ns = server->now_ns;
        stats->row_in_flight_ns = stats->in_flight_ns;
    } else {
        row->received++;
        stats->repeats++;
        if (row->whole > 0 || row->in_flight > 0) { stats->needless++; }
        if (server->now_ns + GRACE_NS < row->not_before_ns) { stats->early++; }
    }
    row->in_flight++;
    return row;
}

bool service_chat(struct server *server, struct connection *connection, const struct request *request) {
    const struct options *options = &server->options;
    struct row *row = book_arrival(server, connection, request->body);
    struct job *job = &connection->job;
    connection->state = WRITING;

    // The gateway's limits come first, and a refusal costs nothing.
    double tokens = (double)(job->prompt_tokens + options->reply_bytes / BYTES_PER_TOKEN);
    uint64_t wait = bucket_wait_ns(&server->requests, 1, server->now_ns);
    uint64_t token_wait = bucket_wait_ns(&server->tokens, tokens, server->now_ns);
    if (token_wait > wait) { wait = token_wait; }
    if (wait > 0) {
        server->stats.refused_by_limits++;
        return answer_fault(server, connection, 429, (double)((wait + 999999999) / 1000000000));
    }
    bucket_take(&server->requests, 1);
    bucket_take(&server->tokens, tokens);

    // A request that names no row draws by its own count.
    uint64_t attempt = row != NULL ? row->attempts + 1 : server->stats.rowless;
    job->weather = weather_of(
        options->seed, row != NULL ? row->number : UINT64_MAX, attempt, &options->latency, &options->storm
    );
    if (!weather_refuses(&job->weather) && !has_place(server) && options->overload == OVERLOAD_REFUSE) {
        server->stats.refused_by_capacity++;
        return answer_fault(server, connection, 429, options->retry_after_s);
    }
    if (row != NULL) { row->attempts++; }
    if (weather_refuses(&job->weather)) { return answer(server, connection); }
    if (!has_place(server)) {
        join_queue(server, connection);
    } else if (job->weather.latency_ns > 0) {
        start_serving(server, connection, server->now_ns);
    } else {
        return answer(server, connection);
    }
    return true;
}

void service_end(struct server *server, struct connection *connection, bool is_sent) {
    struct stats *stats = &server->stats;
    struct job *job = &connection->job;
    stats_count(server);
    server->in_flight--;
    job->is_open = false;
    if (connection->state == QUEUED) { leave_queue(server, connection); }
    if (connection->state == SERVING) {
        connection->timer = 0;
        server->serving--;
        service_fill(server, server->now_ns);
    }
    if (job->era != server->era) { return; }
    struct row *row = job->has_row ? rows_at(&server->rows, job->row) : NULL;
    if (row != NULL) { row->in_flight--; }
    stats->last_ns = server->now_ns;
    if (!is_sent) {
        stats->abandoned++;
    } else if (connection->status == 0) {
        stats->resets++;
    } else if (connection->status == 200 && !connection->is_whole) {
        stats->malformed++;
    } else {
        stats->statuses[connection->status]++;
    }
    if (is_sent && connection->is_whole && row != NULL) {
        row->whole++;
        if (row->whole == 1) { stats->rows_answered++; }
        if (row->whole == 2) { stats->duplicates++; }
    }
}

void service_configure(struct server *server) {
    // Prose, code, quotes and line ends, as replies of code models have them.
    static const char text[] =
        "Here is one way to do it. The function walks over the list once and keeps what it has seen.\n\n"
        "```python\ndef first_repeat(items):\n    seen = set()\n    for item in items:\n        if item in seen:\n"
        "            return item\n        seen.add(item)\n    raise ValueError(\"no item repeats\")\n```\n\n"
        "It takes time and memory in proportion to the list, and it stops at the first item that it knows.\n\n";
    size_t bytes = server->options.reply_bytes - LEAST_REPLY;
    free(server->reply);
    server->reply = grown(NULL, 2 * bytes + 1, 1);
    server->reply_length = 0;
    for (size_t i = 0; i < bytes; i++) {
        char letter = text[i % (sizeof text - 1)];
        if (letter == '\n' || letter == '"') { server->reply[server->reply_length++] = '\\'; }
        server->reply[server->reply_length++] = letter == '\n' ? 'n' : letter;
    }
    const struct options *options = &server->options;
    server->requests = bucket_full(options->rpm, options->burst_s, server->now_ns);
    server->tokens = bucket_full(options->tpm, options->burst_s, server->now_ns);
}
