// Rate limits as buckets that fill steadily: so many requests, or tokens, a minute.
#ifndef LIMITS_H
#define LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bucket {
    double per_minute;  // 0: no limit
    double size;
    double level;
    uint64_t updated_ns;
};

// A full bucket that holds what comes in so many seconds, and never less than one.
struct bucket bucket_full(double per_minute, double burst_s, uint64_t now_ns);

// Nanoseconds until there is enough, 0 when there is. Who needs more than the bucket holds needs a full one.
uint64_t bucket_wait_ns(struct bucket *bucket, double need, uint64_t now_ns);
void bucket_take(struct bucket *bucket, double need);

enum header_style { HEADERS_NONE, HEADERS_OPENAI, HEADERS_ANTHROPIC };

// Writes the header lines that tell a client what is left; gives their length.
size_t limits_headers(
    char *text, size_t capacity, enum header_style style, const struct bucket *requests, const struct bucket *tokens
);

#endif
