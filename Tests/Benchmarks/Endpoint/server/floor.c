// The least time in which a client that takes rows in order gets them through the weather.
//
// The client has some places. A place is held from the moment a request is sent until its answer is there, and never
// while a row waits for its next attempt. Whenever a place is free, the lowest row that may be sent is sent. A 429 is
// tried again when its Retry-After is over, any other fault at once. Sending, parsing and thinking take no time.

#include <stdio.h>
#include <stdlib.h>

#include "server.h"

enum { MOST_ATTEMPTS = 10000 };

struct simulation {
    const struct options *options;
    uint64_t rows, next;       // rows that have never been sent start at `next`
    uint64_t now, last;
    uint32_t places, serving;  // places are free ones
    struct heap ready;         // rows to be tried again, by number
    struct heap resting;       // rows that were told to wait, by the moment
    struct heap running;       // requests being served, by their end
    uint64_t *queue;           // rows that wait in the server, a ring as large as all places
    size_t queue_start, queue_count, queue_capacity;
    uint32_t *attempts;        // by row
    uint64_t *chains;          // time that the attempts of a row take one after the other
    struct bucket requests;
    uint64_t sent, faults;
    uint32_t most_attempts;
    double served_ns;          // of all places together
};

static struct weather weather_for(const struct simulation *s, uint64_t row) {
    return weather_of(s->options->seed, row, s->attempts[row], &s->options->latency, &s->options->storm);
}

static bool is_full(const struct simulation *s) {
    return s->options->capacity != 0 && s->serving >= s->options->capacity;
}

static void start(struct simulation *s, uint64_t row) {
    uint64_t latency = weather_for(s, row).latency_ns;
    s->serving++;
    s->served_ns += (double)latency;
    s->chains[row] += latency;
    heap_push(&s->running, s->now + latency, row);
}

// Sends one row if there is one that may be sent now; false when not.
static bool send_one(struct simulation *s) {
    bool is_new = s->ready.count == 0;
    if (s->places == 0 || (is_new && s->next == s->rows)) { return false; }
    // A client that knows the server does not send what would be refused.
    if (s->options->overload == OVERLOAD_REFUSE && is_full(s)) { return false; }
    if (bucket_wait_ns(&s->requests, 1, s->now) > 0) { return false; }
    bucket_take(&s->requests, 1);
    uint64_t row = is_new ? s->next++ : heap_pop(&s->ready).key;
    if (++s->attempts[row] > s->most_attempts) { s->most_attempts = s->attempts[row]; }
    if (s->attempts[row] > MOST_ATTEMPTS) {
        fprintf(stderr, "error: a row was not through after %d attempts; is the storm's sum 1?\n", MOST_ATTEMPTS);
        exit(1);
    }
    s->sent++;
    struct weather weather = weather_for(s, row);
    if (weather_refuses(&weather)) {
        s->faults++;
        bool waits = weather.status == 429 && s->options->retry_after_s > 0;
        uint64_t wait = waits ? (uint64_t)(s->options->retry_after_s * 1e9) : 0;
        s->chains[row] += wait;
        s->last = s->now;
        heap_push(waits ? &s->resting : &s->ready, waits ? s->now + wait : row, row);
        return true;
    }
    s->places--;
    if (is_full(s)) {
        s->queue[(s->queue_start + s->queue_count++) % s->queue_capacity] = row;
    } else {
        start(s, row);
    }
    return true;
}

static void end_one(struct simulation *s) {
    uint64_t row = heap_pop(&s->running).value;
    s->last = s->now;
    s->places++;
    s->serving--;
    if (weather_for(s, row).fault != FAULT_NONE) {
        s->faults++;
        heap_push(&s->ready, row, row);
    }
    if (s->queue_count > 0 && !is_full(s)) {
        uint64_t first = s->queue[s->queue_start];
        s->queue_start = (s->queue_start + 1) % s->queue_capacity;
        s->queue_count--;
        start(s, first);
    }
}

// The next moment at which something happens; false when nothing will.
static bool next_moment(struct simulation *s, uint64_t *moment) {
    bool is_known = false;
    struct heap *heaps[] = {&s->running, &s->resting};
    for (int i = 0; i < 2; i++) {
        if (heaps[i]->count > 0 && (!is_known || heaps[i]->pairs[0].key < *moment)) {
            *moment = heaps[i]->pairs[0].key;
            is_known = true;
        }
    }
    uint64_t wait = bucket_wait_ns(&s->requests, 1, s->now);
    bool has_work = s->places > 0 && (s->ready.count > 0 || s->next < s->rows);
    if (wait > 0 && has_work && (!is_known || s->now + wait < *moment)) {
        *moment = s->now + wait;
        is_known = true;
    }
    return is_known;
}

int floor_print(const struct options *options, uint64_t rows, uint32_t places) {
    if (options->tpm > 0) {
        fprintf(stderr, "error: the floor knows no prompts, so it cannot count tokens\nhint: leave `--tpm` out\n");
        return 2;
    }
    struct simulation s = {
        .options = options, .rows = rows, .places = places, .queue_capacity = places,
        .requests = bucket_full(options->rpm, options->burst_s, 0),
    };
    s.queue = grown(NULL, places, sizeof *s.queue);
    s.attempts = calloc(rows, sizeof *s.attempts);
    s.chains = calloc(rows, sizeof *s.chains);
    if (s.attempts == NULL || s.chains == NULL) {
        fprintf(stderr, "error: no memory for %llu rows\n", (unsigned long long)rows);
        return 1;
    }
    do {
        while (s.running.count > 0 && s.running.pairs[0].key <= s.now) { end_one(&s); }
        while (s.resting.count > 0 && s.resting.pairs[0].key <= s.now) {
            uint64_t row = heap_pop(&s.resting).value;
            heap_push(&s.ready, row, row);
        }
        while (send_one(&s)) {}
    } while (next_moment(&s, &s.now));

    uint64_t longest = 0;
    for (uint64_t row = 0; row < rows; row++) { longest = s.chains[row] > longest ? s.chains[row] : longest; }
    uint32_t width = options->capacity != 0 && options->capacity < places ? options->capacity : places;
    double bound = s.served_ns / width > (double)longest ? s.served_ns / width : (double)longest;
    printf(
        "{\"rows\":%llu,\"places\":%u,\"floor_s\":%.6f,\"bound_s\":%.6f,\"serving_place_s\":%.6f,\"requests\":%llu,"
        "\"faults\":%llu,\"most_attempts\":%u}\n",
        (unsigned long long)rows, places, (double)s.last / 1e9, bound / 1e9, s.served_ns / 1e9,
        (unsigned long long)s.sent, (unsigned long long)s.faults, s.most_attempts
    );
    free(s.queue);
    free(s.attempts);
    free(s.chains);
    heap_free(&s.ready);
    heap_free(&s.resting);
    heap_free(&s.running);
    return 0;
}
