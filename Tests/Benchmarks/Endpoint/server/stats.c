// What is counted, and the pages that show it.

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "server.h"

static uint64_t cpu_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000
        + (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

void stats_clear(struct server *server) {
    // Requests under way belong to the old era; they still hold their places.
    server->era++;
    server->stats = (struct stats){.counted_ns = server->now_ns, .cpu_start_us = cpu_us()};
    rows_clear(&server->rows);
}

void stats_count(struct server *server) {
    struct stats *stats = &server->stats;
    uint64_t passed = server->now_ns - stats->counted_ns;
    stats->in_flight_ns += passed * server->in_flight;
    stats->serving_ns += passed * server->serving;
    stats->counted_ns = server->now_ns;
}

size_t stats_json(struct server *server, char *text, size_t capacity) {
    stats_count(server);
    const struct stats *s = &server->stats;
    char answers[2048] = "";
    size_t length = 0;
    for (int status = 200; status < 600 && length + 40 < sizeof answers; status++) {
        if (s->statuses[status] == 0) { continue; }
        length += (size_t)snprintf(
            answers + length, sizeof answers - length, "%s\"%d\":%llu", length ? "," : "", status,
            (unsigned long long)s->statuses[status]
        );
    }
    uint64_t elapsed = s->last_ns > s->first_ns && s->first_ns > 0 ? s->last_ns - s->first_ns : 0;
    uint64_t rows_came = s->row_ns > s->first_ns && s->first_ns > 0 ? s->row_ns - s->first_ns : 0;
    int count = snprintf(
        text, capacity,
        "{\"requests\":%llu,\"answers\":{%s},\"resets\":%llu,\"malformed\":%llu,\"abandoned\":%llu,"
        "\"refused_by_capacity\":%llu,\"refused_by_limits\":%llu,"
        "\"rows\":%zu,\"rows_answered\":%llu,\"duplicates\":%llu,\"repeats\":%llu,\"needless\":%llu,\"early\":%llu,"
        "\"rowless\":%llu,\"in_flight\":%u,\"serving\":%u,\"waiting\":%u,"
        "\"max_in_flight\":%u,\"max_serving\":%u,\"max_waiting\":%u,"
        "\"in_flight_place_s\":%.6f,\"serving_place_s\":%.6f,\"elapsed_s\":%.6f,"
        "\"rows_came_s\":%.6f,\"rows_came_place_s\":%.6f,\"connections\":%u,\"cpu_us\":%llu}\n",
        (unsigned long long)s->requests, answers, (unsigned long long)s->resets, (unsigned long long)s->malformed,
        (unsigned long long)s->abandoned, (unsigned long long)s->refused_by_capacity,
        (unsigned long long)s->refused_by_limits, server->rows.count, (unsigned long long)s->rows_answered,
        (unsigned long long)s->duplicates, (unsigned long long)s->repeats, (unsigned long long)s->needless,
        (unsigned long long)s->early, (unsigned long long)s->rowless, server->in_flight, server->serving, server->waiting,
        s->most_in_flight, s->most_serving, s->most_waiting, (double)s->in_flight_ns / 1e9, (double)s->serving_ns / 1e9,
        (double)elapsed / 1e9, (double)rows_came / 1e9, (double)s->row_in_flight_ns / 1e9, server->connection_count, (unsigned long long)(cpu_us() - s->cpu_start_us)
    );
    return count < 0 ? 0 : (size_t)count < capacity ? (size_t)count : capacity - 1;
}

size_t stats_metrics(const struct server *server, char *text, size_t capacity) {
    int count = snprintf(
        text, capacity,
        "# HELP vllm:num_requests_running Number of requests that are served now.\n"
        "# TYPE vllm:num_requests_running gauge\n"
        "vllm:num_requests_running{engine=\"0\",model_name=\"%s\"} %u\n"
        "# HELP vllm:num_requests_waiting Number of requests that wait for a place.\n"
        "# TYPE vllm:num_requests_waiting gauge\n"
        "vllm:num_requests_waiting{engine=\"0\",model_name=\"%s\"} %u\n",
        server->options.model, server->serving, server->options.model, server->waiting
    );
    return count < 0 ? 0 : (size_t)count < capacity ? (size_t)count : capacity - 1;
}
