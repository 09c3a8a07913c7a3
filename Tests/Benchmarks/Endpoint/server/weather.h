// What happens to one attempt at one row: how long it takes and how it ends.
//
// Everything is drawn by a hash of (seed, row, attempt). The order in which requests come changes nothing, so every
// client meets the same weather.
#ifndef WEATHER_H
#define WEATHER_H

#include <stdbool.h>
#include <stdint.h>

enum latency_kind { LATENCY_NONE, LATENCY_FIXED, LATENCY_LOGNORMAL };

struct latency {
    enum latency_kind kind;
    double median_ms;
    double sigma;
};

enum fault_kind { FAULT_NONE, FAULT_STATUS, FAULT_RESET, FAULT_MALFORMED };

enum { MOST_FAULTS = 16 };

struct fault {
    enum fault_kind kind;
    int status;  // of FAULT_STATUS
    double probability;
};

struct storm {
    int count;
    struct fault faults[MOST_FAULTS];
};

struct weather {
    enum fault_kind fault;
    int status;
    // Whether a reset comes in the middle of an answer and not before it.
    bool is_late;
    uint64_t latency_ns;
};

struct weather weather_of(uint64_t seed, uint64_t row, uint64_t attempt, const struct latency *, const struct storm *);

// A status below 500 refuses: it is given at once and takes no place. Everything else takes its latency and a place.
static inline bool weather_refuses(const struct weather *weather) {
    return weather->fault == FAULT_STATUS && weather->status < 500;
}

// The finalizer of splitmix64, after one step.
uint64_t mixed(uint64_t value);

#endif
