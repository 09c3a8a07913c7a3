#include "limits.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

struct bucket bucket_full(double per_minute, double burst_s, uint64_t now_ns) {
    double size = fmax(1, per_minute * burst_s / 60);
    return (struct bucket){.per_minute = per_minute, .size = size, .level = size, .updated_ns = now_ns};
}

uint64_t bucket_wait_ns(struct bucket *bucket, double need, uint64_t now_ns) {
    if (bucket->per_minute <= 0) { return 0; }
    double minutes = (double)(now_ns - bucket->updated_ns) / 60e9;
    bucket->level = fmin(bucket->size, bucket->level + minutes * bucket->per_minute);
    bucket->updated_ns = now_ns;
    double missing = fmin(need, bucket->size) - bucket->level;
    // A thousandth of a request is forgiven: it is what rounding may lose.
    return missing <= 1e-3 ? 0 : (uint64_t)ceil(missing / bucket->per_minute * 60e9);
}

void bucket_take(struct bucket *bucket, double need) {
    if (bucket->per_minute > 0) { bucket->level -= fmin(need, bucket->size); }
}

static double seconds_to_full(const struct bucket *bucket) {
    return (bucket->size - bucket->level) / bucket->per_minute * 60;
}

static unsigned long long remaining(const struct bucket *bucket) {
    return bucket->level > 0 ? (unsigned long long)bucket->level : 0;
}

static int openai(char *text, size_t capacity, const char *name, const struct bucket *bucket) {
    char reset[40];
    double seconds = seconds_to_full(bucket);
    if (seconds < 1) {
        snprintf(reset, sizeof reset, "%.0fms", seconds * 1e3);
    } else if (seconds < 60) {
        snprintf(reset, sizeof reset, "%.3fs", seconds);
    } else {
        snprintf(reset, sizeof reset, "%.0fm%.0fs", floor(seconds / 60), floor(fmod(seconds, 60)));
    }
    return snprintf(
        text, capacity,
        "x-ratelimit-limit-%s: %.0f\r\nx-ratelimit-remaining-%s: %llu\r\nx-ratelimit-reset-%s: %s\r\n",
        name, bucket->per_minute, name, remaining(bucket), name, reset
    );
}

static int anthropic(char *text, size_t capacity, const char *name, const struct bucket *bucket) {
    char reset[40];
    time_t moment = time(NULL) + (time_t)ceil(seconds_to_full(bucket));
    struct tm parts;
    gmtime_r(&moment, &parts);
    strftime(reset, sizeof reset, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return snprintf(
        text, capacity,
        "anthropic-ratelimit-%s-limit: %.0f\r\nanthropic-ratelimit-%s-remaining: %llu\r\n"
        "anthropic-ratelimit-%s-reset: %s\r\n",
        name, bucket->per_minute, name, remaining(bucket), name, reset
    );
}

size_t limits_headers(
    char *text, size_t capacity, enum header_style style, const struct bucket *requests, const struct bucket *tokens
) {
    size_t length = 0;
    if (style == HEADERS_NONE) { return 0; }
    const struct bucket *buckets[] = {requests, tokens};
    const char *names[] = {"requests", "tokens"};
    for (int i = 0; i < 2; i++) {
        if (buckets[i]->per_minute <= 0) { continue; }
        int count = (style == HEADERS_OPENAI ? openai : anthropic)(text + length, capacity - length, names[i], buckets[i]);
        if (count < 0 || (size_t)count >= capacity - length) { break; }
        length += (size_t)count;
    }
    return length;
}
