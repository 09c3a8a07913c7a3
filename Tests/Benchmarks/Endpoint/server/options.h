// The server's flags. POST /configure takes the same names at run time.
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "weather.h"

enum overload { OVERLOAD_QUEUE, OVERLOAD_REFUSE };

struct options {
    uint16_t port;
    uint64_t seed;
    struct latency latency;
    uint32_t capacity;  // 0: no limit
    enum overload overload;
    double retry_after_s;  // below 0: no such header
    struct storm storm;
    enum header_style headers;
    double rpm;
    double tpm;
    double burst_s;
    uint64_t tick_ns;
    size_t reply_bytes;
    char model[64];
    char marker[32];
};

enum { LEAST_REPLY = 32, MOST_REPLY = 16 << 20, SAID = 200 };

extern const struct options options_default;
extern const char options_help[];

// Sets one option; false with a sentence in `said` (of SAID bytes) when it cannot be.
bool options_set(struct options *options, const char *name, const char *value, char *said);
// Sets those of a query string, or none of them.
bool options_set_query(struct options *options, const char *query, size_t length, char *said);
// What is set now, as JSON.
size_t options_json(const struct options *options, char *text, size_t capacity);

#endif
